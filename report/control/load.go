package control

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"github.com/fleetaudit/fleetaudit/inventory"
)

// How many of each the CSF has. The structure has not moved for years; content that has other numbers is damaged.
const (
	NumCategories = 14
	NumObjectives = 49
	NumReferences = 156
	NumDomains    = 19
)

// Framework is the CSF as loaded: its structure, its crosswalk, and the mapping to checks. It does not change after Load.
type Framework struct {
	Categories []Category
	Objectives []Objective
	Controls   []Reference // the control references, in CSF order
	Domains    []Domain
	Mappings   []Mapping // one a reference, in CSF order
	Sources    []CrosswalkSource
	Digest     string // sha256 over all files read, hex

	crosswalk  []CrosswalkRow // Checks not filled in
	references map[string]int // reference id -> index in Controls and Mappings
	objectives map[string]int
	categories map[string]int
	byCheck    map[string][]string           // check id -> references in CSF order
	places     map[string]inventory.Position // "reference check" -> where the mapping names it
}

// loading is the state of one Load.
type loading struct {
	fw      *Framework
	errs    []error
	domains map[string][]int // reference id -> assessment domains
	sum     func(name string, data []byte)
	seen    map[string]inventory.Position // "kind id" -> first place
}

// Load reads the folder csf of the first file system: categories, objectives, references, domains, crosswalk and mapping. Further
// file systems may add to the mapping with files csf/mapping/*.yaml of the same form: their checks and sentences are added to the
// reference's and their coverage replaces its.
//
// It is strict and gives every mistake at once, joined, each an *Error with its place.
func Load(fsys ...fs.FS) (*Framework, error) {
	if len(fsys) == 0 {
		return nil, errors.New("load CSF: no content given")
	}
	h := sha256.New()
	l := &loading{
		fw: &Framework{references: map[string]int{}, objectives: map[string]int{}, categories: map[string]int{},
			byCheck: map[string][]string{}, places: map[string]inventory.Position{}},
		sum: func(name string, data []byte) {
			fmt.Fprintf(h, "%s\x00%d\x00", name, len(data))
			h.Write(data)
		},
		domains: map[string][]int{},
		seen:    map[string]inventory.Position{},
	}
	l.structure(fsys[0])
	if len(l.fw.Controls) > 0 { // else every line of the rest would be a mistake that is none
		l.crosswalk(fsys[0])
		for i, f := range fsys {
			l.mappings(f, i == 0)
		}
		l.complete()
	}
	if len(l.errs) > 0 {
		return nil, errors.Join(l.errs...)
	}
	l.index()
	l.fw.Digest = hex.EncodeToString(h.Sum(nil))
	return l.fw, nil
}

// open reads a file and gives its reader and root node, nil after a mistake.
func (l *loading) open(fsys fs.FS, file string) (source, ast.Node) {
	s := source{file: file, errs: &l.errs}
	data, err := fs.ReadFile(fsys, file)
	if err != nil {
		l.errs = append(l.errs, fmt.Errorf("read %s: %w", file, err))
		return s, nil
	}
	l.sum(file, data)
	return s, s.document(data)
}

// once notes that an id of a kind was declared and complains about the second time.
func (l *loading) once(e entry, kind, id string) {
	if first, dup := l.seen[kind+" "+id]; dup {
		e.fail(e.at, "%s %s is already declared at %s", kind, id, first)
		return
	}
	l.seen[kind+" "+id] = e.at
}

// The forms of identifiers.
var (
	categoryID  = regexp.MustCompile(`^\d{1,2}\.0$`)
	objectiveID = regexp.MustCompile(`^\d{1,2}\.\d\d$`)
	referenceID = regexp.MustCompile(`^\d{1,2}\.[a-z]{1,2}$`)
)

// id gives the identifier under key, in its form and under its parent: all ids of a category start with its number.
func (l *loading) id(e entry, key string, form *regexp.Regexp) string {
	v := e.text(key)
	if n, there := e.values[key]; there && v != "" && !form.MatchString(v) {
		e.fail(e.pos(n), "%s: %q has not the form %s", key, v, form)
	}
	return v
}

