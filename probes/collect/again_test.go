package collect

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fleetaudit/fleetaudit/probes/evidence"
	"github.com/fleetaudit/fleetaudit/probes/remote"
	"github.com/fleetaudit/fleetaudit/probes/script"
)

// TestHungProbe has a probe that the host does not end: it is given up after its limit, and a second exec on the same session asks the rest.
func TestHungProbe(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t, testScript(t))
		var second []string
		f.hosts["h"] = fakeHost{exec: func(ctx context.Context, c *call) (int, error) {
			if c.n == 1 {
				c.part(2)
				<-ctx.Done()
				return -1, nil
			}
			second = c.asked
			c.replay()
			return 0, nil
		}}
		o, m := f.options("h")
		start := time.Now()
		s := f.run(t.Context(), o, m)
		want := 10*time.Second + grace + 2*time.Second
		if took := time.Since(start); took != want {
			t.Errorf("took %v, want %v", took, want)
		}
		a := m.answers["h"]
		if got := outcomes(a); !slices.Equal(got[evidence.OutcomeTimeout], []string{"c.one"}) || len(got[evidence.OutcomeAnswered]) != 5 {
			t.Errorf("outcomes %v", got)
		}
		if !slices.Equal(second, []string{"c.two", "d.one", "b.slow"}) {
			t.Errorf("the second exec asked %v", second)
		}
		if a.Host.Execs != 2 || a.Host.Tries != 1 || s.Connections != 1 || a.Host.State != evidence.StatePartial || !strings.Contains(a.Host.Detail, "1 over their time limit") {
			t.Errorf("%+v\n%+v", a.Host, s)
		}
		if it := a.Items[3]; it.Probe != "c.one" || it.Duration != want || it.Start.IsZero() {
			t.Errorf("hung item %+v", it)
		}
	})
}

// TestLostLink loses the connection in the middle: what arrived is kept, one reconnect asks the rest.
func TestLostLink(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		again  func(ctx context.Context, c *call) (int, error)
		change func(h *fakeHost)
		state  evidence.State
		reason remote.Reason
		lost   int
		tries  int
	}{
		"rest answered": {state: evidence.StateComplete, tries: 2},
		"lost again":    {again: func(_ context.Context, c *call) (int, error) { c.part(1); return 0, errLost }, state: evidence.StatePartial, reason: remote.ReasonDropped, lost: 2, tries: 2},
		"cannot connect": {change: func(h *fakeHost) {
			h.connect = func(_ context.Context, n int) error {
				if n > 1 {
					return fault(remote.ReasonRefused)
				}
				return nil
			}
		}, state: evidence.StatePartial, reason: remote.ReasonRefused, lost: 3, tries: 2},
		"login refused": {change: func(h *fakeHost) {
			h.login = func(_ context.Context, n int) error {
				if n > 1 {
					return fault(remote.ReasonAuth)
				}
				return nil
			}
		}, state: evidence.StatePartial, reason: remote.ReasonAuth, lost: 3, tries: 2},
		"another host key": {change: func(h *fakeHost) {
			h.peer = func(n int) remote.Peer { return remote.Peer{HostKey: fmt.Sprint("SHA256:", n)} }
		}, state: evidence.StatePartial, reason: remote.ReasonHostKey, lost: 3, tries: 2},
		"another machine": {again: func(_ context.Context, c *call) (int, error) {
			c.answer(c.asked, func(r *script.Recording) { r.Header.MachineID = "fedcba9876543210fedcba9876543210" })
			return 0, nil
		}, state: evidence.StatePartial, reason: remote.ReasonProtocol, lost: 3, tries: 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := newFleet(t, testScript(t))
				var second []string
				h := fakeHost{exec: func(ctx context.Context, c *call) (int, error) {
					if c.n == 1 {
						c.part(3)
						return 0, errLost
					}
					second = c.asked
					if tc.again != nil {
						return tc.again(ctx, c)
					}
					c.replay()
					return 0, nil
				}}
				if tc.change != nil {
					tc.change(&h)
				}
				f.hosts["h"] = h
				o, m := f.options("h")
				f.run(t.Context(), o, m)
				a := m.answers["h"]
				if a.Host.State != tc.state || a.Host.Reason != string(tc.reason) || a.Host.Tries != tc.tries || len(outcomes(a)[evidence.OutcomeLost]) != tc.lost {
					t.Errorf("%+v\n%v", a.Host, outcomes(a))
				}
				if second != nil && !slices.Equal(second, []string{"c.two", "d.one", "b.slow"}) {
					t.Errorf("the second exec asked %v", second)
				}
				if len(m.logged("host asked again")) != 1 {
					t.Errorf("log %q", m.log)
				}
			})
		})
	}
}

// TestDeadSessionAfterStall has a host whose session takes no second exec after a hung probe: one reconnect asks the rest.
func TestDeadSessionAfterStall(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t, testScript(t))
		f.hosts["h"] = fakeHost{exec: func(ctx context.Context, c *call) (int, error) {
			if c.n == 1 {
				c.part(2)
				<-ctx.Done()
				return -1, errLost
			}
			c.replay()
			return 0, nil
		}}
		o, m := f.options("h")
		f.run(t.Context(), o, m)
		if a := m.answers["h"]; a.Host.Tries != 2 || len(outcomes(a)[evidence.OutcomeAnswered]) != 5 || len(outcomes(a)[evidence.OutcomeTimeout]) != 1 {
			t.Errorf("%+v\n%v", a.Host, outcomes(a))
		}
	})
}
