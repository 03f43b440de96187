package control

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"

	"github.com/fleetaudit/fleetaudit/inventory"
)

// mappings reads all mapping files of one file system.
func (l *loading) mappings(fsys fs.FS, first bool) {
	files, err := fs.Glob(fsys, "csf/mapping/*.yaml")
	if err != nil {
		l.errs = append(l.errs, fmt.Errorf("find mapping files: %w", err))
	}
	if first {
		if len(files) == 0 {
			l.errs = append(l.errs, errors.New("csf/mapping: no mapping files; they say which checks speak to which reference"))
		}
		l.fw.Mappings = make([]Mapping, len(l.fw.Controls))
	}
	seen := map[string]inventory.Position{} // a reference once in each file system
	for _, file := range files {
		s, doc := l.open(fsys, file)
		for _, e := range s.entries(doc, "reference", "coverage", "checks", "manual") {
			l.mapping(e, seen)
		}
	}
}

func (l *loading) mapping(e entry, seen map[string]inventory.Position) {
	id := e.text("reference")
	m := Mapping{Reference: id, Pos: e.at, Coverage: Coverage(e.oneOf("coverage", string(Automated), string(Partial), string(ManualOnly)))}
	checks := map[string]inventory.Position{}
	for _, it := range e.list("checks") {
		if first, dup := checks[it.text]; dup {
			e.fail(it.at, "check %s is already given at %s", it.text, first)
		}
		checks[it.text] = it.at
		m.Checks = append(m.Checks, it.text)
	}
	for _, it := range e.list("manual") {
		m.Manual = append(m.Manual, it.text)
	}
	i, known := l.fw.references[id]
	if !known {
		if id != "" {
			e.fail(e.at, "reference %q is not declared in csf/references.yaml", id)
		}
		return
	}
	if first, dup := seen[id]; dup {
		e.fail(e.at, "reference %s is already mapped at %s", id, first)
		return
	}
	seen[id] = e.at
	old := l.fw.Mappings[i]
	for _, c := range m.Checks {
		if slices.Contains(old.Checks, c) {
			e.fail(e.at, "check %s is already mapped to %s at %s", c, id, l.fw.places[id+" "+c])
		}
	}
	for c, at := range checks {
		l.fw.places[id+" "+c] = at
	}
	m.Checks = append(slices.Clone(old.Checks), m.Checks...)
	m.Manual = append(slices.Clone(old.Manual), m.Manual...)
	switch {
	case m.Coverage == ManualOnly && len(m.Checks) > 0:
		e.fail(e.at, "reference %s: coverage is manual, yet checks speak to it; say partial or automated", id)
	case m.Coverage != ManualOnly && len(m.Checks) == 0:
		e.fail(e.at, "reference %s: coverage is %s without a single check; say manual", id, m.Coverage)
	case len(m.Manual) == 0:
		e.fail(e.at, "reference %s: say under manual what remains for a person; no host shows all of a reference", id)
	}
	l.fw.Mappings[i] = m
}

// complete complains about references without a mapping.
func (l *loading) complete() {
	for i, m := range l.fw.Mappings {
		if m.Reference == "" {
			id := l.fw.Controls[i].ID
			l.errs = append(l.errs, &Error{Pos: l.seen["reference "+id],
				Msg: fmt.Sprintf("reference %s is in no file of %s; a reference without checks is mapped as coverage manual", id, path.Join("csf", "mapping"))})
		}
	}
}

// index fills in what is derived, after everything is known to be right.
func (l *loading) index() {
	fw := l.fw
	for i := range fw.Mappings {
		m := &fw.Mappings[i]
		slices.Sort(m.Checks)
		m.Domains = slices.Sorted(slices.Values(l.domains[m.Reference]))
		for _, c := range m.Checks {
			fw.byCheck[c] = append(fw.byCheck[c], m.Reference)
		}
	}
}
