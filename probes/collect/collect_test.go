package collect

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fleetaudit/fleetaudit/inventory"
	"github.com/fleetaudit/fleetaudit/probes/evidence"
	"github.com/fleetaudit/fleetaudit/probes/remote"
	"github.com/fleetaudit/fleetaudit/probes/script"
)

func TestComplete(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t, testScript(t))
		o, m := f.options("h1", "h2", "h3")
		s := f.run(t.Context(), o, m)
		if s.States[evidence.StateComplete] != 3 || s.Items != 18 || s.Connections != 3 || s.Logins != 3 || s.Execs != 3 || s.Retries != 0 || s.Interrupted {
			t.Errorf("%+v", s)
		}
		h := m.answers["h2"].Host
		want := evidence.HostRecord{
			ID: evidence.HostID("h2"), Name: "h2", Address: "h2.example.org", Port: 22, User: "audit", Platform: "linux", Become: "sudo",
			State: evidence.StateComplete, HostKey: "SHA256:h2", KeyType: "ssh-ed25519", KeyTrust: "known_hosts", Banner: "SSH-2.0-OpenSSH_9.2",
			AuthMethod: "publickey", Connection: "ssh", Tries: 1, Execs: 1, Start: h.Start, End: h.End, Header: h.Header,
		}
		if !reflect.DeepEqual(h, want) {
			t.Errorf("\n got %+v\nwant %+v", h, want)
		}
		if h.Header.Hostname != "h2" || len(h.Header.MachineID) != 64 || strings.HasPrefix(h.Header.MachineID, "0123") {
			t.Errorf("header %+v", h.Header)
		}
		if len(m.logged("run started")) != 1 || len(m.logged("host done")) != 3 || len(m.logged("run ended")) != 1 {
			t.Errorf("log %q", m.log)
		}
	})
}

