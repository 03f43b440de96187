package remote_test

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fleetaudit/fleetaudit/inventory"
	"github.com/fleetaudit/fleetaudit/probes/remote"
	"github.com/fleetaudit/fleetaudit/probes/remote/remotetest"
	"golang.org/x/crypto/ssh/agent"
)

// slow is longer than anything here takes unless it hangs.
const slow = 30 * time.Second

func newKey(t *testing.T, kind remotetest.KeyType) *remotetest.Key {
	t.Helper()
	k, err := remotetest.NewKey(kind)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func certify(t *testing.T, k, authority *remotetest.Key, c remotetest.Certificate) *remotetest.Key {
	t.Helper()
	k, err := k.Certify(authority, c)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func startServer(t *testing.T, opts remotetest.Options) *remotetest.Server {
	t.Helper()
	s, err := remotetest.Start(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// shellServer is a server with an account "audit" that a key lets in and whose commands a real shell runs.
func shellServer(t *testing.T, k *remotetest.Key, change func(*remotetest.Options)) *remotetest.Server {
	t.Helper()
	opts := remotetest.Options{
		Users:   map[string]remotetest.User{"audit": {Keys: []string{k.Authorized()}}},
		Handler: remotetest.Shell("/bin/sh", t.TempDir()),
	}
	if change != nil {
		change(&opts)
	}
	return startServer(t, opts)
}

func writeFile(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func saveKey(t *testing.T, k *remotetest.Key, passphrase string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "id")
	if err := k.Save(path, passphrase); err != nil {
		t.Fatal(err)
	}
	return path
}

// host declares a host at the address of a server.
func host(s *remotetest.Server, identity string) inventory.Host {
	address, port := s.Host()
	return inventory.Host{
		Name:   "db01",
		Access: inventory.Access{Address: address, Port: port, User: "audit", Identity: identity},
		Pos:    inventory.Position{File: "fleet.yaml", Line: 7},
	}
}

// newDialer makes a dialer that uses nothing of the user who runs the tests.
func newDialer(t *testing.T, opts remote.SSHOptions) remote.Dialer {
	t.Helper()
	if opts.KnownHosts == nil {
		opts.KnownHosts = []string{}
	}
	if opts.Identities == nil {
		opts.Identities = []string{}
	}
	d := remote.NewSSH(opts)
	t.Cleanup(func() {
		if err := d.(io.Closer).Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

// knowing makes a dialer that knows the keys of servers.
func knowing(t *testing.T, opts remote.SSHOptions, servers ...*remotetest.Server) remote.Dialer {
	t.Helper()
	var lines strings.Builder
	for _, s := range servers {
		lines.WriteString(s.KnownHosts())
	}
	opts.KnownHosts = append(opts.KnownHosts, writeFile(t, "known_hosts", lines.String()))
	return newDialer(t, opts)
}

func open(ctx context.Context, d remote.Dialer, h inventory.Host) (remote.Session, error) {
	c, err := d.Connect(ctx, h)
	if err != nil {
		return nil, err
	}
	return c.Login(ctx)
}

func mustOpen(t *testing.T, d remote.Dialer, h inventory.Host) remote.Session {
	t.Helper()
	s, err := open(t.Context(), d, h)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

type answer struct {
	stdout, stderr string
	exit           int
	err            error
}

func run(ctx context.Context, s remote.Session, command string, stdin io.Reader) answer {
	p, err := s.Exec(ctx, command, stdin)
	if err != nil {
		return answer{exit: -1, err: err}
	}
	var a answer
	var errs sync.WaitGroup
	errs.Go(func() {
		b, _ := io.ReadAll(p.Stderr)
		a.stderr = string(b)
	})
	b, _ := io.ReadAll(p.Stdout)
	errs.Wait()
	a.stdout = string(b)
	a.exit, a.err = p.Wait()
	return a
}

// failure is what tests look at in an error.
type failure struct{ hop, text string }

// wantReason checks the reason of an error, and that its text holds each of the parts.
func wantReason(t *testing.T, err error, reason remote.Reason, parts ...string) failure {
	t.Helper()
	var e *remote.Error
	if !errors.As(err, &e) {
		t.Fatalf("got error %v, want one with reason %q", err, reason)
	}
	if e.Reason != reason {
		t.Fatalf("got reason %q (%v), want %q", e.Reason, e, reason)
	}
	for _, p := range parts {
		if !strings.Contains(e.Error(), p) {
			t.Errorf("error %q does not say %q", e, p)
		}
	}
	if strings.Contains(e.Error(), "\n") {
		t.Errorf("error %q is more than one line", e)
	}
	return failure{e.Hop, e.Error()}
}

// fakeSecrets resolves references from a map, and counts.
type fakeSecrets struct {
	values map[string]string // by reference
	mu     sync.Mutex
	calls  map[string]int
}

func ref(t *testing.T, s string) inventory.SecretRef {
	t.Helper()
	r, err := inventory.ParseSecretRef(s)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (f *fakeSecrets) Resolve(_ context.Context, r inventory.SecretRef) (string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.calls == nil {
		f.calls = map[string]int{}
	}
	f.calls[r.String()]++
	if v, ok := f.values[r.String()]; ok {
		return v, nil
	}
	return "", errors.New("no such secret: " + r.String())
}

// startAgent starts an SSH agent that holds keys and gives its socket.
func startAgent(t *testing.T, keys ...*remotetest.Key) string {
	t.Helper()
	ring := agent.NewKeyring()
	for _, k := range keys {
		if err := ring.Add(agent.AddedKey{PrivateKey: privateOf(k)}); err != nil {
			t.Fatal(err)
		}
	}
	dir, err := os.MkdirTemp("", "agent") //nolint:usetesting // paths of sockets must be short
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("unix", filepath.Join(dir, "s"))
	if err != nil {
		t.Fatal(err)
	}
	var tasks sync.WaitGroup
	tasks.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			tasks.Go(func() {
				_ = agent.ServeAgent(ring, c)
				_ = c.Close()
			})
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		tasks.Wait()
		_ = os.RemoveAll(dir)
	})
	return l.Addr().String()
}

// privateOf gives a private key as an SSH agent takes it.
func privateOf(k *remotetest.Key) crypto.PrivateKey {
	if e, ok := k.Private().(ed25519.PrivateKey); ok {
		return &e
	}
	return k.Private()
}
