package remote_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/fleetaudit/fleetaudit/inventory"
	"github.com/fleetaudit/fleetaudit/probes/remote"
	"github.com/fleetaudit/fleetaudit/probes/remote/remotetest"
)

// wantAuth checks how often each method was tried.
func wantAuth(t *testing.T, srv *remotetest.Server, want map[string]int) {
	t.Helper()
	got := srv.Counts().Auth
	for _, m := range []string{"publickey", "keyboard-interactive", "password"} {
		if got[m] != want[m] {
			t.Errorf("%s was tried %d times, want %d", m, got[m], want[m])
		}
	}
}

func TestKeys(t *testing.T) {
	t.Parallel()
	authority := newKey(t, remotetest.Ed25519)
	for _, kind := range []remotetest.KeyType{remotetest.Ed25519, remotetest.ECDSA, remotetest.RSA} {
		k := newKey(t, kind)
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			srv := shellServer(t, k, func(o *remotetest.Options) {
				o.Users["audit"] = remotetest.User{Keys: []string{k.Authorized()}, Authorities: []string{authority.Authorized()}}
			})
			fromFile := mustOpen(t, knowing(t, remote.SSHOptions{}, srv), host(srv, saveKey(t, k, "")))
			fromAgent := mustOpen(t, knowing(t, remote.SSHOptions{AgentSocket: startAgent(t, k)}, srv), host(srv, ""))
			for _, s := range []remote.Session{fromFile, fromAgent} {
				if got := s.Peer().AuthMethod; got != "publickey" {
					t.Errorf("got in by %q", got)
				}
			}
			wantAuth(t, srv, map[string]int{"publickey": 2})
		})
		t.Run(string(kind)+" certificate", func(t *testing.T) {
			t.Parallel()
			cert := certify(t, k, authority, remotetest.Certificate{Principals: []string{"audit"}})
			srv := shellServer(t, k, func(o *remotetest.Options) {
				o.Users["audit"] = remotetest.User{Authorities: []string{authority.Authorized()}}
			})
			beside := saveKey(t, cert, "")
			mustOpen(t, knowing(t, remote.SSHOptions{}, srv), host(srv, beside))
			h := host(srv, saveKey(t, k, ""))
			h.Certificate = beside + "-cert.pub"
			mustOpen(t, knowing(t, remote.SSHOptions{}, srv), h)
			// The agent holds the key, and the certificate is a file.
			pub := writeFile(t, "id.pub", k.Authorized()+"\n")
			h.Identity = pub
			mustOpen(t, knowing(t, remote.SSHOptions{AgentSocket: startAgent(t, k)}, srv), h)
			wantAuth(t, srv, map[string]int{"publickey": 3})
		})
	}
}

func TestNamedIdentityIsTheOnlyOne(t *testing.T) {
	t.Parallel()
	k, others := newKey(t, remotetest.Ed25519), []*remotetest.Key{}
	for range 8 {
		others = append(others, newKey(t, remotetest.Ed25519))
	}
	srv := shellServer(t, others[0], nil)
	opts := remote.SSHOptions{AgentSocket: startAgent(t, others...), Identities: []string{saveKey(t, others[0], "")}}
	_, err := open(t.Context(), knowing(t, opts, srv), host(srv, saveKey(t, k, "")))
	wantReason(t, err, remote.ReasonAuth, k.Fingerprint())
	wantAuth(t, srv, map[string]int{"publickey": 1})
}

func TestOffersAreFew(t *testing.T) {
	t.Parallel()
	var keys []*remotetest.Key
	for range 9 {
		keys = append(keys, newKey(t, remotetest.Ed25519))
	}
	last := keys[8]
	srv := shellServer(t, last, func(o *remotetest.Options) {
		o.Users["audit"] = remotetest.User{Keys: []string{last.Authorized()}, Password: "right"}
	})
	opts := remote.SSHOptions{
		AgentSocket: startAgent(t, keys[:8]...),
		Identities:  []string{saveKey(t, keys[0], ""), saveKey(t, last, "")},
		Secrets:     &fakeSecrets{values: map[string]string{"env:PW": "right"}},
	}
	_, err := open(t.Context(), knowing(t, opts, srv), host(srv, ""))
	wantReason(t, err, remote.ReasonAuth, "4 more keys are not offered")
	wantAuth(t, srv, map[string]int{"publickey": 5})

	h := host(srv, "")
	h.Password = ref(t, "env:PW")
	if s := mustOpen(t, knowing(t, opts, srv), h); s.Peer().AuthMethod != "password" {
		t.Errorf("got in by %s", s.Peer().AuthMethod)
	}
}

