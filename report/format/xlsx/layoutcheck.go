package xlsx

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/fleetaudit/fleetaudit/inventory"
)

// Excel's limits on what a layout may say.
const (
	maxTab   = 31  // characters of a sheet name
	maxList  = 255 // characters of an inline drop-down list, commas included
	maxWidth = 255 // of a column, in characters
)

var (
	tableName   = regexp.MustCompile(`^tbl[A-Za-z]+$`)
	placeholder = regexp.MustCompile(`\{([a-z_]+)\}`)
)

// checker collects the mistakes of a layout.
type checker struct {
	errs  []error
	facts map[string]string
	seen  map[string]bool // tabs and tables, in lower case
}

func (c *checker) fail(at inventory.Position, format string, args ...any) {
	c.errs = append(c.errs, &LayoutError{at, fmt.Sprintf(format, args...)})
}

// check finds what a decoder cannot: names that do not exist, limits of Excel, sheets that lack what their kind needs.
func (l *layout) check() error {
	c := &checker{facts: placeholders(), seen: map[string]bool{}}
	at := inventory.Position{File: layoutDir + "/workbook.yaml"}
	if len(l.sheets) == 0 {
		c.fail(at, "no sheets are listed")
	}
	if n := len([]rune(l.Handling)); n == 0 || n > maxHeaderText || strings.Contains(l.Handling, "&") {
		c.fail(at, "handling %q: expected 1 to %d characters without &", l.Handling, maxHeaderText)
	}
	c.texts(at, l.Title, l.Subject)
	for _, s := range l.sheets {
		c.sheet(s)
		switch s.Kind {
		case kindTable, kindMatrix:
			c.table(s)
		case kindCover:
			c.cover(s)
		case kindDashboard:
			c.dashboard(s)
		default:
			c.fail(s.at, "kind %q is not one of %s, %s, %s, %s", s.Kind, kindTable, kindMatrix, kindCover, kindDashboard)
		}
	}
	return errors.Join(c.errs...)
}

// sheet checks what all kinds have.
func (c *checker) sheet(s *sheet) {
	switch {
	case s.Tab == "" || len([]rune(s.Tab)) > maxTab || strings.ContainsAny(s.Tab, `:\/?*[]`) || strings.Trim(s.Tab, "'") != s.Tab:
		c.fail(s.at, `tab %q: expected 1 to %d characters without : \ / ? * [ ] and without ' at either end`, s.Tab, maxTab)
	case c.seen[strings.ToLower(s.Tab)]:
		c.fail(s.at, "tab %q is used twice", s.Tab)
	}
	c.seen[strings.ToLower(s.Tab)] = true
	if s.Title == "" {
		c.fail(s.at, "title is missing")
	}
	if len(s.About) > 2 {
		c.fail(s.at, "about has %d lines, there is room for two", len(s.About))
	}
	if !slices.Contains([]string{"normal", "wide", "portrait"}, s.Paper) {
		c.fail(s.at, "paper %q is not one of normal, wide, portrait", s.Paper)
	}
	c.texts(s.at, s.Title, s.Contents)
	c.texts(s.at, s.About...)
}

// texts checks the placeholders in texts.
func (c *checker) texts(at inventory.Position, texts ...string) {
	for _, t := range texts {
		for _, m := range placeholder.FindAllStringSubmatch(t, -1) {
			if _, ok := c.facts[m[1]]; !ok {
				c.fail(at, "there is no placeholder {%s}; there are: %s", m[1], strings.Join(sortedKeys(c.facts), ", "))
			}
		}
	}
}

