// Package readonly lints the POSIX sh text of probes: it says everything in a text that could change the host, reach the network,
// leak a secret, or let a failed command look like an empty answer.
//
// The text is parsed, never run. What cannot be decided from the text is refused: commands come from an allow-list (commands.go) with a
// rule for the arguments of each, a command's name must be written out, and an argument that is not known may not be able to become an option of a
// command whose options matter. A fault says how to mend it.
package readonly

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// Fault is something in a text that a probe may not do, with its place: 1-based line and column within the text, 0 when not known.
type Fault struct {
	Line, Column int
	Msg          string
}

// Options change what the lint lets pass.
type Options struct {
	// Reduced lets awk read files that hold secrets: the author declares that the program leaves them out.
	Reduced bool
}

// Check gives the faults of a text in the order of their places.
func Check(text string, o Options) []Fault {
	file, fault := parse(text)
	if fault != nil {
		return []Fault{*fault}
	}
	l := &linter{options: o, vars: map[string][]arg{}, functions: map[string]bool{}}
	l.declare(file)
	l.constructs(file)
	l.statuses(file)
	slices.SortStableFunc(l.faults, func(a, b Fault) int { return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column)) })
	return slices.Compact(l.faults)
}

// UsesRoot says whether a text has a command marked asroot, in whatever part of it.
func UsesRoot(text string) bool {
	file, fault := parse(text)
	if fault != nil {
		return false
	}
	found := false
	syntax.Walk(file, func(n syntax.Node) bool {
		if call, ok := n.(*syntax.CallExpr); ok {
			for _, w := range call.Args {
				name, _ := literal(w)
				found = found || name == "asroot"
				if name != "need" {
					break
				}
			}
		}
		return true
	})
	return found
}

func parse(text string) (*syntax.File, *Fault) {
	file, err := syntax.NewParser(syntax.Variant(syntax.LangPOSIX)).Parse(strings.NewReader(text), "")
	if err == nil {
		return file, nil
	}
	var parseErr syntax.ParseError
	var langErr syntax.LangError
	switch {
	case errors.As(err, &parseErr):
		return nil, fault(parseErr.Pos, "not POSIX sh: %s", parseErr.Text)
	case errors.As(err, &langErr):
		return nil, fault(langErr.Pos, "not POSIX sh: %s", langErr.Error())
	}
	return nil, fault(syntax.Pos{}, "not POSIX sh: %s", err)
}

func fault(at syntax.Pos, format string, args ...any) *Fault {
	return &Fault{int(at.Line()), int(at.Col()), fmt.Sprintf(format, args...)}
}

// linter holds what is known of one text.
type linter struct {
	options   Options
	vars      map[string][]arg // every value that a variable is given anywhere in the text
	functions map[string]bool  // functions that the text defines
	splits    bool             // IFS is changed, so it is not known how words split
	faults    []Fault
}

func (l *linter) errorf(at syntax.Pos, format string, args ...any) {
	l.faults = append(l.faults, *fault(at, format, args...))
}
