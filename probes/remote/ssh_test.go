package remote_test

import (
	"context"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fleetaudit/fleetaudit/inventory"
	"github.com/fleetaudit/fleetaudit/probes/remote"
	"github.com/fleetaudit/fleetaudit/probes/remote/remotetest"
)

func TestSession(t *testing.T) {
	t.Parallel()
	k := newKey(t, remotetest.Ed25519)
	srv := shellServer(t, k, func(o *remotetest.Options) {
		o.Version, o.Banner = "SSH-2.0-OpenSSH_for_Windows_9.5", "Unauthorised use is prohibited.\n"
	})
	s := mustOpen(t, knowing(t, remote.SSHOptions{}, srv), host(srv, saveKey(t, k, "")))

	want := remote.Peer{
		Banner: "SSH-2.0-OpenSSH_for_Windows_9.5", HostKey: srv.HostKeys()[0].Fingerprint(), KeyType: "ssh-ed25519",
		KeyTrust: "known_hosts", AuthMethod: "publickey",
	}
	if got := s.Peer(); got != want {
		t.Errorf("got peer %+v, want %+v", got, want)
	}
	big := strings.Repeat("0123456789abcdef", 1<<16) // 1 MiB
	for _, c := range []struct {
		name, command string
		stdin         io.Reader
		want          answer
	}{
		{"output", "echo out; echo err >&2", nil, answer{"out\n", "err\n", 0, nil}},
		{"status", "exit 3", nil, answer{"", "", 3, nil}},
		{"no command", "exit 127", nil, answer{"", "", 127, nil}},
		{"stdin", "wc -c | tr -d ' '", strings.NewReader("12345"), answer{"5\n", "", 0, nil}},
		{"no stdin", "cat; echo end", nil, answer{"end\n", "", 0, nil}},
		{"stdin unread", "echo done", strings.NewReader(big), answer{"done\n", "", 0, nil}},
		{"large", "cat", strings.NewReader(big), answer{big, "", 0, nil}},
		{"killed", "kill -9 $$", nil, answer{"", "", 137, nil}},
		{"terminated", "kill -15 $$", nil, answer{"", "", 143, nil}},
		{"user signal", "kill -USR1 $$", nil, answer{"", "", 138, nil}},
	} {
		if got := run(t.Context(), s, c.command, c.stdin); got != c.want {
			t.Errorf("%s: got %+.100v, want %+.100v", c.name, got, c.want)
		}
	}
	if n := srv.Counts(); n.Connections != 1 || n.Logins != 1 {
		t.Errorf("one session took %+v", n)
	}
}

func TestSessionSurvivesWaitTwiceAndClose(t *testing.T) {
	t.Parallel()
	k := newKey(t, remotetest.Ed25519)
	srv := shellServer(t, k, nil)
	s := mustOpen(t, knowing(t, remote.SSHOptions{}, srv), host(srv, saveKey(t, k, "")))
	p, err := s.Exec(t.Context(), "exit 4", nil)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if exit, err := p.Wait(); exit != 4 || err != nil {
			t.Errorf("got %d, %v, want 4", exit, err)
		}
	}
	for range 2 {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	_, err = s.Exec(t.Context(), "true", nil)
	wantReason(t, err, remote.ReasonDropped, "was closed")
}

func TestBlockedStdinEnds(t *testing.T) {
	t.Parallel()
	k := newKey(t, remotetest.Ed25519)
	srv := shellServer(t, k, nil)
	ssh := mustOpen(t, knowing(t, remote.SSHOptions{}, srv), host(srv, saveKey(t, k, "")))
	local := mustOpen(t, remote.NewLocal(), inventory.Host{Name: "here"})
	for name, s := range map[string]remote.Session{"ssh": ssh, "local": local} {
		r, w := io.Pipe()
		if got := run(t.Context(), s, "read line; echo \"$line\"; exit 2", io.MultiReader(strings.NewReader("first\n"), r)); got.stdout != "first\n" || got.exit != 2 {
			t.Errorf("%s: got %+v", name, got)
		}
		_ = w.Close() // the reader is not a Closer here, so it is ours to end

		r, w = io.Pipe()
		if got := run(t.Context(), s, "exit 2", r); got.exit != 2 {
			t.Errorf("%s: got %+v", name, got)
		}
		if _, err := w.Write([]byte("x")); err == nil {
			t.Errorf("%s: the command has ended, but its stdin still takes data", name)
		}
	}
}

