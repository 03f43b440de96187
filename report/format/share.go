package format

import (
	"fmt"

	"github.com/fleetaudit/fleetaudit/report/control"
)

// Share is a part of a whole as reports print it: never a percentage without its n/d, and no percentage at all where nothing was
// tested.
type Share struct {
	N, D   int
	Tested int // of D, those with a verdict; 0 means that the share is not known
}

// ResultShare is the results that PASS of all judged ones. NOT TESTED and EXCEPTION count against, N/A and MANUAL do not count.
func ResultShare(c control.Counts) Share {
	return Share{N: c.Pass, D: c.Judged(), Tested: c.Pass + c.Fail + c.Exception}
}

// HostShare is the hosts on which every applicable check of a reference passes, of all hosts in scope of it, untested ones included.
func HostShare(s *control.Status) Share {
	return Share{N: s.HostsAllPass, D: s.HostsInScope, Tested: s.Counts.Pass + s.Counts.Fail + s.Counts.Exception}
}

// Known tells that there is a percentage to print.
func (s Share) Known() bool { return s.D > 0 && s.Tested > 0 }

// Fraction is n/d between 0 and 1, cut to thousandths as control.Share does, so that 100.0 % means all. What is not nothing is never
// shown as nothing either: it is at least one thousandth.
func (s Share) Fraction() float64 {
	f, _ := control.Share{N: s.N, D: s.D}.Ratio()
	if s.N > 0 && f == 0 {
		return 0.001
	}
	return f
}

// Text is the share as "n/d", with a word where there is no percentage.
func (s Share) Text() string {
	switch {
	case s.D == 0:
		return "none apply"
	case s.Tested == 0:
		return fmt.Sprintf("0/%d, none tested", s.D)
	}
	return fmt.Sprintf("%d/%d", s.N, s.D)
}

// Percent is the share as text with one decimal and its n/d, such as "85.7 % (6/7)".
func (s Share) Percent() string {
	if !s.Known() {
		return s.Text()
	}
	return fmt.Sprintf("%.1f %% (%s)", 100*s.Fraction(), s.Text())
}

// Band places the share in one of the five bands of the maturity rubric: 0-10, 11-32, 33-65, 66-89, 90-100 %. It is indicative, for
// the Implemented level alone, and no score. The percentage is cut to a whole number, so that rounding never lifts a band. It is
// empty where nothing was tested.
//
// The bands are those published for HITRUST's control maturity rubric: https://compyl.com/blog/the-hitrust-scoring-rubric-explained/
func (s Share) Band() string {
	if !s.Known() {
		return ""
	}
	switch percent := s.N * 100 / s.D; {
	case percent <= 10:
		return "0–10 %"
	case percent <= 32:
		return "11–32 %"
	case percent <= 65:
		return "33–65 %"
	case percent <= 89:
		return "66–89 %"
	default:
		return "90–100 %"
	}
}
