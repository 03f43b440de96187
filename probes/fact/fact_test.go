package fact

import (
	"math"
	"strings"
	"testing"
	"time"
)

func typ(t testing.TB, text string) Type {
	t.Helper()
	out, err := ParseType(text)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestParseType(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"string":                        "string",
		" list( int ) ":                 "list(int)",
		"[bool]":                        "list(bool)",
		"map(string, timestamp)":        "map(string, timestamp)",
		"map(string,list(double))":      "map(string, list(double))",
		"{a: int,b:[string]}":           "{a: int, b: list(string)}",
		"[{user: string, ids: [int]}]":  "list({user: string, ids: list(int)})",
		"map(string, {a: {b: string}})": "map(string, {a: {b: string}})",
	} {
		got, err := ParseType(text)
		if err != nil || got.String() != want {
			t.Errorf("%q: %s %v", text, got, err)
			continue
		}
		again, err := ParseType(got.String())
		if err != nil || !again.Equal(got) {
			t.Errorf("%q does not read back: %s %v", text, again, err)
		}
	}
	for text, want := range map[string]string{
		"":                       `"" is no type`,
		"strin":                  `"strin" is no type: expected string, int`,
		"list(int":               `expected ")"`,
		"list int":               `expected "("`,
		"map(int, string)":       "the keys of a map are strings",
		"map(string)":            `expected ","`,
		"{a: int, a: int}":       "declared twice",
		"{a-b: int}":             "use letters, digits and _",
		"{1a: int}":              "start with a letter",
		"{}":                     `expected ":"`,
		"int int":                "nothing may follow",
		"[int, int]":             `expected "]"`,
		strings.Repeat("[", 100): "deeper than 8",
	} {
		if _, err := ParseType(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, expected %q", text, err, want)
		}
	}
}

func TestCheckType(t *testing.T) {
	t.Parallel()
	for _, bad := range []Type{{}, {Kind: List}, {Kind: Map}, {Kind: Record}, {Kind: 99}, {Kind: Record, Fields: []Field{{Name: "a"}}}} {
		if bad.Check() == nil {
			t.Errorf("%+v passed", bad)
		}
	}
}

func TestConvert(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, tt := range []struct {
		text, typ string
		want      Value
	}{
		{"", "string", ""},
		{" x ", "string", " x "},
		{"0", "int", int64(0)},
		{"-12", "int", int64(-12)},
		{"0x1F", "int", int64(31)},
		{"9223372036854775807", "int", int64(math.MaxInt64)},
		{"-9223372036854775808", "int", int64(math.MinInt64)},
		{"1.50", "double", 1.5},
		{"-2e3", "double", -2000.0},
		{"7", "double", 7.0},
		{"Yes", "bool", true},
		{"1", "bool", true},
		{"enabled", "bool", true},
		{"OFF", "bool", false},
		{"disabled", "bool", false},
		{"2026-01-02T03:04:05Z", "timestamp", at},
		{"2026-01-02T05:04:05.25+02:00", "timestamp", at.Add(250 * time.Millisecond)},
		{"1767323045", "timestamp", at},
		{"0", "timestamp", time.Unix(0, 0)},
	} {
		got, err := Convert(tt.text, typ(t, tt.typ))
		if err != nil || !Equal(got, tt.want) {
			t.Errorf("%q as %s: %v %v, expected %v", tt.text, tt.typ, got, err, tt.want)
		}
		if err == nil && Conforms(got, typ(t, tt.typ)) != nil {
			t.Errorf("%q as %s does not conform", tt.text, tt.typ)
		}
	}
	for typeName, texts := range map[string][]string{
		"int":       {"", "-", "+1", "--1", "0x", "0x-1", "1_000", "1.0", "x", "022", "-01", "9223372036854775808", " 1", "١"},
		"double":    {"", "NaN", "Inf", "0x1p2", "1_0", "1e999", "x", "1.2.3"},
		"bool":      {"", "y", "n", "2", "none", " yes"},
		"timestamp": {"", "never", "-1", "2026-01-02", "2026-13-01T00:00:00Z", "99999999999999", "999999999999999999999"},
		"[string]":  {"a"},
	} {
		for _, text := range texts {
			if v, err := Convert(text, typ(t, typeName)); err == nil || v != nil {
				t.Errorf("%q as %s: %v, expected an error and no value", text, typeName, v)
			}
		}
	}
}

