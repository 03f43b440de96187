package inventory

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// maxDepth bounds nesting. The form needs five levels; the parser's time grows with the square of the depth.
const maxDepth = 32

// place is a position in the one file that is read.
type place struct{ line, column int32 }

// pair is one entry of a mapping.
type pair struct {
	key   string
	at    place
	value ast.Node
}

func (d *decoder) position(at place) Position {
	return Position{File: d.file, Line: int(at.line), Column: int(at.column)}
}

func (d *decoder) errorf(at place, format string, args ...any) {
	d.faults = append(d.faults, &Error{Pos: d.position(at), Msg: fmt.Sprintf(format, args...)})
}

// parse gives the one document of data, nil after a fault. Messages of the YAML parser are kept without the excerpt of the
// source that it adds, which could show a password.
func (d *decoder) parse(data []byte) ast.Node {
	data = []byte(strings.TrimPrefix(string(data), "\ufeff"))
	if !d.legible(data) {
		return nil
	}
	tokens := lexer.Tokenize(string(data))
	if !d.plain(tokens) {
		return nil
	}
	file, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey()) // repeated keys are reported by pairs, with all other faults
	if err != nil {
		d.syntax(err)
		return nil
	}
	var root ast.Node
	for _, doc := range file.Docs {
		if doc.Body == nil {
			continue
		}
		if root != nil {
			d.errorf(d.at(doc.Body), "a second document begins here: an inventory is one")
			return nil
		}
		root = doc.Body
	}
	if root == nil {
		d.errorf(place{1, 1}, "the file is empty: an inventory has at least hosts or groups")
	}
	return root
}

// legible reports whether data is UTF-8 text as YAML wants it. Control characters are refused here, since in a comment they might
// hide what follows; so is a carriage return alone, which ends a line for some programs and not for others.
func (d *decoder) legible(data []byte) bool {
	line, column := int32(1), int32(1)
	for len(data) > 0 {
		r, n := utf8.DecodeRune(data)
		switch {
		case r == utf8.RuneError && n == 1:
			d.errorf(place{line, column}, "byte 0x%02x is no UTF-8 text: save the file as UTF-8", data[0])
			return false
		case unicode.IsControl(r) && r != '\n' && r != '\t' && !strings.HasPrefix(string(data[:min(len(data), 2)]), "\r\n"):
			d.errorf(place{line, column}, "control character %U: save the file as UTF-8 text with the line ends of this system", r)
			return false
		}
		if r == '\n' {
			line, column = line+1, 0
		}
		column++
		data = data[n:]
	}
	return true
}

// plain refuses what the form has no use for: anchors and aliases (whose expansion has no bound), tags, merge keys, directives,
// and nesting without end.
func (d *decoder) plain(tokens token.Tokens) bool {
	before := len(d.faults)
	depth, dashes, line := 0, 0, 0
	for _, tk := range tokens {
		at := tokenPlace(tk)
		if tk.Position.Line != line {
			dashes, line = 0, tk.Position.Line
		}
		switch tk.Type {
		case token.AnchorType, token.AliasType, token.MergeKeyType:
			d.errorf(at, "anchors, aliases and merge keys are not used here: put what hosts share in a group or in defaults")
		case token.TagType:
			d.errorf(at, "tags are not used here; text that begins with '!' needs quotes")
		case token.DirectiveType:
			d.errorf(at, "directives are not used here; text that begins with '%%' needs quotes")
		case token.MappingKeyType:
			d.errorf(at, "explicit keys ('?') are not used here: write key: value")
		case token.SequenceStartType, token.MappingStartType:
			depth++
		case token.SequenceEndType, token.MappingEndType:
			depth--
		case token.SequenceEntryType:
			dashes++
		default:
		}
		if depth > maxDepth || dashes > maxDepth {
			d.errorf(at, "nested more than %d levels deep", maxDepth)
			return false
		}
	}
	return len(d.faults) == before
}

