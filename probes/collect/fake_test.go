package collect

import (
	"context"
	"fmt"
	"io"
	"iter"
	"sync"
	"testing"
	"time"

	"github.com/fleetaudit/fleetaudit/inventory"
	"github.com/fleetaudit/fleetaudit/probes"
	"github.com/fleetaudit/fleetaudit/probes/evidence"
	"github.com/fleetaudit/fleetaudit/probes/remote"
	"github.com/fleetaudit/fleetaudit/probes/script"
)

// call is one exec on a fake host.
type call struct {
	host  string
	n     int // 1 for the first exec on the host
	nonce string
	asked []string // probe ids
	out   io.Writer
}

// replay answers every probe that was asked.
func (c *call) replay() { c.answer(c.asked, nil) }

// answer answers some probes, in the way that change says.
func (c *call) answer(ids []string, change func(*script.Recording)) {
	_ = script.Replay(c.out, c.nonce, recording(c.host, ids, change)) // fails when the other side has gone
}

// part answers n probes as replay does, and then nothing more: not even the last frame.
func (c *call) part(n int) {
	_ = script.Replay(&lineLimit{c.out, n, false}, c.nonce, recording(c.host, c.asked, nil))
}

func recording(host string, ids []string, change func(*script.Recording)) script.Recording {
	rec := script.Recording{
		Header: evidence.Header{
			Hostname: host, OSRelease: map[string]string{"id": "debian"}, UID: 0, Privilege: "sudo", MachineID: "0123456789abcdef0123456789abcdef",
			BootID: "boot", Clock: time.Now(),
		},
		Asked: ids, Answers: map[string]script.Recorded{},
	}
	for _, id := range ids {
		rec.Answers[id] = script.Recorded{Stdout: []byte("answer of " + host + " to " + id + "\n")}
	}
	if change != nil {
		change(&rec)
	}
	return rec
}

// lineLimit lets so many probes through and stops before the next one ends.
type lineLimit struct {
	w    io.Writer
	left int
	over bool
}

// Write counts the ends of probes that pass. A frame comes in one Write.
func (l *lineLimit) Write(p []byte) (int, error) {
	isEnd := len(p) > 36 && p[0] == '\n' && p[1] == '@' && (p[35] == 'E' || p[35] == 'Z')
	if isEnd && l.left == 0 {
		l.over = true
	}
	if l.over {
		return len(p), nil
	}
	if isEnd {
		l.left--
	}
	return l.w.Write(p)
}

// fakeHost says how a host behaves. Its zero value answers everything at once.
type fakeHost struct {
	connect func(ctx context.Context, n int) error // n is 1 for the first connect
	login   func(ctx context.Context, n int) error
	exec    func(ctx context.Context, c *call) (exit int, err error)
	peer    func(n int) remote.Peer // n is 1 for the first login
}

// fleet is a dialer for hosts that exist in memory only.
type fleet struct {
	tb     testing.TB
	script *script.Script
	hosts  map[string]fakeHost // by name; others behave like the zero value

	mu                                       sync.Mutex
	connects, logins, execs                  map[string]int
	connected, sessions, atMostCon, atMostSe int
}

func newFleet(tb testing.TB, s *script.Script) *fleet {
	return &fleet{tb: tb, script: s, hosts: map[string]fakeHost{}, connects: map[string]int{}, logins: map[string]int{}, execs: map[string]int{}}
}

func (f *fleet) count(m map[string]int, name string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	m[name]++
	return m[name]
}

// level changes how many connections and sessions are open, and keeps their maximum.
func (f *fleet) level(connected, sessions int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.connected += connected
	f.sessions += sessions
	f.atMostCon, f.atMostSe = max(f.atMostCon, f.connected), max(f.atMostSe, f.sessions)
}

// Connect implements remote.Dialer.
func (f *fleet) Connect(ctx context.Context, h inventory.Host) (remote.Conn, error) {
	n := f.count(f.connects, h.Name)
	if b := f.hosts[h.Name]; b.connect != nil {
		if err := b.connect(ctx, n); err != nil {
			return nil, err
		}
	}
	f.level(1, 0)
	return &fakeConn{fleet: f, name: h.Name}, nil
}

