package parse

import (
	"fmt"
	"strings"

	"github.com/fleetaudit/fleetaudit/probes/fact"
)

// mustType reads a type that is written in this package. The tests make every parser once, so a mistake cannot reach a host.
func mustType(text string) fact.Type {
	t, err := fact.ParseType(text)
	if err != nil {
		return fact.Type{}
	}
	return t
}

// partOf checks that a declared type is one that a syntax yields, or the same with fields of records left out.
func partOf(declared, full fact.Type) error {
	switch {
	case declared.Kind != full.Kind:
		return fmt.Errorf("yields %s, not %s", full, declared)
	case declared.Kind == fact.Record:
		for _, f := range declared.Fields {
			inner, ok := full.Field(f.Name)
			if !ok {
				return fmt.Errorf("has no field %s: expected some of %s", f.Name, strings.Join(full.FieldNames(), ", "))
			}
			if err := partOf(f.Type, inner); err != nil {
				return fmt.Errorf("field %s: %w", f.Name, err)
			}
		}
	case declared.Elem != nil && full.Elem != nil:
		return partOf(*declared.Elem, *full.Elem)
	}
	return nil
}

// keep leaves out the fields of records that a declared type does not have.
func keep(v fact.Value, declared fact.Type) fact.Value {
	switch declared.Kind {
	case fact.List:
		list, _ := v.([]any)
		out := make([]any, len(list))
		for i, e := range list {
			out[i] = keep(e, *declared.Elem)
		}
		return out
	case fact.Record:
		m, _ := v.(map[string]any)
		out := map[string]any{}
		for _, f := range declared.Fields {
			if inner, ok := m[f.Name]; ok {
				out[f.Name] = keep(inner, f.Type)
			}
		}
		return out
	case fact.Map, fact.String, fact.Int, fact.Double, fact.Bool, fact.Timestamp:
	}
	return v
}

// texts makes a list value of strings.
func texts(list []string) []any {
	out := make([]any, len(list))
	for i, s := range list {
		out[i] = s
	}
	return out
}