// syntax reports a fault of YAML itself.
func (d *decoder) syntax(err error) {
	var fault interface {
		GetToken() *token.Token
		GetMessage() string
	}
	at, msg := place{1, 1}, "the file cannot be read as YAML"
	if errors.As(err, &fault) {
		msg, _, _ = strings.Cut(fault.GetMessage(), ": ") // what follows may quote the file
		if tk := fault.GetToken(); tk != nil {
			at = tokenPlace(tk)
		}
	}
	d.errorf(at, "not YAML: %s", msg)
}

func tokenPlace(tk *token.Token) place {
	if tk == nil || tk.Position == nil {
		return place{1, 1}
	}
	return place{int32(max(tk.Position.Line, 1)), int32(max(tk.Position.Column, 1))}
}

// at is where a person sees a node begin.
func (d *decoder) at(n ast.Node) place {
	switch n := n.(type) {
	case *ast.MappingNode:
		if !n.IsFlowStyle && len(n.Values) > 0 {
			return tokenPlace(n.Values[0].Key.GetToken())
		}
		return tokenPlace(n.Start)
	case *ast.MappingValueNode:
		return tokenPlace(n.Key.GetToken())
	default:
		return tokenPlace(n.GetToken())
	}
}

// kind names what a node is, for a person.
func kind(n ast.Node) string {
	switch n.(type) {
	case *ast.MappingNode, *ast.MappingValueNode:
		return "a mapping"
	case *ast.SequenceNode:
		return "a list"
	case *ast.NullNode:
		return "nothing"
	case *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		return "a number"
	case *ast.BoolNode:
		return "true or false"
	default:
		return "text"
	}
}

// pairs gives the entries of a mapping, each key once.
func (d *decoder) pairs(n ast.Node, what string) []pair {
	var values []*ast.MappingValueNode
	switch n := n.(type) {
	case *ast.MappingNode:
		values = n.Values
	case *ast.MappingValueNode:
		values = []*ast.MappingValueNode{n}
	default:
		d.errorf(d.at(n), "%s: expected a mapping of keys to values, got %s", what, kind(n))
		return nil
	}
	pairs := make([]pair, 0, len(values))
	seen := make(map[string]place, len(values))
	for _, v := range values {
		p := pair{key: keyText(v.Key), at: tokenPlace(v.Key.GetToken()), value: v.Value}
		if first, ok := seen[p.key]; ok {
			d.errorf(p.at, "%s: key %q is given a second time; the first is at %s", what, shownKey(p.key), d.position(first))
			continue
		}
		seen[p.key] = p.at
		pairs = append(pairs, p)
	}
	return pairs
}

func keyText(n ast.MapKeyNode) string {
	if s, ok := n.(*ast.StringNode); ok {
		return s.Value
	}
	return n.GetToken().Value
}

// items gives the elements of a list.
func (d *decoder) items(n ast.Node, what string) []ast.Node {
	list, ok := n.(*ast.SequenceNode)
	if !ok {
		d.errorf(d.at(n), "%s: expected a list, got %s", what, kind(n))
		return nil
	}
	return list.Values
}

// text gives the text of a scalar; numbers, truth values and nothing are not text.
func (d *decoder) text(n ast.Node, what string) (string, bool) {
	var s string
	switch n := n.(type) {
	case *ast.StringNode:
		s = n.Value
	case *ast.LiteralNode:
		s = strings.TrimSuffix(n.Value.Value, "\n")
	case *ast.SequenceNode, *ast.MappingNode, *ast.MappingValueNode:
		d.errorf(d.at(n), "%s: expected text, got %s (text that begins with '[' or '{', or holds ':', may need quotes)", what, kind(n))
		return "", false
	case *ast.NullNode:
		d.errorf(d.at(n), "%s: has no value: give one, or leave the key out", what)
		return "", false
	default:
		d.errorf(d.at(n), "%s: expected text, got %s: put it in quotes", what, kind(n))
		return "", false
	}
	if s == "" {
		d.errorf(d.at(n), "%s: must not be empty", what)
		return "", false
	}
	return s, true
}
