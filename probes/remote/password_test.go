package remote_test

import (
	"strings"
	"testing"

	"github.com/fleetaudit/fleetaudit/probes/remote"
	"github.com/fleetaudit/fleetaudit/probes/remote/remotetest"
)

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
				if strings.Contains(e.text, c.given) {
					t.Errorf("the password is in %q", e.text)
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
