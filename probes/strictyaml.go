package probes

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/fleetaudit/fleetaudit/inventory"
)

// maxYAMLDepth bounds how deep content may nest.
const maxYAMLDepth = 32

// yamlReader walks one YAML file and keeps every fault that it meets, so that a person sees all of them at once. Anchors,
// aliases, merge keys and tags are refused: content reads the same for people and program.
type yamlReader struct {
	file string
	errs []error
}

// yamlEntry is a key of a mapping with its value.
type yamlEntry struct {
	key   string
	at    ast.Node
	value ast.Node
}

// parse reads a file into its one document's body; nil when there is none, with the reason kept.
func (r *yamlReader) parse(data []byte) ast.Node {
	file, err := parser.ParseBytes(data, 0)
	if err != nil {
		pos := inventory.Position{File: r.file}
		msg := err.Error()
		if positioned, ok := errors.AsType[yaml.Error](err); ok {
			msg = positioned.GetMessage()
			if tk := positioned.GetToken(); tk != nil && tk.Position != nil {
				pos.Line, pos.Column = tk.Position.Line, tk.Position.Column
			}
		}
		r.errs = append(r.errs, &Error{pos, msg})
		return nil
	}
	var bodies []ast.Node
	for _, doc := range file.Docs {
		if doc.Body != nil {
			bodies = append(bodies, doc.Body)
		}
	}
	switch len(bodies) {
	case 0:
		r.errs = append(r.errs, &Error{inventory.Position{File: r.file, Line: 1, Column: 1}, "the file is empty: expected a list of probes"})
		return nil
	case 1:
		return bodies[0]
	}
	r.errorf(bodies[1], "a second document: keep one list in a file")
	return nil
}

func (r *yamlReader) pos(n ast.Node) inventory.Position {
	pos := inventory.Position{File: r.file}
	if m, ok := n.(*ast.MappingNode); ok && len(m.Values) > 0 && !m.IsFlowStyle {
		n = m.Values[0].Key
	}
	if tk := n.GetToken(); tk != nil && tk.Position != nil {
		pos.Line, pos.Column = tk.Position.Line, tk.Position.Column
	}
	return pos
}

func (r *yamlReader) errorf(n ast.Node, format string, args ...any) {
	r.errs = append(r.errs, &Error{r.pos(n), fmt.Sprintf(format, args...)})
}

// entries gives the keys of a mapping in order. Keys come once; the parser has seen to it.
func (r *yamlReader) entries(n ast.Node) ([]yamlEntry, bool) {
	m, ok := n.(ast.MapNode)
	if _, alias := n.(*ast.AliasNode); !ok || alias {
		r.errorf(n, "expected a mapping (key: value), not %s", nodeKind(n))
		return nil, false
	}
	var out []yamlEntry
	for it := m.MapRange(); it.Next(); {
		key, ok := scalarText(it.Key())
		if !ok {
			r.errorf(it.Key(), "a key must be plain text, not %s", nodeKind(it.Key()))
			continue
		}
		out = append(out, yamlEntry{key, it.Key(), it.Value()})
	}
	return out, true
}

// known gives a mapping's values by key and reports keys that are not among the known ones, with what may have been meant.
func (r *yamlReader) known(n ast.Node, keys ...string) (map[string]ast.Node, bool) {
	entries, ok := r.entries(n)
	out := map[string]ast.Node{}
	for _, e := range entries {
		if slices.Contains(keys, e.key) {
			out[e.key] = e.value
			continue
		}
		hint := "expected one of " + strings.Join(keys, ", ")
		if near := nearest(e.key, keys); near != "" {
			hint = "did you mean " + near + "?"
		}
		r.errorf(e.at, "unknown key %s: %s", e.key, hint)
	}
	return out, ok
}

// elements gives the elements of a sequence.
func (r *yamlReader) elements(n ast.Node) ([]ast.Node, bool) {
	s, ok := n.(*ast.SequenceNode)
	if !ok {
		r.errorf(n, "expected a list, not %s", nodeKind(n))
		return nil, false
	}
	return s.Values, true
}

// text gives a string. A number or bool is no string: people must say with quotes that they mean text.
func (r *yamlReader) text(n ast.Node) (string, bool) {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.LiteralNode:
		return n.Value.Value, true
	}
	r.errorf(n, "expected text, not %s", nodeKind(n))
	return "", false
}

// word gives the text of any scalar as it is written.
func (r *yamlReader) word(n ast.Node) (string, bool) {
	s, ok := scalarText(n)
	if !ok {
		r.errorf(n, "expected text, not %s", nodeKind(n))
	}
	return s, ok
}

func (r *yamlReader) bool(n ast.Node) (value, ok bool) {
	b, ok := n.(*ast.BoolNode)
	if !ok {
		r.errorf(n, "expected true or false, not %s", nodeKind(n))
		return false, false
	}
	return b.Value, true
}

func (r *yamlReader) int(n ast.Node) (int, bool) {
	if i, ok := n.(*ast.IntegerNode); ok {
		switch v := i.Value.(type) {
		case int64:
			return int(v), true
		case uint64:
			return int(v), true
		}
	}
	r.errorf(n, "expected a whole number, not %s", nodeKind(n))
	return 0, false
}

// value gives any YAML as plain Go values, for fact.Coerce.
func (r *yamlReader) value(n ast.Node, depth int) (any, bool) {
	if depth > maxYAMLDepth {
		r.errorf(n, "nests deeper than %d levels", maxYAMLDepth)
		return nil, false
	}
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.LiteralNode:
		return n.Value.Value, true
	case *ast.IntegerNode:
		return n.Value, true
	case *ast.FloatNode:
		return n.Value, true
	case *ast.BoolNode:
		return n.Value, true
	case *ast.SequenceNode:
		out, all := make([]any, len(n.Values)), true
		for i, e := range n.Values {
			v, ok := r.value(e, depth+1)
			out[i], all = v, all && ok
		}
		return out, all
	case *ast.MappingNode, *ast.MappingValueNode:
		entries, all := r.entries(n)
		out := map[string]any{}
		for _, e := range entries {
			v, ok := r.value(e.value, depth+1)
			out[e.key], all = v, all && ok
		}
		return out, all
	}
	r.errorf(n, "%s has no place here", nodeKind(n))
	return nil, false
}

// scalarText gives a scalar as it is written, without quotes.
func scalarText(n ast.Node) (string, bool) {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.LiteralNode:
		return n.Value.Value, true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.NullNode:
		return n.GetToken().Value, true
	}
	return "", false
}

// nodeKind names a node for messages.
func nodeKind(n ast.Node) string {
	switch n.(type) {
	case *ast.NullNode:
		return "nothing"
	case *ast.StringNode, *ast.LiteralNode:
		return "text"
	case *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		return "a number"
	case *ast.BoolNode:
		return "a bool"
	case *ast.SequenceNode:
		return "a list"
	case *ast.MappingNode, *ast.MappingValueNode:
		return "a mapping"
	case *ast.AnchorNode, *ast.AliasNode, *ast.MergeKeyNode:
		return "an anchor, alias or merge key (write it out instead)"
	case *ast.TagNode:
		return "a tag"
	}
	return n.Type().YAMLName()
}