func TestFourChannelsAtOnce(t *testing.T) {
	t.Parallel()
	k := newKey(t, remotetest.Ed25519)
	var mu sync.Mutex
	running, most := 0, 0
	srv := shellServer(t, k, func(o *remotetest.Options) {
		o.MaxExecs = 10
		o.Handler = func(context.Context, *remotetest.Exec) int {
			mu.Lock()
			running++
			most = max(most, running)
			mu.Unlock()
			defer func() {
				mu.Lock()
				running--
				mu.Unlock()
			}()
			time.Sleep(5 * time.Millisecond) // so that commands overlap
			return 0
		}
	})
	s := mustOpen(t, knowing(t, remote.SSHOptions{}, srv), host(srv, saveKey(t, k, "")))
	var all sync.WaitGroup
	for range 40 {
		all.Go(func() {
			if got := run(t.Context(), s, "x", nil); got.err != nil || got.exit != 0 {
				t.Errorf("got %+v", got)
			}
		})
	}
	all.Wait()
	if n := srv.Counts(); most > 4 || n.MaxChannels > 4 || n.Execs != 40 || n.Connections != 1 {
		t.Errorf("%d commands at once; %+v", most, n)
	}
}

func TestReasons(t *testing.T) {
	t.Parallel()
	quick := remote.SSHOptions{LoginTimeout: 300 * time.Millisecond}
	for _, c := range []struct {
		name   string
		opts   remote.SSHOptions
		faults remotetest.Faults
		reason remote.Reason
		parts  []string
	}{
		{"silent after accept", quick, remotetest.Faults{HangAfterAccept: true}, remote.ReasonTimeout, []string{"said nothing", "300ms"}},
		{"closed after accept", remote.SSHOptions{}, remotetest.Faults{CloseAfterAccept: true}, remote.ReasonDropped, []string{"MaxStartups"}},
		{"old algorithms", remote.SSHOptions{}, remotetest.Faults{OldAlgorithms: true}, remote.ReasonAlgorithm,
			[]string{"diffie-hellman-group1-sha1", "mlkem768x25519-sha256"}},
		{"refused", remote.SSHOptions{}, remotetest.Faults{RefuseAuth: true}, remote.ReasonAuth,
			[]string{"does not let audit in", "it takes publickey", "tried publickey with ssh-ed25519 SHA256:"}},
		{"other key", remote.SSHOptions{}, remotetest.Faults{WrongHostKey: true}, remote.ReasonHostKey, []string{"known_hosts:1", "ssh-keygen -R"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			k := newKey(t, remotetest.Ed25519)
			srv := shellServer(t, k, func(o *remotetest.Options) { o.Faults = c.faults })
			_, err := open(t.Context(), knowing(t, c.opts, srv), host(srv, saveKey(t, k, "")))
			e := wantReason(t, err, c.reason, c.parts...)
			if e.hop != "" {
				t.Errorf("hop %q without a jump host", e.hop)
			}
		})
	}
}

func TestRefusedConnection(t *testing.T) {
	t.Parallel()
	k := newKey(t, remotetest.Ed25519)
	srv := shellServer(t, k, nil)
	h := host(srv, saveKey(t, k, ""))
	d := knowing(t, remote.SSHOptions{}, srv)
	if err := srv.Close(); err != nil {
		t.Fatal(err)
	}
	_, err := d.Connect(t.Context(), h)
	wantReason(t, err, remote.ReasonRefused, srv.Addr())
}

