// Package cell makes text from hosts inert and showable, so that it can stand in a spreadsheet cell or a CSV field: nothing in it is
// ever a formula, nothing in it is invisible, and nothing in it is longer than a reader can use.
//
// The text is data for people. The exact bytes stay in the bundle.
package cell

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limits of a cell.
const (
	MaxCharacters = 2000  // ours: more is an excerpt that says so
	MaxUnits      = 32766 // UTF-16 units; Excel's limit is 32,767 and its libraries cut there without a word
)

// Text gives s as a cell may hold it: what is invisible or illegal is shown (Show), what could begin a formula is quoted (Guard),
// and what is longer than limit characters is an excerpt (Excerpt). Text of its own result is that result.
func Text(s string, limit int) string {
	return Excerpt(Guard(Show(s)), limit)
}

// Line is Text on one line: line breaks and tabs become single spaces. It is for names, headers and footers.
func Line(s string, limit int) string {
	return Text(strings.Join(strings.Fields(Show(s)), " "), limit)
}

// Show makes visible what a reader would not see or what XML cannot hold: control characters as \x1B, bytes that are not UTF-8 as
// \xFF, bidirectional overrides, zero-width and other invisible characters as \u202E. Line breaks and tabs stay; CR LF becomes LF.
func Show(s string) string {
	if plain(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s) + len(s)/8)
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02X`, s[i])
		case r == '\r' && i+1 < len(s) && s[i+1] == '\n':
			// the line break that follows says it all
		case r == '\n' || r == '\t':
			b.WriteByte(s[i])
		case r < 0x20 || r == 0x7F:
			fmt.Fprintf(&b, `\x%02X`, r)
		case hidden(r) && r > 0xFFFF:
			fmt.Fprintf(&b, `\U%08X`, r)
		case hidden(r):
			fmt.Fprintf(&b, `\u%04X`, r)
		default:
			b.WriteString(s[i : i+n])
		}
		i += n
	}
	return b.String()
}

// plain tells that s holds nothing but printable ASCII, line breaks and tabs, which is true of nearly everything.
func plain(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < 0x20 || c > 0x7E) && c != '\n' && c != '\t' {
			return false
		}
	}
	return true
}

// hidden tells that r has no shape of its own or changes how its neighbours are read. Cf holds the bidirectional controls, the
// zero-width characters and the tags; the rest are letters and marks that fonts draw as nothing, and code points that are no characters.
func hidden(r rune) bool {
	return unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Variation_Selector, unicode.Noncharacter_Code_Point, invisible) ||
		r >= 0x80 && r <= 0x9F
}

// invisible are the letters and marks outside the categories above that are drawn as nothing.
var invisible = &unicode.RangeTable{
	R16: []unicode.Range16{
		{Lo: 0x034F, Hi: 0x034F, Stride: 1}, // combining grapheme joiner
		{Lo: 0x115F, Hi: 0x1160, Stride: 1}, // Hangul fillers
		{Lo: 0x17B4, Hi: 0x17B5, Stride: 1}, // Khmer inherent vowels
		{Lo: 0x2800, Hi: 0x2800, Stride: 1}, // Braille blank
		{Lo: 0x3164, Hi: 0x3164, Stride: 1}, // Hangul filler
		{Lo: 0xFFA0, Hi: 0xFFA0, Stride: 1}, // halfwidth Hangul filler
	},
}

// triggers are the characters with which spreadsheets begin a formula or a command, with their full-width and small forms, which
// some of them take for the same.
const triggers = "=+-@|%" + "＝＋－＠｜％" + "﹢﹣﹦﹪﹫" + "−"

// Guard puts a ' before text that a spreadsheet could take for a formula: text that begins, after blanks, with = + - @ | % or one
// of their full-width forms, and text that begins with a tab or a line break.
func Guard(s string) string {
	if s == "" {
		return s
	}
	if strings.IndexByte("\t\r\n", s[0]) >= 0 {
		return "'" + s
	}
	r, _ := utf8.DecodeRuneInString(strings.TrimLeftFunc(s, unicode.IsSpace))
	if r != utf8.RuneError && strings.ContainsRune(triggers, r) {
		return "'" + s
	}
	return s
}

// Excerpt cuts s to at most limit characters and MaxUnits UTF-16 units, mark included. What is cut says so, with both numbers.
func Excerpt(s string, limit int) string {
	limit = min(limit, MaxUnits)
	if len(s) <= limit {
		return s // a character has at least as many bytes as UTF-16 units
	}
	n, units := 0, 0
	for _, r := range s {
		n++
		units += utf16Units(r)
	}
	if n <= limit && units <= MaxUnits {
		return s
	}
	room := max(0, limit-utf8.RuneCountInString(mark(limit, n)))
	end, kept, used := 0, 0, 0
	for i, r := range s {
		if end = i; kept == room || used+utf16Units(r) > MaxUnits-len(mark(limit, n)) {
			break
		}
		kept++
		used += utf16Units(r)
	}
	return s[:end] + mark(kept, n)
}

func mark(kept, of int) string {
	return fmt.Sprintf("\n[… excerpt: first %d of %d characters; full text in the bundle]", kept, of)
}

// utf16Units is 2 for characters beyond the basic plane, and 1 for all others.
func utf16Units(r rune) int {
	if r > 0xFFFF {
		return 2
	}
	return 1
}
