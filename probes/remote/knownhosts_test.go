package remote

import (
	"context"
	"errors"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/fleetaudit/fleetaudit/inventory"
	"golang.org/x/crypto/ssh"
)

// testKey is a public key that ssh-keygen made.
const testKey = "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBEmKSENjQEezOmxkZMy7opKgwFB9nkt5YRrYMjNuG5N87uRgg6CLrbo5wAdT/y6v0mKV0U2w0WZ2YB/++Tpockg="

func TestNamePatterns(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		field, host string
		port        int
		want        bool
	}{
		{"db01", "db01", 22, true},
		{"db01", "DB01", 22, true},
		{"DB01", "db01", 22, true},
		{"db01", "db012", 22, false},
		{"db01", "db01", 2222, false},
		{"[db01]:2222", "db01", 2222, true},
		{"[db01]:2222", "db01", 22, false},
		{"[db01]:22", "db01", 22, false}, // ssh never writes it so
		{"10.1.4.7,db01", "10.1.4.7", 22, true},
		{"*.example.org", "db01.example.org", 22, true},
		{"*.example.org", "example.org", 22, false},
		{"*.example.org", "db01.example.org", 2222, false},
		{"*.example.org,!db01.*", "db01.example.org", 22, false},
		{"!db01.*,*.example.org", "db02.example.org", 22, true},
		{"!db01", "db02", 22, false}, // an exclusion alone names nobody
		{"db0?", "db01", 22, true},
		{"db0?", "db0", 22, false},
		{"*", "db01", 2222, true},
		{"a*b*c", "aXXbYYbZc", 22, true},
		{"a*b*c", "aXXbYYbZ", 22, false},
		{"**", "", 22, true},
		{"::1", "::1", 22, true},
		{"[fe80::1%eth0]:2222", "fe80::1%eth0", 2222, true},
		// Made by ssh-keygen -H for "localhost" and "[localhost]:2222".
		{"|1|r8R/L6/1JMBoVxwVjI+lfgmF4k4=|Rz+7szLMFsvLYESmWNnqRjR1zxQ=", "LocalHost", 22, true},
		{"|1|r8R/L6/1JMBoVxwVjI+lfgmF4k4=|Rz+7szLMFsvLYESmWNnqRjR1zxQ=", "localhost", 2222, false},
		{"|1|/WTSM6WAHa53kybaYLNdY+xoXeY=|s3nTk7q39kPsCs1Kx8ayNYJUpcU=", "localhost", 2222, true},
		{"|1|/WTSM6WAHa53kybaYLNdY+xoXeY=|s3nTk7q39kPsCs1Kx8ayNYJUpcU=", "localhost", 22, false},
	} {
		p, err := parseNames(c.field)
		if err != nil {
			t.Errorf("%s: %v", c.field, err)
			continue
		}
		if got := p.match(knownName(c.host, c.port)); got != c.want {
			t.Errorf("%s for host %s, port %d: got %v", c.field, c.host, c.port, got)
		}
	}
	for _, bad := range []string{"|", "|1|", "|2|AAAA|AAAA", "|1|AAAA", "|1|!|AAAA", "|1|AAAA|!", "|1|AAAA|AAAA"} {
		if _, err := parseNames(bad); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

func TestParseKnownHosts(t *testing.T) {
	t.Parallel()
	text := "# comment\n\n  db01 " + testKey + " a comment\r\n" +
		"@cert-authority *.example.org " + testKey + "\n" +
		"@revoked * " + testKey + "\n" +
		"@other * " + testKey + "\n" +
		"db02 ssh-dss AAAA\n" +
		"db03\n" +
		"db04 ssh-rsa " + strings.Fields(testKey)[1] + "\n"
	entries, skipped, err := parseKnownHosts("kh", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		got = append(got, e.where()+" "+e.marker)
	}
	if want := "kh:3 |kh:4 cert-authority|kh:5 revoked"; strings.Join(got, "|") != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if want := []string{"kh:6: unknown marker @other", "kh:7:", "kh:8:", "kh:9:"}; len(skipped) != len(want) {
		t.Errorf("skipped %q, want %q", skipped, want)
	} else {
		for i := range want {
			if !strings.HasPrefix(skipped[i], want[i]) {
				t.Errorf("skipped %q, want %q", skipped[i], want[i])
			}
		}
	}
	if _, _, err := parseKnownHosts("kh", []byte("\n@revoked * ssh-dss AAAA\n")); err == nil || !strings.HasPrefix(err.Error(), "kh:2:") {
		t.Errorf("got %v for a revocation that is not understood", err)
	}
}

func FuzzKnownHosts(f *testing.F) {
	for _, seed := range []string{
		"db01,10.0.0.1 " + testKey, "@cert-authority *.example.org " + testKey, "@revoked * " + testKey, "!a,*b?c* " + testKey,
		"|1|r8R/L6/1JMBoVxwVjI+lfgmF4k4=|Rz+7szLMFsvLYESmWNnqRjR1zxQ= " + testKey, "[::1]:2222 " + testKey + "\r\n", "@revoked", "\x00 \x00 \x00",
	} {
		f.Add([]byte(seed), "db01", 22)
	}
	f.Fuzz(func(t *testing.T, data []byte, host string, port int) {
		entries, skipped, err := parseKnownHosts("kh", data)
		lines := strings.Count(string(data), "\n") + 1
		if len(entries)+len(skipped) > lines {
			t.Errorf("%d lines gave %d entries and %d skipped", lines, len(entries), len(skipped))
		}
		if err != nil && len(entries) > 0 {
			t.Error("entries beside an error")
		}
		for _, e := range entries {
			e.names.match(knownName(host, port))
			if e.line < 1 || e.line > lines || e.key == nil {
				t.Errorf("entry %+v", e)
			}
			// What is written for a key is read as that key again.
			again, _, err := parseKnownHosts("kh", []byte(knownLine("db01", e.key)))
			if err != nil || len(again) != 1 || !sameKey(again[0].key, e.key) || !again[0].names.match("db01") {
				t.Errorf("%s is not read as it was written: %v", knownLine("db01", e.key), err)
			}
		}
	})
}

func BenchmarkHostLookup(b *testing.B) {
	key, _, _, _, err := ssh.ParseAuthorizedKey([]byte(testKey))
	if err != nil {
		b.Fatal(err)
	}
	h := &hostKeys{now: time.Now}
	h.load.Do(func() {})
	for range 1000 {
		names, err := parseNames("|1|r8R/L6/1JMBoVxwVjI+lfgmF4k4=|Rz+7szLMFsvLYESmWNnqRjR1zxQ=")
		if err != nil {
			b.Fatal(err)
		}
		h.entries = append(h.entries, &entry{key: key, names: names})
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := h.trust(target{Access: inventory.Access{Address: "db01", Port: 22}}); err != nil {
			b.Fatal(err)
		}
	}
}

func TestNewHostWithOddName(t *testing.T) {
	t.Parallel()
	key, _, _, _, err := ssh.ParseAuthorizedKey([]byte(testKey))
	if err != nil {
		t.Fatal(err)
	}
	file := t.TempDir() + "/known_hosts"
	for _, name := range []string{"*", "a b", "a,b", "x\nevil " + testKey, "!a", "|1|a|b"} {
		h := &hostKeys{files: []string{}, acceptNew: file, now: time.Now}
		trust, err := h.trust(target{Access: inventory.Access{Address: name, Port: 22}})
		if err != nil {
			t.Fatal(err)
		}
		if how, err := trust.verify(key); err == nil {
			t.Errorf("the key of %q was trusted by %s", name, how)
		}
	}
	if _, err := os.Stat(file); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("something was recorded: %v", err)
	}
}

