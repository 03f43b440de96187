package fact

import (
	"fmt"
	"math"
	"strconv"
	"time"
)

// Coerce turns a value as a YAML decoder gives it (string, bool, any int, float64, time.Time, []any, map[string]any) into one that
// conforms to the type. It is for values that people write in content, so it is strict: text is not turned into numbers or bools and
// a number is no text. An int may stand for a double, text (RFC 3339) for a timestamp. Record fields may be left out, not be unknown.
func Coerce(v any, t Type) (Value, error) { return coerce("", v, t) }

func coerce(at string, v any, t Type) (Value, error) {
	switch t.Kind {
	case Int, Double:
		return coerceNumber(at, v, t)
	case Timestamp:
		if s, ok := v.(string); ok {
			out, err := convertTime(s)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", orValue(at), err)
			}
			return out, nil
		}
		if stamp, ok := v.(time.Time); ok {
			return stamp.UTC(), nil
		}
	case List:
		if list, ok := v.([]any); ok && t.Elem != nil {
			return coerceList(at, list, t)
		}
	case Map, Record:
		if m, ok := v.(map[string]any); ok {
			return coerceMap(at, m, t)
		}
	case String:
		if _, ok := v.(string); !ok && v != nil {
			return nil, fmt.Errorf("%w: put it in quotes", mismatch(at, v, t))
		}
	case Bool:
	}
	if err := conforms(at, v, t); err != nil {
		return nil, err
	}
	return v, nil
}

func orValue(at string) string {
	if at == "" {
		return "value"
	}
	return at
}

func coerceNumber(at string, v any, t Type) (Value, error) {
	n, ok := toInt(v)
	switch {
	case ok && t.Kind == Int:
		return n, nil
	case ok && t.Kind == Double:
		return float64(n), nil
	}
	if f, is := v.(float64); is && t.Kind == Double && !math.IsNaN(f) && !math.IsInf(f, 0) {
		return f, nil
	}
	return nil, mismatch(at, v, t)
}

func toInt(v any) (int64, bool) {
	switch v := v.(type) {
	case int:
		return int64(v), true
	case int64:
		return v, true
	case uint64:
		return int64(v), v <= math.MaxInt64
	}
	return 0, false
}

func coerceList(at string, list []any, t Type) (Value, error) {
	out := make([]any, len(list))
	for i, e := range list {
		v, err := coerce(at+"["+strconv.Itoa(i)+"]", e, *t.Elem)
		if err != nil {
			return nil, err
		}
		out[i] = v
	}
	return out, nil
}

func coerceMap(at string, m map[string]any, t Type) (Value, error) {
	out := make(map[string]any, len(m))
	for _, key := range sortedKeys(m) {
		elem, ok := t.elem(), t.Elem != nil
		if t.Kind == Record {
			elem, ok = t.Field(key)
		}
		if !ok {
			return nil, fmt.Errorf("%s is no field of %s", place(at, key), t)
		}
		v, err := coerce(place(at, key), m[key], elem)
		if err != nil {
			return nil, err
		}
		out[key] = v
	}
	return out, nil
}
