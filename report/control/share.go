package control

import "fmt"

// Share is a part of a whole. It is never shown without both numbers.
type Share struct{ N, D int }

// Ratio gives N/D as a fraction, cut (never rounded) to thousandths so that 100.0 % means all; false when nothing was judged, which is
// no score at all.
func (s Share) Ratio() (float64, bool) {
	if s.D <= 0 {
		return 0, false
	}
	return float64(s.N*1000/s.D) / 1000, true
}

// String gives "12/40 (30.0 %)", and "nothing judged" where there is no whole.
func (s Share) String() string {
	r, ok := s.Ratio()
	if !ok {
		return "nothing judged"
	}
	return fmt.Sprintf("%d/%d (%.1f %%)", s.N, s.D, r*100)
}

// Share gives the passes among the judged results.
func (c Counts) Share() Share { return Share{c.Pass, c.Judged()} }

// HostShare gives the hosts that pass in everything judged among the hosts in scope.
func (s Status) HostShare() Share { return Share{s.HostsAllPass, s.HostsInScope} }
