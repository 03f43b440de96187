package xlsx_test

import (
	"errors"
	"io/fs"
	"path"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/fleetaudit/fleetaudit/report/format/xlsx"
)

// changedLayout is the project's own layout with one text replaced in one file.
func changedLayout(t *testing.T, file, from, to string) fs.FS {
	t.Helper()
	m := fstest.MapFS{}
	names, err := fs.Glob(templates(), "workbook/*.yaml")
	check(t, err)
	if len(names) != len(tabs)+1 {
		t.Fatalf("%d files describe the workbook, want %d", len(names), len(tabs)+1)
	}
	for _, name := range names {
		data, err := fs.ReadFile(templates(), name)
		check(t, err)
		if path.Base(name) == file {
			changed := strings.Replace(string(data), from, to, 1)
			if changed == string(data) {
				t.Fatalf("%s does not hold %q", file, from)
			}
			data = []byte(changed)
		}
		m[name] = &fstest.MapFile{Data: data}
	}
	return m
}

func TestBadLayout(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ file, from, to, want string }{
		{"workbook.yaml", "sheets: [cover, ", "sheets: [cover, nowhere, ", "workbook/nowhere.yaml"},
		{"workbook.yaml", "handling: ", "handling: \"A & B\" #", `handling "A & B"`},
		{"workbook.yaml", "title: ", "titel: ", `workbook/workbook.yaml:5:1: unknown key "titel"`},
		{"scope.yaml", "field: address", "field: adress", `workbook/scope.yaml:14:5: column "Address": there is no field "adress"; there are: address, become`},
		{"scope.yaml", "width: 14}", "width: 14, colour: red}", `workbook/scope.yaml:14:49: unknown key "colour"`},
		{"scope.yaml", "width: 14}", "width: 999}", "width 999 is not between 0 and 255"},
		{"scope.yaml", "style: state", "style: shiny", `there is no style "shiny"`},
		{"scope.yaml", "title: Address", "title: host", `title "host": expected one line that no other column has`},
		{"scope.yaml", "rows: hosts", "rows: computers", `there is no source "computers"; there are: controls, crosswalk`},
		{"scope.yaml", "tab: Scope", "tab: Sc/ope", `tab "Sc/ope": expected 1 to 31 characters`},
		{"scope.yaml", "tab: Scope", "tab: cover", `tab "cover" is used twice`},
		{"scope.yaml", "table: tblScope", "table: Scope", `table "Scope": expected tbl and letters`},
		{"scope.yaml", "table: tblScope", "table: tblControls", `table "tblControls" is used twice`},
		{"scope.yaml", "{population}", "{popluation}", "there is no placeholder {popluation}; there are: assessor,"},
		{"scope.yaml", `"Assessor: note"`, `"Note"`, `the title of an assessor's column begins with "Assessor"`},
		{"scope.yaml", `["Yes", "No", To be clarified]`, `["Yes", "No, never"]`, `holds a comma`},
		{"scope.yaml", "field: address,", "field: address, screen: true,", "is printed but stands after one that is not"},
		{"scope.yaml", "field: address,", "field: address, date: true,", "list, date and prompt are for assessor's columns"},
		{"scope.yaml", "paper: wide", "paper: endless", `paper "endless" is not one of normal, wide, portrait`},
		{"scope.yaml", "freeze: 1", "freeze: 99", "freeze is 99"},
		{"scope.yaml", "rows: hosts", "rows: matrix", `rows "matrix" do not go with kind "table"`},
		{"matrix.yaml", "rows: matrix", "rows: hosts", `rows "hosts" do not go with kind "matrix"`},
		{"scope.yaml", "freeze: 1", "freeze: -1", "freeze is -1"},
		{"scope.yaml", "freeze: 1", "kind: pivot", `kind "pivot" is not one of`},
		{"scope.yaml", "tab: Scope", "tab: [Scope", "workbook/scope.yaml:"},
		{"dashboard.yaml", "  gaps: ", "  gasp: ", "headings: unknown key \"gasp\""},
		{"dashboard.yaml", "  - {figure: \"{fail}\", caption: results FAIL}\n", "", "a dashboard has 7 tiles, this one has 6"},
		{"matrix.yaml", "matrix_width: 6.6", "matrix_width: 0", "matrix_width 0 is not between"},
		{"cover.yaml", "{entity}", "{enttiy}", "there is no placeholder {enttiy}"},
	} {
		_, err := xlsx.New(changedLayout(t, c.file, c.from, c.to), xlsx.Options{})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s with %q for %q: error %v, want %q in it", c.file, c.to, c.from, err, c.want)
		}
	}
}

// Every mistake is reported at once, each typed and with its place.
func TestBadLayoutAllAtOnce(t *testing.T) {
	t.Parallel()
	_, err := xlsx.New(changedLayout(t, "scope.yaml", "table: tblScope\nfreeze: 1\ncolumns:", "table: Scope\nfreeze: 1\ncolumns:\n  - {title: A, field: a, width: -1, style: b}"), xlsx.Options{})
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok || len(joined.Unwrap()) != 4 {
		t.Fatalf("want 4 errors at once, got %v", err)
	}
	for _, e := range joined.Unwrap() {
		var le *xlsx.LayoutError
		if !errors.As(e, &le) || le.Pos.File != "workbook/scope.yaml" {
			t.Errorf("%v has no place", e)
		}
	}
}

// An assessor may drop sheets and columns; links to what is not there become text.
func TestFewerSheets(t *testing.T) {
	t.Parallel()
	w, err := xlsx.New(changedLayout(t, "workbook.yaml", "[cover, read_me, dashboard, scope, controls, matrix, findings, results, evidence,", "[findings,"), xlsx.Options{TempDir: t.TempDir()})
	check(t, err)
	f := openedBy(t, w)
	if got := strings.Join(f.GetSheetList(), " "); got != "Findings Methods Crosswalk Run log Integrity" {
		t.Errorf("sheets %q", got)
	}
	cells, err := f.GetHyperLinkCells("Findings", "")
	check(t, err)
	for _, c := range cells {
		_, to, err := f.GetCellHyperLink("Findings", c)
		check(t, err)
		if !strings.HasPrefix(to, "'Methods'!") {
			t.Errorf("%s leads to %s, which is not there", c, to)
		}
	}
	if len(cells) == 0 {
		t.Error("no link to the methods that are there")
	}
}