func TestDialErrors(t *testing.T) {
	t.Parallel()
	done, cancel := context.WithCancel(t.Context())
	cancel()
	wrap := func(err error) error {
		return &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", err)}
	}
	for _, c := range []struct {
		ctx    context.Context
		err    error
		reason Reason
		part   string
	}{
		{t.Context(), &net.DNSError{Name: "db01", Err: "no such host", IsNotFound: true}, ReasonUnreachable, "db01 has no address (no such host)"},
		{t.Context(), &net.DNSError{Name: "db01", Err: "i/o timeout", IsTimeout: true}, ReasonTimeout, "was not resolved within 3s"},
		{t.Context(), wrap(syscall.ECONNREFUSED), ReasonRefused, "nothing listens at db01:22"},
		{t.Context(), wrap(syscall.EHOSTUNREACH), ReasonUnreachable, "no route to host"},
		{t.Context(), wrap(syscall.EMFILE), ReasonUnreachable, "ulimit -n"},
		{t.Context(), wrap(syscall.ETIMEDOUT), ReasonTimeout, "no answer from db01:22"},
		{t.Context(), &net.OpError{Op: "dial", Err: os.ErrDeadlineExceeded}, ReasonTimeout, "within 3s"},
		{done, os.ErrDeadlineExceeded, ReasonInterrupted, "connecting to db01:22"},
	} {
		e := dialError(c.ctx, "db01:22", 3*time.Second, c.err)
		if e.Reason != c.reason || !strings.Contains(e.Error(), c.part) || !errors.Is(e, c.err) && c.reason != ReasonInterrupted {
			t.Errorf("%v: got %v, want %s and %q", c.err, e, c.reason, c.part)
		}
	}
}

func TestPasswordQuestions(t *testing.T) {
	t.Parallel()
	for q, want := range map[string]bool{
		"Password: ": true, "(audit@db01) Password: ": true, "audit's password:": true, "LDAP Password:": true,
		"": false, "Login: ": false, "Verification code: ": false, "New password: ": false, "Current Password: ": false,
		"Retype new password:": false, "One-time password (OATH) for `audit': ": false, "Passcode or option (1-3): ": false, "Password + token: ": false,
	} {
		if got := asksPassword(q); got != want {
			t.Errorf("%q: got %v", q, got)
		}
	}
}
