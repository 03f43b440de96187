package fact

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// Conforms checks that a value is one of the declared type: the Go types that Value lists, no nil anywhere, no field that the
// record does not declare. A record may lack fields. The error names the place within the value.
func Conforms(v Value, t Type) error { return conforms("", v, t) }

func conforms(at string, v Value, t Type) error {
	ok := false
	switch t.Kind {
	case String:
		_, ok = v.(string)
	case Int:
		_, ok = v.(int64)
	case Double:
		f, is := v.(float64)
		ok = is && !math.IsNaN(f) && !math.IsInf(f, 0)
	case Bool:
		_, ok = v.(bool)
	case Timestamp:
		_, ok = v.(time.Time)
	case List:
		return conformsList(at, v, t)
	case Map, Record:
		return conformsMap(at, v, t)
	}
	if !ok {
		return mismatch(at, v, t)
	}
	return nil
}

func conformsList(at string, v Value, t Type) error {
	list, ok := v.([]any)
	if !ok || t.Elem == nil {
		return mismatch(at, v, t)
	}
	for i, e := range list {
		if err := conforms(fmt.Sprintf("%s[%d]", at, i), e, *t.Elem); err != nil {
			return err
		}
	}
	return nil
}

func conformsMap(at string, v Value, t Type) error {
	m, ok := v.(map[string]any)
	if !ok || m == nil || (t.Kind == Map && t.Elem == nil) {
		return mismatch(at, v, t)
	}
	for _, key := range sortedKeys(m) {
		elem := t.elem()
		if t.Kind == Record {
			if elem, ok = t.Field(key); !ok {
				return fmt.Errorf("%s is no field of %s", place(at, key), t)
			}
		}
		if err := conforms(place(at, key), m[key], elem); err != nil {
			return err
		}
	}
	return nil
}

func place(at, key string) string {
	if at == "" {
		return key
	}
	return at + "." + key
}

func mismatch(at string, v Value, t Type) error {
	if at != "" {
		at += ": "
	}
	return fmt.Errorf("%sexpected %s, not %s", at, t, Describe(v))
}

// Describe names the kind of a value for messages: "string", "list", "nothing", ...
func Describe(v Value) string {
	switch v := v.(type) {
	case nil:
		return "nothing"
	case string:
		return "string " + quote(v)
	case int, int64, uint64:
		return fmt.Sprintf("int %d", v)
	case float64, json.Number:
		return fmt.Sprintf("double %v", v)
	case bool:
		return fmt.Sprintf("bool %t", v)
	case time.Time:
		return "timestamp " + v.Format(time.RFC3339Nano)
	case []any:
		return "list"
	case map[string]any:
		return "mapping"
	}
	return fmt.Sprintf("%T", v)
}

// Equal says whether two values are the same: numbers and text exactly, times as instants, lists in order, maps and records with
// the same keys. Values of different Go types differ, also int64(1) and float64(1).
func Equal(a, b Value) bool {
	switch a := a.(type) {
	case time.Time:
		b, ok := b.(time.Time)
		return ok && a.Equal(b)
	case []any:
		b, ok := b.([]any)
		return ok && slices.EqualFunc(a, b, Equal)
	case map[string]any:
		b, ok := b.(map[string]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for k, v := range a {
			w, has := b[k]
			if !has || !Equal(v, w) {
				return false
			}
		}
		return true
	case string, int64, float64, bool, nil:
		return a == b
	}
	return false
}

// Text renders a value as JSON on one line with sorted keys: the same value always gives the same text.
func Text(v Value) string {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return fmt.Sprintf("%v", v)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func sortedKeys(m map[string]any) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
