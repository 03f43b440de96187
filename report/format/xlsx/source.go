package xlsx

import (
	"iter"

	"github.com/fleetaudit/fleetaudit/report"
	"github.com/fleetaudit/fleetaudit/report/control"
	"github.com/fleetaudit/fleetaudit/report/format/cell"
)

// env is what the fields of all rows may look at.
type env struct {
	a      *report.Assessment
	layout *layout
	facts  map[string]string
	limits Limits

	control  map[string]*control.Status // by reference
	domains  map[int]string
	category map[string]string // reference -> category id
	openOnly bool              // Results leaves out PASS and N/A, since they would not fit

	tabs  map[string]string         // source -> tab, to link to
	rows  map[string]map[string]int // source -> key of a row -> its number
	want  map[string]map[string]bool
	links map[string]bool // sources whose own rows have links
}

// rowSource yields the rows of a table.
type rowSource interface {
	names() []string   // of the fields
	atMost(e *env) int // bound of the number of rows, known beforehand
	linkCells() int    // bound of the links in a row
	// each yields the values of the named fields for every row; an empty name yields nil. A caller must not keep a row's values.
	each(e *env, fields []string) iter.Seq2[values, error]
}

// values are one row: nil, string, int, float64, time.Time, link or long each.
type values struct {
	key   string // names the row for links to it; empty for none
	cells []any
}

// link is a text or number that leads to a row of another sheet, if links fit there; otherwise it is the text or number alone.
type link struct {
	shown  any
	source string
	key    string
}

// long is a text that may be longer than a cell's usual limit, since a reader needs every character of it.
type long string

// longest is the limit of a long text.
const longest = cell.MaxUnits

// source is a rowSource over rows of one type.
type source[T any] struct {
	fields map[string]func(*env, *T) any
	rows   func(*env) iter.Seq2[T, error]
	most   func(*env) int
	links  int                         // cells of a row that lead elsewhere
	key    func(*T) string             // nil when nothing leads here
	more   func(*env, *T, []any) []any // appends cells beyond those of the layout's columns; nil for none
}

func (s source[T]) names() []string { return sortedKeys(s.fields) }

func (s source[T]) atMost(e *env) int { return s.most(e) }

func (s source[T]) linkCells() int { return s.links }

func (s source[T]) each(e *env, fields []string) iter.Seq2[values, error] {
	get := make([]func(*env, *T) any, len(fields))
	for i, name := range fields {
		get[i] = s.fields[name]
	}
	return func(yield func(values, error) bool) {
		v := values{cells: make([]any, len(fields))}
		for row, err := range s.rows(e) {
			if err != nil {
				yield(values{}, err)
				return
			}
			if s.fill(e, &row, get, &v); !yield(v, nil) {
				return
			}
		}
	}
}

// fill puts the values of a row into v.
func (s source[T]) fill(e *env, row *T, get []func(*env, *T) any, v *values) {
	v.cells = v.cells[:len(get)]
	for i, f := range get {
		if v.cells[i] = nil; f != nil {
			v.cells[i] = f(e, row)
		}
	}
	if s.key != nil {
		v.key = s.key(row)
	}
	if s.more != nil {
		v.cells = s.more(e, row, v.cells)
	}
}

// sources gives the row sources that a layout can name.
func sources() map[string]rowSource {
	return map[string]rowSource{
		"notes":     noteRows(),
		"hosts":     hostRows(),
		"controls":  controlRows(),
		"matrix":    matrixRows(),
		"findings":  findingRows(),
		"results":   resultRows(),
		"evidence":  evidenceRows(),
		"methods":   methodRows(),
		"crosswalk": crosswalkRows(),
		"log":       logRows(),
		"files":     fileRows(),
	}
}

// newEnv prepares what fields look up, and decides what fits.
func newEnv(a *report.Assessment, l *layout, limits Limits) *env {
	e := &env{
		a: a, layout: l, facts: facts(a), limits: limits,
		control: map[string]*control.Status{}, domains: map[int]string{}, category: map[string]string{},
		openOnly: a.Totals.Total() > limits.Rows,
		tabs:     map[string]string{}, rows: map[string]map[string]int{}, want: map[string]map[string]bool{}, links: map[string]bool{},
	}
	for i := range a.Controls {
		e.control[a.Controls[i].Reference.ID] = &a.Controls[i]
		e.category[a.Controls[i].Reference.ID] = a.Controls[i].Category.ID
	}
	for _, d := range a.Domains {
		e.domains[d.Number] = d.Title
	}
	e.facts["matrix_note"] = e.matrixNote()
	e.facts["results_note"] = e.resultsNote()
	e.prepareLinks()
	return e
}

// prepareLinks decides which sheets have links in their rows and which rows are worth remembering to link to. Links are kept where
// they are few: the library looks through all links of a sheet for each new one, and Excel has a limit of its own.
func (e *env) prepareLinks() {
	for _, s := range e.layout.sheets {
		src, ok := sources()[s.Rows]
		if !ok {
			continue
		}
		e.tabs[s.Rows] = s.Tab
		e.rows[s.Rows] = map[string]int{}
		e.links[s.Rows] = src.atMost(e)*src.linkCells() < e.limits.Links
	}
	first := map[string]bool{}
	items := map[string]bool{}
	for i := range e.a.Findings {
		f := &e.a.Findings[i]
		items[f.Evidence] = true
		if len(f.Failing) > 0 {
			first[resultKey(f.Check.ID, f.Failing[0])] = true
		}
	}
	e.want["results"] = first
	if !e.links["results"] {
		e.want["evidence"] = items // otherwise every item, since each result leads to its own
	}
}

// remember notes the number of a row that others may lead to.
func (e *env) remember(source, key string, row int) {
	if key == "" {
		return
	}
	if want, limited := e.want[source]; limited && !want[key] {
		return
	}
	if len(e.rows[source]) < e.limits.Links {
		e.rows[source][key] = row
	}
}

// target gives the place that a link leads to, empty when it has to stay text.
func (e *env) target(from string, l link) string {
	if !e.links[from] {
		return ""
	}
	row, ok := e.rows[l.source][l.key]
	if !ok {
		return ""
	}
	return place(e.tabs[l.source], 1, row)
}

// slice yields the elements of a slice as rows.
func slice[T any](s []T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, v := range s {
			if !yield(v, nil) {
				return
			}
		}
	}
}

// index numbers the rows of a source that lies in memory before they are written, so that sheets can lead to each other.
func (e *env) index(source string, keys iter.Seq[string]) {
	if e.rows[source] == nil {
		return
	}
	row := firstRow
	for k := range keys {
		e.remember(source, k, row)
		row++
	}
}

// keysOf yields the key of each element.
func keysOf[T any](s []T, key func(*T) string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for i := range s {
			if !yield(key(&s[i])) {
				return
			}
		}
	}
}
