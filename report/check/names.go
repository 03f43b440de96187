package check

import (
	"fmt"
	"slices"

	"github.com/fleetaudit/fleetaudit/inventory"
)

// Error is one thing wrong in content: a check, a baseline or an expression in one of them.
type Error struct {
	Pos inventory.Position
	ID  string // id of the check or name of the threshold, empty when not known
	Msg string // what is wrong and what is expected; may have several lines, such as CEL's excerpt with its caret
}

// Error gives position, id and message.
func (e *Error) Error() string {
	s := e.Pos.String()
	if e.ID != "" {
		s += ": " + e.ID
	}
	return s + ": " + e.Msg
}

// nearest gives the name of known that is closest to name, when it is close enough to be a slip of the pen.
func nearest(name string, known []string) (string, bool) {
	best, found := len(name)/3+1, ""
	for _, k := range known {
		if d := distance(name, k, best); d < best || d == best && found == "" {
			best, found = d, k
		}
	}
	return found, found != ""
}

// didYouMean is a hint to append to a message, empty when no known name is near.
func didYouMean(name string, known []string) string {
	if n, ok := nearest(name, known); ok {
		return fmt.Sprintf(" (did you mean %q?)", n)
	}
	return ""
}

// distance is the Levenshtein distance of a and b, or limit+1 when it is more than limit.
func distance(a, b string, limit int) int {
	if len(a)-len(b) > limit || len(b)-len(a) > limit {
		return limit + 1
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		diagonal := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			diagonal, row[j] = row[j], min(row[j]+1, row[j-1]+1, diagonal+cost)
		}
		if slices.Min(row) > limit {
			return limit + 1
		}
	}
	return row[len(b)]
}