func TestTooManyTries(t *testing.T) {
	t.Parallel()
	k := newKey(t, remotetest.Ed25519)
	srv := shellServer(t, k, func(o *remotetest.Options) {
		o.MaxTries = 1
		o.Users["audit"] = remotetest.User{Password: "right"}
	})
	h := host(srv, "")
	h.Password = ref(t, "env:PW")
	d := knowing(t, remote.SSHOptions{Secrets: &fakeSecrets{values: map[string]string{"env:PW": "wrong"}}}, srv)
	_, err := open(t.Context(), d, h)
	wantReason(t, err, remote.ReasonAuth, "too many authentication failures")
}

func TestEncryptedIdentity(t *testing.T) {
	t.Parallel()
	k := newKey(t, remotetest.Ed25519)
	srv := shellServer(t, k, nil)
	path := saveKey(t, k, "sesame")
	prompt := "prompt:Passphrase of " + path
	for _, c := range []struct {
		name       string
		passphrase string // reference
		secrets    map[string]string
		agent      bool
		reason     remote.Reason // "" for success
		part       string
		asked      string // reference that is resolved
	}{
		{"configured", "env:PP", map[string]string{"env:PP": "sesame"}, true, "", "", "env:PP"},
		{"wrong", "env:PP", map[string]string{"env:PP": "other"}, true, remote.ReasonCredential, "does not open it", "env:PP"},
		{"not there", "env:PP", nil, true, remote.ReasonCredential, "no such secret", "env:PP"},
		{"agent", "", map[string]string{prompt: "sesame"}, true, "", "", ""},
		{"prompt", "", map[string]string{prompt: "sesame"}, false, "", "", prompt},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			secrets := &fakeSecrets{values: c.secrets}
			opts := remote.SSHOptions{Secrets: secrets}
			if c.agent {
				opts.AgentSocket = startAgent(t, k)
			}
			d, h := knowing(t, opts, srv), host(srv, path)
			if c.passphrase != "" {
				h.Passphrase = ref(t, c.passphrase)
			}
			for range 3 { // what is found is kept, for good or ill
				s, err := open(t.Context(), d, h)
				if c.reason != "" {
					wantReason(t, err, c.reason, c.part, path, "fleet.yaml:7")
				} else if err != nil {
					t.Fatal(err)
				} else {
					_ = s.Close()
				}
			}
			want := map[string]int{}
			if c.asked != "" {
				want[c.asked] = 1
			}
			if len(secrets.calls) != len(want) || secrets.calls[c.asked] != want[c.asked] {
				t.Errorf("secrets resolved: %v, want %v", secrets.calls, want)
			}
		})
	}
}

// TestOldKeyFormat has a key in the format of OpenSSL, which hides the public key with the private one.
func TestOldKeyFormat(t *testing.T) {
	t.Parallel()
	keygen, err := exec.LookPath("ssh-keygen")
	if err != nil {
		needTool(t, "ssh-keygen")
	}
	k := newKey(t, remotetest.RSA)
	srv, path := shellServer(t, k, nil), saveKey(t, k, "")
	if out, err := exec.CommandContext(t.Context(), keygen, "-p", "-m", "PEM", "-P", "", "-N", "sesame", "-f", path).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	h := host(srv, path)
	mustOpen(t, knowing(t, remote.SSHOptions{AgentSocket: startAgent(t, k)}, srv), h)
	h.Passphrase = ref(t, "env:PP")
	mustOpen(t, knowing(t, remote.SSHOptions{Secrets: &fakeSecrets{values: map[string]string{"env:PP": "sesame"}}}, srv), h)
	if err := os.Remove(path + ".pub"); err != nil {
		t.Fatal(err)
	}
	h.Passphrase = inventory.SecretRef{}
	_, err = open(t.Context(), knowing(t, remote.SSHOptions{AgentSocket: startAgent(t, k)}, srv), h)
	wantReason(t, err, remote.ReasonCredential, "it is encrypted")
}

