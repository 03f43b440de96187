package remotetest

import (
	"bytes"
	"context"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
)

func start(t *testing.T, opts Options) *Server {
	t.Helper()
	s, err := Start(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func client(t *testing.T, s *Server, user, password string) *ssh.Client {
	t.Helper()
	c, err := ssh.Dial("tcp", s.Addr(), &ssh.ClientConfig{
		User:            user,
		Auth:            []ssh.AuthMethod{ssh.Password(password)},
		HostKeyCallback: ssh.FixedHostKey(s.HostKeys()[0].signer.PublicKey()),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func TestOnlyLoopbackIsServed(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"0.0.0.0:0", ":0", "[::]:0", "localhost:0", "192.0.2.1:0", "127.0.0.1"} {
		if s, err := Start(Options{Address: address}); err == nil {
			_ = s.Close()
			t.Errorf("%q is served", address)
		}
	}
	s := start(t, Options{Forward: true, Users: map[string]User{"u": {Password: "p"}}})
	for _, address := range []string{"192.0.2.1:22", "example.org:22", "0.0.0.0:22"} {
		c, err := client(t, s, "u", "p").Dial("tcp", address)
		if err == nil {
			_ = c.Close()
		}
		if err == nil || !strings.Contains(err.Error(), "prohibited") {
			t.Errorf("forwarding to %s: got %v", address, err)
		}
	}
	if n := s.Counts().Forwards; n != 0 {
		t.Errorf("%d connections were forwarded", n)
	}
}

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	const rtt = 40 * time.Millisecond
	s := start(t, Options{RTT: rtt, Users: map[string]User{"u": {Password: "p"}}, Handler: func(_ context.Context, e *Exec) int {
		_, _ = io.Copy(e.Stdout, e.Stdin)
		return 0
	}})
	c := client(t, s, "u", "p")
	begin := time.Now()
	for range 3 {
		if _, _, err := c.SendRequest("ping", true, nil); err != nil {
			t.Fatal(err)
		}
	}
	if took := time.Since(begin); took < 3*rtt {
		t.Errorf("three round trips of %s took %s", rtt, took)
	}
	session, err := c.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	data := bytes.Repeat([]byte("0123456789abcdef"), 1<<16)
	session.Stdin = bytes.NewReader(data)
	begin = time.Now()
	out, err := session.Output("cat")
	if err != nil || !bytes.Equal(out, data) {
		t.Errorf("%d bytes of %d came back, %v", len(out), len(data), err)
	}
	// One write after the other, with a round trip for each, would take 32 of them.
	if took := time.Since(begin); took > 20*rtt {
		t.Logf("1 MiB there and back took %s", took)
	}
}

func TestCloseEndsCommands(t *testing.T) {
	t.Parallel()
	for _, rtt := range []time.Duration{0, 10 * time.Millisecond} {
		running := make(chan struct{})
		s := start(t, Options{RTT: rtt, Users: map[string]User{"u": {Password: "p"}}, Handler: func(ctx context.Context, _ *Exec) int {
			close(running)
			<-ctx.Done()
			return 1
		}})
		session, err := client(t, s, "u", "p").NewSession()
		if err != nil {
			t.Fatal(err)
		}
		if err := session.Start("x"); err != nil {
			t.Fatal(err)
		}
		<-running
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if err := session.Wait(); err == nil {
			t.Error("the command ended well")
		}
		if c, err := net.Dial("tcp", s.Addr()); err == nil {
			_ = c.Close()
			t.Error("a closed server listens")
		}
		if err := s.Close(); err != nil {
			t.Errorf("closed again: %v", err)
		}
	}
}

func TestKeyTypes(t *testing.T) {
	t.Parallel()
	for kind, want := range map[KeyType]string{Ed25519: "ssh-ed25519", ECDSA: "ecdsa-sha2-nistp256", RSA: "ssh-rsa"} {
		k, err := NewKey(kind)
		if err != nil {
			t.Fatal(err)
		}
		if k.Type() != want || k.kind() != kind || !strings.HasPrefix(k.Fingerprint(), "SHA256:") || k.CertificateLine() != "" {
			t.Errorf("%s: got %s, %s", kind, k.Type(), k.Fingerprint())
		}
		if got, want := k.KnownHosts("db01:22"), "db01 "+k.Authorized(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if _, err := NewKey("dsa"); err == nil {
		t.Error("a DSA key was made")
	}
}
