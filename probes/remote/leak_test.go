package remote_test

import (
	"context"
	"io"
	"net"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fleetaudit/fleetaudit/inventory"
	"github.com/fleetaudit/fleetaudit/probes/remote"
	"github.com/fleetaudit/fleetaudit/probes/remote/remotetest"
)

// TestNothingIsLeftRunning counts goroutines, so nothing runs beside it.
func TestNothingIsLeftRunning(t *testing.T) {
	before := runtime.NumGoroutine()
	t.Run("work", func(t *testing.T) {
		k, jk := newKey(t, remotetest.Ed25519), newKey(t, remotetest.Ed25519)
		bastion := jumpServer(t, jk, func(o *remotetest.Options) { o.RTT = time.Millisecond })
		for _, f := range []remotetest.Faults{
			{}, {HangAfterAccept: true}, {CloseAfterAccept: true}, {WrongHostKey: true}, {RefuseAuth: true}, {OldAlgorithms: true},
			{RefuseSessions: true}, {HangExec: true}, {Freeze: true}, {Cut: 100},
		} {
			srv := shellServer(t, k, func(o *remotetest.Options) {
				o.Faults, o.RTT = f, time.Millisecond
			})
			d := knowing(t, remote.SSHOptions{LoginTimeout: 500 * time.Millisecond, KeepAlive: 50 * time.Millisecond}, srv, bastion)
			direct := host(srv, saveKey(t, k, ""))
			var all sync.WaitGroup
			for _, h := range []inventory.Host{direct, direct, through(direct, bastion, saveKey(t, jk, ""))} {
				all.Go(func() {
					s, err := open(t.Context(), d, h)
					if err != nil {
						return
					}
					ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
					defer cancel()
					r, _ := io.Pipe()
					run(ctx, s, "echo "+strings.Repeat("x", 200), r)
					_ = s.Close()
				})
			}
			all.Wait()
		}
	})
	for start := time.Now(); runtime.NumGoroutine() > before; time.Sleep(5 * time.Millisecond) {
		if time.Since(start) > slow {
			buf := make([]byte, 1<<20)
			t.Fatalf("%d goroutines before, %d after:\n%s", before, runtime.NumGoroutine(), buf[:runtime.Stack(buf, true)])
		}
	}
}

func TestIPv6(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "[::1]:0")
	if err != nil {
		if os.Getenv("FLEETAUDIT_CI") != "" {
			t.Fatalf("CI must have IPv6 on loopback: %v", err)
		}
		t.Skip("this machine has no IPv6")
	}
	_ = l.Close()
	k := newKey(t, remotetest.Ed25519)
	srv := shellServer(t, k, func(o *remotetest.Options) { o.Address, o.Forward = "[::1]:0", true })
	d := knowing(t, remote.SSHOptions{}, srv)
	h := host(srv, saveKey(t, k, ""))
	jump := h.Access
	for _, j := range []*inventory.Access{nil, &jump} {
		h.Jump = j
		if got := run(t.Context(), mustOpen(t, d, h), "echo x", nil); got.stdout != "x\n" {
			t.Errorf("got %+v", got)
		}
	}
}

func BenchmarkLogin(b *testing.B) {
	k, err := remotetest.NewKey(remotetest.Ed25519)
	if err != nil {
		b.Fatal(err)
	}
	srv, err := remotetest.Start(remotetest.Options{
		Users:   map[string]remotetest.User{"audit": {Keys: []string{k.Authorized()}}},
		Handler: func(context.Context, *remotetest.Exec) int { return 0 },
	})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = srv.Close() }()
	path := b.TempDir() + "/id"
	if err := k.Save(path, ""); err != nil {
		b.Fatal(err)
	}
	h := host(srv, path)
	h.HostKey = srv.HostKeys()[0].Fingerprint()
	d := remote.NewSSH(remote.SSHOptions{KnownHosts: []string{}})
	b.ReportAllocs()
	for b.Loop() {
		s, err := open(b.Context(), d, h)
		if err != nil {
			b.Fatal(err)
		}
		if got := run(b.Context(), s, "x", nil); got.err != nil {
			b.Fatal(got.err)
		}
		_ = s.Close()
	}
}
