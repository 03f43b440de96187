package control

import (
	"io/fs"
	"regexp"
	"slices"

	"github.com/fleetaudit/fleetaudit/inventory"
)

// crosswalk reads the citations of other frameworks.
func (l *loading) crosswalk(fsys fs.FS) {
	s, doc := l.open(fsys, "csf/crosswalk.yaml")
	if doc == nil {
		return
	}
	root, ok := s.entry(doc, "frameworks", "references")
	if !ok {
		return
	}
	forms := map[string]*regexp.Regexp{}
	for _, e := range s.entries(root.values["frameworks"], "name", "citation", "origin") {
		src := CrosswalkSource{Name: e.text("name"), Citation: e.text("citation"), Origin: e.text("origin")}
		l.once(e, "framework", src.Name)
		form, err := regexp.Compile("^(?:" + src.Citation + ")$")
		if err != nil {
			e.fail(e.pos(e.values["citation"]), "citation: %v", err)
			continue
		}
		forms[src.Name] = form
		l.fw.Sources = append(l.fw.Sources, src)
	}
	for _, e := range s.entries(root.values["references"], "reference", string(Published), string(Inferred)) {
		l.citations(e, forms)
	}
	l.sortCrosswalk()
}

// citations reads all citations of one reference.
func (l *loading) citations(e entry, forms map[string]*regexp.Regexp) {
	id := e.text("reference")
	l.once(e, "crosswalk of reference", id)
	i, known := l.fw.references[id]
	if !known {
		e.fail(e.at, "reference %q is not declared in csf/references.yaml", id)
		return
	}
	seen := map[string]inventory.Position{}
	for _, confidence := range []Confidence{Published, Inferred} {
		n, there := e.values[string(confidence)]
		if !there {
			continue
		}
		by, ok := e.entry(n)
		if !ok {
			continue
		}
		for _, framework := range by.order {
			row := CrosswalkRow{Reference: id, Title: l.fw.Controls[i].Title, Framework: framework, Confidence: confidence}
			l.rows(by, row, forms[framework], seen)
		}
	}
}

// rows reads the citations of one framework; row holds what they share.
func (l *loading) rows(by entry, row CrosswalkRow, form *regexp.Regexp, seen map[string]inventory.Position) {
	if form == nil {
		by.fail(by.pos(by.values[row.Framework]), "framework %q is not declared under frameworks", row.Framework)
		return
	}
	for _, it := range by.list(row.Framework) {
		row.Citation = it.text
		if !form.MatchString(it.text) {
			by.fail(it.at, "%s: citation %q has not the form %s", row.Framework, it.text, form)
		}
		if first, dup := seen[row.Framework+" "+it.text]; dup {
			by.fail(it.at, "%s: citation %q is already given at %s", row.Framework, it.text, first)
		}
		seen[row.Framework+" "+it.text] = it.at
		l.fw.crosswalk = append(l.fw.crosswalk, row)
	}
}

// sortCrosswalk puts rows in the order of references, then frameworks, published before inferred.
func (l *loading) sortCrosswalk() {
	order := map[string]int{}
	for i, s := range l.fw.Sources {
		order[s.Name] = i
	}
	slices.SortStableFunc(l.fw.crosswalk, func(a, b CrosswalkRow) int {
		if d := l.fw.references[a.Reference] - l.fw.references[b.Reference]; d != 0 {
			return d
		}
		return order[a.Framework] - order[b.Framework]
	})
}
