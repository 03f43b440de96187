package cell_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/fleetaudit/fleetaudit/report/format/cell"
)

func TestShow(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"":                          "",
		"plain text, 100 %":         "plain text, 100 %",
		"two\nlines\tand a tab":     "two\nlines\tand a tab",
		"Krankenhaus Süd – Größe":   "Krankenhaus Süd – Größe",
		"\x1b[31mred\x1b[0m":        `\x1B[31mred\x1B[0m`,
		"a\x00b":                    `a\x00b`,
		"del\x7f":                   `del\x7F`,
		"win\r\nlines\r\n":          "win\nlines\n",
		"over\rwritten":             `over\x0Dwritten`,
		"bad \xff\xfe utf8":         `bad \xFF\xFE utf8`,
		"user\u202etxt.exe":         `user\u202Etxt.exe`,
		"zero\u200bwidth\ufeff":     `zero\u200Bwidth\uFEFF`,
		"soft\u00adhyphen":          `soft\u00ADhyphen`,
		"tag\U000E0041":             `tag\U000E0041`,
		"c1\u009b31m":               `c1\u009B31m`,
		"line\u2028sep":             `line\u2028sep`,
		"filler\u3164":              `filler\u3164`,
		"selector\ufe0f":            `selector\uFE0F`,
		"nonchar\uffff":             `nonchar\uFFFF`,
		"a real replacement \ufffd": "a real replacement \ufffd",
	} {
		if got := cell.Show(in); got != want {
			t.Errorf("Show(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestGuard(t *testing.T) {
	t.Parallel()
	for _, s := range []string{
		"=1+1", "+1", "-rw-r-----", "@SUM(A1)", "|cmd", "%TEMP%", "\tx", "\nx", "\r=x", "  =1", "\u00a0=1", "\u3000=1",
		"＝1", "＋1", "－1", "＠x", "｜x", "％x", "﹦1", "−1", " \n -x",
	} {
		if got := cell.Guard(s); got != "'"+s {
			t.Errorf("Guard(%q) = %q, want a leading '", s, got)
		}
	}
	for _, s := range []string{"", "   ", "no", "1-2", "a=b", "'=1", "/etc/passwd", "\\x1B=", "– dash"} {
		if got := cell.Guard(s); got != s {
			t.Errorf("Guard(%q) = %q, want it unchanged", s, got)
		}
	}
}

func TestExcerpt(t *testing.T) {
	t.Parallel()
	if s := strings.Repeat("é", 2000); cell.Excerpt(s, 2000) != s {
		t.Error("2000 characters of two bytes must stay whole")
	}
	got := cell.Excerpt(strings.Repeat("é", 2001), 2000)
	if n := utf8.RuneCountInString(got); n > 2000 {
		t.Errorf("%d characters, want at most 2000", n)
	}
	if want := "\n[… excerpt: first 1932 of 2001 characters; full text in the bundle]"; !strings.HasSuffix(got, want) {
		t.Errorf("ends %q, want %q", got[len(got)-80:], want)
	}
	if kept := strings.Count(got, "é"); kept != 1932 {
		t.Errorf("%d characters kept, but the mark says 1932", kept)
	}
	wide := cell.Excerpt(strings.Repeat("\U0001F512", 40000), 40000)
	if n := len(utf16.Encode([]rune(wide))); n > cell.MaxUnits {
		t.Errorf("%d UTF-16 units, want at most %d", n, cell.MaxUnits)
	}
}

func TestLine(t *testing.T) {
	t.Parallel()
	if got, want := cell.Line(" Example\n\tHealth  & Co\x1b ", 100), `Example Health & Co\x1B`; got != want {
		t.Errorf("Line = %q, want %q", got, want)
	}
}

func FuzzCell(f *testing.F) {
	for _, s := range []string{
		"", "no", "=cmd|' /C calc'!A0", "\t=1", "\x1b]8;;http://x\x07", "\xff\xfe", "a\u202eb", "_x0041_", "\r\n-1", "'=1",
		strings.Repeat("x", 201), strings.Repeat("\U0001F512", 150), "＝1", " \u3000+1", "\u200b=1", "\ufeff=1",
	} {
		f.Add(s, 200) // a low limit keeps the inputs that reach it small
	}
	f.Fuzz(func(t *testing.T, s string, limit int) {
		if limit < 200 {
			limit = 200
		}
		got := cell.Text(s, limit)
		if !utf8.ValidString(got) {
			t.Fatalf("not UTF-8: %q", got)
		}
		if n := utf8.RuneCountInString(got); n > limit {
			t.Fatalf("%d characters, limit %d", n, limit)
		}
		if n := len(utf16.Encode([]rune(got))); n > cell.MaxUnits {
			t.Fatalf("%d UTF-16 units", n)
		}
		if got != cell.Text(s, limit) {
			t.Fatal("not deterministic")
		}
		if again := cell.Text(got, limit); again != got {
			t.Fatalf("not idempotent: %q then %q", got, again)
		}
		first := strings.TrimLeftFunc(got, unicode.IsSpace)
		if first != "" && strings.ContainsAny(first[:1], "=+-@|%") || strings.HasPrefix(got, "\t") || strings.HasPrefix(got, "\n") {
			t.Fatalf("begins as a formula: %q", got)
		}
		for _, r := range got {
			if r < 0x20 && r != '\n' && r != '\t' || r == 0xFFFE || r == 0xFFFF || r == 0x202E || r == 0x200B {
				t.Fatalf("holds %U: %q", r, got)
			}
		}
	})
}
