package inventory

import (
	"cmp"
	"errors"
	"slices"
)

// Error is one fault of an inventory at its place. Load gives all faults of a file joined; unwrap to []error for each.
type Error struct {
	Pos Position
	Msg string // what is wrong and what was expected
}

// Error gives file:line:column: message.
func (e *Error) Error() string { return e.Pos.String() + ": " + e.Msg }

// join puts faults in order of place and makes one error of them; nil for none.
func join(faults []*Error) error {
	slices.SortStableFunc(faults, func(a, b *Error) int {
		return cmp.Or(cmp.Compare(a.Pos.Line, b.Pos.Line), cmp.Compare(a.Pos.Column, b.Pos.Column), cmp.Compare(a.Msg, b.Msg))
	})
	errs := make([]error, 0, len(faults))
	for i, f := range faults {
		if i > 0 && *f == *faults[i-1] {
			continue
		}
		errs = append(errs, f)
	}
	return errors.Join(errs...)
}
