package collect

import (
	"context"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
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
