package parse

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/fleetaudit/fleetaudit/probes/fact"
)

// keyvalueSyntax is an answer with a key and its value on each line. A record takes the keys that it declares and leaves the others;
// a field whose value does not convert, or whose key comes twice, is "not understood" by itself. A map takes all keys, and one bad value
// makes the whole answer not understood. A list collects the values of repeated keys. No output is a record without fields, or an empty map.
var keyvalueSyntax = syntax{
	name:    "keyvalue",
	options: keyvalueOptions("#"),
	build: func(o options, t fact.Type) (Parser, error) {
		f, err := newFields(o, t)
		if err != nil {
			return nil, err
		}
		return keyvalueParser{f}, nil
	},
}

// keyvalueOptions are the options that keyvalue and ini share.
func keyvalueOptions(comment string) map[string]option {
	return map[string]option{
		"separator":    {value: "="},                                              // between key and value; " " is any run of blanks
		"comment":      {value: comment},                                          // prefixes of lines to drop, or none
		"case":         {value: "keep", one: []string{"keep", "lower"}},           // of keys
		"repeat":       {value: "error", one: []string{"error", "first", "last"}}, // which of two values of a key that is no list
		"bare":         {value: "error", one: []string{"error", "true"}},          // a line that is a key alone: an error, or the value "true"
		"empty":        {value: "keep", one: []string{"keep", "absent"}},          // a key with an empty value
		"split":        {value: "none"},                                           // lists: separator within a value; " " is any run of blanks
		"unquote":      flag,                                                      // take off a pair of quotes around a value
		"invalid_utf8": invalidUTF8,
	}
}

// pair is a key with its value as read from one line.
type pair struct {
	line       int
	key, value string
}

// fields turns pairs into a record or a map.
type fields struct {
	typ      fact.Type
	opts     options
	comments []string
}

func newFields(o options, t fact.Type) (fields, error) {
	want := "a record or map of scalars and lists of scalars"
	switch t.Kind {
	case fact.Map:
		if !scalarOrList(*t.Elem) {
			return fields{}, wrongType(t, want)
		}
	case fact.Record:
		for _, f := range t.Fields {
			if !scalarOrList(f.Type) {
				return fields{}, wrongType(t, want)
			}
			if o["case"] == "lower" && f.Name != strings.ToLower(f.Name) {
				return fields{}, fmt.Errorf("field %s can never be there with case: lower", f.Name)
			}
		}
	default:
		return fields{}, wrongType(t, want)
	}
	return fields{t, o, commentPrefixes(o["comment"])}, nil
}

// typeOf gives the type of a key's value.
func (f fields) typeOf(key string) (fact.Type, bool) {
	if f.typ.Kind == fact.Map {
		return *f.typ.Elem, true
	}
	return f.typ.Field(key)
}

// pair reads one line. ok is false for a key that no field is declared for.
func (f fields) pair(l line) (p pair, ok bool, err error) {
	s := strings.TrimSpace(l.text)
	var key, value string
	var found bool
	if sep := f.opts["separator"]; sep == " " {
		i := strings.IndexAny(s, " \t")
		if found = i > 0; found {
			key, value = s[:i], s[i:]
		}
	} else {
		key, value, found = strings.Cut(s, sep)
	}
	if !found {
		if f.opts["bare"] != "true" {
			return pair{}, false, errorf(l.no, "expected a key and a value, not %s", quote(s))
		}
		key, value = s, "true"
	}
	key, value = strings.TrimSpace(key), strings.TrimSpace(value)
	if f.opts["case"] == "lower" {
		key = strings.ToLower(key)
	}
	if key == "" {
		return pair{}, false, errorf(l.no, "a value without a key: %s", quote(s))
	}
	if f.opts.on("unquote") {
		if value, err = unquoted(value); err != nil {
			return pair{}, false, errorf(l.no, "%s", err)
		}
	}
	_, ok = f.typeOf(key)
	return pair{l.no, key, value}, ok, nil
}

func unquoted(s string) (string, error) {
	if s == "" || s[0] != '"' && s[0] != '\'' {
		return s, nil
	}
	if len(s) < 2 || s[len(s)-1] != s[0] {
		return "", fmt.Errorf("the quotes do not match: %s", quote(s))
	}
	return s[1 : len(s)-1], nil
}

// value makes a record or map of pairs. The reasons are those of fields that were not understood; a map has none, it fails instead.
func (f fields) value(pairs []pair) (map[string]any, map[string]string, error) {
	byKey := map[string][]pair{}
	for _, p := range pairs {
		if f.opts["empty"] == "absent" && p.value == "" {
			continue
		}
		byKey[p.key] = append(byKey[p.key], p)
	}
	out, bad := map[string]any{}, map[string]string{}
	for _, key := range slices.Sorted(maps.Keys(byKey)) {
		same := byKey[key]
		typ, _ := f.typeOf(key)
		v, err := f.convert(same, typ)
		switch {
		case err == nil:
			out[key] = v
		case f.typ.Kind == fact.Map:
			return nil, nil, errorf(same[0].line, "%s: %s", quote(key), err)
		default:
			bad[key] = err.Error()
		}
	}
	return out, bad, nil
}

func (f fields) convert(same []pair, t fact.Type) (fact.Value, error) {
	if t.Kind != fact.List {
		if len(same) > 1 && f.opts["repeat"] == "error" {
			return nil, fmt.Errorf("is there %d times, first on line %d, then on line %d", len(same), same[0].line, same[1].line)
		}
		if f.opts["repeat"] == "last" {
			return fact.Convert(same[len(same)-1].value, t)
		}
		return fact.Convert(same[0].value, t)
	}
	out := []any{}
	for _, p := range same {
		if f.opts["split"] == "none" {
			v, err := fact.Convert(p.value, *t.Elem)
			if err != nil {
				return nil, err
			}
			out = append(out, v)
			continue
		}
		v, err := splitConvert(p.value, f.opts["split"], *t.Elem)
		if err != nil {
			return nil, err
		}
		out = append(out, v.([]any)...)
	}
	return out, nil
}

type keyvalueParser struct{ fields }

func (p keyvalueParser) Parse(stdout []byte) (fact.Value, map[string]string, error) {
	s, err := text(stdout, p.opts["invalid_utf8"] == "escape")
	if err != nil {
		return nil, nil, err
	}
	var pairs []pair
	for _, l := range splitLines(s, p.comments...) {
		kv, ok, err := p.pair(l)
		if err != nil {
			return nil, nil, err
		}
		if ok {
			pairs = append(pairs, kv)
		}
	}
	v, bad, err := p.value(pairs)
	if err != nil {
		return nil, nil, err
	}
	return v, bad, nil
}
