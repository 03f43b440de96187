package collect

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fleetaudit/fleetaudit/inventory"
	"github.com/fleetaudit/fleetaudit/probes"
	"github.com/fleetaudit/fleetaudit/probes/evidence"
	"github.com/fleetaudit/fleetaudit/probes/remote"
	"github.com/fleetaudit/fleetaudit/probes/remote/remotetest"
	"github.com/fleetaudit/fleetaudit/probes/script"
)

// lab is a dialer with an account's key, and hosts on loopback that let it in.
type lab struct {
	tb      testing.TB
	key     *remotetest.Key
	keyFile string
	known   []string // known_hosts lines
	hosts   []inventory.Host
}

func newLab(tb testing.TB) *lab {
	tb.Helper()
	if _, err := exec.LookPath("sh"); err != nil {
		if os.Getenv("FLEETAUDIT_CI") == "1" {
			tb.Fatal("sh is not installed")
		}
		tb.Skip("sh is not installed")
	}
	key, err := remotetest.NewKey(remotetest.Ed25519)
	if err != nil {
		tb.Fatal(err)
	}
	l := &lab{tb: tb, key: key, keyFile: filepath.Join(tb.TempDir(), "id")}
	if err := key.Save(l.keyFile, ""); err != nil {
		tb.Fatal(err)
	}
	return l
}

// add starts a server and declares it as a host.
func (l *lab) add(name string, change func(*remotetest.Options)) *remotetest.Server {
	l.tb.Helper()
	o := remotetest.Options{
		Users:   map[string]remotetest.User{"audit": {Keys: []string{l.key.Authorized()}}},
		Handler: remotetest.Shell("/bin/sh", l.tb.TempDir()),
	}
	if change != nil {
		change(&o)
	}
	s, err := remotetest.Start(o)
	if err != nil {
		l.tb.Fatal(err)
	}
	l.tb.Cleanup(func() { _ = s.Close() })
	address, port := s.Host()
	l.known = append(l.known, s.KnownHosts())
	l.declare(name, address, port)
	return s
}

func (l *lab) declare(name, address string, port int) {
	l.hosts = append(l.hosts, inventory.Host{
		Name: name, Platform: inventory.PlatformLinux, Become: inventory.BecomeNone,
		Access: inventory.Access{Address: address, Port: port, User: "audit", Identity: l.keyFile},
	})
}

// dialer gives a dialer that knows the hosts so far.
func (l *lab) dialer(loginTimeout time.Duration) remote.Dialer {
	l.tb.Helper()
	path := filepath.Join(l.tb.TempDir(), "known_hosts")
	if err := os.WriteFile(path, []byte(strings.Join(l.known, "")), 0o600); err != nil {
		l.tb.Fatal(err)
	}
	d := remote.NewSSH(remote.SSHOptions{KnownHosts: []string{path}, LoginTimeout: loginTimeout})
	l.tb.Cleanup(func() {
		if c, ok := d.(interface{ Close() error }); ok {
			_ = c.Close()
		}
	})
	return d
}

// options gives what asks all hosts. limit is how long one may hang: hosts that answer get plenty, since the machine may be busy.
func (l *lab) options(s *script.Script, limit time.Duration) Options {
	return Options{
		Hosts: func(yield func(inventory.Host) bool) {
			for _, h := range l.hosts {
				if !yield(h) {
					return
				}
			}
		},
		SSH: l.dialer(limit), Local: remote.NewLocal(), Sink: &memory{},
		Scripts: map[inventory.Platform]*script.Script{inventory.PlatformLinux: s},
		stall:   stallLimits{start: limit, grace: limit},
	}
}

