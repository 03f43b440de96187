package inventory

import (
	"errors"
	"fmt"
	"iter"
	"strconv"
	"strings"
)

// maxRange bounds one range, before anything is made of it.
const maxRange = 1 << 30

// segment is a piece of a word: text as it stands, or a range.
type segment struct {
	text           string // used if step is 0
	from, to, step int
	width          int  // digits to pad to with zeros
	letters        bool // from and to are letters
}

// ranges is a word such as "web[01:20].example.org", taken apart.
type ranges []segment

// parseRanges takes a word apart. A word without brackets is one segment of text.
func parseRanges(s string) (ranges, error) {
	var rs ranges
	for s != "" {
		open := strings.IndexAny(s, "[]")
		if open < 0 {
			return append(rs, segment{text: s}), nil
		}
		if s[open] == ']' {
			return nil, errors.New("']' without '['")
		}
		if open > 0 {
			rs = append(rs, segment{text: s[:open]})
		}
		end := strings.IndexAny(s[open+1:], "[]")
		if end < 0 || s[open+1+end] == '[' {
			return nil, errors.New("'[' without ']'")
		}
		seg, err := parseRange(s[open+1 : open+1+end])
		if err != nil {
			return nil, fmt.Errorf("range %s: %w", s[open:open+end+2], err)
		}
		rs = append(rs, seg)
		s = s[open+end+2:]
	}
	return rs, nil
}

// parseRange reads from:to or from:to:step.
func parseRange(s string) (segment, error) {
	parts := strings.Split(s, ":")
	if len(parts) < 2 || len(parts) > 3 {
		return segment{}, errors.New("expected [from:to] or [from:to:step]")
	}
	seg := segment{step: 1}
	if len(parts) == 3 {
		n, err := number(parts[2])
		if err != nil || n < 1 {
			return segment{}, errors.New("the step must be a number of at least 1")
		}
		seg.step = n
	}
	if isLetter(parts[0]) && isLetter(parts[1]) {
		seg.from, seg.to, seg.letters = int(parts[0][0]), int(parts[1][0]), true
		if (seg.from < 'a') != (seg.to < 'a') {
			return segment{}, errors.New("both ends must be small letters or both capitals")
		}
	} else if err := seg.numbers(parts[0], parts[1]); err != nil {
		return segment{}, err
	}
	if seg.from > seg.to {
		return segment{}, errors.New("it ends before it begins")
	}
	return seg, nil
}

// numbers takes the ends of a range of numbers.
func (seg *segment) numbers(from, to string) error {
	var err1, err2 error
	seg.from, err1 = number(from)
	seg.to, err2 = number(to)
	if err1 != nil || err2 != nil {
		return errors.New("expected two numbers or two letters, such as [01:20] or [a:f]")
	}
	if len(from) > 1 && from[0] == '0' {
		if len(from) != len(to) {
			return errors.New("with leading zeros both ends must have the same number of digits")
		}
		seg.width = len(from)
	}
	return nil
}

func number(s string) (int, error) {
	if s == "" || strings.Trim(s, "0123456789") != "" {
		return 0, strconv.ErrSyntax
	}
	n, err := strconv.Atoi(s)
	if err == nil && n > maxRange {
		err = strconv.ErrRange
	}
	return n, err
}

func isLetter(s string) bool {
	return len(s) == 1 && (s[0] >= 'a' && s[0] <= 'z' || s[0] >= 'A' && s[0] <= 'Z')
}

// count is how many words come of it, at most limit+1.
func (rs ranges) count(limit int) int {
	n := 1
	for _, seg := range rs {
		if seg.step == 0 {
			continue
		}
		c := (seg.to-seg.from)/seg.step + 1
		if c > limit/n {
			return limit + 1
		}
		n *= c
	}
	return n
}

// all gives the words, the last range counting fastest.
func (rs ranges) all() iter.Seq[string] {
	return func(yield func(string) bool) { rs.walk(make([]byte, 0, 64), yield) }
}

func (rs ranges) walk(prefix []byte, yield func(string) bool) bool {
	if len(rs) == 0 {
		return yield(string(prefix))
	}
	seg := rs[0]
	if seg.step == 0 {
		return rs[1:].walk(append(prefix, seg.text...), yield)
	}
	for i := seg.from; i <= seg.to; i += seg.step {
		next := prefix
		if seg.letters {
			next = append(next, byte(i))
		} else {
			text := strconv.Itoa(i)
			for range seg.width - len(text) {
				next = append(next, '0')
			}
			next = append(next, text...)
		}
		if !rs[1:].walk(next, yield) {
			return false
		}
	}
	return true
}