// table checks the columns of a table against the source of its rows.
func (c *checker) table(s *sheet) {
	if !tableName.MatchString(s.Table) {
		c.fail(s.at, "table %q: expected tbl and letters, such as tblScope", s.Table)
	} else if c.seen[strings.ToLower(s.Table)] {
		c.fail(s.at, "table %q is used twice", s.Table)
	}
	c.seen[strings.ToLower(s.Table)] = true
	src, ok := sources()[s.Rows]
	if !ok {
		c.fail(s.at, "rows: there is no source %q; there are: %s", s.Rows, strings.Join(sortedKeys(sources()), ", "))
		return
	}
	if len(s.Columns) == 0 || s.Freeze < 0 || s.Freeze > len(s.Columns) {
		c.fail(s.at, "freeze is %d, but there are %d columns", s.Freeze, len(s.Columns))
	}
	if (s.Rows == "matrix") != (s.Kind == kindMatrix) {
		c.fail(s.at, "rows %q do not go with kind %q: the rows of a matrix have a column for each reference", s.Rows, s.Kind)
	}
	if s.Kind == kindMatrix && (s.MatrixWidth <= 0 || s.MatrixWidth > maxWidth) {
		c.fail(s.at, "matrix_width %v is not between 0 and %d", s.MatrixWidth, maxWidth)
	}
	titles := map[string]bool{}
	for i := range s.Columns {
		col := &s.Columns[i]
		if low := strings.ToLower(col.Title); col.Title == "" || strings.ContainsAny(col.Title, "\n\r") || titles[low] {
			c.fail(col.at, "title %q: expected one line that no other column has", col.Title)
		} else {
			titles[low] = true
		}
		c.column(col, src)
		if i > 0 && s.Columns[i-1].Screen && !col.Screen {
			c.fail(col.at, "column %q is printed but stands after one that is not (screen: true); such columns come last", col.Title)
		}
	}
	for _, e := range s.Entries {
		c.texts(s.at, e.Topic, e.Text)
	}
}

func (c *checker) column(col *column, src rowSource) {
	if col.Width <= 0 || col.Width > maxWidth {
		c.fail(col.at, "column %q: width %v is not between 0 and %d characters", col.Title, col.Width, maxWidth)
	}
	if _, ok := columnStyles()[col.style()]; !ok {
		c.fail(col.at, "column %q: there is no style %q; there are: %s", col.Title, col.Style, strings.Join(sortedKeys(columnStyles()), ", "))
	}
	if col.Assessor {
		c.assessor(col)
		return
	}
	if len(col.List) > 0 || col.Date || col.Prompt != "" {
		c.fail(col.at, "column %q: list, date and prompt are for assessor's columns", col.Title)
	}
	if !slices.Contains(src.names(), col.Field) {
		c.fail(col.at, "column %q: there is no field %q; there are: %s", col.Title, col.Field, strings.Join(src.names(), ", "))
	}
}

// assessor checks a column that a person fills in. The start of its title is how people, and programs that carry notes over, know it.
func (c *checker) assessor(col *column) {
	if !strings.HasPrefix(col.Title, "Assessor") {
		c.fail(col.at, `column %q: the title of an assessor's column begins with "Assessor"`, col.Title)
	}
	if col.Field != "" {
		c.fail(col.at, "column %q: an assessor's column has no field", col.Title)
	}
	c.list(col.at, col.Title, col.List)
}

func (c *checker) list(at inventory.Position, title string, list []string) {
	if len([]rune(strings.Join(list, ","))) > maxList {
		c.fail(at, "%q: the list is longer than %d characters", title, maxList)
	}
	for _, v := range list {
		if v == "" || strings.ContainsAny(v, ",\"") {
			c.fail(at, "%q: the list value %q is empty or holds a comma or a quotation mark", title, v)
		}
	}
}

func (c *checker) cover(s *sheet) {
	for _, f := range s.Facts {
		c.texts(s.at, f.Label, f.Text)
	}
	for _, x := range s.SignOff {
		c.list(s.at, x.Label, x.List)
	}
}

func (c *checker) dashboard(s *sheet) {
	if len(s.Tiles) != dashboardTiles {
		c.fail(s.at, "a dashboard has %d tiles, this one has %d", dashboardTiles, len(s.Tiles))
	}
	for _, t := range s.Tiles {
		c.texts(s.at, t.Figure, t.Caption)
	}
	for _, name := range dashboardHeadings {
		if s.Headings[name] == "" {
			c.fail(s.at, "headings: %s is missing", name)
		}
		c.texts(s.at, s.Headings[name])
	}
	for name := range s.Headings {
		if !slices.Contains(dashboardHeadings, name) {
			c.fail(s.at, "headings: unknown key %q; known are %s", name, strings.Join(dashboardHeadings, ", "))
		}
	}
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
