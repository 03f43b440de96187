package check

import (
	"errors"
	"fmt"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"

	"github.com/fleetaudit/fleetaudit/probes/fact"
)

// rowTypes gives the records inside facts (rows of a list, values of a map, nested records) their own object types, so that a
// misspelt field is an error when content is loaded. The values stay map[string]any.
type rowTypes struct {
	types.Provider
	rows map[string]rowType // by type name
}

type rowType struct {
	names  []string // of the fields, as declared
	fields map[string]*types.FieldType
}

// celType is the CEL type of a fact type, whose record types it registers under names that begin with path.
func (p *rowTypes) celType(path string, t fact.Type) (*cel.Type, error) {
	switch t.Kind {
	case fact.String:
		return cel.StringType, nil
	case fact.Int:
		return cel.IntType, nil
	case fact.Double:
		return cel.DoubleType, nil
	case fact.Bool:
		return cel.BoolType, nil
	case fact.Timestamp:
		return cel.TimestampType, nil
	case fact.Record:
		return p.rowType(path+".row", t.Fields)
	case fact.List, fact.Map: // below
	}
	if t.Elem == nil || t.Kind != fact.List && t.Kind != fact.Map {
		return nil, fmt.Errorf("%s has no valid fact type", path)
	}
	elem, err := p.celType(path, *t.Elem)
	if err != nil {
		return nil, err
	}
	if t.Kind == fact.Map {
		return cel.MapType(cel.StringType, elem), nil
	}
	return cel.ListType(elem), nil
}

func (p *rowTypes) rowType(name string, fields []fact.Field) (*cel.Type, error) {
	row := rowType{fields: make(map[string]*types.FieldType, len(fields))}
	for _, f := range fields {
		typ, err := p.celType(name+"."+f.Name, f.Type)
		if err != nil {
			return nil, err
		}
		row.names = append(row.names, f.Name)
		row.fields[f.Name] = fieldType(f.Name, typ)
	}
	p.rows[name] = row
	return cel.ObjectType(name), nil
}

// fieldType reads a field from a row. One that the row lacks is an error, never a default; has() tells whether it is there.
func fieldType(name string, typ *cel.Type) *types.FieldType {
	return &types.FieldType{
		Type: typ,
		IsSet: func(row any) bool {
			m, ok := row.(map[string]any)
			return ok && m[name] != nil
		},
		GetFrom: func(row any) (any, error) {
			if m, ok := row.(map[string]any); ok && m[name] != nil {
				return m[name], nil
			}
			return nil, fmt.Errorf("no such key: %s", name)
		},
	}
}

// fieldNames gives the fields of the record in the fact called name, none when it has no record.
func (p *rowTypes) fieldNames(name string) []string { return p.rows[name+".row"].names }

// FindStructType implements types.Provider.
func (p *rowTypes) FindStructType(name string) (*types.Type, bool) {
	if _, ok := p.rows[name]; ok {
		return types.NewTypeTypeWithParam(types.NewObjectType(name)), true
	}
	return p.Provider.FindStructType(name)
}

// FindStructFieldNames implements types.Provider.
func (p *rowTypes) FindStructFieldNames(name string) ([]string, bool) {
	if row, ok := p.rows[name]; ok {
		return row.names, true
	}
	return p.Provider.FindStructFieldNames(name)
}

// FindStructFieldType implements types.Provider.
func (p *rowTypes) FindStructFieldType(name, field string) (*types.FieldType, bool) {
	if row, ok := p.rows[name]; ok {
		typ, ok := row.fields[field]
		return typ, ok
	}
	return p.Provider.FindStructFieldType(name, field)
}

// NewValue implements types.Provider. Expressions assert; they make no rows.
func (p *rowTypes) NewValue(name string, fields map[string]ref.Val) ref.Val {
	if _, ok := p.rows[name]; ok {
		return types.NewErr("a row cannot be made in an expression")
	}
	return p.Provider.NewValue(name, fields)
}

// thresholdType is the CEL type of a baseline value.
func thresholdType(v any) (*cel.Type, error) {
	switch v.(type) {
	case string:
		return cel.StringType, nil
	case int64:
		return cel.IntType, nil
	case float64:
		return cel.DoubleType, nil
	case bool:
		return cel.BoolType, nil
	case []string:
		return cel.ListType(cel.StringType), nil
	case []int64:
		return cel.ListType(cel.IntType), nil
	}
	return nil, errors.New("a string, an integer, a number, true or false, or a list of strings or of integers is expected")
}

// accepts says what is wrong with giving the variable a value of a threshold's type.
func (v *variable) accepts(value any) error {
	typ, err := thresholdType(value)
	if err == nil && !v.typ.IsExactType(typ) {
		err = fmt.Errorf("%s is %s, not %s", v.name, v.typ, typ)
	}
	return err
}

// activation binds the variables of one expression for one evaluation.
type activation struct {
	vars    []*variable
	values  []any
	unknown []*cel.AttributePatternType
}

func (a *activation) bind(lookup func(*variable) (any, bool)) {
	a.unknown = a.unknown[:0]
	for i, v := range a.vars {
		value, known := lookup(v)
		a.values[i] = value
		if !known {
			a.unknown = append(a.unknown, v.unk)
		}
	}
}

// ResolveName implements cel.Activation.
func (a *activation) ResolveName(name string) (any, bool) {
	for i, v := range a.vars {
		if v.name == name {
			return a.values[i], a.values[i] != nil
		}
	}
	return nil, false
}

// Parent implements cel.Activation.
func (a *activation) Parent() cel.Activation { return nil }

// UnknownAttributePatterns implements cel.PartialActivation.
func (a *activation) UnknownAttributePatterns() []*cel.AttributePatternType { return a.unknown }

// AsPartialActivation lets evaluation see the unknowns; without them it takes the quicker way.
func (a *activation) AsPartialActivation() (cel.PartialActivation, bool) {
	return a, len(a.unknown) > 0
}

// native turns a CEL value into a plain Go value: bool, int64, float64, string, time.Time, []any, map[string]any.
func native(v ref.Val) any {
	switch v := v.(type) {
	case types.Bool:
		return bool(v)
	case types.Int:
		return int64(v)
	case types.Double:
		return float64(v)
	case types.String:
		return string(v)
	case types.Timestamp:
		return v.Time.UTC()
	case types.Duration:
		return v.Duration.String()
	case traits.Mapper:
		m := map[string]any{}
		for it := v.Iterator(); it.HasNext() == types.True; {
			key := it.Next()
			m[fmt.Sprint(native(key))] = native(v.Get(key))
		}
		return m
	case traits.Lister:
		list := []any{}
		for it := v.Iterator(); it.HasNext() == types.True; {
			list = append(list, native(it.Next()))
		}
		return list
	}
	return fmt.Sprint(v.Value())
}
