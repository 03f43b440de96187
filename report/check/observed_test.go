package check

import (
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func TestRender(t *testing.T) {
	t.Parallel()
	long := make([]any, 25)
	for i := range long {
		long[i] = fmt.Sprintf("u%02d", i)
	}
	tests := []struct {
		name  string
		value any
		want  string
	}{
		{"text", "no", "no"},
		{"empty text", "", "(empty)"},
		{"control characters", "a\x1b[31mb\u202Ec\td", "a\uFFFD[31mb\uFFFDc d"},
		{"broken UTF-8", "a\xffb", "a\uFFFDb"},
		{"line breaks do not forge a row", "a\nb", "a b"},
		{"int", int64(4), "4"},
		{"bool", true, "true"},
		{"double", 0.5, "0.5"},
		{"time", time.Date(2026, 11, 24, 9, 0, 0, 0, time.FixedZone("x", 3600)), "2026-11-24T08:00:00Z"},
		{"empty list", []any{}, "none"},
		{"list", []any{"a", int64(2)}, "a\n2"},
		{"long list", long, "u00\nu01\nu02\nu03\nu04\nu05\nu06\nu07\nu08\nu09\nu10\nu11\nu12\nu13\nu14\nu15\nu16\nu17\nu18\nu19\nand 5 more"},
		{"rows", []any{map[string]any{"user": "root", "uid": int64(0)}, map[string]any{}}, "uid=0 user=root\nnone"},
		{"map", map[string]any{"b": "2", "a": []any{"x", "y"}}, "a=[x, y]\nb=2"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := render(tt.value); got != tt.want {
				t.Errorf("got %q\nwant %q", got, tt.want)
			}
		})
	}
}

// FuzzRender shows that no text of a host breaks the bounds or the layout of an observed value.
func FuzzRender(f *testing.F) {
	f.Add("no")
	f.Add("\x00\x1b]0;x\a\u2028\u202e\xff")
	f.Add(strings.Repeat("ä", 3000))
	f.Fuzz(func(t *testing.T, s string) {
		for _, v := range []any{s, []any{s, s}, map[string]any{s: s}} {
			got := render(v)
			if !utf8.ValidString(got) || utf8.RuneCountInString(got) > maxObserved {
				t.Errorf("%q gives %q", s, got)
			}
			if strings.ContainsAny(got, "\x00\x1b\r\u2028\u202e") {
				t.Errorf("%q gives a control character: %q", s, got)
			}
			if got == "" {
				t.Errorf("%q gives nothing to see", s)
			}
		}
	})
}
