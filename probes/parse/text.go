package parse

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/fleetaudit/fleetaudit/probes/fact"
)

// invalidUTF8 is the option of the line-wise syntaxes for bytes that are no UTF-8, as in old file names and full names of users: an
// error (the default), or kept readable as \xNN.
var invalidUTF8 = option{value: "error", one: []string{"error", "escape"}}

// text checks that an answer is text and gives it with line ends as "\n" alone.
func text(stdout []byte, escape bool) (string, error) {
	if i := bytes.IndexByte(stdout, 0); i >= 0 {
		return "", errorf(lineAt(stdout, i), "a NUL byte: this is not text")
	}
	s := string(stdout)
	if !utf8.ValidString(s) {
		if !escape {
			return "", errorf(lineAt(stdout, invalidAt(s)), "bytes that are not UTF-8")
		}
		s = escapeInvalid(s)
	}
	return strings.ReplaceAll(s, "\r\n", "\n"), nil
}

func lineAt(b []byte, offset int) int { return bytes.Count(b[:offset], []byte("\n")) + 1 }

func invalidAt(s string) int {
	for i, r := range s {
		if r == utf8.RuneError {
			if _, size := utf8.DecodeRuneInString(s[i:]); size == 1 {
				return i
			}
		}
	}
	return 0
}

func escapeInvalid(s string) string {
	var b strings.Builder
	for len(s) > 0 {
		r, size := utf8.DecodeRuneInString(s)
		if r == utf8.RuneError && size == 1 {
			fmt.Fprintf(&b, `\x%02x`, s[0])
		} else {
			b.WriteString(s[:size])
		}
		s = s[size:]
	}
	return b.String()
}

// line is a line of an answer with its 1-based number.
type line struct {
	no   int
	text string
}

// splitLines gives the lines of an answer that are neither blank nor begin (after blanks) with a comment prefix. Blanks around them stay.
func splitLines(s string, comments ...string) []line {
	var out []line
	no := 0
	for l := range strings.SplitSeq(s, "\n") {
		no++
		trimmed := strings.TrimSpace(l)
		if trimmed == "" || hasAnyPrefix(trimmed, comments) {
			continue
		}
		out = append(out, line{no, l})
	}
	return out
}

func hasAnyPrefix(s string, prefixes []string) bool {
	for _, p := range prefixes {
		if strings.HasPrefix(s, p) {
			return true
		}
	}
	return false
}

// commentPrefixes reads the value of a comment option: "none", or prefixes with blanks between them.
func commentPrefixes(value string) []string {
	if value == "none" {
		return nil
	}
	return strings.Fields(value)
}

// scalarOrList says whether a type is a scalar or a list of scalars.
func scalarOrList(t fact.Type) bool {
	return t.Scalar() || t.Kind == fact.List && t.Elem != nil && t.Elem.Scalar()
}

// splitConvert makes a list from text whose elements stand between separators, " " meaning any run of blanks. Blanks around elements
// go; empty text is an empty list; an empty element among others is an error.
func splitConvert(s, separator string, elem fact.Type) (fact.Value, error) {
	s = strings.TrimSpace(s)
	out := []any{}
	if s == "" {
		return out, nil
	}
	parts := strings.Fields(s)
	if separator != " " {
		parts = strings.Split(s, separator)
	}
	for _, part := range parts {
		part = strings.TrimSpace(part)
		if part == "" {
			return nil, fmt.Errorf("an empty element in %s", quote(s))
		}
		v, err := fact.Convert(part, elem)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

// quote shortens host text for a message.
func quote(s string) string {
	const most = 60
	if len(s) > most {
		return fmt.Sprintf("%+q...", s[:most])
	}
	return fmt.Sprintf("%+q", s)
}
