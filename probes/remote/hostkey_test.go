package remote_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fleetaudit/fleetaudit/probes/remote"
	"github.com/fleetaudit/fleetaudit/probes/remote/remotetest"
)

// hostKeyCase is a server with keys, what is known of it, and what comes of it.
type hostKeyCase struct {
	name   string
	keys   []*remotetest.Key
	known  string // %s is the name of the server in known_hosts
	pin    string
	trust  string // "" for refused
	key    *remotetest.Key
	parts  []string
	connas int // connections that it took, 0 for 1
}

func (c hostKeyCase) run(t *testing.T) {
	t.Helper()
	user := newKey(t, remotetest.Ed25519)
	srv := shellServer(t, user, func(o *remotetest.Options) { o.HostKeys = c.keys })
	known := writeFile(t, "known_hosts", strings.ReplaceAll(c.known, "%s", "["+strings.Replace(srv.Addr(), ":", "]:", 1)))
	d := newDialer(t, remote.SSHOptions{KnownHosts: []string{known}})
	h := host(srv, saveKey(t, user, ""))
	h.HostKey = c.pin
	s, err := open(t.Context(), d, h)
	counts := srv.Counts()
	if want := max(c.connas, 1); counts.Connections != want {
		t.Errorf("took %d connections, want %d", counts.Connections, want)
	}
	if c.trust == "" {
		wantReason(t, err, remote.ReasonHostKey, c.parts...)
		if len(counts.Auth) > 0 {
			t.Errorf("before its key was verified the host was sent %v", counts.Auth)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	if p := s.Peer(); p.KeyTrust != c.trust || p.HostKey != c.key.Fingerprint() || p.KeyType != c.key.Type() {
		t.Errorf("got %+v, want trust %q in %s %s", p, c.trust, c.key.Type(), c.key.Fingerprint())
	}
}

func TestHostKeys(t *testing.T) {
	t.Parallel()
	ed, ec, rsa, other := newKey(t, remotetest.Ed25519), newKey(t, remotetest.ECDSA), newKey(t, remotetest.RSA), newKey(t, remotetest.Ed25519)
	all := []*remotetest.Key{rsa, ec, ed}
	line := func(k *remotetest.Key) string { return "%s " + k.Authorized() + "\n" }
	for _, c := range []hostKeyCase{
		{name: "unknown", keys: all, parts: []string{ed.Fingerprint(), "it is not in /", "known_hosts", "fleet.yaml:7"}},
		{name: "known ed25519", keys: all, known: line(ed), trust: "known_hosts", key: ed},
		{name: "known ecdsa", keys: all, known: line(ec), trust: "known_hosts", key: ec},
		{name: "known rsa", keys: all, known: line(rsa), trust: "known_hosts", key: rsa},
		{name: "several known", keys: all, known: line(rsa) + line(other) + line(ec), parts: []string{"known_hosts:1", "known_hosts:2", other.Fingerprint()}},
		{name: "changed", keys: all, known: "# old\n" + line(other), parts: []string{ed.Fingerprint(), "known_hosts:2", other.Fingerprint(), "ssh-keygen -R"}},
		{name: "known type gone", keys: []*remotetest.Key{ec}, known: line(ed), parts: []string{"only keys of other types", "ecdsa-sha2-nistp256", "known_hosts:1"}},
		{name: "without the port", keys: all, known: "127.0.0.1 " + ed.Authorized() + "\n", trust: "known_hosts", key: ed},
		{name: "without the port, another type", keys: []*remotetest.Key{ec}, known: "127.0.0.1 " + ed.Authorized() + "\n", parts: []string{"it is not in"}},
		{name: "revoked", keys: []*remotetest.Key{ed}, known: line(ed) + "@revoked * " + ed.Authorized(), parts: []string{"revoked", "known_hosts:2", "must not"}},
		{name: "revoked elsewhere", keys: []*remotetest.Key{ed}, known: line(ed) + "@revoked db99 " + ed.Authorized(), parts: []string{"known_hosts:2"}},
		{name: "revoked but pinned", keys: []*remotetest.Key{ed}, known: "@revoked * " + ed.Authorized(), pin: ed.Fingerprint(), parts: []string{"revoked"}},
		{name: "authority's own key", keys: []*remotetest.Key{ed}, known: "@cert-authority * " + ed.Authorized(), parts: []string{"known_hosts:1 says that its keys are certified"}},
		{name: "wildcard", keys: all, known: "[127.0.*]:*,!db* " + ec.Authorized(), trust: "known_hosts", key: ec},
		{name: "star", keys: all, known: "* " + ec.Authorized(), trust: "known_hosts", key: ec},
		{name: "excluded", keys: all, known: "*,!%s " + ed.Authorized(), trust: "known_hosts", key: ed}, // by its name without the port, as in OpenSSH
		{name: "excluded twice", keys: all, known: "*,!%s,!127.0.0.1 " + ed.Authorized(), parts: []string{"it is not in"}},
		{name: "line not understood", keys: all, known: "%s ssh-ed25519 AAAA\n", parts: []string{"1 of their lines not understood", "known_hosts:1"}},

		{name: "pinned", keys: all, pin: ed.Fingerprint(), trust: "pinned", key: ed},
		{name: "pinned second type", keys: all, pin: ec.Fingerprint(), trust: "pinned", key: ec, connas: 2},
		{name: "pinned third type", keys: all, pin: rsa.Fingerprint(), trust: "pinned", key: rsa, connas: 3},
		{name: "pinned type known", keys: all, known: line(rsa), pin: rsa.Fingerprint(), trust: "pinned", key: rsa},
		{name: "pinned with padding", keys: all, pin: ed.Fingerprint() + "=", trust: "pinned", key: ed},
		{name: "pin beats known_hosts", keys: all, known: line(other), pin: ed.Fingerprint(), trust: "pinned", key: ed},
		{name: "pin mismatch", keys: all, known: line(ed), pin: other.Fingerprint(), connas: 4,
			parts: []string{ed.Fingerprint(), ec.Fingerprint(), rsa.Fingerprint(), "pins " + other.Fingerprint(), "fleet.yaml:7"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.run(t)
		})
	}
}

func TestHostCertificates(t *testing.T) {
	t.Parallel()
	authority, other, k := newKey(t, remotetest.ECDSA), newKey(t, remotetest.Ed25519), newKey(t, remotetest.Ed25519)
	here := remotetest.Certificate{Host: true, Principals: []string{"127.0.0.1"}}
	with := func(change func(*remotetest.Certificate)) []*remotetest.Key {
		c := here
		change(&c)
		return []*remotetest.Key{certify(t, k, authority, c)}
	}
	good := with(func(*remotetest.Certificate) {})
	known := "@cert-authority [127.0.0.1]:* " + authority.Authorized() + "\n"
	plain := "%s " + k.Authorized() + "\n"
	for _, c := range []hostKeyCase{
		{name: "certified", keys: good, known: known, trust: "certificate authority", key: k},
		{name: "authority without port", keys: good, known: "@cert-authority 127.0.0.* " + authority.Authorized(), trust: "certificate authority", key: k},
		{name: "authority of others", keys: good, known: "@cert-authority *.example.org " + authority.Authorized(), parts: []string{"have no host key algorithm"}},
		{name: "other authority", keys: good, known: "@cert-authority * " + other.Authorized(), parts: []string{authority.Fingerprint(), "no @cert-authority line"}},
		{name: "authority as plain key", keys: good, known: "%s " + authority.Authorized(), parts: []string{"only keys of other types"}},
		{name: "other principal", keys: with(func(c *remotetest.Certificate) { c.Principals = []string{"db02"} }), known: known, parts: []string{"not in the set of valid principals"}},
		{name: "expired", keys: with(func(c *remotetest.Certificate) { c.ValidBefore = time.Unix(1e9, 0) }), known: known, parts: []string{"expired"}},
		{name: "not yet valid", keys: with(func(c *remotetest.Certificate) { c.ValidAfter = time.Now().Add(time.Hour) }), known: known, parts: []string{"not yet valid"}},
		{name: "expired but known", keys: with(func(c *remotetest.Certificate) { c.ValidBefore = time.Unix(1e9, 0) }), known: known + plain, trust: "known_hosts", key: k},
		{name: "user certificate", keys: with(func(c *remotetest.Certificate) { c.Host = false }), known: known, parts: []string{"user certificate"}},
		{name: "revoked key", keys: good, known: known + "@revoked * " + k.Authorized(), parts: []string{"known_hosts:2"}},
		{name: "revoked authority", keys: good, known: known + "@revoked * " + authority.Authorized(), parts: []string{"known_hosts:2"}},
		{name: "plain key instead", keys: []*remotetest.Key{k}, known: known, parts: []string{"says that its keys are certified"}},
		{name: "plain key known", keys: []*remotetest.Key{k}, known: known + plain, trust: "known_hosts", key: k},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if c.name == "authority of others" { // a server that has certificates only
				user := newKey(t, remotetest.Ed25519)
				srv := shellServer(t, user, func(o *remotetest.Options) { o.HostKeys = c.keys })
				_, err := open(t.Context(), newDialer(t, remote.SSHOptions{KnownHosts: []string{writeFile(t, "k", c.known)}}), host(srv, saveKey(t, user, "")))
				wantReason(t, err, remote.ReasonAlgorithm, c.parts...)
				return
			}
			c.run(t)
		})
	}
}

