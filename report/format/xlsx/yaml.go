package xlsx

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/fleetaudit/fleetaudit/inventory"
)

// parseYAML gives the root of the only document of a file.
func parseYAML(file string, data []byte) (ast.Node, error) {
	f, err := parser.ParseBytes(data, 0)
	if err != nil {
		return nil, yamlError(file, err)
	}
	if len(f.Docs) != 1 || f.Docs[0].Body == nil {
		return nil, &LayoutError{inventory.Position{File: file}, fmt.Sprintf("expected one YAML document with content, found %d", len(f.Docs))}
	}
	return f.Docs[0].Body, nil
}

// yamlError puts an error of the YAML library at its place.
func yamlError(file string, err error) error {
	e := &LayoutError{Pos: inventory.Position{File: file}, Msg: err.Error()}
	if at, ok := errors.AsType[yaml.Error](err); ok {
		e.Msg = at.GetMessage()
		if t := at.GetToken(); t != nil && t.Position != nil {
			e.Pos.Line, e.Pos.Column = t.Position.Line, t.Position.Column
		}
	}
	return e
}

func position(file string, n ast.Node) inventory.Position {
	p := inventory.Position{File: file}
	t := n.GetToken()
	if m, ok := n.(*ast.MappingNode); ok && !m.IsFlowStyle && len(m.Values) > 0 {
		t = m.Values[0].Key.GetToken() // the token of a block mapping is its first colon
	}
	if t != nil && t.Position != nil {
		p.Line, p.Column = t.Position.Line, t.Position.Column
	}
	return p
}

// unknownKeys finds every key of n that the struct v has no field for. The YAML library would stop at the first.
func unknownKeys(file string, n ast.Node, v any) []error {
	return unknownIn(file, n, reflect.TypeOf(v))
}

func unknownIn(file string, n ast.Node, t reflect.Type) (errs []error) {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		if seq, ok := n.(*ast.SequenceNode); ok && t.Kind() == reflect.Slice {
			for _, v := range seq.Values {
				errs = append(errs, unknownIn(file, v, t.Elem())...)
			}
			return errs
		}
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return nil
	}
	known := yamlKeys(t)
	for _, pair := range pairs(n) {
		key := pair.Key.GetToken().Value
		field, ok := known[key]
		if !ok {
			errs = append(errs, &LayoutError{position(file, pair.Key), fmt.Sprintf("unknown key %q; known are %s", key, keyList(known))})
			continue
		}
		errs = append(errs, unknownIn(file, pair.Value, field)...)
	}
	return errs
}

func pairs(n ast.Node) []*ast.MappingValueNode {
	switch m := n.(type) {
	case *ast.MappingNode:
		return m.Values
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{m}
	}
	return nil
}

func yamlKeys(t reflect.Type) map[string]reflect.Type {
	keys := map[string]reflect.Type{}
	for f := range t.Fields() {
		if tag, ok := f.Tag.Lookup("yaml"); ok {
			keys[tag] = f.Type
		}
	}
	return keys
}

func keyList(known map[string]reflect.Type) string {
	names := make([]string, 0, len(known))
	for k := range known {
		names = append(names, k)
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}
