package probes

import (
	"github.com/fleetaudit/fleetaudit/inventory"
	"github.com/fleetaudit/fleetaudit/probes/readonly"
)

// CheckReadOnly says everything in the text of a probe that could change the host, leak a secret, or let a failed command look like an
// empty answer. Each fault is an *Error with its place in the content. Texts for platforms other than Linux are not understood.
func CheckReadOnly(p *Probe) []error {
	if p.Platform != inventory.PlatformLinux {
		return []error{&Error{p.runPos, "the read-only lint knows POSIX sh alone: platform " + string(p.Platform) + " cannot be checked"}}
	}
	var errs []error
	for _, f := range readonly.Check(p.Run, readonly.Options{Reduced: p.Reduced}) {
		errs = append(errs, &Error{p.within(f), f.Msg})
	}
	return errs
}

// within gives the place of a fault within Run in the file of the probe. For a text that is folded or in quotes it is the place of the text.
func (p *Probe) within(f readonly.Fault) inventory.Position {
	pos := p.runPos
	switch {
	case pos.File == "":
		return inventory.Position{File: p.ID, Line: f.Line, Column: f.Column}
	case p.runLines && f.Line > 0:
		pos.Line += f.Line
		pos.Column = p.runIndent + f.Column
	}
	return pos
}