func TestRevocationThatIsNotUnderstood(t *testing.T) {
	t.Parallel()
	k := newKey(t, remotetest.Ed25519)
	srv := shellServer(t, k, nil)
	known := writeFile(t, "known_hosts", srv.KnownHosts()+"@revoked * ssh-ed25519 AAAA\n")
	_, err := open(t.Context(), newDialer(t, remote.SSHOptions{KnownHosts: []string{known}}), host(srv, saveKey(t, k, "")))
	wantReason(t, err, remote.ReasonHostKey, known+":2", "revokes")
	missing := filepath.Join(t.TempDir(), "none")
	_, err = open(t.Context(), newDialer(t, remote.SSHOptions{KnownHosts: []string{missing}}), host(srv, saveKey(t, k, "")))
	wantReason(t, err, remote.ReasonHostKey, missing)
}

func TestBadPin(t *testing.T) {
	t.Parallel()
	k := newKey(t, remotetest.Ed25519)
	srv := shellServer(t, k, nil)
	h := host(srv, saveKey(t, k, ""))
	h.HostKey = "16:27:ac:a5:76:28:2d:36:63:1b:56:4d:eb:df:a6:48"
	_, err := newDialer(t, remote.SSHOptions{}).Connect(t.Context(), h)
	wantReason(t, err, remote.ReasonHostKey, "not a SHA256 fingerprint", "fleet.yaml:7")
}