type fakeConn struct {
	fleet *fleet
	name  string
	once  sync.Once
	in    bool
	peer  remote.Peer

	mu   sync.Mutex
	dead error
}

// Login implements remote.Conn.
func (c *fakeConn) Login(ctx context.Context) (remote.Session, error) {
	n := c.fleet.count(c.fleet.logins, c.name)
	b := c.fleet.hosts[c.name]
	if b.login != nil {
		if err := b.login(ctx, n); err != nil {
			_ = c.Close()
			return nil, err
		}
	}
	c.peer = remote.Peer{Banner: "SSH-2.0-OpenSSH_9.2", HostKey: "SHA256:" + c.name, KeyType: "ssh-ed25519", KeyTrust: "known_hosts", AuthMethod: "publickey"}
	if b.peer != nil {
		c.peer = b.peer(n)
	}
	c.in = true
	c.fleet.level(0, 1)
	return c, nil
}

// Close implements remote.Conn and remote.Session.
func (c *fakeConn) Close() error {
	c.once.Do(func() {
		sessions := 0
		if c.in {
			sessions = -1
		}
		c.fleet.level(-1, sessions)
	})
	return nil
}

// Peer implements remote.Session.
func (c *fakeConn) Peer() remote.Peer { return c.peer }

// Exec implements remote.Session. An error of the host's exec ends the session, as a lost link does.
func (c *fakeConn) Exec(ctx context.Context, command string, stdin io.Reader) (*remote.Process, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.dead != nil {
		return nil, c.dead
	}
	nonce, ok := script.CommandNonce(command)
	text, err := io.ReadAll(stdin)
	asked, askedErr := script.Asked(text)
	if !ok || err != nil || askedErr != nil {
		c.fleet.tb.Errorf("%s: what was sent is no script: %v %v", c.name, err, askedErr)
	}
	r, w := io.Pipe()
	context.AfterFunc(ctx, func() { _ = w.Close() })
	cl := &call{host: c.name, n: c.fleet.count(c.fleet.execs, c.name), nonce: nonce, asked: asked, out: w}
	done := make(chan struct{})
	exit := 0
	go func() {
		defer close(done)
		var err error
		if run := c.fleet.hosts[c.name].exec; run != nil {
			exit, err = run(ctx, cl)
		} else {
			cl.replay()
		}
		c.mu.Lock()
		c.dead = err
		c.mu.Unlock()
		_ = w.Close()
	}()
	wait := func() (int, error) {
		<-done
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.dead != nil {
			return -1, c.dead
		}
		return exit, nil
	}
	return &remote.Process{Stdout: r, Stderr: eofReader{}, Wait: wait}, nil
}

type eofReader struct{}

func (eofReader) Read([]byte) (int, error) { return 0, io.EOF }

// fault makes an error as dialers do.
func fault(r remote.Reason) error { return &remote.Error{Reason: r, Detail: "as told"} }

var errLost = fault(remote.ReasonDropped)

// hostNames makes hosts h0000, h0001, ...
func hostNames(n int) []string {
	var names []string
	for i := range n {
		names = append(names, fmt.Sprintf("h%04d", i))
	}
	return names
}

func hostList(names ...string) iter.Seq[inventory.Host] {
	return func(yield func(inventory.Host) bool) {
		for _, n := range names {
			if !yield(inventory.Host{Name: n, Access: inventory.Access{Address: n + ".example.org", Port: 22, User: "audit"}, Platform: inventory.PlatformLinux, Become: inventory.BecomeSudo}) {
				return
			}
		}
	}
}

// testScript has six probes, of which b.slow is sent last.
func testScript(tb testing.TB) *script.Script {
	tb.Helper()
	var ps []*probes.Probe
	for _, id := range []string{"a.one", "a.two", "b.slow", "c.one", "c.two", "d.one"} {
		ps = append(ps, &probes.Probe{ID: id, Platform: inventory.PlatformLinux, Run: "echo " + id, Timeout: 10 * time.Second, MaxBytes: 64 << 10, Slow: id == "b.slow"})
	}
	s, err := script.Compile(ps)
	if err != nil {
		tb.Fatal(err)
	}
	return s
}
