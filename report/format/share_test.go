package format_test

import (
	"testing"

	"github.com/fleetaudit/fleetaudit/report/control"
	"github.com/fleetaudit/fleetaudit/report/format"
)

func TestShare(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		s             format.Share
		known         bool
		fraction      float64
		percent, band string
	}{
		{format.Share{}, false, 0, "none apply", ""},
		{format.Share{N: 0, D: 6}, false, 0, "0/6, none tested", ""},
		{format.Share{N: 0, D: 6, Tested: 2}, true, 0, "0.0 % (0/6)", "0–10 %"},
		{format.Share{N: 6, D: 7, Tested: 7}, true, 0.857, "85.7 % (6/7)", "66–89 %"},
		{format.Share{N: 2, D: 3, Tested: 3}, true, 0.666, "66.6 % (2/3)", "66–89 %"},
		{format.Share{N: 9999, D: 10000, Tested: 1}, true, 0.999, "99.9 % (9999/10000)", "90–100 %"},
		{format.Share{N: 1, D: 10000, Tested: 1}, true, 0.001, "0.1 % (1/10000)", "0–10 %"},
		{format.Share{N: 899, D: 1000, Tested: 1000}, true, 0.899, "89.9 % (899/1000)", "66–89 %"},
		{format.Share{N: 90, D: 100, Tested: 100}, true, 0.9, "90.0 % (90/100)", "90–100 %"},
		{format.Share{N: 109, D: 1000, Tested: 1000}, true, 0.109, "10.9 % (109/1000)", "0–10 %"},
		{format.Share{N: 11, D: 100, Tested: 100}, true, 0.11, "11.0 % (11/100)", "11–32 %"},
		{format.Share{N: 33, D: 100, Tested: 100}, true, 0.33, "33.0 % (33/100)", "33–65 %"},
		{format.Share{N: 5, D: 5, Tested: 5}, true, 1, "100.0 % (5/5)", "90–100 %"},
	} {
		if c.s.Known() != c.known {
			t.Errorf("%+v: known %v, want %v", c.s, c.s.Known(), c.known)
		}
		if got := c.s.Percent(); got != c.percent {
			t.Errorf("%+v: %q, want %q", c.s, got, c.percent)
		}
		if got := c.s.Band(); got != c.band {
			t.Errorf("%+v: band %q, want %q", c.s, got, c.band)
		}
		if got := c.s.Fraction(); c.known && got != c.fraction {
			t.Errorf("%+v: fraction %v, want %v", c.s, got, c.fraction)
		}
	}
}

// A host or reference that nothing was learnt about has no percentage, however many results it has.
func TestUntestedHasNoShare(t *testing.T) {
	t.Parallel()
	if s := format.ResultShare(control.Counts{NotTested: 12, Manual: 1, NA: 3}); s.Known() {
		t.Errorf("share %s of results that were not tested", s.Percent())
	}
	if s := format.HostShare(&control.Status{HostsInScope: 4, Counts: control.Counts{NotTested: 4}}); s.Known() {
		t.Errorf("share %s of hosts that were not tested", s.Percent())
	}
}
