package xlsx

import (
	"strings"
	"testing"

	"github.com/fleetaudit/fleetaudit/report"
)

func TestLines(t *testing.T) {
	t.Parallel()
	body, mono := look{}, look{Font: monoFont, Size: 9}
	for _, c := range []struct {
		text  string
		width float64
		l     look
		want  int
	}{
		{"", 10, body, 1},
		{"short", 10, body, 1},
		{"two\nlines", 10, body, 2},
		{"ends with a break\n", 30, body, 2},
		{"iiiiiiiiiiiiiiiiiiii", 10, body, 1}, // twenty thin letters
		{"mmmmmmmmmmmmmmmmmmmm", 10, body, 4}, // twenty wide ones
		{"words stay whole where they fit", 12, body, 3},
		{strings.Repeat("0", 64), 36, mono, 2}, // a sha256
		{"anything", 0, body, 1},
	} {
		if got := lines(c.text, pixels(c.width), c.l); got != c.want {
			t.Errorf("%.30q in %v: %d lines, want %d", c.text, c.width, got, c.want)
		}
	}
}

func TestHeight(t *testing.T) {
	t.Parallel()
	if h := height(1, look{}); h != 0 {
		t.Errorf("one line: %v, want the default height, so that the row grows with a note", h)
	}
	if h := height(1000, look{}); h != maxHeight {
		t.Errorf("1000 lines: %v, want Excel's limit", h)
	}
	if a, b := height(2, look{}), height(3, look{}); a < 2*bodySize || b <= a {
		t.Errorf("two lines %v, three %v", a, b)
	}
}

// The parts of a command, put together, are the command.
func TestMethodParts(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("echo one\n", 100) + strings.Repeat("x", 9000) + "\n" + strings.Repeat("echo two\n", 5)
	parts := methodParts([]report.Method{{Probe: "a.b", Command: "true\n"}, {Probe: "c.d", Command: long}, {Probe: "e.f", Command: "\n"}})
	if len(parts) < 6 || parts[0].part != 0 || parts[1].part != 0 || parts[2].part != 1 {
		t.Fatalf("%d parts", len(parts))
	}
	var joined []string
	for _, p := range parts {
		if p.Probe == "c.d" {
			joined = append(joined, p.command)
			if n := strings.Count(p.command, "\n"); n > partLines {
				t.Errorf("a part of %d lines", n)
			}
		}
	}
	if strings.Join(joined, "\n")+"\n" != long {
		t.Error("the parts are not the command")
	}
}

func TestNumber(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567", -1234: "-1,234", -123: "-123"} {
		if got := number(n); got != want {
			t.Errorf("number(%d) = %q, want %q", n, got, want)
		}
	}
}

func TestQuoted(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"hosts/3f/a.tar.gz": "hosts/3f/a.tar.gz", "a b": "'a b'", "it's": `'it'\''s'`, "": "''", "$(x)": "'$(x)'"} {
		if got := quoted(in); got != want {
			t.Errorf("quoted(%q) = %s, want %s", in, got, want)
		}
	}
}