// TestHashedKnownHosts lets ssh-keygen hash the names.
func TestHashedKnownHosts(t *testing.T) {
	t.Parallel()
	keygen, err := exec.LookPath("ssh-keygen")
	if err != nil {
		needTool(t, "ssh-keygen")
	}
	k := newKey(t, remotetest.Ed25519)
	srv, stranger := shellServer(t, k, nil), shellServer(t, k, nil)
	known := writeFile(t, "known_hosts", "db01.example.org "+newKey(t, remotetest.ECDSA).Authorized()+"\n"+srv.KnownHosts())
	if out, err := exec.CommandContext(t.Context(), keygen, "-H", "-f", known).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if text, err := os.ReadFile(known); err != nil || strings.Contains(string(text), "127.0.0.1") || strings.Count(string(text), "|1|") != 2 {
		t.Fatalf("not hashed: %s, %v", text, err)
	}
	d := newDialer(t, remote.SSHOptions{KnownHosts: []string{known}})
	if s := mustOpen(t, d, host(srv, saveKey(t, k, ""))); s.Peer().KeyTrust != "known_hosts" {
		t.Errorf("got %+v", s.Peer())
	}
	_, err = open(t.Context(), d, host(stranger, saveKey(t, k, "")))
	wantReason(t, err, remote.ReasonHostKey, "it is not in")
}

