package collect

import (
	"context"
	"errors"
	"maps"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fleetaudit/fleetaudit/inventory"
	"github.com/fleetaudit/fleetaudit/probes/evidence"
	"github.com/fleetaudit/fleetaudit/probes/remote"
)

// TestInterrupted ends a run in the middle: who was being asked keeps what arrived, who waited or was never drawn has a record too.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	for name, limit := range map[string]time.Duration{"cancelled": 0, "time limit of the run": 10 * time.Second} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := newFleet(t, testScript(t))
				f.hosts["h0000"] = fakeHost{connect: func(context.Context, int) error { return fault(remote.ReasonRefused) }}
				for _, name := range hostNames(40)[2:] {
					f.hosts[name] = fakeHost{exec: func(ctx context.Context, c *call) (int, error) {
						c.part(2)
						select {
						case <-ctx.Done():
						case <-time.After(time.Hour):
						}
						return -1, nil
					}}
				}
				o, m := f.options(hostNames(2000)...)
				o.Forks, o.Dials, o.RunTimeout = 8, 16, limit
				ctx, cancel := context.WithCancel(t.Context())
				if limit == 0 {
					time.AfterFunc(10*time.Second, cancel)
				}
				s := f.run(ctx, o, m)
				cancel()
				if !s.Interrupted || s.Reasons["interrupted"] < 1900 {
					t.Errorf("%+v", s)
				}
				if h := m.answers["h0001"].Host; h.State != evidence.StateComplete {
					t.Errorf("%+v", h)
				}
				if a := m.answers["h0002"]; a.Host.State != evidence.StatePartial || a.Host.Reason != "interrupted" || len(outcomes(a)[evidence.OutcomeAnswered]) != 2 {
					t.Errorf("%+v", a.Host)
				}
				if h := m.answers["h1999"].Host; h.State != evidence.StateFailed || h.Reason != "interrupted" || h.Tries != 0 {
					t.Errorf("%+v", h)
				}
				if h := m.answers["h0000"].Host; h.Reason != "refused" || !strings.Contains(h.Detail, "not tried again") {
					t.Errorf("%+v", h)
				}
				if len(m.logged("run interrupted")) != 1 {
					t.Error("the log does not say that the run was interrupted")
				}
			})
		})
	}
}

func TestHostTimeout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t, testScript(t))
		// Each probe hangs a little below its own limit: only the limit of the host ends this.
		f.hosts["h"] = fakeHost{exec: func(ctx context.Context, c *call) (int, error) {
			c.part(1)
			select {
			case <-ctx.Done():
			case <-time.After(26 * time.Second):
			}
			return 0, nil
		}}
		o, m := f.options("h")
		o.HostTimeout = 20 * time.Second
		f.run(t.Context(), o, m)
		h := m.answers["h"].Host
		if h.State != evidence.StatePartial || h.Reason != "timeout" || !strings.Contains(h.Detail, "time limit of the host, 20s") || h.End.Sub(h.Start) != 20*time.Second {
			t.Errorf("%+v", h)
		}
	})
}

// TestPatience lets a connected host wait for its turn: after a while its connection is given up, and made again when its turn comes.
func TestPatience(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t, testScript(t))
		slow := fakeHost{exec: func(_ context.Context, c *call) (int, error) {
			time.Sleep(25 * time.Second)
			c.replay()
			return 0, nil
		}}
		f.hosts["h1"], f.hosts["h2"], f.hosts["h3"] = slow, slow, slow
		o, m := f.options("h1", "h2", "h3")
		o.Forks = 1
		s := f.run(t.Context(), o, m)
		if s.States[evidence.StateComplete] != 3 || s.Connections != 5 || f.atMostSe != 1 {
			t.Errorf("%+v, %d sessions at once", s, f.atMostSe)
		}
		for name, a := range m.answers {
			if a.Host.Tries != 1 {
				t.Errorf("%s: %d tries", name, a.Host.Tries)
			}
		}
	})
}

