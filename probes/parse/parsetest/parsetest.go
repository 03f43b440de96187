// Package parsetest holds the contract that every parser keeps, as one suite: whatever bytes a host sends, a parser does not panic, gives the
// same answer each time, and returns either an error or a value that conforms to its type.
package parsetest

import (
	"bytes"
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/fleetaudit/fleetaudit/probes/fact"
	"github.com/fleetaudit/fleetaudit/probes/parse"
)

// Subject is a parser to test with its declaration and an answer that it understands.
type Subject struct {
	Syntax  string
	Options map[string]string
	Type    string // as fact.ParseType reads it
	Sample  string // must be understood in full, and must have at least one line end
	Empty   bool   // no output at all is an answer
}

// Make gives the parser of a subject and its type.
func (s Subject) Make(t testing.TB) (parse.Parser, fact.Type) {
	t.Helper()
	typ, err := fact.ParseType(s.Type)
	if err != nil {
		t.Fatal(err)
	}
	p, err := parse.New(s.Syntax, s.Options, typ)
	if err != nil {
		t.Fatal(err)
	}
	return p, typ
}

// Run puts a parser through the contract.
func Run(t *testing.T, s Subject) {
	t.Helper()
	p, typ := s.Make(t)
	want, fields, err := p.Parse([]byte(s.Sample))
	if err != nil || len(fields) > 0 {
		t.Fatalf("the sample is not understood: %v %v", err, fields)
	}
	Keeps(t, p, typ, []byte(s.Sample))
	t.Run("CRLF", func(t *testing.T) {
		got, fields, err := p.Parse([]byte(strings.ReplaceAll(s.Sample, "\n", "\r\n")))
		if err != nil || len(fields) > 0 || !fact.Equal(got, want) {
			t.Errorf("with CRLF: %s %v %v, expected %s", fact.Text(got), fields, err, fact.Text(want))
		}
	})
	t.Run("empty", func(t *testing.T) {
		for _, none := range []string{"", "\n", " \n\t\n"} {
			if _, _, err := p.Parse([]byte(none)); (err == nil) != s.Empty {
				t.Errorf("%q: %v, expected an answer: %t", none, err, s.Empty)
			}
			Keeps(t, p, typ, []byte(none))
		}
	})
	t.Run("binary", func(t *testing.T) {
		withNUL := []byte(s.Sample + "\x00")
		if _, _, err := p.Parse(withNUL); err == nil {
			t.Error("a NUL byte was taken for text")
		}
		if _, _, err := p.Parse([]byte(s.Sample + "\xff\xfe")); err == nil && s.Options["invalid_utf8"] != "escape" {
			t.Error("bytes that are not UTF-8 were taken for text")
		}
		every := make([]byte, 256)
		for i := range every {
			every[i] = byte(i)
		}
		Keeps(t, p, typ, bytes.Repeat(every, 64))
	})
	t.Run("mutations", func(t *testing.T) {
		for _, m := range mutations(s.Sample) {
			Keeps(t, p, typ, []byte(m))
		}
	})
}

// Keeps checks the contract for one answer.
func Keeps(t testing.TB, p parse.Parser, typ fact.Type, stdout []byte) {
	t.Helper()
	before := bytes.Clone(stdout)
	v, fields, err := p.Parse(stdout)
	again, fieldsAgain, errAgain := p.Parse(stdout)
	switch {
	case !bytes.Equal(before, stdout):
		t.Errorf("the parser changed its input %q", before)
	case !fact.Equal(v, again) || !maps.Equal(fields, fieldsAgain) || fmt.Sprint(err) != fmt.Sprint(errAgain):
		t.Errorf("not deterministic: %s %v %v, then %s %v %v", fact.Text(v), fields, err, fact.Text(again), fieldsAgain, errAgain)
	case err != nil && (v != nil || len(fields) > 0):
		t.Errorf("both a value and an error: %s %v %v", fact.Text(v), fields, err)
	case err != nil && (err.Error() == "" || strings.ContainsAny(err.Error(), "\x00\x1b")):
		t.Errorf("an error that cannot be printed: %q", err)
	case err != nil:
		return
	}
	if err := fact.Conforms(v, typ); err != nil {
		t.Errorf("%q: %v", stdout, err)
	}
	m, _ := v.(map[string]any)
	for name, reason := range fields {
		_, declared := typ.Field(name)
		if _, both := m[name]; both || reason == "" || !declared {
			t.Errorf("field %q is not understood (%q), but is in the value or is not declared", name, reason)
		}
	}
}

// mutations are answers near a sample: cut, doubled, with very long lines, deep nesting.
func mutations(sample string) []string {
	out := []string{
		strings.Repeat("x", 1<<20), strings.Repeat("x y\n", 1<<12), strings.Repeat("[", 1<<16), strings.Repeat("{\"a\":", 1<<14),
		strings.Repeat("=", 1000), "=\n", "[]\n", "==> a <==\n", "\\\n\\\n", "\"", "'", sample + sample, "\ufeff" + sample,
		strings.ReplaceAll(sample, " ", ""), strings.ReplaceAll(sample, "\n", ""), strings.ToUpper(sample),
	}
	for i := range min(len(sample), 400) {
		out = append(out, sample[:i], sample[i:])
	}
	return out
}
