package check

import (
	"strings"
	"testing"
	"testing/fstest"
)

const baselineText = `
name: test
title: For tests
values:
  root_login:
    value: ["no", prohibit-password]
    source: CIS U24 5.1.20
  max_tries: {value: 4, source: CIS U24 5.1.16, note: attempts}
  ports: {value: [22], source: s}
  flag: {value: true, source: s}
  share: {value: 0.5, source: s}
  extra: {value: [], source: s}
`

func TestBaseline(t *testing.T) {
	t.Parallel()
	b := testBaseline(t)
	var got []string
	for _, th := range b.Thresholds() {
		got = append(got, th.Name+"="+th.Text())
	}
	if want := "extra= flag=true max_tries=4 ports=22 root_login=no, prohibit-password share=0.5"; strings.Join(got, " ") != want {
		t.Errorf("got %q", got)
	}
	if b.Name != "test" || b.Title != "For tests" || b.values["max_tries"].Note != "attempts" || b.values["max_tries"].Pos.String() != "b.yaml:8:3" {
		t.Errorf("got %+v", b.values["max_tries"])
	}
}

func TestBaselineErrors(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, text, want string }{
		{"empty", "# nothing\n", "the file is empty"},
		{"no name", "values: {a: {value: 1, source: s}}", "the baseline has no name"},
		{"unknown key", "name: n\nvalue: {}\n", `b.yaml:2:1: baseline: unknown key "value" (did you mean "values"?)`},
		{"no source", "name: n\nvalues:\n  a: {value: 1}\n", "b.yaml:3:3: a: source is missing"},
		{"no value", "name: n\nvalues:\n  a: {source: s}\n", "b.yaml:3:3: a: value is missing"},
		{"mixed list", "name: n\nvalues:\n  a: {value: [1, b], source: s}\n", "b.yaml:3:14: a: a text, a number"},
		{"mapping", "name: n\nvalues:\n  a: {value: {b: 1}, source: s}\n", "a: a text, a number"},
		{"number too large", "name: n\nvalues:\n  a: {value: 18446744073709551615, source: s}\n", "a: expected int"},
		{"bad name", "name: n\nvalues:\n  a-b: {value: 1, source: s}\n", "b.yaml:3:3: a-b: a name has letters"},
		{"anchor", "name: n\nvalues:\n  a: &x {value: 1, source: s}\n", "a mapping is expected"},
		{"twice", "name: n\nvalues:\n  a: {value: 1, source: s}\n  a: {value: 2, source: s}\n", "b.yaml:4:3"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := LoadBaseline(fstest.MapFS{"b.yaml": {Data: []byte(tt.text)}}, "b.yaml")
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v\nwant %s", err, tt.want)
			}
		})
	}
	if _, err := LoadBaseline(fstest.MapFS{}, "b.yaml"); err == nil {
		t.Error("a file that is not there loads")
	}
	if b, err := LoadBaseline(fstest.MapFS{"baselines/strict.yaml": {Data: []byte(baselineText)}}, "strict"); err != nil || b.Name != "test" {
		t.Errorf("by its name: %v", err)
	}
}

func TestOverride(t *testing.T) {
	t.Parallel()
	b := testBaseline(t)
	own, err := b.Override("own.yaml", []byte("name: strict\ntitle: Ours\nvalues:\n  max_tries: {value: 3, source: policy 7}\n  extra: {value: [a], source: policy}\n  ports: {value: [], source: none here}\n"))
	if err != nil {
		t.Fatal(err)
	}
	if own.Name != "strict" || own.values["max_tries"].Text() != "3" || own.values["flag"].Text() != "true" || b.values["max_tries"].Text() != "4" {
		t.Errorf("got %+v", own)
	}
	if own.Digest() == b.Digest() {
		t.Error("other thresholds have the same digest")
	}
	tests := []struct{ name, text, want string }{
		{"unknown", "name: n\nvalues:\n  max_trys: {value: 3, source: s}\n", `own.yaml:3:3: max_trys: baseline test has no value of this name (did you mean "max_tries"?)`},
		{"type", "name: n\nvalues:\n  max_tries: {value: \"3\", source: s}\n", "own.yaml:3:3: max_tries: a whole number is expected, not a text"},
		{"list type", "name: n\nvalues:\n  ports: {value: [\"22\"], source: s}\n", "a list of whole numbers is expected, not a list of texts"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if _, err := b.Override("own.yaml", []byte(tt.text)); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v\nwant %s", err, tt.want)
			}
		})
	}
}

func TestExtend(t *testing.T) {
	t.Parallel()
	b := testBaseline(t)
	more, err := b.Extend("own.yaml", []byte("name: ours\nvalues:\n  site: {value: 3, source: s}\n"))
	if err != nil || more.values["site"].Text() != "3" || more.Name != "test" {
		t.Fatalf("got %v, %v", more, err)
	}
	if _, err := b.Extend("own.yaml", []byte("name: ours\nvalues:\n  flag: {value: false, source: s}\n")); err == nil || !strings.Contains(err.Error(), "own.yaml:3:3: flag: this name is taken at b.yaml:10:3") {
		t.Errorf("got %v", err)
	}
}