// TestReasons has one host for each way to fail. tries says who is tried again.
func TestReasons(t *testing.T) {
	t.Parallel()
	connect := func(r remote.Reason) fakeHost {
		return fakeHost{connect: func(context.Context, int) error { return fault(r) }}
	}
	login := func(r remote.Reason) fakeHost {
		return fakeHost{login: func(context.Context, int) error { return fault(r) }}
	}
	run := func(do func(ctx context.Context, c *call) (int, error)) fakeHost { return fakeHost{exec: do} }
	hang := func(ctx context.Context) error { <-ctx.Done(); return fault(remote.ReasonTimeout) }
	for name, tc := range map[string]struct {
		host   fakeHost
		reason remote.Reason
		detail string
		tries  int
	}{
		"unreachable": {connect(remote.ReasonUnreachable), remote.ReasonUnreachable, "as told", 2},
		"refused":     {connect(remote.ReasonRefused), remote.ReasonRefused, "as told", 2},
		"timeout":     {connect(remote.ReasonTimeout), remote.ReasonTimeout, "as told", 2},
		"credential":  {connect(remote.ReasonCredential), remote.ReasonCredential, "as told", 1},
		"jump": {fakeHost{connect: func(context.Context, int) error {
			return &remote.Error{Reason: remote.ReasonAuth, Hop: "bastion", Detail: "no"}
		}}, remote.ReasonAuth, "at jump host bastion: no", 1},
		"plain error":    {fakeHost{connect: func(context.Context, int) error { return errors.New("odd") }}, remote.ReasonProtocol, "odd", 1},
		"connect hangs":  {fakeHost{connect: func(ctx context.Context, _ int) error { return hang(ctx) }}, remote.ReasonTimeout, "as told", 2},
		"login timeout":  {login(remote.ReasonTimeout), remote.ReasonTimeout, "as told", 2},
		"login dropped":  {login(remote.ReasonDropped), remote.ReasonDropped, "as told", 2},
		"login hangs":    {fakeHost{login: func(ctx context.Context, _ int) error { return hang(ctx) }}, remote.ReasonTimeout, "as told", 2},
		"authentication": {login(remote.ReasonAuth), remote.ReasonAuth, "as told", 1},
		"host key":       {login(remote.ReasonHostKey), remote.ReasonHostKey, "as told", 1},
		"algorithm":      {login(remote.ReasonAlgorithm), remote.ReasonAlgorithm, "as told", 1},
		"nologin": {run(func(_ context.Context, c *call) (int, error) {
			_, _ = io.WriteString(c.out, "\x1b[31m\n\nThis account is currently not available.\nBye\n")
			return 1, nil
		}), remote.ReasonShell, "It said: ", 1},
		"silent shell":      {run(func(context.Context, *call) (int, error) { return 1, nil }), remote.ReasonShell, "ended with status 1", 1},
		"dropped at once":   {run(func(context.Context, *call) (int, error) { return 0, errLost }), remote.ReasonDropped, "as told", 2},
		"dropped at header": {run(func(_ context.Context, c *call) (int, error) { ready(c); return 0, errLost }), remote.ReasonDropped, "as told", 2},
		"no header":         {run(func(_ context.Context, c *call) (int, error) { ready(c); return 3, nil }), remote.ReasonProtocol, "status 3", 1},
		"nonsense": {run(func(_ context.Context, c *call) (int, error) {
			ready(c)
			_, _ = fmt.Fprintf(c.out, "\n@%s Q\n", c.nonce)
			return 0, nil
		}), remote.ReasonProtocol, "where the header should be", 1},
		"shell hangs":  {run(func(ctx context.Context, _ *call) (int, error) { <-ctx.Done(); return -1, nil }), remote.ReasonTimeout, "did not start", 1},
		"script hangs": {run(func(ctx context.Context, c *call) (int, error) { ready(c); <-ctx.Done(); return -1, nil }), remote.ReasonTimeout, "did not say anything", 1},
		"dribbles":     {run(dribble), remote.ReasonTimeout, "did not start", 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := newFleet(t, testScript(t))
				f.hosts["bad"] = tc.host
				o, m := f.options("good", "bad")
				s := f.run(t.Context(), o, m)
				h := m.answers["bad"].Host
				if h.State != evidence.StateFailed || h.Reason != string(tc.reason) || !strings.Contains(h.Detail, tc.detail) || h.Tries != tc.tries {
					t.Errorf("state %q, reason %q, detail %q, %d tries; want reason %q, detail %q, %d tries", h.State, h.Reason, h.Detail, h.Tries, tc.reason, tc.detail, tc.tries)
				}
				if strings.ContainsAny(h.Detail, "\x1b\n") {
					t.Errorf("detail %q is not fit for a terminal", h.Detail)
				}
				if m.answers["good"].Host.State != evidence.StateComplete || s.Reasons[string(tc.reason)] != 1 || len(s.Trouble) != 1 || s.Retries != tc.tries-1 {
					t.Errorf("%+v", s)
				}
				if got := len(m.logged("host failed, will be tried again")); got != tc.tries-1 {
					t.Errorf("%d retries in the log %q", got, m.log)
				}
			})
		})
	}
}

// ready sends the first frame only.
func ready(c *call) { _, _ = fmt.Fprintf(c.out, "\n@%s READY\n", c.nonce) }

// dribble prints a line each second for ever.
func dribble(ctx context.Context, c *call) (int, error) {
	for ctx.Err() == nil {
		time.Sleep(time.Second)
		if _, err := io.WriteString(c.out, "please wait\n"); err != nil {
			break
		}
	}
	return -1, nil
}

func TestSecondTryWorks(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t, testScript(t))
		f.hosts["late"] = fakeHost{connect: func(_ context.Context, n int) error {
			if n == 1 {
				return fault(remote.ReasonRefused)
			}
			return nil
		}}
		o, m := f.options("late", "h1", "h2")
		s := f.run(t.Context(), o, m)
		h := m.answers["late"].Host
		if h.State != evidence.StateComplete || h.Reason != "" || h.Tries != 2 || s.Retries != 1 {
			t.Errorf("%+v\n%+v", h, s)
		}
	})
}

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

