package check

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"github.com/fleetaudit/fleetaudit/inventory"
	"github.com/fleetaudit/fleetaudit/probes/fact"
)

// Threshold is a named value that checks compare facts with.
type Threshold struct {
	Name   string // as in baseline.name
	Value  any    // string, int64, float64, bool, []string or []int64
	Source string // where the value comes from: a standard, a vendor's guide, the entity's own policy
	Note   string
	Pos    inventory.Position
}

// Text gives the value for people; lists are separated by commas.
func (t Threshold) Text() string { return thresholdText(t.Value) }

// Baseline is the set of all thresholds of an engagement. It is not changed once loaded.
type Baseline struct {
	Name  string
	Title string

	values map[string]Threshold
}

// LoadBaseline reads a whole baseline: "default" is baselines/default.yaml, and a name that ends in .yaml is a path. Errors in it are
// joined, each an *Error.
func LoadBaseline(fsys fs.FS, name string) (*Baseline, error) {
	if path.Ext(name) != ".yaml" {
		name = path.Join("baselines", name+".yaml")
	}
	data, err := fs.ReadFile(fsys, name)
	if err != nil {
		return nil, fmt.Errorf("baseline: %w", err)
	}
	return readBaseline(name, data)
}

func readBaseline(file string, data []byte) (*Baseline, error) {
	d := &document{file: file}
	b := &Baseline{values: map[string]Threshold{}}
	root := d.parse(data)
	if root == nil {
		if len(d.errs) == 0 {
			d.errorAt(inventory.Position{File: file}, "the file is empty: name, title and values are expected")
		}
		return nil, errors.Join(d.sorted()...)
	}
	for _, e := range d.entries(root, "baseline", "name", "title", "values") {
		switch e.key {
		case "name":
			b.Name = d.text(e)
		case "title":
			b.Title = d.text(e)
		case "values":
			for _, v := range d.entries(e.value, "values") {
				d.id = v.key
				b.values[v.key] = d.threshold(v)
				d.id = ""
			}
		}
	}
	if b.Name == "" {
		d.errorf(root, "the baseline has no name")
	}
	if len(d.errs) > 0 {
		return nil, errors.Join(d.sorted()...)
	}
	return b, nil
}

func (d *document) threshold(v entry) Threshold {
	t := Threshold{Name: v.key, Pos: d.pos(v.at)}
	if !fact.FieldName(v.key) {
		d.errorf(v.at, "a name has letters, digits and _, and starts with a letter")
	}
	for _, e := range d.entries(v.value, v.key, "value", "source", "note") {
		switch e.key {
		case "value":
			t.Value = d.thresholdValue(e)
		case "source":
			t.Source = d.text(e)
		case "note":
			t.Note = d.text(e)
		}
	}
	if t.Value == nil {
		d.errorf(v.at, "value is missing")
	}
	if t.Source == "" {
		d.errorf(v.at, "source is missing: say which standard, guide or policy sets the value")
	}
	return t
}

// thresholdValue reads a value. It gives a placeholder after an error, so that the same thing is not said twice.
func (d *document) thresholdValue(e entry) any {
	v, err := normalThreshold(d.plain(e.value))
	if err != nil {
		d.errorf(valueOr(e), "%v", err)
		return ""
	}
	return v
}

func valueOr(e entry) ast.Node {
	if e.value == nil {
		return e.at
	}
	return e.value
}

var errThreshold = errors.New("a text, a number, true or false, or a list of texts or of whole numbers is expected")

// normalThreshold turns a decoded value into one of the types of Threshold.Value.
func normalThreshold(v any) (any, error) {
	switch v := v.(type) {
	case string, bool, float64, int64:
		return v, nil
	case uint64:
		n, err := fact.Coerce(v, fact.Type{Kind: fact.Int})
		return n, err
	case []any:
		return normalList(v)
	}
	return nil, errThreshold
}

