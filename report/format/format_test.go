package format_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/fleetaudit/fleetaudit/report/format"
	"github.com/fleetaudit/fleetaudit/report/format/cell"
	"github.com/fleetaudit/fleetaudit/report/format/formattest"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestContract(t *testing.T) {
	t.Parallel()
	formats := format.Text()
	if len(formats) < 2 {
		t.Fatalf("%d formats", len(formats))
	}
	for _, f := range formats {
		t.Run(f.Name, func(t *testing.T) {
			t.Parallel()
			formattest.Contract(t, f)
		})
	}
}

func TestGolden(t *testing.T) {
	t.Parallel()
	for _, f := range format.Text() {
		got := formattest.Written(t, f.Writer, formattest.Fixture())
		file := filepath.Join("testdata", "fixture"+f.Suffix)
		if *update {
			if err := os.WriteFile(file, got, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s differs from %s; see with -update and git diff", f.Name, file)
		}
	}
}

func TestRegistry(t *testing.T) {
	t.Parallel()
	r, err := format.NewRegistry(format.Text()...)
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(r.Names(), " "); got != "csv jsonl" {
		t.Errorf("names %q", got)
	}
	if f, err := r.Lookup("csv"); err != nil || f.Suffix != ".csv" {
		t.Errorf("Lookup(csv) = %v, %v", f, err)
	}
	if _, err := r.Lookup("pdf"); err == nil || !strings.Contains(err.Error(), "csv, jsonl") {
		t.Errorf("error %v does not list what there is", err)
	}
	if _, err := format.NewRegistry(append(format.Text(), format.Text()...)...); err == nil {
		t.Error("a name given twice is no error")
	}
}

// No field of the CSV, whatever a host says, begins as a formula, is invalid UTF-8 or longer than the limit.
func TestCSVHostile(t *testing.T) {
	t.Parallel()
	out := formattest.Written(t, format.CSV{}, formattest.Hostile())
	records, err := csv.NewReader(bytes.NewReader(out)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if want := 6*12 + 1; len(records) != want {
		t.Errorf("%d records, want %d", len(records), want)
	}
	for _, rec := range records {
		for _, field := range rec {
			first := strings.TrimLeftFunc(field, unicode.IsSpace)
			if first != "" && strings.ContainsAny(first[:1], "=+-@|%") {
				t.Errorf("begins as a formula: %.60q", field)
			}
			if !utf8.ValidString(field) || utf8.RuneCountInString(field) > cell.MaxCharacters || strings.ContainsAny(field, "\x00\x1b\u202e") {
				t.Errorf("not made safe: %.60q", field)
			}
		}
	}
}

// A JSONL row holds every field, whole, and reads back.
func TestJSONLHostile(t *testing.T) {
	t.Parallel()
	out := formattest.Written(t, format.JSONL{}, formattest.Hostile())
	n := 0
	for line := range bytes.Lines(out) {
		n++
		dec := json.NewDecoder(bytes.NewReader(line))
		dec.DisallowUnknownFields()
		var row format.Row
		if err := dec.Decode(&row); err != nil {
			t.Fatal(err)
		}
		if row.References == nil || row.Evidence == nil {
			t.Error("null where a list is promised")
		}
		if strings.ContainsAny(row.Observed, "\x00\x1b\u202e") {
			t.Errorf("not shown: %.60q", row.Observed)
		}
	}
	if n != 6*12 {
		t.Errorf("%d lines, want %d", n, 6*12)
	}
}

func TestCSVHeaderIsJSONLFields(t *testing.T) {
	t.Parallel()
	a := formattest.Fixture()
	header, _, _ := strings.Cut(string(formattest.Written(t, format.CSV{}, a)), "\r\n")
	line, _, _ := bytes.Cut(formattest.Written(t, format.JSONL{}, a), []byte("\n"))
	var row map[string]any
	if err := json.Unmarshal(line, &row); err != nil {
		t.Fatal(err)
	}
	if n := len(strings.Split(header, ",")); n != len(row) {
		t.Errorf("%d columns, %d fields", n, len(row))
	}
}

func TestEmptyCSVHasHeader(t *testing.T) {
	t.Parallel()
	if got := string(formattest.Written(t, format.CSV{}, formattest.Empty())); strings.Count(got, "\r\n") != 1 || !strings.HasPrefix(got, "host,") {
		t.Errorf("empty run gives %q", got)
	}
}
