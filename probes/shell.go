package probes

import (
	"errors"
	"fmt"
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"github.com/fleetaudit/fleetaudit/inventory"
)

// parseShell reads the text of a probe as POSIX sh. The error is an *Error with the place in the YAML file.
func parseShell(p *Probe) (*syntax.File, error) {
	file, err := syntax.NewParser(syntax.Variant(syntax.LangPOSIX)).Parse(strings.NewReader(p.Run), "")
	if err == nil {
		return file, nil
	}
	var parseErr syntax.ParseError
	if errors.As(err, &parseErr) {
		return nil, p.errorAt(parseErr.Pos, "not POSIX sh: %s", parseErr.Text)
	}
	var langErr syntax.LangError
	if errors.As(err, &langErr) {
		return nil, p.errorAt(langErr.Pos, "not POSIX sh: %s", langErr.Error())
	}
	return nil, p.errorAt(syntax.Pos{}, "not POSIX sh: %s", err)
}

// errorAt makes an error for a place within Run. When the place in the file cannot be told, the message says where in Run it is.
func (p *Probe) errorAt(at syntax.Pos, format string, args ...any) error {
	pos, msg := p.runPos, fmt.Sprintf(format, args...)
	switch {
	case pos.File == "":
		pos = inventory.Position{File: p.ID, Line: int(at.Line()), Column: int(at.Col())} //nolint:gosec // small
	case p.runLines:
		pos.Line += int(at.Line()) //nolint:gosec // small
		pos.Column = 0
	}
	return &Error{pos, msg}
}

// usesRoot says whether a probe has a command marked asroot, in whatever part of it.
func usesRoot(p *Probe) bool {
	file, err := parseShell(p)
	if err != nil {
		return false
	}
	found := false
	syntax.Walk(file, func(n syntax.Node) bool {
		call, ok := n.(*syntax.CallExpr)
		if ok && len(call.Args) > 0 {
			name := call.Args[0].Lit()
			if name == "need" && len(call.Args) > 1 {
				name = call.Args[1].Lit()
			}
			found = found || name == "asroot"
		}
		return true
	})
	return found
}