func TestPrivilegeRefused(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t, testScript(t))
		f.hosts["h"] = fakeHost{exec: func(_ context.Context, c *call) (int, error) {
			c.answer(c.asked, func(r *script.Recording) {
				r.Header.UID, r.Header.Privilege, r.Header.BecomeErr = 1000, "none", "sudo: a password is required"
				r.Answers["a.two"] = script.Recorded{Outcome: evidence.OutcomeNotPermitted}
				r.Answers["c.two"] = script.Recorded{Outcome: evidence.OutcomeNotPermitted}
			})
			return 0, nil
		}}
		f.hosts["cut"] = fakeHost{exec: func(_ context.Context, c *call) (int, error) {
			c.answer(c.asked, func(r *script.Recording) {
				r.Answers["a.one"] = script.Recorded{Stdout: make([]byte, 65<<10)}
			})
			return 0, nil
		}}
		o, m := f.options("h", "cut")
		s := f.run(t.Context(), o, m)
		h := m.answers["h"].Host
		if h.State != evidence.StatePartial || h.Reason != string(remote.ReasonBecome) || h.Detail != "2 probes need root and were not run: sudo: a password is required" {
			t.Errorf("%+v", h)
		}
		if h := m.answers["cut"].Host; h.State != evidence.StatePartial || h.Reason != "" || h.Detail != "probes: 1 cut at their size limit" || s.Cut != 1 {
			t.Errorf("%+v", h)
		}
	})
}

func TestClockSkew(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t, testScript(t))
		f.hosts["h"] = fakeHost{exec: func(_ context.Context, c *call) (int, error) {
			time.Sleep(100 * time.Millisecond)
			now := time.Now()
			time.Sleep(100 * time.Millisecond)
			c.answer(c.asked, func(r *script.Recording) { r.Header.Clock = now.Add(3 * time.Second) })
			return 0, nil
		}}
		o, m := f.options("h")
		f.run(t.Context(), o, m)
		if h := m.answers["h"].Host.Header; h.Skew != 3*time.Second || h.SkewError != 100*time.Millisecond {
			t.Errorf("skew %v, uncertainty %v", h.Skew, h.SkewError)
		}
	})
}

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

func TestPlatforms(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t, testScript(t))
		f.hosts["win"] = fakeHost{peer: func(int) remote.Peer { return remote.Peer{Banner: "SSH-2.0-OpenSSH_for_Windows_9.5"} }}
		o, m := f.options("win", "posix")
		all := o.Hosts
		o.Hosts = func(yield func(inventory.Host) bool) {
			for h := range all {
				h.Platform = inventory.PlatformUnknown
				if !yield(h) {
					return
				}
			}
		}
		f.run(t.Context(), o, m)
		if h := m.answers["win"].Host; h.Platform != "windows" || h.Reason != string(ReasonPlatform) {
			t.Errorf("%+v", h)
		}
		if h := m.answers["posix"].Host; h.Platform != "linux" || h.State != evidence.StateComplete {
			t.Errorf("%+v", h)
		}
	})
}

func TestOptions(t *testing.T) {
	t.Parallel()
	f := newFleet(t, testScript(t))
	for name, change := range map[string]func(*Options){
		"no hosts":       func(o *Options) { o.Hosts = nil },
		"no sink":        func(o *Options) { o.Sink = nil },
		"no dialer":      func(o *Options) { o.SSH = nil },
		"no scripts":     func(o *Options) { o.Scripts = nil },
		"too many":       func(o *Options) { o.Forks = MaxForks + 1 },
		"negative":       func(o *Options) { o.Forks = -1 },
		"too many dials": func(o *Options) { o.Dials = MaxDials + 1 },
		"negative time":  func(o *Options) { o.HostTimeout = -1 },
	} {
		o, m := f.options("h")
		change(&o)
		if _, err := Run(t.Context(), o); err == nil || len(m.log) > 0 {
			t.Errorf("%s: taken", name)
		}
	}
}

func TestOneLine(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"":                            "",
		"\n \t\n":                     "",
		"\n first\nsecond":            "first",
		"\x1b]0;evil\x07text\x9b":     "]0;evil text",
		"\u202etxt.exe":               "txt.exe",
		strings.Repeat("é", maxLine):  strings.Repeat("é", maxLine/2) + "...",
		"tab\tand\rreturn\x00and nul": "tab and return and nul",
	} {
		if got := oneLine(in); got != want {
			t.Errorf("oneLine(%q) = %q, want %q", in, got, want)
		}
	}
}
