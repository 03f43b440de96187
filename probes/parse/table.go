package parse

import (
	"fmt"
	"slices"
	"strings"

	"github.com/fleetaudit/fleetaudit/probes/fact"
)

// tableSyntax is an answer with one record a line. Each row must have just the declared number of columns, or the whole answer is not
// understood. With a separator that is not blanks, cells may be empty: "" for a string, [] for a list, absent for every other type. No output
// is an empty list, unless a header line was expected.
var tableSyntax = syntax{
	name: "table",
	options: map[string]option{
		"columns":      {}, // names of the columns with commas between, "-" for one to leave out; default: the record's fields in order
		"separator":    {value: " "},
		"header":       {value: "none", one: []string{"none", "skip"}},
		"comment":      {value: "none"},
		"rest":         flag, // the last column holds the rest of the line
		"split":        {value: ","},
		"invalid_utf8": invalidUTF8,
	},
	build: buildTable,
}

type tableParser struct {
	columns   []column
	separator string
	comments  []string
	header    bool
	rest      bool
	escape    bool
	split     string
}

// column is a column of a table. One that is left out has no name.
type column struct {
	name string
	typ  fact.Type
}

func buildTable(o options, t fact.Type) (Parser, error) {
	if t.Kind != fact.List || t.Elem.Kind != fact.Record {
		return nil, wrongType(t, "a list of records")
	}
	p := tableParser{
		separator: o["separator"],
		comments:  commentPrefixes(o["comment"]),
		header:    o["header"] == "skip",
		rest:      o.on("rest"),
		escape:    o["invalid_utf8"] == "escape",
		split:     o["split"],
	}
	if p.separator == "tab" {
		p.separator = "\t"
	}
	for _, f := range t.Elem.Fields {
		if !scalarOrList(f.Type) {
			return nil, fmt.Errorf("column %s: %w", f.Name, wrongType(f.Type, "a scalar or a list of scalars"))
		}
	}
	names := t.Elem.FieldNames()
	if o["columns"] != "" {
		names = strings.Split(o["columns"], ",")
	}
	seen := map[string]bool{}
	for _, name := range names {
		name = strings.TrimSpace(name)
		if name == "-" {
			p.columns = append(p.columns, column{})
			continue
		}
		typ, ok := t.Elem.Field(name)
		if !ok || seen[name] {
			return nil, fmt.Errorf("column %q is no field of %s, or named twice (\"-\" leaves a column out)", name, t.Elem)
		}
		seen[name] = true
		p.columns = append(p.columns, column{name, typ})
	}
	for _, f := range t.Elem.Fields {
		if !seen[f.Name] {
			return nil, fmt.Errorf("field %s is no column", f.Name)
		}
	}
	return p, nil
}

func (p tableParser) Parse(stdout []byte) (fact.Value, map[string]string, error) {
	s, err := text(stdout, p.escape)
	if err != nil {
		return nil, nil, err
	}
	lines := splitLines(s, p.comments...)
	if p.header {
		if len(lines) == 0 {
			return nil, nil, errorf(0, "no output, not even the header line")
		}
		lines = lines[1:]
	}
	out := make([]any, 0, len(lines))
	for _, l := range lines {
		row, err := p.row(l)
		if err != nil {
			return nil, nil, err
		}
		out = append(out, row)
	}
	return out, nil, nil
}

func (p tableParser) row(l line) (map[string]any, error) {
	cells := p.cells(l.text)
	if len(cells) != len(p.columns) {
		return nil, errorf(l.no, "expected %d columns, not %d: %s", len(p.columns), len(cells), quote(l.text))
	}
	row := map[string]any{}
	for i, c := range p.columns {
		if c.name == "" {
			continue
		}
		cell := strings.TrimSpace(cells[i])
		if cell == "" && c.typ.Kind != fact.String && c.typ.Kind != fact.List {
			continue
		}
		var v fact.Value
		var err error
		if c.typ.Kind == fact.List {
			v, err = splitConvert(cell, p.split, *c.typ.Elem)
		} else {
			v, err = fact.Convert(cell, c.typ)
		}
		if err != nil {
			return nil, errorf(l.no, "column %s: %s", c.name, err)
		}
		row[c.name] = v
	}
	return row, nil
}

func (p tableParser) cells(s string) []string {
	most := -1
	if p.rest {
		most = len(p.columns)
	}
	if p.separator != " " {
		return strings.SplitN(s, p.separator, most)
	}
	if most < 0 {
		return strings.Fields(s)
	}
	var cells []string
	s = strings.TrimSpace(s)
	for s != "" && len(cells) < most-1 {
		i := strings.IndexAny(s, " \t")
		if i < 0 {
			break
		}
		cells = append(cells, s[:i])
		s = strings.TrimLeft(s[i:], " \t")
	}
	if s != "" {
		cells = append(cells, s)
	}
	return slices.Clip(cells)
}
