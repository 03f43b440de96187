package remote_test

import (
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/fleetaudit/fleetaudit/inventory"
	"github.com/fleetaudit/fleetaudit/probes/remote"
	"github.com/fleetaudit/fleetaudit/probes/remote/remotetest"
)

func through(h inventory.Host, bastion *remotetest.Server, identity string) inventory.Host {
	a := host(bastion, identity).Access
	a.User = "jump"
	h.Jump = &a
	return h
}

func jumpServer(t *testing.T, k *remotetest.Key, change func(*remotetest.Options)) *remotetest.Server {
	t.Helper()
	return shellServer(t, k, func(o *remotetest.Options) {
		o.Users, o.Forward, o.Handler = map[string]remotetest.User{"jump": {Keys: []string{k.Authorized()}}}, true, nil
		if change != nil {
			change(o)
		}
	})
}

func TestJumpHostIsShared(t *testing.T) {
	t.Parallel()
	k, jk := newKey(t, remotetest.Ed25519), newKey(t, remotetest.Ed25519)
	srv, bastion := shellServer(t, k, nil), jumpServer(t, jk, func(o *remotetest.Options) { o.RTT = 10 * time.Millisecond })
	d := knowing(t, remote.SSHOptions{}, srv, bastion)
	h := through(host(srv, saveKey(t, k, "")), bastion, saveKey(t, jk, ""))
	var all sync.WaitGroup
	for range 30 {
		all.Go(func() {
			s, err := open(t.Context(), d, h)
			if err != nil {
				t.Error(err)
				return
			}
			defer func() { _ = s.Close() }()
			if got := run(t.Context(), s, "echo through", nil); got.stdout != "through\n" || got.err != nil {
				t.Errorf("got %+v", got)
			}
			if p := s.Peer(); p.HostKey != srv.HostKeys()[0].Fingerprint() || p.KeyTrust != "known_hosts" {
				t.Errorf("got %+v", p)
			}
		})
	}
	all.Wait()
	if n := bastion.Counts(); n.Connections != 1 || n.Logins != 1 || n.Forwards != 30 {
		t.Errorf("the jump host saw %+v", n)
	}
	if n := srv.Counts(); n.Logins != 30 {
		t.Errorf("the host saw %+v", n)
	}

	// Reopened once it is gone, and what went through it says where it broke.
	s := mustOpen(t, d, h)
	bastion.Disconnect()
	e := wantReason(t, run(t.Context(), s, "true", nil).err, remote.ReasonDropped)
	if want, _ := bastion.Host(); e.hop == "" || e.hop[:len(want)] != want {
		t.Errorf("hop %q, want the jump host", e.hop)
	}
	if got := run(t.Context(), mustOpen(t, d, h), "echo again", nil); got.stdout != "again\n" {
		t.Errorf("got %+v", got)
	}
	if n := bastion.Counts(); n.Connections != 2 {
		t.Errorf("the jump host saw %+v", n)
	}
}

func TestJumpHostFailures(t *testing.T) {
	t.Parallel()
	k, jk := newKey(t, remotetest.Ed25519), newKey(t, remotetest.Ed25519)
	srv := shellServer(t, k, nil)
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := closed.Addr().(*net.TCPAddr).Port
	_ = closed.Close()
	for _, c := range []struct {
		name   string
		faults remotetest.Faults
		change func(*inventory.Host)
		reason remote.Reason
		atHop  bool
		conns  int // of the jump host after two tries
		parts  []string
	}{
		{"key not known", remotetest.Faults{WrongHostKey: true}, nil, remote.ReasonHostKey, true, 1, []string{"not the key that is held"}},
		{"refused", remotetest.Faults{RefuseAuth: true}, nil, remote.ReasonAuth, true, 1, []string{"does not let jump in"}},
		{"silent", remotetest.Faults{HangAfterAccept: true}, nil, remote.ReasonTimeout, true, 2, []string{"said nothing"}},
		{"dropped", remotetest.Faults{CloseAfterAccept: true}, nil, remote.ReasonDropped, true, 2, []string{"MaxStartups"}},
		{"no forwarding", remotetest.Faults{RefuseForwards: true}, nil, remote.ReasonUnreachable, true, 1, []string{"AllowTcpForwarding"}},
		{"no credentials", remotetest.Faults{}, func(h *inventory.Host) { h.Jump.Identity = "/nonexistent/id" }, remote.ReasonCredential, true, 0, []string{"/nonexistent/id"}},
		{"nobody there", remotetest.Faults{}, func(h *inventory.Host) { h.Port = nobody }, remote.ReasonRefused, false, 1, []string{"as seen from jump host 127.0.0.1"}},
		{"jump host refuses", remotetest.Faults{}, func(h *inventory.Host) { h.Jump.Port = nobody }, remote.ReasonRefused, true, 0, nil},
		{"host refuses", remotetest.Faults{}, func(h *inventory.Host) { h.User = "nobody" }, remote.ReasonAuth, false, 1, []string{"does not let nobody in"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			bastion := jumpServer(t, jk, func(o *remotetest.Options) { o.Faults = c.faults })
			opts := remote.SSHOptions{}
			if c.reason == remote.ReasonTimeout {
				opts.LoginTimeout = 300 * time.Millisecond
			}
			d := knowing(t, opts, srv, bastion)
			h := through(host(srv, saveKey(t, k, "")), bastion, saveKey(t, jk, ""))
			if c.change != nil {
				c.change(&h)
			}
			for range 2 {
				_, err := open(t.Context(), d, h)
				if e := wantReason(t, err, c.reason, c.parts...); (e.hop != "") != c.atHop {
					t.Errorf("hop %q in %s", e.hop, e.text)
				}
			}
			if n := bastion.Counts().Connections; n != c.conns {
				t.Errorf("the jump host was connected to %d times, want %d", n, c.conns)
			}
		})
	}
}

func TestSilentHostBehindJumpHost(t *testing.T) {
	t.Parallel()
	k, jk := newKey(t, remotetest.Ed25519), newKey(t, remotetest.Ed25519)
	srv, bastion := shellServer(t, k, func(o *remotetest.Options) { o.Faults.HangAfterAccept = true }), jumpServer(t, jk, nil)
	d := knowing(t, remote.SSHOptions{LoginTimeout: 2 * time.Second}, srv, bastion)
	_, err := open(t.Context(), d, through(host(srv, saveKey(t, k, "")), bastion, saveKey(t, jk, "")))
	if e := wantReason(t, err, remote.ReasonTimeout, "said nothing"); e.hop != "" {
		t.Errorf("hop %q, but it is the host that is silent", e.hop)
	}
}

func TestClosedDialer(t *testing.T) {
	t.Parallel()
	k, jk := newKey(t, remotetest.Ed25519), newKey(t, remotetest.Ed25519)
	srv, bastion := shellServer(t, k, nil), jumpServer(t, jk, nil)
	d := knowing(t, remote.SSHOptions{}, srv, bastion)
	h := through(host(srv, saveKey(t, k, "")), bastion, saveKey(t, jk, ""))
	s := mustOpen(t, d, h)
	if err := d.(io.Closer).Close(); err != nil {
		t.Fatal(err)
	}
	wantReason(t, run(t.Context(), s, "true", nil).err, remote.ReasonDropped)
	_, err := d.Connect(t.Context(), h)
	if err == nil {
		_, err = open(t.Context(), d, h)
	}
	if err == nil {
		t.Error("a closed dialer connected through a jump host")
	}
}
