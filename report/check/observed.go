package check

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// Bounds of an observed value, so that a report stays readable; the whole answer is in the evidence.
const (
	maxObserved      = 2000 // characters
	maxObservedItems = 20   // elements of a list or entries of a map
)

// What is shown where there is nothing to show.
const (
	notSet    = "not set"
	emptyText = "(empty)"
	emptyList = "none"
)

// render shows a value to people: a scalar as text, a list with one element a line, a map or row as "key=value" pairs in key order.
func render(v any) string {
	var text string
	switch v := v.(type) {
	case []any:
		text = renderList(v)
	case map[string]any:
		text = renderPairs(v, "\n")
	default:
		text = renderInline(v)
	}
	return clip(text, maxObserved)
}

func renderList(list []any) string {
	if len(list) == 0 {
		return emptyList
	}
	var lines []string
	for i, e := range list {
		if i == maxObservedItems {
			lines = append(lines, fmt.Sprintf("and %d more", len(list)-i))
			break
		}
		lines = append(lines, renderInline(e))
	}
	return strings.Join(lines, "\n")
}

func renderPairs(m map[string]any, separator string) string {
	if len(m) == 0 {
		return emptyList
	}
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	var pairs []string
	for i, k := range keys {
		if i == maxObservedItems {
			pairs = append(pairs, fmt.Sprintf("and %d more", len(keys)-i))
			break
		}
		pairs = append(pairs, printable(k)+"="+renderInline(m[k]))
	}
	return strings.Join(pairs, separator)
}

// renderInline shows a value on one line.
func renderInline(v any) string {
	switch v := v.(type) {
	case string:
		if v == "" {
			return emptyText
		}
		return printable(v)
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	case time.Time:
		return v.UTC().Format(time.RFC3339)
	case []any:
		var parts []string
		for i, e := range v {
			if i == maxObservedItems {
				parts = append(parts, fmt.Sprintf("and %d more", len(v)-i))
				break
			}
			parts = append(parts, renderInline(e))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case map[string]any:
		return renderPairs(v, " ")
	}
	return fmt.Sprint(v)
}

// printable replaces what would change the layout of a report or hide text in it: control and formatting characters, broken UTF-8.
func printable(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		if unicode.IsSpace(r) {
			return ' '
		}
		return '\uFFFD'
	}, s)
}

// clip cuts text to n characters, the last one an ellipsis.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	runes := []rune(s)
	if len(runes) <= n {
		return s
	}
	return string(runes[:n-1]) + "…"
}
