package main

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
)

// needRealSSHD skips a test where no real sshd can be started: not on Linux, not root, no sshd, no test accounts. In CI that is a failure.
func needRealSSHD(t *testing.T) string {
	t.Helper()
	missing := func(what string) {
		if os.Getenv("FLEETAUDIT_CI") != "" {
			t.Fatalf("CI must have %s (see .ci/run and .ci/users)", what)
		}
		t.Skipf("needs %s", what)
	}
	if runtime.GOOS != "linux" || os.Geteuid() != 0 {
		missing("root on Linux")
	}
	for _, name := range []string{"fa-bash", "fa-dash", "fa-fish", "fa-tcsh", "fa-nologin"} {
		if _, err := user.Lookup(name); err != nil {
			missing("the test account " + name)
		}
	}
	for _, p := range []string{"/usr/sbin/sshd", "/usr/lib/ssh/sshd"} {
		if _, err := os.Stat(p); err == nil {
			if err := os.MkdirAll("/run/sshd", 0o755); err != nil {
				t.Fatal(err)
			}
			return p
		}
	}
	missing("OpenSSH's sshd")
	return ""
}

// sshd is a real OpenSSH server on a loopback address with a host key and a log of its own.
type sshd struct {
	addr, port string
	hostKey    ssh.PublicKey
	mu         sync.Mutex
	log        bytes.Buffer
}

// Write takes the server's log.
func (s *sshd) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.log.Write(p)
}

// logged counts the log's lines that contain text.
func (s *sshd) logged(text string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for line := range strings.Lines(s.log.String()) {
		if strings.Contains(line, text) {
			n++
		}
	}
	return n
}

// knownHosts is the server's line in a known_hosts file.
func (s *sshd) knownHosts() string {
	return fmt.Sprintf("[%s]:%s %s", s.addr, s.port, ssh.MarshalAuthorizedKey(s.hostKey))
}

// startSSHD starts a server on addr that lets the holder of key in as any account.
func startSSHD(t *testing.T, binary, addr string, key ssh.PublicKey) *sshd {
	t.Helper()
	// sshd reads authorized_keys as the account itself, so the folder is open to all, which t.TempDir's parent is not.
	dir, err := os.MkdirTemp("", "fleetaudit-sshd-*") //nolint:usetesting // see above
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	hostKeyFile, hostKey := newKey(t, dir, "host_key")
	authorized := filepath.Join(dir, "authorized_keys")
	writeFile(t, authorized, string(ssh.MarshalAuthorizedKey(key)), 0o644)
	s := &sshd{addr: addr, port: freePort(t, addr), hostKey: hostKey}
	config := filepath.Join(dir, "sshd_config")
	writeFile(t, config, strings.Join([]string{
		"HostKey " + hostKeyFile,
		"ListenAddress " + addr + ":" + s.port,
		"AuthorizedKeysFile " + authorized,
		"StrictModes no", "UsePAM no", "UseDNS no", "PidFile none", "PasswordAuthentication no",
		"LogLevel VERBOSE", "Subsystem sftp internal-sftp", "",
	}, "\n"), 0o644)
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	cmd := exec.CommandContext(ctx, binary, "-D", "-e", "-f", config)
	cmd.Stderr = s
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		_ = cmd.Wait()
	})
	waitListening(t, net.JoinHostPort(addr, s.port))
	return s
}

func newKey(t *testing.T, dir, name string) (file string, public ssh.PublicKey) {
	t.Helper()
	pub, priv, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(priv, "")
	if err != nil {
		t.Fatal(err)
	}
	file = filepath.Join(dir, name)
	writeFile(t, file, string(pem.EncodeToMemory(block)), 0o600)
	public, err = ssh.NewPublicKey(pub)
	if err != nil {
		t.Fatal(err)
	}
	return file, public
}

func writeFile(t *testing.T, name, text string, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}

func freePort(t *testing.T, addr string) string {
	t.Helper()
	l, err := net.Listen("tcp", net.JoinHostPort(addr, "0"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

func waitListening(t *testing.T, addr string) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if c, err := net.DialTimeout("tcp", addr, time.Second); err == nil {
			c.Close()
			return
		}
	}
	t.Fatalf("nothing listens on %s", addr)
}
