package readonly

import (
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// maxValues bounds the values that a word is followed through; a word with more counts as not known.
const maxValues = 64

// arg is one value that an argument can have, as far as the text tells.
type arg struct {
	text  string // the value; only its beginning when open
	open  bool   // more follows text that is not known
	split bool   // may become several arguments, or none
	glob  string // the whole pattern when the argument is one; text is then what stands before its first wildcard
}

// unknown is an argument of which nothing is known.
var unknown = arg{open: true}

// option says whether the argument could be taken for an option.
func (a arg) option() bool {
	return a.split || strings.HasPrefix(a.text, "-") || a.open && a.text == ""
}

// known says whether the value is known in full.
func (a arg) known() bool { return !a.open && !a.split && a.glob == "" }

// literal gives a word that has no expansion in it, without its quotes.
func literal(w *syntax.Word) (string, bool) {
	var b strings.Builder
	for _, part := range w.Parts {
		switch part := part.(type) {
		case *syntax.Lit:
			b.WriteString(unescape(part.Value))
		case *syntax.SglQuoted:
			b.WriteString(part.Value)
		case *syntax.DblQuoted:
			for _, inner := range part.Parts {
				lit, ok := inner.(*syntax.Lit)
				if !ok {
					return "", false
				}
				b.WriteString(unescapeQuoted(lit.Value))
			}
		default:
			return "", false
		}
	}
	return b.String(), true
}

// unescape takes the backslashes out of unquoted text.
func unescape(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
			if s[i] == '\n' {
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// unescapeQuoted does so for text in double quotes, where a backslash stands for itself before most characters.
func unescapeQuoted(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) && strings.IndexByte("$`\"\\\n", s[i+1]) >= 0 {
			i++
			if s[i] == '\n' {
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// wildcard gives the place of the first unescaped wildcard in unquoted text, or -1.
func wildcard(s string) int {
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '*', '?', '[':
			return i
		}
	}
	return -1
}

// values gives every value that a word can have.
func (l *linter) values(w *syntax.Word) []arg {
	out := []arg{{}}
	for _, part := range w.Parts {
		out = l.appendPart(out, part)
		if len(out) > maxValues {
			return []arg{{open: true, split: anySplit(out)}}
		}
	}
	return out
}

func (l *linter) appendPart(out []arg, part syntax.WordPart) []arg {
	switch part := part.(type) {
	case *syntax.Lit:
		if i := wildcard(part.Value); i >= 0 {
			return each(out, arg{text: unescape(part.Value[:i]), open: true, glob: part.Value})
		}
		return each(out, arg{text: unescape(part.Value)})
	case *syntax.SglQuoted:
		return each(out, arg{text: part.Value})
	case *syntax.DblQuoted:
		for _, inner := range part.Parts {
			if lit, ok := inner.(*syntax.Lit); ok {
				out = each(out, arg{text: unescapeQuoted(lit.Value)})
				continue
			}
			out = each(out, l.expansion(inner)...)
		}
		return out
	}
	more := l.expansion(part)
	for i, m := range more {
		if m.open || l.splits || strings.ContainsAny(m.text, " \t\n*?[") {
			more[i].split = true
		}
	}
	return each(out, more...)
}

// each puts every one of the values more behind every one of the values out.
func each(out []arg, more ...arg) []arg {
	var all []arg
	for _, o := range out {
		for _, m := range more {
			next := arg{text: o.text, open: o.open || m.open, split: o.split || m.split, glob: o.glob}
			if !o.open {
				next.text += m.text
			}
			if o.glob != "" || m.glob != "" {
				next.glob = or(o.glob, o.text) + or(m.glob, m.text)
			}
			all = append(all, next)
		}
	}
	return all
}

func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func anySplit(args []arg) bool {
	for _, a := range args {
		if a.split {
			return true
		}
	}
	return false
}

// expansion gives the values of $name, $(command) or $((arithmetic)). Only plain variables that the text itself sets to known values
// are known.
func (l *linter) expansion(part syntax.WordPart) []arg {
	p, ok := part.(*syntax.ParamExp)
	if !ok || p.Param == nil {
		return []arg{unknown}
	}
	plain := !p.Excl && !p.Length && !p.Width && p.Slice == nil && p.Repl == nil && p.Exp == nil && p.Index == nil
	switch {
	case p.Length, p.Param.Value == "?" || p.Param.Value == "#" || p.Param.Value == "$":
		return []arg{{text: "0", open: true}} // a number that is not negative
	case !plain || len(l.vars[p.Param.Value]) == 0:
		return []arg{unknown}
	}
	return append([]arg(nil), l.vars[p.Param.Value]...)
}

// declare collects the functions of a text and every value that it gives to its variables.
func (l *linter) declare(file *syntax.File) {
	syntax.Walk(file, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.FuncDecl:
			if n.Name != nil {
				l.functions[n.Name.Value] = true
			}
		case *syntax.Assign:
			l.assign(n)
		case *syntax.ForClause:
			l.loop(n)
		case *syntax.CallExpr:
			l.reads(n)
		case *syntax.ParamExp:
			if n.Exp != nil && (n.Exp.Op == syntax.AssignUnset || n.Exp.Op == syntax.AssignUnsetOrNull) && n.Param != nil {
				l.vars[n.Param.Value] = append(l.vars[n.Param.Value], unknown)
			}
		}
		return true
	})
	for name, values := range l.vars {
		if len(values) > maxValues {
			l.vars[name] = []arg{unknown}
		}
	}
}

func (l *linter) assign(a *syntax.Assign) {
	if a.Name == nil {
		return
	}
	l.splits = l.splits || a.Name.Value == "IFS"
	value := unknown
	switch {
	case a.Value == nil && !a.Naked && !a.Append:
		value = arg{}
	case a.Value != nil && !a.Append:
		if text, ok := literal(a.Value); ok {
			value = arg{text: text}
		}
	}
	l.vars[a.Name.Value] = append(l.vars[a.Name.Value], value)
}

func (l *linter) loop(f *syntax.ForClause) {
	iter, ok := f.Loop.(*syntax.WordIter)
	if !ok || iter.Name == nil {
		return
	}
	name := iter.Name.Value
	if !iter.InPos.IsValid() {
		l.vars[name] = append(l.vars[name], unknown)
	}
	for _, item := range iter.Items {
		known := true
		for _, part := range item.Parts {
			switch part.(type) {
			case *syntax.Lit, *syntax.SglQuoted:
			default:
				known = false
			}
		}
		if _, ok := literal(item); !ok && !known {
			l.vars[name] = append(l.vars[name], unknown)
			continue
		}
		l.vars[name] = append(l.vars[name], l.values(item)...)
	}
}

// reads marks the variables that "read" fills as not known.
func (l *linter) reads(c *syntax.CallExpr) {
	words := c.Args
	for len(words) > 0 && slices.Contains(wrappers, words[0].Lit()) {
		words = words[1:]
	}
	for i, w := range words {
		text, ok := literal(w)
		if i == 0 && text != "read" && text != "getopts" {
			return
		}
		if i > 0 && ok {
			l.vars[text] = append(l.vars[text], unknown)
		}
	}
}