func shellScript(tb testing.TB, run ...string) *script.Script {
	tb.Helper()
	var ps []*probes.Probe
	for i, text := range run {
		ps = append(ps, &probes.Probe{ID: fmt.Sprintf("t.p%d", i+1), Platform: inventory.PlatformLinux, Run: text, Timeout: time.Second, MaxBytes: 8 << 10})
	}
	s, err := script.Compile(ps)
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

const plenty = 30 * time.Second

// TestSSHFaults asks real SSH servers with a real shell behind them, one for each way to fail. Nothing of it may be left running.
func TestSSHFaults(t *testing.T) {
	before := runtime.NumGoroutine()
	t.Run("answering", testSSHAnswering)
	t.Run("hanging", testSSHHanging)
	for deadline := time.Now().Add(10 * time.Second); runtime.NumGoroutine() > before; runtime.Gosched() {
		if time.Now().After(deadline) {
			buf := make([]byte, 1<<20)
			t.Fatalf("%d goroutines, %d before:\n%s", runtime.NumGoroutine(), before, buf[:runtime.Stack(buf, true)])
		}
	}
}

func fails(f remotetest.Faults) func(*remotetest.Options) {
	return func(o *remotetest.Options) { o.Faults = f }
}

func testSSHAnswering(t *testing.T) {
	l := newLab(t)
	l.add("good", nil)
	l.add("cut", fails(remotetest.Faults{Cut: 2500, CutFirst: 1}))
	l.add("cut always", fails(remotetest.Faults{Cut: 2500}))
	l.add("nologin", fails(remotetest.Faults{NoLogin: true}))
	l.add("noise", fails(remotetest.Faults{Noise: "Welcome\n\x00\xff@ READY\n"}))
	l.add("no sessions", fails(remotetest.Faults{RefuseSessions: true}))
	l.add("wrong key", fails(remotetest.Faults{WrongHostKey: true}))
	l.add("auth", fails(remotetest.Faults{RefuseAuth: true}))
	l.add("old", fails(remotetest.Faults{OldAlgorithms: true}))
	l.add("full", fails(remotetest.Faults{CloseAfterAccept: true}))
	var busy *remotetest.Server
	var calls atomic.Int32
	busy = l.add("busy once", func(o *remotetest.Options) {
		o.Faults = remotetest.Faults{CloseAfterAccept: true}
		o.OnConnect = func(net.Addr) {
			if calls.Add(1) > 1 {
				busy.SetFaults(remotetest.Faults{})
			}
		}
	})
	gone := l.add("closed", nil)
	_ = gone.Close()
	l.hosts = append(l.hosts, inventory.Host{Name: "here", Platform: inventory.PlatformLinux, Connection: inventory.ConnectionLocal})
	s := shellScript(t, "echo one", "sleep 60", "echo three >&2; exit 3", "yes | head -c 9000", "echo five")
	checkRun(t, l, l.options(s, plenty))
}

func testSSHHanging(t *testing.T) {
	l := newLab(t)
	l.add("mute", fails(remotetest.Faults{HangAfterAccept: true}))
	l.add("hang", fails(remotetest.Faults{HangExec: true}))
	l.add("frozen", fails(remotetest.Faults{Freeze: true}))
	// Long enough that a link which freezes when the command starts cannot have carried all of it.
	var texts []string
	for range 20 {
		texts = append(texts, "echo one # "+strings.Repeat("x", 60<<10))
	}
	checkRun(t, l, l.options(shellScript(t, texts...), 2*time.Second))
}

// checkRun collects into a bundle and compares it with what must be in it.
func checkRun(t *testing.T, l *lab, o Options) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "run")
	w, err := evidence.Create(dir, evidence.RunInfo{ID: "run"})
	if err != nil {
		t.Fatal(err)
	}
	o.Sink = w
	sum, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Close(evidence.EndInfo{}); err != nil {
		t.Fatal(err)
	}
	if r, err := evidence.Verify(dir); err != nil || !r.OK || r.Hosts != len(l.hosts) {
		t.Fatalf("%+v, %v", r, err)
	}
	t.Log(sum)
	checkFaults(t, dir)
}