func TestConforms(t *testing.T) {
	t.Parallel()
	row := map[string]any{"user": "a", "ids": []any{int64(1)}}
	if err := Conforms([]any{row, map[string]any{}}, typ(t, "[{user: string, ids: [int]}]")); err != nil {
		t.Error(err)
	}
	for _, tt := range []struct {
		value     Value
		typ, want string
	}{
		{nil, "string", "expected string, not nothing"},
		{1, "int", "expected int"},
		{"1", "int", `not string "1"`},
		{math.NaN(), "double", "expected double"},
		{[]any{"a", nil}, "[string]", "[1]: expected string, not nothing"},
		{[]string{"a"}, "[string]", "expected list(string), not []string"},
		{map[string]any{"a": "x"}, "map(string, int)", "a: expected int"},
		{map[string]any(nil), "map(string, int)", "not mapping"},
		{map[string]any{"b": 1}, "{a: int}", "b is no field of {a: int}"},
		{[]any{map[string]any{"a": map[string]any{"b": true}}}, "[{a: {b: int}}]", "[0].a.b: expected int, not bool true"},
	} {
		if err := Conforms(tt.value, typ(t, tt.typ)); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%v as %s: %v, expected %q", tt.value, tt.typ, err, tt.want)
		}
	}
}

func TestCoerce(t *testing.T) {
	t.Parallel()
	got, err := Coerce(map[string]any{"a": 1, "b": uint64(2), "c": []any{3}, "d": "2026-01-02T03:04:05Z", "e": map[string]any{"x": true}},
		typ(t, "{a: int, b: double, c: [int], d: timestamp, e: map(string, bool), f: string}"))
	want := `{"a":1,"b":2,"c":[3],"d":"2026-01-02T03:04:05Z","e":{"x":true}}`
	if err != nil || Text(got) != want {
		t.Errorf("%s %v", Text(got), err)
	}
	for _, tt := range []struct {
		value     any
		typ, want string
	}{
		{true, "string", "put it in quotes"},
		{6, "string", "put it in quotes"},
		{"6", "int", `expected int, not string "6"`},
		{"yes", "bool", "expected bool"},
		{1.5, "int", "expected int"},
		{uint64(math.MaxUint64), "int", "expected int"},
		{"never", "timestamp", "value: "},
		{[]any{map[string]any{"b": 1}}, "[{a: int}]", "[0].b is no field"},
		{"x", "[string]", "expected list(string)"},
		{nil, "string", "not nothing"},
	} {
		if _, err := Coerce(tt.value, typ(t, tt.typ)); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%v as %s: %v, expected %q", tt.value, tt.typ, err, tt.want)
		}
	}
}

func TestEqual(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	same := [][2]Value{
		{at, at.In(time.FixedZone("x", 3600))}, {[]any{}, []any{}}, {nil, nil},
		{map[string]any{"a": []any{int64(1)}}, map[string]any{"a": []any{int64(1)}}},
	}
	for _, pair := range same {
		if !Equal(pair[0], pair[1]) {
			t.Errorf("%v and %v differ", pair[0], pair[1])
		}
	}
	differ := [][2]Value{
		{int64(1), 1.0}, {"1", int64(1)}, {[]any{}, nil}, {[]any{"a", "b"}, []any{"b", "a"}}, {at, at.Add(1)}, {at, "x"},
		{map[string]any{}, map[string]any{"a": nil}}, {map[string]any{"a": nil}, map[string]any{"b": nil}}, {map[string]any{}, []any{}}, {[]string{}, []string{}},
	}
	for _, pair := range differ {
		if Equal(pair[0], pair[1]) {
			t.Errorf("%v and %v are the same", pair[0], pair[1])
		}
	}
}

func FuzzParseType(f *testing.F) {
	f.Add("[{user: string, ids: map(string, [int])}]")
	f.Fuzz(func(t *testing.T, text string) {
		got, err := ParseType(text)
		if err != nil {
			return
		}
		again, err := ParseType(got.String())
		if err != nil || !again.Equal(got) {
			t.Errorf("%q reads as %s, which reads as %s (%v)", text, got, again, err)
		}
	})
}

func FuzzConvert(f *testing.F) {
	f.Add("0x1f")
	f.Add("2026-01-02T03:04:05+02:00")
	f.Fuzz(func(t *testing.T, text string) {
		for _, name := range Scalars() {
			v, err := Convert(text, typ(t, name))
			if err == nil && Conforms(v, typ(t, name)) != nil || err != nil && v != nil {
				t.Errorf("%q as %s: %v %v", text, name, v, err)
			}
		}
	})
}