func TestSinkFails(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t, testScript(t))
		o, m := f.options(hostNames(500)...)
		o.Forks, o.Dials = 4, 4
		m.fail = func(host string) error {
			if host == "h0100" {
				return errDisk
			}
			return nil
		}
		_, err := Run(t.Context(), o)
		if !errors.Is(err, errDisk) {
			t.Errorf("error %v", err)
		}
		if len(m.answers) > 400 {
			t.Errorf("%d hosts were stored after the sink had failed", len(m.answers))
		}
	})
}

// TestLargeFleet asks 1,000 hosts of which 5 % are dead: limits hold, dead hosts hold nobody up, and hosts are drawn only as there is room.
func TestLargeFleet(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t, testScript(t))
		names := hostNames(1000)
		for i, name := range names {
			f.hosts[name] = fakeHost{exec: func(_ context.Context, c *call) (int, error) {
				time.Sleep(500 * time.Millisecond)
				c.replay()
				return 0, nil
			}}
			if i%20 == 0 {
				f.hosts[name] = fakeHost{connect: func(context.Context, int) error {
					time.Sleep(3 * time.Second)
					return fault(remote.ReasonTimeout)
				}}
			}
		}
		o, m := f.options(names...)
		var drawn, done atomic.Int64
		all := o.Hosts
		ahead := int64(0)
		o.Hosts = func(yield func(inventory.Host) bool) {
			for h := range all {
				ahead = max(ahead, drawn.Add(1)-done.Load())
				if !yield(h) {
					return
				}
			}
		}
		o.Observer = &watcher{done: func() { done.Add(1) }}
		start := time.Now()
		s, err := Run(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		if s.States[evidence.StateComplete] != 950 || s.Reasons["timeout"] != 50 || s.Retries != 50 || s.Connections != 950 || len(s.Trouble) != 50 || len(m.answers) != 1000 {
			t.Errorf("%+v", s)
		}
		if f.atMostSe != DefaultForks || f.atMostCon > DefaultForks+DefaultDials {
			t.Errorf("%d sessions and %d connections at once", f.atMostSe, f.atMostCon)
		}
		// 950 hosts of 0.5 s on 128 sessions take 4 s; the dead ones are given up twice after 3 s, with a pause between.
		if took := time.Since(start); took > 9*time.Second {
			t.Errorf("took %v", took)
		}
		if limit := int64(DefaultDials + DefaultForks + storing + 1 + 50); ahead > limit {
			t.Errorf("%d hosts were drawn ahead, want at most %d", ahead, limit)
		}
	})
}

// watcher counts what an observer is told.
type watcher struct {
	mu                   sync.Mutex
	started, again, ends map[string]int
	done                 func()
}

func (w *watcher) count(m *map[string]int, name string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if *m == nil {
		*m = map[string]int{}
	}
	(*m)[name]++
}

func (w *watcher) HostStarted(name string, _ int) { w.count(&w.started, name) }
func (w *watcher) HostAgain(name, _ string)       { w.count(&w.again, name) }
func (w *watcher) HostDone(h *evidence.HostRecord) {
	w.count(&w.ends, h.Name)
	if w.done != nil {
		w.done()
	}
}

func TestObserver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t, testScript(t))
		f.hosts["bad"] = fakeHost{connect: func(context.Context, int) error { return fault(remote.ReasonRefused) }}
		o, m := f.options("good", "bad")
		w := &watcher{}
		o.Observer = w
		f.run(t.Context(), o, m)
		if !maps.Equal(w.started, map[string]int{"good": 1, "bad": 2}) || !maps.Equal(w.again, map[string]int{"bad": 1}) || !maps.Equal(w.ends, map[string]int{"good": 1, "bad": 1}) {
			t.Errorf("started %v, again %v, done %v", w.started, w.again, w.ends)
		}
	})
}
