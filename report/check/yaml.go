package check

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"github.com/fleetaudit/fleetaudit/inventory"
)

// document reads one YAML file strictly and keeps every error, each with its place: an author wants to see them all at once.
type document struct {
	file string
	id   string // what is being read, for messages
	errs []error
}

// entry is one key of a mapping with its value.
type entry struct {
	key   string
	at    ast.Node // of the key
	value ast.Node
}

// parse gives the root of the file's only document, nil when there is none or it is no YAML.
func (d *document) parse(data []byte) ast.Node {
	file, err := parser.ParseBytes(data, 0)
	if err != nil {
		d.errs = append(d.errs, d.syntax(err))
		return nil
	}
	var root ast.Node
	for _, doc := range file.Docs {
		if doc.Body == nil || doc.Body.Type() == ast.CommentType || doc.Body.Type() == ast.CommentGroupType {
			continue
		}
		if root != nil {
			d.errorf(doc.Body, "one document a file is expected, this is a second one")
			continue
		}
		root = doc.Body
	}
	return root
}

func (d *document) syntax(err error) error {
	var at yaml.Error
	if errors.As(err, &at) && at.GetToken() != nil {
		return &Error{Pos: d.tokenPos(at.GetToken()), Msg: at.GetMessage()}
	}
	return &Error{Pos: inventory.Position{File: d.file}, Msg: err.Error()}
}

func (d *document) tokenPos(t *token.Token) inventory.Position {
	if t == nil || t.Position == nil {
		return inventory.Position{File: d.file}
	}
	return inventory.Position{File: d.file, Line: t.Position.Line, Column: t.Position.Column}
}

// pos is where a node begins. A mapping begins at its first key, a list at its first element.
func (d *document) pos(n ast.Node) inventory.Position {
	switch n := n.(type) {
	case nil:
		return inventory.Position{File: d.file}
	case *ast.MappingNode:
		if len(n.Values) > 0 && !n.IsFlowStyle {
			return d.pos(n.Values[0].Key)
		}
	case *ast.MappingValueNode:
		return d.pos(n.Key)
	case *ast.SequenceNode:
		if len(n.Values) > 0 && !n.IsFlowStyle {
			return d.pos(n.Values[0])
		}
	}
	return d.tokenPos(n.GetToken())
}

// sorted gives the errors in the order of their places.
func (d *document) sorted() []error {
	slices.SortStableFunc(d.errs, func(a, b error) int {
		var x, y *Error
		if !errors.As(a, &x) || !errors.As(b, &y) {
			return 0
		}
		return cmp.Or(cmp.Compare(x.Pos.Line, y.Pos.Line), cmp.Compare(x.Pos.Column, y.Pos.Column))
	})
	return d.errs
}

func (d *document) errorf(n ast.Node, format string, args ...any) {
	d.errorAt(d.pos(n), format, args...)
}

func (d *document) errorAt(pos inventory.Position, format string, args ...any) {
	d.errs = append(d.errs, &Error{Pos: pos, ID: d.id, Msg: fmt.Sprintf(format, args...)})
}

// entries gives the keys of a mapping in order. Keys must be among known when there are any; each may stand once.
func (d *document) entries(n ast.Node, what string, known ...string) []entry {
	var values []*ast.MappingValueNode
	switch n := n.(type) {
	case *ast.MappingNode:
		values = n.Values
	case *ast.MappingValueNode:
		values = []*ast.MappingValueNode{n}
	default:
		d.errorf(n, "%s: a mapping is expected, not %s", what, kindOf(n))
		return nil
	}
	var out []entry
	seen := map[string]bool{}
	for _, v := range values {
		key, ok := d.plain(v.Key).(string)
		switch {
		case !ok:
			d.errorf(v.Key, "%s: a key must be text", what)
			continue
		case seen[key]:
			d.errorf(v.Key, "%s: %q stands twice", what, key)
			continue
		case len(known) > 0 && !slices.Contains(known, key):
			d.errorf(v.Key, "%s: unknown key %q%s", what, key, didYouMean(key, known))
			continue
		}
		seen[key] = true
		out = append(out, entry{key: key, at: v.Key, value: v.Value})
	}
	return out
}

// peek gives the text under a key of a mapping, empty when there is none, without any message.
func (d *document) peek(n ast.Node, key string) string {
	if m, ok := n.(*ast.MappingNode); ok {
		for _, v := range m.Values {
			k, isKey := v.Key.(*ast.StringNode)
			if s, ok := v.Value.(*ast.StringNode); ok && isKey && k.Value == key {
				return s.Value
			}
		}
	}
	return ""
}

// elements gives the elements of a sequence.
func (d *document) elements(n ast.Node, what string) []ast.Node {
	seq, ok := n.(*ast.SequenceNode)
	if !ok {
		d.errorf(n, "%s: a list is expected, not %s", what, kindOf(n))
		return nil
	}
	return seq.Values
}

// text gives a non-empty string, trimmed.
func (d *document) text(e entry) string {
	s, ok := d.plain(e.value).(string)
	switch {
	case !ok:
		d.errorf(e.at, "%s: text is expected, not %s", e.key, kindOf(e.value))
	case strings.TrimSpace(s) == "":
		d.errorf(e.at, "%s is empty", e.key)
	}
	return strings.TrimSpace(s)
}

func (d *document) texts(e entry) []string {
	var out []string
	for _, n := range d.elements(e.value, e.key) {
		out = append(out, d.text(entry{key: e.key, at: n, value: n}))
	}
	return out
}

func (d *document) boolean(e entry) bool {
	b, ok := d.plain(e.value).(bool)
	if !ok {
		d.errorf(e.at, "%s: true or false is expected, not %s", e.key, kindOf(e.value))
	}
	return b
}

// plain gives a node as plain Go values: nil, bool, int64, uint64, float64, string, []any, map[string]any. Anchors, aliases, merges and
// tags are refused: content is read by people who do not know YAML well.
func (d *document) plain(n ast.Node) any {
	switch n := n.(type) {
	case *ast.NullNode:
		return nil
	case *ast.BoolNode:
		return n.Value
	case *ast.IntegerNode:
		return n.Value
	case *ast.FloatNode:
		return n.Value
	case *ast.StringNode:
		return n.Value
	case *ast.LiteralNode:
		return n.Value.Value
	case *ast.SequenceNode:
		out := make([]any, 0, len(n.Values))
		for _, v := range n.Values {
			out = append(out, d.plain(v))
		}
		return out
	case *ast.MappingNode, *ast.MappingValueNode:
		out := map[string]any{}
		for _, e := range d.entries(n, "mapping") {
			out[e.key] = d.plain(e.value)
		}
		return out
	}
	d.errorf(n, "anchors, aliases, tags and special numbers are not used here")
	return nil
}

func kindOf(n ast.Node) string {
	switch n.(type) {
	case nil, *ast.NullNode:
		return "nothing"
	case *ast.BoolNode:
		return "true or false"
	case *ast.IntegerNode, *ast.FloatNode:
		return "a number (put it in quotes if it is text)"
	case *ast.StringNode, *ast.LiteralNode:
		return "text"
	case *ast.SequenceNode:
		return "a list"
	case *ast.MappingNode, *ast.MappingValueNode:
		return "a mapping"
	}
	return "an anchor, alias or tag"
}
