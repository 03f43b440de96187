package inventory

import "strings"

// patternWord is one word of a pattern with its operator: 0, '&' or '!'.
type patternWord struct {
	operator byte
	text     string
}

// piece is what lies between two separators.
type piece struct {
	text  string
	colon bool // it was a colon that ended the piece before
}

// patternWords takes a pattern apart. Colons both part words and belong to IPv6 addresses: pieces that together are the name of a
// host, or else any IPv6 address, are one word, the longest first.
func (inv *Inventory) patternWords(pattern string) []patternWord {
	pieces := splitPattern(pattern)
	isHost := func(s string) bool {
		_, ok := inv.index(canonicalAddress(s))
		return ok
	}
	var words []patternWord
	for len(pieces) > 0 {
		n := joined(pieces, isHost)
		if n == 1 {
			n = joined(pieces, isIP)
		}
		var text strings.Builder
		text.WriteString(pieces[0].text)
		for _, p := range pieces[1:n] {
			text.WriteString(":" + p.text)
		}
		pieces = pieces[n:]
		if w := newPatternWord(text.String()); w != (patternWord{}) {
			words = append(words, w)
		}
	}
	return words
}

// joined is how many pieces make a word with colons in it that is satisfies; 1 if none do.
func joined(pieces []piece, is func(string) bool) int {
	end := 1
	for end < len(pieces) && pieces[end].colon {
		end++
	}
	for n := min(end, 9); n > 1; n-- { // an IPv6 address has at most 8 colons, in "1:2:3:4:5:6:7::"
		var b strings.Builder
		for i, p := range pieces[:n] {
			if i > 0 {
				b.WriteByte(':')
			}
			b.WriteString(p.text)
		}
		if is(newPatternWord(b.String()).text) {
			return n
		}
	}
	return 1
}

func newPatternWord(s string) patternWord {
	s = strings.TrimSpace(s)
	if s != "" && (s[0] == '&' || s[0] == '!') {
		return patternWord{s[0], strings.TrimSpace(s[1:])}
	}
	return patternWord{0, s}
}

// splitPattern cuts at commas and colons that no bracket encloses. In regular expressions all brackets count, and what follows a
// backslash does not.
func splitPattern(s string) []piece {
	pieces := []piece{{}}
	start, depth, colon := 0, 0, false
	for i := 0; i < len(s); i++ {
		regex := strings.HasPrefix(newPatternWord(s[start:i]).text, "~")
		switch c := s[i]; {
		case regex && c == '\\':
			i++
		case c == '[', regex && (c == '(' || c == '{'):
			depth++
		case c == ']', regex && (c == ')' || c == '}'):
			depth = max(depth-1, 0)
		case depth == 0 && (c == ',' || c == ':'):
			pieces = append(pieces, piece{s[start:i], colon})
			start, colon = i+1, c == ':'
		}
	}
	return append(pieces[1:], piece{s[min(start, len(s)):], colon})
}
