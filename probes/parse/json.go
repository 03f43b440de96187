package parse

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/fleetaudit/fleetaudit/probes/fact"
)

// maxJSONDepth bounds how deep an answer may nest.
const maxJSONDepth = 64

// jsonSyntax is an answer that is one JSON value, read by the declared type: members that a record does not declare are left,
// null is absent, a single value where a list is declared is a list of one (as PowerShell prints it), and a string converts to the declared scalar
// (older tools print "1" for 1). A repeated member name is an error. For a record at the top, a field is "not understood" by itself.
var jsonSyntax = syntax{
	name: "json",
	build: func(_ options, t fact.Type) (Parser, error) {
		return jsonParser{t}, nil
	},
}

type jsonParser struct{ typ fact.Type }

func (p jsonParser) Parse(stdout []byte) (fact.Value, map[string]string, error) {
	if len(bytes.TrimSpace(stdout)) == 0 {
		return nil, nil, errorf(0, "no output: expected a JSON value")
	}
	if !utf8.Valid(stdout) {
		return nil, nil, errorf(0, "bytes that are not UTF-8")
	}
	raw, err := decodeJSON(stdout)
	if err != nil {
		return nil, nil, err
	}
	if p.typ.Kind == fact.Record {
		return p.record(raw)
	}
	v, err := fromJSON(raw, p.typ)
	if err != nil {
		return nil, nil, errorf(0, "%s", err)
	}
	return v, nil, nil
}

func (p jsonParser) record(raw any) (fact.Value, map[string]string, error) {
	m, ok := raw.(map[string]any)
	if !ok {
		return nil, nil, errorf(0, "expected an object, not %s", fact.Describe(raw))
	}
	out, bad := map[string]any{}, map[string]string{}
	for _, f := range p.typ.Fields {
		inner, ok := m[f.Name]
		if !ok || inner == nil {
			continue
		}
		v, err := fromJSON(inner, f.Type)
		if err != nil {
			bad[f.Name] = err.Error()
			continue
		}
		out[f.Name] = v
	}
	return out, bad, nil
}

// decodeJSON reads one value and nothing after it, numbers as json.Number.
func decodeJSON(b []byte) (any, error) {
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.UseNumber()
	v, err := jsonValue(dec, 0)
	if err == nil {
		if _, more := dec.Token(); !errors.Is(more, io.EOF) {
			err = errors.New("more follows the JSON value")
		}
	}
	if err != nil {
		return nil, errorf(lineAt(b, int(min(dec.InputOffset(), int64(len(b))))), "%s", err)
	}
	return v, nil
}

func jsonValue(dec *json.Decoder, depth int) (any, error) {
	if depth > maxJSONDepth {
		return nil, fmt.Errorf("JSON nests deeper than %d levels", maxJSONDepth)
	}
	tok, err := dec.Token()
	if err != nil {
		return nil, jsonError(err)
	}
	switch tok {
	case json.Delim('['):
		list := []any{}
		for dec.More() {
			v, err := jsonValue(dec, depth+1)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		_, err := dec.Token()
		return list, jsonError(err)
	case json.Delim('{'):
		return jsonObject(dec, depth)
	}
	return tok, nil
}

func jsonObject(dec *json.Decoder, depth int) (any, error) {
	m := map[string]any{}
	for dec.More() {
		tok, err := dec.Token()
		if err != nil {
			return nil, jsonError(err)
		}
		key, ok := tok.(string)
		if !ok {
			return nil, fmt.Errorf("expected a member name, not %v", tok)
		}
		if _, twice := m[key]; twice {
			return nil, fmt.Errorf("member %s is there twice", quote(key))
		}
		if m[key], err = jsonValue(dec, depth+1); err != nil {
			return nil, err
		}
	}
	_, err := dec.Token()
	return m, jsonError(err)
}

func jsonError(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("the JSON value is not complete")
	}
	return err
}

func fromJSON(raw any, t fact.Type) (fact.Value, error) {
	switch t.Kind {
	case fact.List:
		list, ok := raw.([]any)
		if !ok {
			list = []any{raw}
		}
		out := make([]any, len(list))
		for i, e := range list {
			v, err := fromJSON(e, *t.Elem)
			if err != nil {
				return nil, fmt.Errorf("[%d]: %w", i, err)
			}
			out[i] = v
		}
		return out, nil
	case fact.Map, fact.Record:
		return fromJSONObject(raw, t)
	case fact.String, fact.Int, fact.Double, fact.Bool, fact.Timestamp:
	}
	return scalarFromJSON(raw, t)
}

func fromJSONObject(raw any, t fact.Type) (fact.Value, error) {
	m, ok := raw.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("expected an object, not %s", fact.Describe(raw))
	}
	out := map[string]any{}
	for _, key := range slices.Sorted(maps.Keys(m)) {
		typ, declared := t.Field(key)
		if t.Kind == fact.Map {
			typ, declared = *t.Elem, true
		}
		if !declared || m[key] == nil && t.Kind == fact.Record {
			continue
		}
		v, err := fromJSON(m[key], typ)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", quote(key), err)
		}
		out[key] = v
	}
	return out, nil
}

func scalarFromJSON(raw any, t fact.Type) (fact.Value, error) {
	switch raw := raw.(type) {
	case string:
		return fact.Convert(raw, t)
	case bool:
		if t.Kind == fact.Bool {
			return raw, nil
		}
		if t.Kind == fact.String {
			return fmt.Sprint(raw), nil
		}
	case json.Number:
		if t.Kind == fact.Int {
			return wholeNumber(raw)
		}
		return fact.Convert(raw.String(), t)
	}
	return nil, fmt.Errorf("expected %s, not %s", t, fact.Describe(raw))
}

// wholeNumber takes 6 and also 6.0 or 6e0, which some tools print for integers.
func wholeNumber(n json.Number) (fact.Value, error) {
	if !strings.ContainsAny(n.String(), ".eE") {
		return fact.Convert(n.String(), fact.Type{Kind: fact.Int})
	}
	f, err := n.Float64()
	if err != nil || f != math.Trunc(f) || math.Abs(f) > 1<<53 {
		return nil, fmt.Errorf("%s is not an int", n)
	}
	return int64(f), nil
}
