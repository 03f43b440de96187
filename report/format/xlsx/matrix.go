package xlsx

import (
	"slices"
	"strconv"

	"github.com/fleetaudit/fleetaudit/report"
	"github.com/fleetaudit/fleetaudit/report/check"
	"github.com/fleetaudit/fleetaudit/report/control"
	"github.com/fleetaudit/fleetaudit/report/format"
)

// The marks of the matrix. A number after F and ? says how many checks it is, or how many hosts where a row is a system.
const (
	markFail      = "F"
	markUntested  = "?"
	markException = "X"
	markManual    = "M"
	markNA        = "–"
	markPass      = "✓"
)

// matrixRow is a host, or a system where there are more hosts than a matrix can show.
type matrixRow struct {
	name, system, state string
	counts              control.Counts
	marks               map[string]string // by reference
}

// matrixRows are the hosts against the references that have checks.
func matrixRows() rowSource {
	type row = matrixRow
	return source[row]{
		rows: func(e *env) rowsOf[row] {
			if e.grouped() {
				return systemsAgainstReferences(e)
			}
			return hostsAgainstReferences(e)
		},
		most:  func(e *env) int { return e.a.Hosts.Declared },
		links: 1,
		fields: map[string]func(*env, *row) any{
			"name":   func(_ *env, r *row) any { return link{r.name, "hosts", r.name} },
			"system": func(_ *env, r *row) any { return r.system },
			"state":  func(_ *env, r *row) any { return r.state },
			"share":  func(_ *env, r *row) any { return known(format.ResultShare(r.counts)) },
			"nd":     func(_ *env, r *row) any { return format.ResultShare(r.counts).Text() },
		},
		more: func(e *env, r *row, cells []any) []any {
			for _, ref := range matrixColumns(e.a) {
				cells = append(cells, r.marks[ref])
			}
			return cells
		},
	}
}

// grouped tells that the rows of the matrix are systems.
func (e *env) grouped() bool { return e.a.Hosts.Declared > e.limits.MatrixHosts }

// matrixNote says what the rows of the matrix are.
func (e *env) matrixNote() string {
	if e.grouped() {
		return "With more than " + number(e.limits.MatrixHosts) + " hosts each row is a system; F12 then means that 12 of its hosts fail. Results holds each host."
	}
	return "F2: two checks fail on that host. ?1: one check could not be tested and none fails. An untested host has no percentage."
}

// matrixColumns lists the references that have checks, in CSF order.
func matrixColumns(a *report.Assessment) []string {
	var refs []string
	for i := range a.Controls {
		if len(a.Controls[i].Checks) > 0 {
			refs = append(refs, a.Controls[i].Reference.ID)
		}
	}
	return refs
}

func hostsAgainstReferences(e *env) rowsOf[matrixRow] {
	return func(yield func(matrixRow, error) bool) {
		for h, err := range e.a.Streams.Hosts() {
			row := matrixRow{name: h.Name, system: h.System, state: h.State, counts: h.Counts, marks: make(map[string]string, len(h.ByReference))}
			for ref, c := range h.ByReference {
				row.marks[ref] = hostMark(c)
			}
			if !yield(row, err) || err != nil {
				return
			}
		}
	}
}

// hostMark is the worst result, with its count where that helps.
func hostMark(c control.Counts) string {
	switch c.Worst() {
	case check.Fail:
		return markFail + strconv.Itoa(c.Fail)
	case check.NotTested:
		return markUntested + strconv.Itoa(c.NotTested)
	case check.Exception:
		return markException
	case check.Manual:
		return markManual
	case check.Pass:
		return markPass
	case check.NA:
		return markNA
	}
	return ""
}

// systemSum adds up the hosts of one system.
type systemSum struct {
	hosts, untested int
	counts          control.Counts
	worst           map[string]*control.Counts // reference -> hosts by their worst result
}

func systemsAgainstReferences(e *env) rowsOf[matrixRow] {
	return func(yield func(matrixRow, error) bool) {
		sums := map[string]*systemSum{}
		for h, err := range e.a.Streams.Hosts() {
			if err != nil {
				yield(matrixRow{}, err)
				return
			}
			s := sums[h.System]
			if s == nil {
				s = &systemSum{worst: map[string]*control.Counts{}}
				sums[h.System] = s
			}
			s.add(&h)
		}
		for _, name := range sortedKeys(sums) {
			if !yield(sums[name].row(name), nil) {
				return
			}
		}
	}
}

func (s *systemSum) add(h *report.HostRow) {
	s.hosts++
	s.counts.Merge(h.Counts)
	if h.Counts.Pass+h.Counts.Fail+h.Counts.Exception == 0 {
		s.untested++
	}
	for ref, c := range h.ByReference {
		if s.worst[ref] == nil {
			s.worst[ref] = &control.Counts{}
		}
		s.worst[ref].Add(c.Worst())
	}
}

func (s *systemSum) row(name string) matrixRow {
	row := matrixRow{name: or(name, "(no system)"), system: plural(s.hosts, "host"), counts: s.counts, marks: map[string]string{}}
	if s.untested > 0 {
		row.state = number(s.untested) + " not tested"
	}
	for ref, c := range s.worst {
		row.marks[ref] = hostMark(*c)
	}
	return row
}

// matrixHeader lists the titles of all columns of a table: those of its layout, and for a matrix the references.
func matrixHeader(e *env, s *sheet) []column {
	cols := slices.Clone(s.Columns)
	if s.Kind != kindMatrix {
		return cols
	}
	for _, ref := range matrixColumns(e.a) {
		cols = append(cols, column{Title: ref, Width: s.MatrixWidth, Style: "matrix"})
	}
	return cols
}
