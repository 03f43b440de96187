package remote_test

import (
	"errors"
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/fleetaudit/fleetaudit/inventory"
	"github.com/fleetaudit/fleetaudit/probes/remote"
	"github.com/fleetaudit/fleetaudit/probes/remote/remotetest"
)

// blackhole gives a loopback port that drops what is sent to it, as a dead host does: a listener that accepts nothing and whose queue
// is full.
func blackhole(t *testing.T) int {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Close(fd) })
	if err := errors.Join(syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}), syscall.Listen(fd, 0)); err != nil {
		t.Fatal(err)
	}
	name, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	port := name.(*syscall.SockaddrInet4).Port
	addr := (&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port}).String()
	for range 10 {
		c, err := net.DialTimeout("tcp", addr, 100*time.Millisecond)
		if err != nil {
			return port
		}
		t.Cleanup(func() { _ = c.Close() })
	}
	t.Fatal("the queue of a listener does not fill")
	return 0
}

func TestDeadHost(t *testing.T) {
	t.Parallel()
	k, jk := newKey(t, remotetest.Ed25519), newKey(t, remotetest.Ed25519)
	port := blackhole(t)
	bastion := jumpServer(t, jk, nil)
	d := knowing(t, remote.SSHOptions{ConnectTimeout: 200 * time.Millisecond}, bastion)
	h := inventory.Host{Name: "dead", Access: inventory.Access{Address: "127.0.0.1", Port: port, User: "audit", Identity: saveKey(t, k, "")}}
	for name, h := range map[string]inventory.Host{"direct": h, "jump": through(h, bastion, saveKey(t, jk, ""))} {
		start := time.Now()
		_, err := d.Connect(t.Context(), h)
		took := time.Since(start)
		if e := wantReason(t, err, remote.ReasonTimeout, "within 200ms"); e.hop != "" {
			t.Errorf("%s: hop %q, but it is the host that is dead", name, e.hop)
		}
		if took < 200*time.Millisecond || took > 3*time.Second {
			t.Errorf("%s: gave up after %s", name, took)
		}
	}
}