func TestNotSSH(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = io.WriteString(c, "SSH-1.5-\x1b[2Jold\r\n\x00\x00\x00\x01garbage, garbage, garbage")
			_ = c.(*net.TCPConn).CloseWrite()
			_, _ = io.Copy(io.Discard, c)
			_ = c.Close()
		}
	}()
	k := newKey(t, remotetest.Ed25519)
	addr := l.Addr().(*net.TCPAddr)
	h := inventory.Host{Name: "old", Access: inventory.Access{Address: "127.0.0.1", Port: addr.Port, User: "audit", Identity: saveKey(t, k, "")}}
	_, err = open(t.Context(), newDialer(t, remote.SSHOptions{}), h)
	e := wantReason(t, err, remote.ReasonProtocol)
	if strings.ContainsRune(e.text, '\x1b') {
		t.Errorf("an escape sequence of the host in %q", e.text)
	}
}

func TestCutLink(t *testing.T) {
	t.Parallel()
	k := newKey(t, remotetest.Ed25519)
	for _, rtt := range []time.Duration{0, 50 * time.Millisecond} {
		srv := shellServer(t, k, func(o *remotetest.Options) {
			o.RTT = rtt
			o.Faults = remotetest.Faults{Cut: 1000, CutFirst: 1}
		})
		d, h := knowing(t, remote.SSHOptions{}, srv), host(srv, saveKey(t, k, ""))
		s := mustOpen(t, d, h)
		script := "i=0; while [ $i -lt 1000 ]; do echo 0123456789; i=$((i+1)); done"
		got := run(t.Context(), s, script, nil)
		if len(got.stdout) != 1000 || got.exit != -1 {
			t.Errorf("round trip %s: got %d bytes and status %d, want the 1000 that arrived and -1", rtt, len(got.stdout), got.exit)
		}
		wantReason(t, got.err, remote.ReasonDropped, "closed the connection")
		again := run(t.Context(), mustOpen(t, d, h), script, nil)
		if len(again.stdout) != 11000 || again.exit != 0 || again.err != nil {
			t.Errorf("round trip %s: the second try got %d bytes, status %d, %v", rtt, len(again.stdout), again.exit, again.err)
		}
	}
}

func TestKeepAlive(t *testing.T) {
	t.Parallel()
	k := newKey(t, remotetest.Ed25519)
	srv := shellServer(t, k, func(o *remotetest.Options) { o.Faults.Freeze = true })
	opts := remote.SSHOptions{KeepAlive: 20 * time.Millisecond, KeepAliveMisses: 3}
	s := mustOpen(t, knowing(t, opts, srv), host(srv, saveKey(t, k, "")))
	ctx, cancel := context.WithTimeout(t.Context(), slow)
	defer cancel()
	got := run(ctx, s, "sleep 600", nil)
	wantReason(t, got.err, remote.ReasonDropped, "no sign of life for 60ms")

	srv.SetFaults(remotetest.Faults{})
	opts.KeepAlive = 100 * time.Millisecond
	s = mustOpen(t, knowing(t, opts, srv), host(srv, saveKey(t, k, "")))
	if got := run(ctx, s, "sleep 0.6; echo alive", nil); got.stdout != "alive\n" || got.err != nil {
		t.Errorf("a host that answers signs of life was given up: %+v", got)
	}
}

