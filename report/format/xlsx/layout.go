package xlsx

import (
	"errors"
	"fmt"
	"io/fs"
	"path"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"

	"github.com/fleetaudit/fleetaudit/inventory"
)

// layoutDir is the folder of the templates that describes the workbook: workbook.yaml and a file for each sheet that it names.
const layoutDir = "workbook"

// layout is the workbook as its YAML describes it.
type layout struct {
	Title    string   `yaml:"title"`    // of the cover and of the document
	Subject  string   `yaml:"subject"`  // below the title
	Handling string   `yaml:"handling"` // in the middle of each page header
	Order    []string `yaml:"sheets"`   // files of the sheets without .yaml, in the order of the tabs

	sheets []*sheet
}

// kinds of sheets.
const (
	kindTable     = "table"     // a title, a header row and rows
	kindMatrix    = "matrix"    // a table with one more column for each control reference
	kindCover     = "cover"     // facts, cells to sign, contents
	kindDashboard = "dashboard" // figures, charts and their tables
)

// sheet describes one sheet.
type sheet struct {
	Tab      string   `yaml:"tab"`      // name of the tab
	Kind     string   `yaml:"kind"`     // table by default
	Contents string   `yaml:"contents"` // its line in the contents
	Title    string   `yaml:"title"`
	About    []string `yaml:"about"`   // at most two lines that say what the sheet is
	Notices  bool     `yaml:"notices"` // what must not be missed about the run stands in its fourth row
	Paper    string   `yaml:"paper"`   // normal (Letter, A4) or wide (Tabloid, A3); portrait for the cover

	Rows        string   `yaml:"rows"`   // where the rows come from
	Table       string   `yaml:"table"`  // name of the table, such as tblScope
	Freeze      int      `yaml:"freeze"` // columns that stay in sight
	TallestRow  int      `yaml:"tallest_row"`
	Columns     []column `yaml:"columns"`
	MatrixWidth float64  `yaml:"matrix_width"` // width of each column of a matrix

	Facts   []fact   `yaml:"facts"` // of a cover
	SignOff []signed `yaml:"sign_off"`
	Entries []entry  `yaml:"entries"` // rows of the source "notes"

	Tiles    []tile            `yaml:"tiles"` // of a dashboard
	Headings map[string]string `yaml:"headings"`

	at inventory.Position
}

// column describes one column of a table.
type column struct {
	Title    string   `yaml:"title"`
	Field    string   `yaml:"field"` // a field of the rows; empty for an assessor's column
	Width    float64  `yaml:"width"` // in characters
	Style    string   `yaml:"style"` // text by default
	Wrap     bool     `yaml:"wrap"`
	Screen   bool     `yaml:"screen"`   // not printed; such columns come last
	Assessor bool     `yaml:"assessor"` // to be filled in by the assessor: unlocked
	List     []string `yaml:"list"`     // the only values an assessor's cell takes
	Date     bool     `yaml:"date"`     // an assessor's cell takes a date
	Prompt   string   `yaml:"prompt"`   // shown when an assessor's cell is chosen

	at inventory.Position
}

// fact is a line of the cover.
type fact struct {
	Label string `yaml:"label"`
	Text  string `yaml:"text"`
	Mono  bool   `yaml:"mono"`
}

// signed is a cell of the cover for the assessor.
type signed struct {
	Label  string   `yaml:"label"`
	Date   bool     `yaml:"date"`
	List   []string `yaml:"list"`
	Prompt string   `yaml:"prompt"`
}

// entry is a row of the read-me.
type entry struct {
	Section string `yaml:"section"`
	Topic   string `yaml:"topic"`
	Text    string `yaml:"text"`
}

// tile is a figure of the dashboard: a placeholder and what it is a figure of.
type tile struct {
	Figure  string `yaml:"figure"`
	Caption string `yaml:"caption"`
}

// UnmarshalYAML keeps the place of the column for messages.
func (c *column) UnmarshalYAML(n ast.Node) error {
	type plain column
	if err := yaml.NodeToValue(n, (*plain)(c)); err != nil {
		return err
	}
	c.at = position("", n)
	return nil
}

// LayoutError is one mistake in the description of the workbook.
type LayoutError struct {
	Pos inventory.Position
	Msg string
}

// Error gives "file:line:column: message".
func (e *LayoutError) Error() string { return e.Pos.String() + ": " + e.Msg }

// loadLayout reads the description of the workbook from the folder "workbook" of fsys. It reports every mistake at once, each as a
// *LayoutError.
func loadLayout(fsys fs.FS) (*layout, error) {
	l := &layout{}
	var errs []error
	if err := decode(fsys, path.Join(layoutDir, "workbook.yaml"), l); err != nil {
		return nil, err
	}
	for _, name := range l.Order {
		s := &sheet{Kind: kindTable, Paper: "normal"}
		file := path.Join(layoutDir, name+".yaml")
		if err := decode(fsys, file, s); err != nil {
			errs = append(errs, err)
			continue
		}
		s.at = inventory.Position{File: file}
		for i := range s.Columns {
			s.Columns[i].at.File = file
		}
		l.sheets = append(l.sheets, s)
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	return l, l.check()
}

// decode reads one YAML file strictly into v.
func decode(fsys fs.FS, file string, v any) error {
	data, err := fs.ReadFile(fsys, file)
	if err != nil {
		return fmt.Errorf("workbook: %w", err)
	}
	root, err := parseYAML(file, data)
	if err != nil {
		return err
	}
	if errs := unknownKeys(file, root, v); len(errs) > 0 {
		return errors.Join(errs...)
	}
	if err := yaml.NodeToValue(root, v); err != nil {
		return yamlError(file, err)
	}
	return nil
}