func TestBadCredentials(t *testing.T) {
	t.Parallel()
	k, other := newKey(t, remotetest.Ed25519), newKey(t, remotetest.Ed25519)
	srv := shellServer(t, k, nil)
	good, text := saveKey(t, k, ""), writeFile(t, "id", "not a key\n")
	foreign := saveKey(t, certify(t, other, k, remotetest.Certificate{Principals: []string{"audit"}}), "") + "-cert.pub"
	hostCert := saveKey(t, certify(t, k, other, remotetest.Certificate{Host: true, Principals: []string{"h"}}), "") + "-cert.pub"
	for _, c := range []struct {
		name   string
		change func(*inventory.Host)
		parts  []string
	}{
		{"no file", func(h *inventory.Host) { h.Identity = "/nonexistent/id" }, []string{"/nonexistent/id", "no such file", "fleet.yaml:7"}},
		{"no key", func(h *inventory.Host) { h.Identity = text }, []string{text, "not a private key"}},
		{"public key without agent", func(h *inventory.Host) { h.Identity = good + ".pub" }, []string{"it is a public key"}},
		{"certificate missing", func(h *inventory.Host) { h.Certificate = "/nonexistent/c" }, []string{"/nonexistent/c"}},
		{"certificate is a key", func(h *inventory.Host) { h.Certificate = good + ".pub" }, []string{"not a certificate"}},
		{"certificate of another key", func(h *inventory.Host) { h.Certificate = foreign }, []string{"for another key", other.Fingerprint()}},
		{"host certificate", func(h *inventory.Host) { h.Certificate = hostCert }, []string{"it is a host certificate"}},
		{"certificate alone", func(h *inventory.Host) { h.Identity, h.Certificate = "", foreign }, []string{"needs an identity"}},
		{"nothing", func(h *inventory.Host) { h.Identity = "" }, []string{"nothing to log in", "no SSH agent", "no password"}},
		{"password not there", func(h *inventory.Host) { h.Identity, h.Password = "", ref(t, "env:NONE") }, []string{"no such secret: env:NONE"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			h := host(srv, good)
			c.change(&h)
			_, err := knowing(t, remote.SSHOptions{Secrets: &fakeSecrets{}}, srv).Connect(t.Context(), h)
			wantReason(t, err, remote.ReasonCredential, c.parts...)
		})
	}
	if n := srv.Counts().Connections; n != 0 {
		t.Errorf("%d connections were made without credentials", n)
	}
}

func TestExpiredCertificateIsNamed(t *testing.T) {
	t.Parallel()
	k, authority := newKey(t, remotetest.Ed25519), newKey(t, remotetest.Ed25519)
	old := certify(t, k, authority, remotetest.Certificate{Principals: []string{"audit"}, ValidBefore: time.Date(2020, 5, 1, 0, 0, 0, 0, time.UTC)})
	srv := shellServer(t, k, func(o *remotetest.Options) {
		o.Users["audit"] = remotetest.User{Authorities: []string{authority.Authorized()}}
	})
	_, err := open(t.Context(), knowing(t, remote.SSHOptions{}, srv), host(srv, saveKey(t, old, "")))
	wantReason(t, err, remote.ReasonAuth, "valid until 2020-05-01")
}

func TestDefaultIdentities(t *testing.T) {
	t.Parallel()
	k, locked := newKey(t, remotetest.ECDSA), newKey(t, remotetest.Ed25519)
	srv := shellServer(t, k, nil)
	secrets := &fakeSecrets{}
	opts := remote.SSHOptions{Identities: []string{saveKey(t, locked, "sesame"), "/nonexistent/id_rsa", saveKey(t, k, "")}, Secrets: secrets}
	mustOpen(t, knowing(t, opts, srv), host(srv, ""))
	wantAuth(t, srv, map[string]int{"publickey": 1})

	opts.Identities = opts.Identities[:1]
	_, err := open(t.Context(), knowing(t, opts, srv), host(srv, ""))
	wantReason(t, err, remote.ReasonCredential, "it is encrypted")
	if len(secrets.calls) > 0 {
		t.Errorf("a key that nobody named led to %v", secrets.calls)
	}
	opts.AgentSocket = filepath.Join(t.TempDir(), "none")
	_, err = open(t.Context(), knowing(t, opts, srv), host(srv, ""))
	wantReason(t, err, remote.ReasonCredential, "SSH agent "+opts.AgentSocket)
}

func TestKeysAreReadOnce(t *testing.T) {
	t.Parallel()
	k := newKey(t, remotetest.Ed25519)
	srv := shellServer(t, k, nil)
	secrets := &fakeSecrets{values: map[string]string{"env:PP": "sesame"}}
	d := knowing(t, remote.SSHOptions{Secrets: secrets}, srv)
	h := host(srv, saveKey(t, k, "sesame"))
	h.Passphrase = ref(t, "env:PP")
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			s, err := open(t.Context(), d, h)
			if err != nil {
				t.Error(err)
				return
			}
			_ = s.Close()
		})
	}
	all.Wait()
	if n := secrets.calls["env:PP"]; n != 1 {
		t.Errorf("the passphrase was resolved %d times for 50 hosts", n)
	}
	if err := os.Remove(h.Identity); err != nil {
		t.Fatal(err)
	}
	mustOpen(t, d, h)
}

func TestAgentThatDoesNotSign(t *testing.T) {
	t.Parallel()
	k := newKey(t, remotetest.Ed25519)
	srv := shellServer(t, k, nil)
	socket := startAgent(t, k)
	d := knowing(t, remote.SSHOptions{AgentSocket: socket}, srv)
	c, err := d.Connect(t.Context(), host(srv, ""))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(socket); err != nil {
		t.Fatal(err)
	}
	_, err = c.Login(t.Context())
	wantReason(t, err, remote.ReasonCredential, fmt.Sprintf("SSH agent %s", socket))
}