func TestCancelledCommand(t *testing.T) {
	t.Parallel()
	k := newKey(t, remotetest.Ed25519)
	srv := shellServer(t, k, nil)
	s := mustOpen(t, knowing(t, remote.SSHOptions{}, srv), host(srv, saveKey(t, k, "")))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	p, err := s.Exec(ctx, "echo started; sleep 600; echo never", nil)
	if err != nil {
		t.Fatal(err)
	}
	first := make([]byte, len("started\n"))
	if _, err := io.ReadFull(p.Stdout, first); err != nil {
		t.Fatal(err)
	}
	cancel()
	if rest, _ := io.ReadAll(p.Stdout); len(rest) > 0 {
		t.Errorf("got %q after the command was killed", rest)
	}
	exit, err := p.Wait()
	wantReason(t, err, remote.ReasonInterrupted, "running a command")
	if exit != -1 {
		t.Errorf("got status %d of a command that was killed", exit)
	}
	if got := run(t.Context(), s, "echo next", nil); got.stdout != "next\n" || got.err != nil {
		t.Errorf("the session is of no use after a command was killed: %+v", got)
	}

	timed, cancelTimed := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancelTimed()
	wantReason(t, run(timed, s, "sleep 600", nil).err, remote.ReasonTimeout, "running a command")
	wantReason(t, run(timed, s, "true", nil).err, remote.ReasonTimeout)
}

func TestCancelledCommandOnFrozenHost(t *testing.T) {
	t.Parallel()
	k := newKey(t, remotetest.Ed25519)
	srv := shellServer(t, k, func(o *remotetest.Options) { o.Faults.Freeze = true })
	s := mustOpen(t, knowing(t, remote.SSHOptions{}, srv), host(srv, saveKey(t, k, "")))
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	wantReason(t, run(ctx, s, "sleep 600", nil).err, remote.ReasonTimeout)
}

func TestCancelledLogin(t *testing.T) {
	t.Parallel()
	k := newKey(t, remotetest.Ed25519)
	accepted := make(chan struct{}, 1)
	srv := shellServer(t, k, func(o *remotetest.Options) {
		o.Faults.HangAfterAccept = true
		o.OnConnect = func(net.Addr) { accepted <- struct{}{} }
	})
	d := knowing(t, remote.SSHOptions{}, srv)
	ctx, cancel := context.WithCancel(t.Context())
	c, err := d.Connect(ctx, host(srv, saveKey(t, k, "")))
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		<-accepted
		cancel()
	}()
	_, err = c.Login(ctx)
	wantReason(t, err, remote.ReasonInterrupted, "logging in")
	_, err = d.Connect(ctx, host(srv, ""))
	wantReason(t, err, remote.ReasonInterrupted)
}

func TestShells(t *testing.T) {
	t.Parallel()
	k := newKey(t, remotetest.Ed25519)
	srv := shellServer(t, k, nil)
	d, h := knowing(t, remote.SSHOptions{}, srv), host(srv, saveKey(t, k, ""))

	srv.SetFaults(remotetest.Faults{NoLogin: true})
	if got := run(t.Context(), mustOpen(t, d, h), "true", nil); got.exit != 1 || !strings.HasPrefix(got.stdout, "This account is") {
		t.Errorf("nologin: got %+v", got)
	}
	srv.SetFaults(remotetest.Faults{Noise: "Welcome!\r\n"})
	if got := run(t.Context(), mustOpen(t, d, h), "echo x", nil); got.stdout != "Welcome!\r\nx\n" {
		t.Errorf("noise: got %+v", got)
	}
	srv.SetFaults(remotetest.Faults{RefuseSessions: true})
	wantReason(t, run(t.Context(), mustOpen(t, d, h), "true", nil).err, remote.ReasonShell, "administratively prohibited")
	srv.SetFaults(remotetest.Faults{NoExitStatus: true})
	wantReason(t, run(t.Context(), mustOpen(t, d, h), "true", nil).err, remote.ReasonDropped, "without saying how")
	srv.SetFaults(remotetest.Faults{})
	s := mustOpen(t, d, h)
	srv.Disconnect()
	wantReason(t, run(t.Context(), s, "true", nil).err, remote.ReasonDropped)
}

func TestUnusedConnection(t *testing.T) {
	t.Parallel()
	k := newKey(t, remotetest.Ed25519)
	srv := shellServer(t, k, nil)
	c, err := knowing(t, remote.SSHOptions{}, srv).Connect(t.Context(), host(srv, saveKey(t, k, "")))
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
}
