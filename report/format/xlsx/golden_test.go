package xlsx_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"github.com/fleetaudit/fleetaudit/report"
	"github.com/fleetaudit/fleetaudit/report/format/formattest"
	"github.com/fleetaudit/fleetaudit/report/format/xlsx"
)

// tabs is the order of the sheets, which readers know.
var tabs = []string{
	"Cover", "Read me", "Dashboard", "Scope", "Controls", "Matrix", "Findings", "Results", "Evidence", "Methods", "Crosswalk", "Run log", "Integrity",
}

// opened gives the workbook of an assessment as a reader sees it.
func opened(t *testing.T, a *report.Assessment, opts xlsx.Options) *excelize.File {
	t.Helper()
	return read(t, written(t, a, opts))
}

// openedBy gives the workbook that a writer makes of the fixture.
func openedBy(t *testing.T, w *xlsx.Writer) *excelize.File {
	t.Helper()
	return read(t, formattest.Written(t, w, formattest.Fixture()))
}

func read(t *testing.T, book []byte) *excelize.File {
	t.Helper()
	f, err := excelize.OpenReader(bytes.NewReader(book))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

func TestContract(t *testing.T) {
	t.Parallel()
	formattest.Contract(t, newWriter(t, xlsx.Options{}).Format())
}

func TestGolden(t *testing.T) {
	t.Parallel()
	f := opened(t, formattest.Fixture(), xlsx.Options{})
	if got := f.GetSheetList(); !slices.Equal(got, tabs) {
		t.Fatalf("sheets %q, want %q", got, tabs)
	}
	for _, tab := range tabs {
		golden(t, strings.ReplaceAll(strings.ToLower(tab), " ", "_")+".tsv", tsv(t, f, tab))
	}
	golden(t, "structure.txt", structure(t, f))
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("differs from %s; see with -update and git diff", file)
	}
}

// tsv is what a reader sees of a sheet, one line a row.
func tsv(t *testing.T, f *excelize.File, tab string) string {
	t.Helper()
	rows, err := f.GetRows(tab)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for i, row := range rows {
		for j := range row {
			row[j] = strings.NewReplacer("\t", `\t`, "\n", `\n`).Replace(row[j])
		}
		fmt.Fprintf(&b, "%d\t%s\n", i+1, strings.Join(row, "\t"))
	}
	return b.String()
}

// structure is what a reader does not see at once: tables, what may be entered, what stands out, links, print areas.
func structure(t *testing.T, f *excelize.File) string {
	t.Helper()
	var b strings.Builder
	for _, tab := range tabs {
		fmt.Fprintf(&b, "%s\n", tab)
		tables, err := f.GetTables(tab)
		check(t, err)
		for _, x := range tables {
			fmt.Fprintf(&b, "  table %s %s\n", x.Name, x.Range)
		}
		panes, err := f.GetPanes(tab)
		check(t, err)
		fmt.Fprintf(&b, "  frozen %v, %d columns and %d rows\n", panes.Freeze, panes.XSplit, panes.YSplit)
		dvs, err := f.GetDataValidations(tab)
		check(t, err)
		for _, dv := range dvs {
			fmt.Fprintf(&b, "  entry %s %s %q %v %q\n", dv.Sqref, dv.Type, dv.Formula1, value(dv.ErrorStyle), value(dv.Error))
		}
		rules, err := f.GetConditionalFormats(tab)
		check(t, err)
		for _, at := range sorted(rules) {
			for _, r := range rules[at] {
				fmt.Fprintf(&b, "  stands out %s %s %s\n", at, r.Criteria, r.Value)
			}
		}
		cells, err := f.GetHyperLinkCells(tab, "")
		check(t, err)
		for _, c := range cells {
			_, to, err := f.GetCellHyperLink(tab, c)
			check(t, err)
			fmt.Fprintf(&b, "  link %s to %s\n", c, to)
		}
		layout, err := f.GetPageLayout(tab)
		check(t, err)
		fmt.Fprintf(&b, "  print %s on paper %d, %d wide\n", *layout.Orientation, *layout.Size, *layout.FitToWidth)
		hf, err := f.GetHeaderFooter(tab)
		check(t, err)
		fmt.Fprintf(&b, "  header %s\n  footer %s\n", hf.OddHeader, hf.OddFooter)
	}
	for _, n := range f.GetDefinedName() {
		fmt.Fprintf(&b, "%s %s = %s\n", n.Scope, n.Name, n.RefersTo)
	}
	return b.String()
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func value(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func sorted[V any](m map[string]V) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