func TestFirstUse(t *testing.T) {
	t.Parallel()
	k := newKey(t, remotetest.Ed25519)
	var servers []*remotetest.Server
	for range 5 {
		servers = append(servers, shellServer(t, k, nil))
	}
	file := filepath.Join(t.TempDir(), "new", "known_hosts")
	id := saveKey(t, k, "")
	d := newDialer(t, remote.SSHOptions{AcceptNew: file})
	var all sync.WaitGroup
	for _, srv := range servers {
		for range 6 {
			all.Go(func() {
				s, err := open(t.Context(), d, host(srv, id))
				if err != nil {
					t.Error(err)
					return
				}
				if got := s.Peer().KeyTrust; got != "first use" {
					t.Errorf("trusted by %q", got)
				}
				_ = s.Close()
			})
		}
	}
	all.Wait()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(text), "\n"); n != len(servers) {
		t.Errorf("%d lines for %d hosts:\n%s", n, len(servers), text)
	}
	for _, srv := range servers {
		if !strings.Contains(string(text), srv.KnownHosts()) {
			t.Errorf("no line %q in\n%s", srv.KnownHosts(), text)
		}
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v, want 0600", info.Mode(), err)
	}

	servers[0].SetFaults(remotetest.Faults{WrongHostKey: true})
	_, err = open(t.Context(), d, host(servers[0], id)) // in the same run
	wantReason(t, err, remote.ReasonHostKey, "not the key that is held", file)
	later := newDialer(t, remote.SSHOptions{AcceptNew: file}) // in the next
	_, err = open(t.Context(), later, host(servers[0], id))
	wantReason(t, err, remote.ReasonHostKey, "not the key that is held", file+":")
	if s := mustOpen(t, later, host(servers[1], id)); s.Peer().KeyTrust != "known_hosts" {
		t.Errorf("a host of an earlier run is trusted by %q", s.Peer().KeyTrust)
	}
}

func TestFirstUseKeepsWhatIsThere(t *testing.T) {
	t.Parallel()
	k := newKey(t, remotetest.Ed25519)
	srv := shellServer(t, k, nil)
	old := "db99 " + newKey(t, remotetest.Ed25519).Authorized()
	file := writeFile(t, "known_hosts", old) // no line end
	mustOpen(t, newDialer(t, remote.SSHOptions{AcceptNew: file}), host(srv, saveKey(t, k, "")))
	text, err := os.ReadFile(file)
	if want := old + "\n" + srv.KnownHosts(); err != nil || string(text) != want {
		t.Errorf("got %q, %v, want %q", text, err, want)
	}
}

func TestFirstUseThatCannotBeRecorded(t *testing.T) {
	t.Parallel()
	k := newKey(t, remotetest.Ed25519)
	srv := shellServer(t, k, nil)
	file := filepath.Join(writeFile(t, "file", ""), "known_hosts")
	_, err := open(t.Context(), newDialer(t, remote.SSHOptions{AcceptNew: file}), host(srv, saveKey(t, k, "")))
	wantReason(t, err, remote.ReasonHostKey, file)
	if n := srv.Counts().Auth; len(n) > 0 {
		t.Errorf("the host was sent %v", n)
	}
}

// needTool skips a test for want of a program, or fails it where all of them must be there.
func needTool(t *testing.T, name string) {
	t.Helper()
	if os.Getenv("FLEETAUDIT_CI") == "1" {
		t.Fatalf("%s is not installed", name)
	}
	t.Skipf("%s is not installed", name)
}