// child complains when a parent is not declared or has another number than its child.
func (l *loading) child(e entry, id, key string, parents map[string]int) string {
	parent := e.text(key)
	n, there := e.values[key]
	if !there || parent == "" {
		return parent
	}
	if _, ok := parents[parent]; !ok {
		e.fail(e.pos(n), "%s %q is not declared", key, parent)
	} else if before(id) != before(parent) {
		e.fail(e.pos(n), "%s cannot belong to %s %s: its number is another", id, key, parent)
	}
	return parent
}

// before gives the part of an id before its dot.
func before(id string) string {
	b, _, _ := strings.Cut(id, ".")
	return b
}

// structure reads categories, objectives, references and domains.
func (l *loading) structure(fsys fs.FS) {
	fw := l.fw
	s, doc := l.open(fsys, "csf/categories.yaml")
	for _, e := range s.entries(doc, "id", "title", "root", "incident") {
		c := Category{ID: l.id(e, "id", categoryID), Title: e.text("title"), Root: e.optional("root"), Incident: e.optional("incident")}
		l.once(e, "category", c.ID)
		fw.categories[c.ID] = len(fw.Categories)
		fw.Categories = append(fw.Categories, c)
	}
	s, doc = l.open(fsys, "csf/objectives.yaml")
	for _, e := range s.entries(doc, "id", "category", "title", "threat", "title_source") {
		o := Objective{ID: l.id(e, "id", objectiveID), Title: e.text("title"), Threat: e.optional("threat"), TitleSource: titleSource(e)}
		o.Category = l.child(e, o.ID, "category", fw.categories)
		l.once(e, "objective", o.ID)
		if i, ok := fw.categories[o.Category]; ok && o.Threat != "" {
			o.Incident = fw.Categories[i].Incident
		}
		fw.objectives[o.ID] = len(fw.Objectives)
		fw.Objectives = append(fw.Objectives, o)
	}
	s, doc = l.open(fsys, "csf/domains.yaml")
	for _, e := range s.entries(doc, "number", "title") {
		d := Domain{Title: e.text("title")}
		d.Number, _ = strconv.Atoi(e.text("number"))
		if d.Number != len(fw.Domains)+1 {
			e.fail(e.at, "assessment domain number %d: expected %d", d.Number, len(fw.Domains)+1)
		}
		fw.Domains = append(fw.Domains, d)
	}
	s, doc = l.open(fsys, "csf/references.yaml")
	for _, e := range s.entries(doc, "id", "objective", "title", "host_testable", "domains", "title_source") {
		l.reference(e)
	}
	l.count("csf/categories.yaml", "categories", len(fw.Categories), NumCategories)
	l.count("csf/objectives.yaml", "objectives", len(fw.Objectives), NumObjectives)
	l.count("csf/references.yaml", "control references", len(fw.Controls), NumReferences)
	l.count("csf/domains.yaml", "assessment domains", len(fw.Domains), NumDomains)
}

func (l *loading) reference(e entry) {
	fw := l.fw
	r := Reference{ID: l.id(e, "id", referenceID), Title: e.text("title"), TitleSource: titleSource(e)}
	r.Objective = l.child(e, r.ID, "objective", fw.objectives)
	r.HostTestable = e.oneOf("host_testable", "yes", "partly", "no")
	l.once(e, "reference", r.ID)
	for _, it := range e.list("domains") {
		n, err := strconv.Atoi(it.text)
		if err != nil || n < 1 || n > len(fw.Domains) {
			e.fail(it.at, "domains: %q is no assessment domain; they are 1 to %d", it.text, len(fw.Domains))
		}
		if slices.Contains(l.domains[r.ID], n) {
			e.fail(it.at, "domains: %d is given twice", n)
		}
		l.domains[r.ID] = append(l.domains[r.ID], n)
	}
	fw.references[r.ID] = len(fw.Controls)
	fw.Controls = append(fw.Controls, r)
}

func titleSource(e entry) string {
	if _, there := e.values["title_source"]; !there {
		return ""
	}
	return e.oneOf("title_source", TitleUnverified)
}

// count complains when a file is not whole. Files that could not be read at all have been complained about already.
func (l *loading) count(file, what string, got, want int) {
	if got != want && got > 0 {
		l.errs = append(l.errs, &Error{Pos: inventory.Position{File: file}, Msg: fmt.Sprintf("%d %s: the CSF has %d", got, what, want)})
	}
}