// checkFaults compares the records of TestSSHFaults with what each host must end in.
func checkFaults(t *testing.T, dir string) {
	t.Helper()
	b, err := evidence.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = b.Close() }()
	for a, err := range b.Answers() {
		if err != nil {
			t.Fatal(err)
		}
		h := a.Host
		want := map[string]struct {
			state        evidence.State
			reason       string
			tries, execs int
		}{
			// One probe hangs and one is cut on every host: "partial" without a reason is as good as it gets.
			"good": {evidence.StatePartial, "", 1, 1}, "here": {evidence.StatePartial, "", 1, 1}, "noise": {evidence.StatePartial, "", 1, 1},
			"cut": {evidence.StatePartial, "", 2, 2}, "busy once": {evidence.StatePartial, "", 2, 1},
			"cut always":  {evidence.StatePartial, "connection lost", 2, 2},
			"nologin":     {evidence.StateFailed, "restricted shell", 1, 1},
			"no sessions": {evidence.StateFailed, "restricted shell", 1, 1},
			"wrong key":   {evidence.StateFailed, "host key", 1, 0},
			"auth":        {evidence.StateFailed, "authentication", 1, 0},
			"old":         {evidence.StateFailed, "algorithm mismatch", 1, 0},
			"full":        {evidence.StateFailed, "connection lost", 2, 0},
			"mute":        {evidence.StateFailed, "timeout", 2, 0},
			"hang":        {evidence.StateFailed, "timeout", 1, 1},
			"frozen":      {evidence.StateFailed, "timeout", 2, 3}, // the command starts, but the script does not reach it: same session, then a new one
			"closed":      {evidence.StateFailed, "refused", 2, 0},
		}[h.Name]
		if h.State != want.state || h.Reason != want.reason || h.Tries != want.tries || h.Execs != want.execs {
			t.Errorf("%s: %s, reason %q (%s), %d tries, %d execs; want %+v", h.Name, h.State, h.Reason, h.Detail, h.Tries, h.Execs, want)
		}
		if h.State == evidence.StatePartial && h.Name != "cut always" {
			checkItems(t, a)
		}
		if h.Name == "nologin" && !strings.Contains(h.Detail, "This account is currently not available") {
			t.Errorf("%s: detail %q", h.Name, h.Detail)
		}
	}
}

func checkItems(t *testing.T, a *evidence.Answer) {
	t.Helper()
	it := a.Items
	if len(it) != 5 || it[0].Outcome != evidence.OutcomeAnswered || string(it[0].Stdout) != "one\n" || it[1].Outcome != evidence.OutcomeTimeout ||
		it[2].Exit != 3 || string(it[2].Stderr) != "three\n" || !it[3].Truncated || len(it[3].Stdout) != 8<<10 || string(it[4].Stdout) != "five\n" {
		for _, i := range it {
			t.Errorf("%s: %+v", a.Host.Name, i)
		}
	}
	if h := a.Host.Header; h == nil || h.Kernel == "" || h.SkewError <= 0 || h.Skew.Abs() > h.SkewError {
		t.Errorf("%s: header %+v", a.Host.Name, h)
	}
}

// TestSSHInterrupted ends a run while hosts are being asked.
func TestSSHInterrupted(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for i := range 4 {
		l.add(fmt.Sprint("h", i), nil)
	}
	s := shellScript(t, "echo one", "sleep 60")
	o := l.options(s, plenty)
	o.Forks = 2
	m := &memory{}
	o.Sink = &cancelAtPack{memory: m, cancel: cancel}
	l.hosts[0].Access.Port = 1 // refused: its first failure ends the run
	sum, err := Run(ctx, o)
	if err != nil || !sum.Interrupted || sum.Hosts != 4 || len(m.answers) != 4 {
		t.Errorf("%v, %v", sum, err)
	}
	for name, a := range m.answers {
		if a.Host.State == evidence.StateComplete || a.Host.Reason == "" {
			t.Errorf("%s: %+v", name, a.Host)
		}
	}
}

// cancelAtPack ends the run when the first host fails.
type cancelAtPack struct {
	*memory
	cancel func()
}

func (c *cancelAtPack) Log(event, host, detail string) error {
	if strings.HasPrefix(event, "host failed") {
		c.cancel()
	}
	return c.memory.Log(event, host, detail)
}
