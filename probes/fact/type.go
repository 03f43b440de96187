package fact

import (
	"fmt"
	"slices"
	"strings"
)

// maxTypeDepth bounds how deep a declared type may nest.
const maxTypeDepth = 8

// kindNames are the names of the scalar kinds in content.
var kindNames = map[Kind]string{String: "string", Int: "int", Double: "double", Bool: "bool", Timestamp: "timestamp"}

// Scalars lists the names of the scalar types, in the order in which messages give them.
func Scalars() []string { return []string{"string", "int", "double", "bool", "timestamp"} }

// Scalar says whether values of the type are single values: neither list nor map nor record.
func (t Type) Scalar() bool { return kindNames[t.Kind] != "" }

// Field gives the type of a record's field.
func (t Type) Field(name string) (Type, bool) {
	for _, f := range t.Fields {
		if f.Name == name {
			return f.Type, true
		}
	}
	return Type{}, false
}

// FieldNames gives the names of a record's fields in the order of declaration.
func (t Type) FieldNames() []string {
	names := make([]string, len(t.Fields))
	for i, f := range t.Fields {
		names[i] = f.Name
	}
	return names
}

// ListOf gives the type of lists of elem.
func ListOf(elem Type) Type { return Type{Kind: List, Elem: &elem} }

// MapOf gives the type of maps from string to elem.
func MapOf(elem Type) Type { return Type{Kind: Map, Elem: &elem} }

// String gives the type as content writes it, such as "list({user: string, uid: int})". ParseType reads it back.
func (t Type) String() string {
	switch t.Kind {
	case List:
		return "list(" + t.elem().String() + ")"
	case Map:
		return "map(string, " + t.elem().String() + ")"
	case Record:
		parts := make([]string, len(t.Fields))
		for i, f := range t.Fields {
			parts[i] = f.Name + ": " + f.Type.String()
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case String, Int, Double, Bool, Timestamp:
		return kindNames[t.Kind]
	}
	return "no type"
}

func (t Type) elem() Type {
	if t.Elem == nil {
		return Type{}
	}
	return *t.Elem
}

// Equal says whether two types are the same, with the same order of fields.
func (t Type) Equal(o Type) bool {
	if t.Kind != o.Kind || len(t.Fields) != len(o.Fields) || (t.Elem == nil) != (o.Elem == nil) {
		return false
	}
	if t.Elem != nil && !t.Elem.Equal(*o.Elem) {
		return false
	}
	return slices.EqualFunc(t.Fields, o.Fields, func(a, b Field) bool { return a.Name == b.Name && a.Type.Equal(b.Type) })
}

// Check says what is wrong with a type that was put together by hand or from content: no kind, a list without element, a record
// without fields or with a bad or repeated name, or nesting beyond eight levels.
func (t Type) Check() error { return t.check(0) }

func (t Type) check(depth int) error {
	if depth > maxTypeDepth {
		return fmt.Errorf("type nests deeper than %d levels", maxTypeDepth)
	}
	switch t.Kind {
	case String, Int, Double, Bool, Timestamp:
		return nil
	case List, Map:
		if t.Elem == nil {
			return fmt.Errorf("%s has no element type", t)
		}
		return t.Elem.check(depth + 1)
	case Record:
		return t.checkFields(depth)
	}
	return fmt.Errorf("type of kind %d is not known", t.Kind)
}

func (t Type) checkFields(depth int) error {
	if len(t.Fields) == 0 {
		return fmt.Errorf("a record needs at least one field")
	}
	seen := map[string]bool{}
	for _, f := range t.Fields {
		if !FieldName(f.Name) {
			return fmt.Errorf("field name %q: use letters, digits and _, and start with a letter", f.Name)
		}
		if seen[f.Name] {
			return fmt.Errorf("field %s is declared twice", f.Name)
		}
		seen[f.Name] = true
		if err := f.Type.check(depth + 1); err != nil {
			return fmt.Errorf("field %s: %w", f.Name, err)
		}
	}
	return nil
}

// FieldName says whether a name can be that of a record's field: letters, digits and _, not beginning with a digit, so that an
// expression can use it.
func FieldName(s string) bool {
	for i, r := range s {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r == '_':
		case r >= '0' && r <= '9' && i > 0:
		default:
			return false
		}
	}
	return s != ""
}
