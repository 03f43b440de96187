package xlsx_test

import (
	"errors"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"github.com/fleetaudit/fleetaudit/report/format/formattest"
	"github.com/fleetaudit/fleetaudit/report/format/xlsx"
)

func column(t *testing.T, f *excelize.File, tab, title string) []string {
	t.Helper()
	rows, err := f.GetRows(tab)
	check(t, err)
	for i, got := range rows[4] {
		if got == title {
			var out []string
			for _, row := range rows[5:] {
				v := ""
				if i < len(row) {
					v = row[i]
				}
				out = append(out, v)
			}
			return out
		}
	}
	t.Fatalf("%s has no column %q: %q", tab, title, rows[4])
	return nil
}

// Results that do not fit leave out what passes, say so, and still count it.
func TestResultsTooMany(t *testing.T) {
	t.Parallel()
	a := formattest.Fixture()
	open := a.Totals.Total() - a.Totals.Pass - a.Totals.NA
	f := opened(t, a, xlsx.Options{Limits: xlsx.Limits{Rows: 60}})
	results := column(t, f, "Results", "Result")
	if len(results) != open {
		t.Errorf("%d rows, want %d", len(results), open)
	}
	for _, r := range results {
		if r == "PASS" || r == "N/A" {
			t.Errorf("a %s is listed", r)
		}
	}
	for _, tab := range []string{"Cover", "Dashboard", "Results"} {
		if !strings.Contains(tsv(t, f, tab), "PASS and N/A") {
			t.Errorf("%s does not say that rows were left out", tab)
		}
	}
}

// Nothing is cut to fit: a sheet that cannot hold its rows is an error, and no file.
func TestRowLimit(t *testing.T) {
	t.Parallel()
	for _, rows := range []int{1, 5, 11, 40} {
		dir := t.TempDir()
		w := newWriter(t, xlsx.Options{TempDir: dir, Limits: xlsx.Limits{Rows: rows}})
		err := w.Write(t.Context(), formattest.Fixture(), io.Discard)
		var limit *xlsx.LimitError
		if !errors.As(err, &limit) || limit.Limit != rows {
			t.Errorf("%d rows: error %v, want a LimitError of that limit", rows, err)
		}
		if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
			t.Errorf("left %v behind (%v)", left, err)
		}
	}
}

// Above their limit, links are plain ids: no sheet has some rows with links and some without.
func TestLinkLimit(t *testing.T) {
	t.Parallel()
	count := func(limit int, tab string) int {
		f := opened(t, formattest.Fixture(), xlsx.Options{Limits: xlsx.Limits{Links: limit}})
		cells, err := f.GetHyperLinkCells(tab, "")
		check(t, err)
		return len(cells)
	}
	if all, none := count(0, "Results"), count(72, "Results"); all < 40 || none != 1 {
		t.Errorf("%d links without a limit and %d at it, want many and the one to the contents", all, none)
	}
	if n := count(72, "Findings"); n < 20 {
		t.Errorf("%d links on Findings: they lead into Results, which has none of its own", n)
	}
	f := opened(t, formattest.Fixture(), xlsx.Options{Limits: xlsx.Limits{Links: 3}})
	if ids := column(t, f, "Results", "Evidence"); ids[0] == "" {
		t.Error("without links the ids are gone")
	}
}

// A large fleet has systems for rows.
func TestMatrixOfSystems(t *testing.T) {
	t.Parallel()
	f := opened(t, formattest.Fixture(), xlsx.Options{Limits: xlsx.Limits{MatrixHosts: 5}})
	golden(t, "matrix_of_systems.tsv", tsv(t, f, "Matrix"))
}

// A chart of many systems shows those that need a look, and the others as one.
func TestManySystems(t *testing.T) {
	t.Parallel()
	f := opened(t, formattest.Fixture(), xlsx.Options{Limits: xlsx.Limits{Bars: 3}})
	text := tsv(t, f, "Dashboard")
	for _, want := range []string{"EHR database", "3 other systems"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q on the dashboard", want)
		}
	}
	if strings.Contains(text, "Web tier") {
		t.Error("the system with the fewest open results has a bar of its own")
	}
}

// The temporary files are gone after a success, too, and the folder can be named.
func TestTempDir(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	written(t, formattest.Fixture(), xlsx.Options{TempDir: dir})
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left %v behind (%v)", left, err)
	}
	w := newWriter(t, xlsx.Options{TempDir: dir + "/missing"})
	if err := w.Write(t.Context(), formattest.Fixture(), io.Discard); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error %v for a folder that is not there", err)
	}
}

func TestPaper(t *testing.T) {
	t.Parallel()
	f := opened(t, formattest.Empty(), xlsx.Options{Paper: xlsx.A4})
	for tab, want := range map[string]int{"Cover": 9, "Read me": 9, "Scope": 8} {
		layout, err := f.GetPageLayout(tab)
		check(t, err)
		if *layout.Size != want {
			t.Errorf("%s: paper %d, want %d", tab, *layout.Size, want)
		}
	}
	if _, err := xlsx.New(templates(), xlsx.Options{Paper: "a5"}); err == nil {
		t.Error("an unknown paper is no error")
	}
}
