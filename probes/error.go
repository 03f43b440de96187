package probes

import (
	"cmp"
	"errors"
	"slices"

	"github.com/fleetaudit/fleetaudit/inventory"
)

// Error is a fault in content: what is wrong, and where in the YAML file.
type Error struct {
	Pos inventory.Position
	Msg string
}

// Error gives file:line:column: message.
func (e *Error) Error() string { return e.Pos.String() + ": " + e.Msg }

// joinSorted joins errors in the order of their positions, and gives nil for none. Errors without a position come first.
func joinSorted(errs []error) error {
	position := func(err error) inventory.Position {
		if e, ok := errors.AsType[*Error](err); ok {
			return e.Pos
		}
		return inventory.Position{}
	}
	slices.SortStableFunc(errs, func(a, b error) int {
		p, q := position(a), position(b)
		return cmp.Or(cmp.Compare(p.File, q.File), cmp.Compare(p.Line, q.Line), cmp.Compare(p.Column, q.Column))
	})
	return errors.Join(errs...)
}

// nearest gives the candidate that a misspelt word most likely means, or "" when none is near.
func nearest(word string, candidates []string) string {
	best, bestDistance := "", len(word)/2+1
	for _, c := range candidates {
		if d := distance(word, c); d < bestDistance {
			best, bestDistance = c, d
		}
	}
	return best
}

// distance is the number of letters to insert, drop or replace to make b of a.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		diagonal := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := diagonal
			if a[i-1] != b[j-1] {
				cost++
			}
			diagonal = row[j]
			row[j] = min(cost, row[j]+1, row[j-1]+1)
		}
	}
	return row[len(b)]
}
