package inventory

import (
	"errors"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Names that patterns have from the start, as in Ansible.
const (
	patternAll       = "all"
	patternUngrouped = "ungrouped"
)

// Select narrows the inventory to the hosts that a pattern of Ansible's words chooses. The receiver does not change.
//
// Words are parted by commas or colons. A word is the name of a group or host, all, ungrouped, a glob (web*, db0[1-3]), a range
// (web[01:20].example.org) or a regular expression after "~", tried from the beginning of names; globs and expressions match
// names of groups, too. A group may be followed by a subscript: web[0] is its first host, web[-1] its last, web[0:4] its first
// five. Whatever their order, plain words are united first, then "&word" keeps what is also in word, then "!word" takes out; with
// no plain word the start is all hosts. IPv6 addresses are words with or without brackets.
//
// A word that matches nothing is an error, since a misspelt exclusion would let hosts through; so is a pattern that leaves none.
func (inv *Inventory) Select(pattern string) (*Inventory, error) {
	words := inv.patternWords(pattern)
	if len(words) == 0 {
		return nil, fmt.Errorf("pattern %q: expected a word, such as a group, a host or all", pattern)
	}
	var errs []error
	chosen := make(selection, len(inv.hosts))
	if !slices.ContainsFunc(words, func(w patternWord) bool { return w.operator == 0 }) {
		chosen.fill()
	}
	for _, operator := range []byte{0, '&', '!'} {
		for _, w := range words {
			if w.operator != operator {
				continue
			}
			match, err := inv.matching(w.text)
			if err != nil {
				errs = append(errs, fmt.Errorf("pattern %q: %w", pattern, err))
				continue
			}
			chosen.combine(operator, match)
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	narrowed := *inv
	narrowed.hosts = nil
	for i, in := range chosen {
		if in {
			narrowed.hosts = append(narrowed.hosts, inv.hosts[i])
		}
	}
	if len(narrowed.hosts) == 0 {
		return nil, fmt.Errorf("pattern %q: each word matches, but together they leave no host", pattern)
	}
	return &narrowed, nil
}

// selection tells of each host, in the inventory's order, whether it is chosen.
type selection []bool

func (s selection) fill() {
	for i := range s {
		s[i] = true
	}
}

func (s selection) any() bool { return slices.Contains(s, true) }

func (s selection) combine(operator byte, match selection) {
	for i := range s {
		switch operator {
		case '&':
			s[i] = s[i] && match[i]
		case '!':
			s[i] = s[i] && !match[i]
		default:
			s[i] = s[i] || match[i]
		}
	}
}

// matching gives the hosts that one word means, at least one.
func (inv *Inventory) matching(text string) (selection, error) {
	if text == "" {
		return nil, errors.New("expected a word after '!' or '&'")
	}
	if expr, ok := strings.CutPrefix(text, "~"); ok {
		re, err := regexp.Compile(`\A(?:` + expr + `)`)
		if err != nil {
			return nil, fmt.Errorf("%q is no regular expression: %w", text, err)
		}
		return inv.must(text, inv.where(re.MatchString))
	}
	if base, sub, ok := splitSubscript(text); ok {
		if hosts := inv.named(base); hosts.any() {
			return inv.must(text, hosts.at(sub))
		}
	}
	if name := canonicalAddress(text); isIP(name) {
		return inv.must(text, inv.named(name))
	}
	if rs, err := parseRanges(text); err == nil && len(rs) > 0 && strings.Contains(text, "[") {
		return inv.ranged(text, rs)
	}
	if strings.ContainsAny(text, "*?[") {
		glob := strings.ReplaceAll(text, "[!", "[^")
		if _, err := path.Match(glob, ""); err != nil {
			return nil, fmt.Errorf("%q is no glob: expected * ? or a class in brackets", text)
		}
		return inv.must(text, inv.where(func(name string) bool {
			ok, err := path.Match(glob, name)
			return ok && err == nil
		}))
	}
	return inv.must(text, inv.named(text))
}

// must makes an error of a word that matches nothing.
func (inv *Inventory) must(text string, s selection) (selection, error) {
	if s.any() {
		return s, nil
	}
	names := inv.Groups()
	for i := range inv.hosts {
		names = append(names, inv.hosts[i].Name)
	}
	if meant := nearest(text, names); meant != "" {
		return nil, fmt.Errorf("%q matches no group and no host: did you mean %q?", text, meant)
	}
	return nil, fmt.Errorf("%q matches no group and no host", text)
}

// named gives the hosts of a group, or the host, of this very name.
func (inv *Inventory) named(name string) selection {
	switch name {
	case patternAll:
		s := make(selection, len(inv.hosts))
		s.fill()
		return s
	case patternUngrouped:
		s := make(selection, len(inv.hosts))
		for i := range inv.hosts {
			s[i] = len(inv.hosts[i].Groups) == 0
		}
		return s
	default:
		return inv.where(func(n string) bool { return n == name })
	}
}

// where gives the hosts whose name, or the name of one of whose groups, satisfies match.
func (inv *Inventory) where(match func(string) bool) selection {
	s := make(selection, len(inv.hosts))
	groups := make(map[string]bool) // a group is tried once, not once for each of its hosts
	for i := range inv.hosts {
		h := &inv.hosts[i]
		s[i] = match(h.Name) || slices.ContainsFunc(h.Groups, func(g string) bool {
			in, known := groups[g]
			if !known {
				in = match(g)
				groups[g] = in
			}
			return in
		})
	}
	return s
}

// ranged gives the hosts that a range lists. One that is not there is an error, as if it had been written out.
func (inv *Inventory) ranged(text string, rs ranges) (selection, error) {
	if rs.count(MaxHosts) > MaxHosts {
		return nil, fmt.Errorf("the range %q stands for more than %d hosts", text, MaxHosts)
	}
	s := make(selection, len(inv.hosts))
	for name := range rs.all() {
		i, ok := inv.index(name)
		if !ok {
			return nil, fmt.Errorf("%q: there is no host %q", text, name)
		}
		s[i] = true
	}
	return s, nil
}

// subscript is a choice by position among the hosts of a word; to is -1 for "to the end".
type subscript struct{ from, to int }

var subscriptForm = regexp.MustCompile(`^(.+)\[(?:(-?[0-9]{1,9})|([0-9]{1,9})[:-]([0-9]{0,9}))\]$`)

// splitSubscript takes a word such as web[0], web[-1], web[2:4] or web[2:] apart.
func splitSubscript(text string) (base string, sub subscript, ok bool) {
	m := subscriptForm.FindStringSubmatch(text)
	if m == nil {
		return "", subscript{}, false
	}
	if m[2] != "" {
		n, err := strconv.Atoi(m[2])
		return m[1], subscript{n, n}, err == nil
	}
	sub = subscript{to: -1}
	var err1, err2 error
	sub.from, err1 = strconv.Atoi(m[3])
	if m[4] != "" {
		sub.to, err2 = strconv.Atoi(m[4])
	}
	return m[1], sub, err1 == nil && err2 == nil
}

// at keeps the chosen hosts that sub counts out. Ends are included; a negative position counts from the end.
func (s selection) at(sub subscript) selection {
	total := 0
	for _, in := range s {
		if in {
			total++
		}
	}
	from, to := sub.from, sub.to
	switch {
	case from < 0:
		from += total
		to = from
	case to < 0:
		to = total - 1
	}
	kept := make(selection, len(s))
	n := 0
	for i, in := range s {
		if in {
			kept[i] = n >= from && n <= to
			n++
		}
	}
	return kept
}
