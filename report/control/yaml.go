package control

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

// Error is one mistake in the CSF content, at its place.
type Error struct {
	Pos inventory.Position
	Msg string
}

// Error gives "file:line:column: message".
func (e *Error) Error() string { return e.Pos.String() + ": " + e.Msg }

// source reads one YAML file strictly. It keeps every mistake and goes on, so that a person sees all of them at once.
type source struct {
	file string
	errs *[]error
}

func (s source) fail(pos inventory.Position, format string, args ...any) {
	*s.errs = append(*s.errs, &Error{Pos: pos, Msg: fmt.Sprintf(format, args...)})
}

func (s source) pos(n ast.Node) inventory.Position {
	p := inventory.Position{File: s.file}
	if n == nil || n.GetToken() == nil || n.GetToken().Position == nil {
		return p
	}
	at := n.GetToken().Position
	if m, ok := n.(*ast.MappingNode); ok && !m.IsFlowStyle && len(m.Values) > 0 {
		at = m.Values[0].Key.GetToken().Position // the token of a block mapping is its first colon
	}
	p.Line, p.Column = at.Line, at.Column
	return p
}

// document gives the root node of a file, nil after a mistake.
func (s source) document(data []byte) ast.Node {
	f, err := parser.ParseBytes(data, 0)
	if err != nil {
		pos := inventory.Position{File: s.file}
		msg := err.Error()
		if ye, ok := errors.AsType[yaml.Error](err); ok {
			msg = ye.GetMessage()
			if t := ye.GetToken(); t != nil && t.Position != nil {
				pos.Line, pos.Column = t.Position.Line, t.Position.Column
			}
		}
		s.fail(pos, "not YAML: %s", msg)
		return nil
	}
	if len(f.Docs) != 1 || f.Docs[0].Body == nil {
		s.fail(inventory.Position{File: s.file}, "expected one YAML document with content, found %d", len(f.Docs))
		return nil
	}
	return f.Docs[0].Body
}

// entries reads a list of mappings; keys names what each may hold.
func (s source) entries(n ast.Node, keys ...string) []entry {
	if n == nil {
		return nil
	}
	seq, ok := n.(*ast.SequenceNode)
	if !ok {
		s.fail(s.pos(n), "expected a list, found %s", n.Type())
		return nil
	}
	var out []entry
	for _, v := range seq.Values {
		if e, ok := s.entry(v, keys...); ok {
			out = append(out, e)
		}
	}
	return out
}

// entry is one mapping with its values by key.
type entry struct {
	source
	at     inventory.Position
	order  []string
	values map[string]ast.Node
}

// entry reads one mapping. With no keys given, any key is allowed.
func (s source) entry(n ast.Node, keys ...string) (entry, bool) {
	e := entry{source: s, at: s.pos(n), values: map[string]ast.Node{}}
	var pairs []*ast.MappingValueNode
	switch m := n.(type) {
	case *ast.MappingNode:
		pairs = m.Values
	case *ast.MappingValueNode:
		pairs = []*ast.MappingValueNode{m}
	default:
		s.fail(e.at, "expected a mapping of keys to values, found %s", n.Type())
		return e, false
	}
	for _, p := range pairs {
		key := p.Key.GetToken().Value
		at := s.pos(p.Key)
		if len(keys) > 0 && !slices.Contains(keys, key) {
			s.fail(at, "unknown key %q; known are %s", key, strings.Join(keys, ", "))
			continue
		}
		if _, dup := e.values[key]; dup {
			s.fail(at, "key %q is given twice", key)
			continue
		}
		e.order = append(e.order, key)
		e.values[key] = p.Value
	}
	return e, true
}

// scalar gives the text of a plain, quoted or block value as it is written: 01.0 stays "01.0".
func (s source) scalar(n ast.Node) (string, bool) {
	switch v := n.(type) {
	case *ast.StringNode:
		return v.Value, true
	case *ast.LiteralNode:
		return strings.TrimSpace(v.Value.Value), true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		return v.GetToken().Value, true
	}
	return "", false
}

// text gives a value that must be there and not be empty.
func (e entry) text(key string) string {
	v := e.optional(key)
	if _, there := e.values[key]; !there {
		e.fail(e.at, "key %q is missing", key)
	}
	return v
}

// optional gives a value that may be left out, but not be empty.
func (e entry) optional(key string) string {
	n, there := e.values[key]
	if !there {
		return ""
	}
	v, ok := e.scalar(n)
	if !ok {
		e.fail(e.pos(n), "%s: expected text, found %s", key, n.Type())
	} else if strings.TrimSpace(v) == "" {
		e.fail(e.pos(n), "%s is empty", key)
	}
	return v
}

// oneOf gives a value that must be one of words.
func (e entry) oneOf(key string, words ...string) string {
	v := e.text(key)
	if n, there := e.values[key]; there && !slices.Contains(words, v) {
		e.fail(e.pos(n), "%s: %q is not one of %s", key, v, strings.Join(words, ", "))
	}
	return v
}

// item is one text of a list with its place.
type item struct {
	text string
	at   inventory.Position
}

// list gives a list of texts that must be there; it may be empty.
func (e entry) list(key string) []item {
	n, there := e.values[key]
	if !there {
		e.fail(e.at, "key %q is missing", key)
		return nil
	}
	seq, ok := n.(*ast.SequenceNode)
	if !ok {
		e.fail(e.pos(n), "%s: expected a list, found %s", key, n.Type())
		return nil
	}
	var out []item
	for _, v := range seq.Values {
		t, ok := e.scalar(v)
		if !ok || strings.TrimSpace(t) == "" {
			e.fail(e.pos(v), "%s: expected text, found %s", key, v.Type())
			continue
		}
		out = append(out, item{t, e.pos(v)})
	}
	return out
}
