package remote_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
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

func TestPasswords(t *testing.T) {
	t.Parallel()
	hidden := []remotetest.Prompt{{Text: "(audit@db01) Password: "}}
	for _, c := range []struct {
		name    string
		user    remotetest.User
		methods []string
		given   string
		want    map[string]int
		method  string // by which it got in, "" if not
		parts   []string
	}{
		{"password", remotetest.User{Password: "right"}, nil, "right", map[string]int{"password": 1}, "password", nil},
		{"interactive first", remotetest.User{Password: "right", Prompts: hidden}, nil, "right",
			map[string]int{"keyboard-interactive": 1}, "keyboard-interactive", nil},
		{"refused once", remotetest.User{Password: "right", Prompts: hidden}, nil, "wrong",
			map[string]int{"keyboard-interactive": 1}, "", []string{"tried keyboard-interactive"}},
		{"refused", remotetest.User{Password: "right"}, nil, "wrong", map[string]int{"password": 1}, "", []string{"it takes password, publickey; tried password"}},
		{"one-time code", remotetest.User{Password: "right", Prompts: []remotetest.Prompt{{Text: "One-time password (OATH): "}}},
			[]string{"keyboard-interactive"}, "right", nil, "", []string{"One-time password (OATH)", "was not answered"}},
		{"shown answer", remotetest.User{Password: "right", Prompts: []remotetest.Prompt{{Text: "Password: ", Echo: true}}},
			[]string{"keyboard-interactive"}, "right", nil, "", []string{"was not answered"}},
		{"two questions", remotetest.User{Password: "right", Prompts: []remotetest.Prompt{{Text: "Password: "}, {Text: "Verification code: "}}},
			[]string{"keyboard-interactive"}, "right", nil, "", []string{"Password: / Verification code:"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			srv := shellServer(t, newKey(t, remotetest.Ed25519), func(o *remotetest.Options) {
				o.Users["audit"], o.Methods = c.user, c.methods
			})
			d := knowing(t, remote.SSHOptions{Secrets: &fakeSecrets{values: map[string]string{"env:PW": c.given}}}, srv)
			h := host(srv, "")
			h.Password = ref(t, "env:PW")
			s, err := open(t.Context(), d, h)
			if c.method == "" {
				e := wantReason(t, err, remote.ReasonAuth, c.parts...)
				if strings.Contains(e.Error(), c.given) {
					t.Errorf("the password is in %q", e)
				}
			} else if err != nil {
				t.Fatal(err)
			} else if got := s.Peer().AuthMethod; got != c.method {
				t.Errorf("got in by %q, want %q", got, c.method)
			} else {
				_ = s.Close()
			}
			if c.want != nil {
				wantAuth(t, srv, c.want)
			}
			if c.given == "wrong" { // the whole run long
				_, err := open(t.Context(), d, h)
				wantReason(t, err, remote.ReasonAuth, "not sent again")
				wantAuth(t, srv, c.want)
			}
		})
	}
}

func TestRefusedPasswordLeavesTheKey(t *testing.T) {
	t.Parallel()
	k := newKey(t, remotetest.Ed25519)
	srv := shellServer(t, k, func(o *remotetest.Options) {
		o.Users["audit"] = remotetest.User{Keys: []string{k.Authorized()}, Password: "right", Both: true}
	})
	for given, want := range map[string]string{"right": "publickey+password", "wrong": ""} {
		h := host(srv, saveKey(t, k, ""))
		h.Password = ref(t, "env:PW")
		d := knowing(t, remote.SSHOptions{Secrets: &fakeSecrets{values: map[string]string{"env:PW": given}}}, srv)
		s, err := open(t.Context(), d, h)
		if want == "" {
			wantReason(t, err, remote.ReasonAuth, "it took publickey but wants more")
			_, err = open(t.Context(), d, h)
			wantReason(t, err, remote.ReasonAuth, "not sent again")
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if got := s.Peer().AuthMethod; got != want {
			t.Errorf("got in by %q, want %q", got, want)
		}
		_ = s.Close()
	}
	wantAuth(t, srv, map[string]int{"publickey": 3, "password": 2})
}

func TestMissingPasswordMattersOnlyWithoutKey(t *testing.T) {
	t.Parallel()
	k := newKey(t, remotetest.Ed25519)
	srv := shellServer(t, k, func(o *remotetest.Options) {
		o.Users["root"] = remotetest.User{Password: "x"}
	})
	h := host(srv, saveKey(t, k, ""))
	h.Password = ref(t, "env:NONE")
	d := knowing(t, remote.SSHOptions{Secrets: &fakeSecrets{}}, srv)
	mustOpen(t, d, h)
	h.User = "root"
	_, err := open(t.Context(), d, h)
	wantReason(t, err, remote.ReasonCredential, "no such secret: env:NONE")
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