// normalList gives []string or []int64. An empty list is one of texts, such as names that a site may add.
func normalList(list []any) (any, error) {
	texts, numbers := make([]string, 0, len(list)), make([]int64, 0, len(list))
	for _, e := range list {
		n, err := normalThreshold(e)
		if err != nil {
			return nil, errThreshold
		}
		switch n := n.(type) {
		case string:
			texts = append(texts, n)
		case int64:
			numbers = append(numbers, n)
		}
	}
	switch len(list) {
	case len(texts):
		return texts, nil
	case len(numbers):
		return numbers, nil
	}
	return nil, errThreshold
}

// Override gives a copy of b in which the values of a user's own baseline take the place of those with the same names. A name that
// b does not have is an error, and so is a value of another type: a slip of the pen must not leave the old threshold in force.
func (b *Baseline) Override(file string, data []byte) (*Baseline, error) {
	own, err := readBaseline(file, data)
	if err != nil {
		return nil, err
	}
	merged := &Baseline{Name: own.Name, Title: own.Title, values: make(map[string]Threshold, len(b.values))}
	maps.Copy(merged.values, b.values)
	names := b.names()
	var errs []error
	for _, t := range own.Thresholds() {
		old, ok := b.values[t.Name]
		if texts, ok := t.Value.([]string); ok && len(texts) == 0 && thresholdKind(old.Value) == thresholdKind([]int64{}) {
			t.Value = []int64{} // an empty list tells no type
		}
		switch {
		case !ok:
			errs = append(errs, &Error{Pos: t.Pos, ID: t.Name, Msg: fmt.Sprintf("baseline %s has no value of this name%s", b.Name, didYouMean(t.Name, names))})
		case thresholdKind(old.Value) != thresholdKind(t.Value):
			errs = append(errs, &Error{Pos: t.Pos, ID: t.Name, Msg: fmt.Sprintf("%s is expected, not %s", thresholdKind(old.Value), thresholdKind(t.Value))})
		default:
			merged.values[t.Name] = t
		}
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	return merged, nil
}

// Extend gives a copy of b with the values of another file added, for checks of the user's own. A name that b already has is an error.
func (b *Baseline) Extend(file string, data []byte) (*Baseline, error) {
	own, err := readBaseline(file, data)
	if err != nil {
		return nil, err
	}
	merged := &Baseline{Name: b.Name, Title: b.Title, values: make(map[string]Threshold, len(b.values)+len(own.values))}
	maps.Copy(merged.values, b.values)
	var errs []error
	for _, t := range own.Thresholds() {
		if old, ok := b.values[t.Name]; ok {
			errs = append(errs, &Error{Pos: t.Pos, ID: t.Name, Msg: "this name is taken at " + old.Pos.String()})
		}
		merged.values[t.Name] = t
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	return merged, nil
}

func (b *Baseline) names() []string {
	names := make([]string, 0, len(b.values))
	for name := range b.values {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Thresholds lists all values in name order.
func (b *Baseline) Thresholds() []Threshold {
	list := make([]Threshold, 0, len(b.values))
	for _, name := range b.names() {
		list = append(list, b.values[name])
	}
	return list
}

// Digest is the SHA-256 of name and values (not of their sources), hex.
func (b *Baseline) Digest() string {
	h := sha256.New()
	fmt.Fprintf(h, "%q\n", b.Name)
	for _, t := range b.Thresholds() {
		fmt.Fprintf(h, "%s %T %s\n", t.Name, t.Value, fact.Text(t.Value))
	}
	return hex.EncodeToString(h.Sum(nil))
}

func (b *Baseline) plain() map[string]any {
	m := make(map[string]any, len(b.values))
	for name, t := range b.values {
		m[name] = t.Value
	}
	return m
}

func thresholdKind(v any) string {
	switch v.(type) {
	case string:
		return "a text"
	case int64:
		return "a whole number"
	case float64:
		return "a number"
	case bool:
		return "true or false"
	case []string:
		return "a list of texts"
	case []int64:
		return "a list of whole numbers"
	}
	return "no threshold"
}

func thresholdText(v any) string {
	switch v := v.(type) {
	case []string:
		return strings.Join(v, ", ")
	case []int64:
		texts := make([]string, len(v))
		for i, n := range v {
			texts[i] = strconv.FormatInt(n, 10)
		}
		return strings.Join(texts, ", ")
	}
	return fmt.Sprint(v)
}
