//go:build unix

package remote_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/fleetaudit/fleetaudit/inventory"
	"github.com/fleetaudit/fleetaudit/probes/remote"
	"github.com/fleetaudit/fleetaudit/probes/remote/remotetest"
)

// sshd is an OpenSSH server of the user who runs the tests.
type sshd struct {
	port int
	key  *remotetest.Key // of the host
	user string
}

func (s *sshd) addr() string { return fmt.Sprintf("127.0.0.1:%d", s.port) }

func (s *sshd) host(identity string) inventory.Host {
	return inventory.Host{Name: "real", Access: inventory.Access{Address: "127.0.0.1", Port: s.port, User: s.user, Identity: identity}}
}

// startSSHD starts OpenSSH's server with a host key, keys that let in, and more lines of configuration.
func startSSHD(t *testing.T, hostKey *remotetest.Key, keys []*remotetest.Key, config ...string) *sshd {
	t.Helper()
	path := "/usr/sbin/sshd" // it starts itself again for each connection, so it wants its whole path
	if _, err := os.Stat(path); err != nil {
		needTool(t, "sshd")
	}
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	if me.Uid == "0" {
		_ = os.MkdirAll("/run/sshd", 0o755) // where sshd of root gives up its rights
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &sshd{port: l.Addr().(*net.TCPAddr).Port, key: hostKey, user: me.Username}
	_ = l.Close()
	lines := append([]string{
		fmt.Sprintf("Port %d", s.port), "ListenAddress 127.0.0.1", "PidFile none", "UsePAM no", "StrictModes no",
		"PermitRootLogin yes", "PasswordAuthentication no", "KbdInteractiveAuthentication no",
		"SetEnv HOME=" + publicDir(t), // bash reads ~/.bashrc for each command that comes over SSH
		"HostKey " + saveKey(t, hostKey, ""),
		"AuthorizedKeysFile " + authorizedKeys(t, keys),
	}, config...)
	s.start(t, exec.CommandContext(t.Context(), path, "-D", "-e", "-f", writeFile(t, "sshd_config", strings.Join(lines, "\n")+"\n")))
	return s
}

// start waits until the server listens, and stops it at the end of the test.
func (s *sshd) start(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	listening, log := make(chan bool, 1), make(chan string, 1)
	go func() {
		var all strings.Builder
		for sc := bufio.NewScanner(stderr); sc.Scan(); {
			all.WriteString(sc.Text() + "\n")
			if strings.HasPrefix(sc.Text(), "Server listening on") {
				listening <- true
			}
		}
		close(listening)
		log <- all.String()
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if text := <-log; t.Failed() {
			t.Logf("sshd said:\n%s", text)
		}
	})
	if !<-listening {
		t.Fatal("sshd does not start")
	}
}

// publicDir makes a folder that other accounts can read, which t.TempDir is not.
func publicDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "sshd") //nolint:usetesting // t.TempDir is for its owner alone
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// authorizedKeys writes the file of that name, for whatever account logs in.
func authorizedKeys(t *testing.T, keys []*remotetest.Key) string {
	t.Helper()
	var lines strings.Builder
	for _, k := range keys {
		lines.WriteString(k.Authorized() + "\n")
	}
	path := filepath.Join(publicDir(t), "authorized_keys")
	if err := os.WriteFile(path, []byte(lines.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// account gives the name of an account that is there for tests.
func account(t *testing.T, name string) string {
	t.Helper()
	if _, err := user.Lookup(name); err != nil || os.Getuid() != 0 {
		needTool(t, "the account "+name+", or root,")
	}
	return name
}

func knowingReal(t *testing.T, servers ...*sshd) remote.Dialer {
	t.Helper()
	var lines strings.Builder
	for _, s := range servers {
		lines.WriteString(s.key.KnownHosts(s.addr()) + "\n")
	}
	return newDialer(t, remote.SSHOptions{KnownHosts: []string{writeFile(t, "known_hosts", lines.String())}})
}

func TestRealPublicKey(t *testing.T) {
	t.Parallel()
	ed, rsa, ec := newKey(t, remotetest.Ed25519), newKey(t, remotetest.RSA), newKey(t, remotetest.ECDSA)
	srv := startSSHD(t, newKey(t, remotetest.RSA), []*remotetest.Key{ed, rsa, ec})
	d := knowingReal(t, srv)
	for _, k := range []*remotetest.Key{ed, rsa, ec} {
		s := mustOpen(t, d, srv.host(saveKey(t, k, "")))
		p := s.Peer()
		if !strings.HasPrefix(p.Banner, "SSH-2.0-OpenSSH") || p.KeyType != "ssh-rsa" || p.HostKey != srv.key.Fingerprint() || p.AuthMethod != "publickey" {
			t.Errorf("got %+v", p)
		}
		got := run(t.Context(), s, "cat; echo err >&2; exit 5", strings.NewReader("in"))
		if want := (answer{"in", "err\n", 5, nil}); got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
		if got := run(t.Context(), s, "kill -KILL $$", nil); got.exit != 137 || got.err != nil {
			t.Errorf("got %+v", got)
		}
	}
	viaAgent := newDialer(t, remote.SSHOptions{
		AgentSocket: startAgent(t, rsa), KnownHosts: []string{writeFile(t, "known_hosts", srv.key.KnownHosts(srv.addr()))},
	})
	mustOpen(t, viaAgent, srv.host(""))
	_, err := open(t.Context(), d, srv.host(saveKey(t, newKey(t, remotetest.Ed25519), "")))
	wantReason(t, err, remote.ReasonAuth, "it takes publickey")
}

func TestRealSessions(t *testing.T) {
	t.Parallel()
	k := newKey(t, remotetest.Ed25519)
	srv := startSSHD(t, newKey(t, remotetest.Ed25519), []*remotetest.Key{k})
	s := mustOpen(t, knowingReal(t, srv), srv.host(saveKey(t, k, "")))
	var all sync.WaitGroup
	for range 40 { // well over MaxSessions, which is 10
		all.Go(func() {
			if got := run(t.Context(), s, "echo x", nil); got.stdout != "x\n" || got.err != nil {
				t.Errorf("got %+v", got)
			}
		})
	}
	all.Wait()
}

func TestRealRekey(t *testing.T) {
	t.Parallel()
	k := newKey(t, remotetest.Ed25519)
	srv := startSSHD(t, newKey(t, remotetest.Ed25519), []*remotetest.Key{k}, "RekeyLimit 64K")
	s := mustOpen(t, knowingReal(t, srv), srv.host(saveKey(t, k, "")))
	big := strings.Repeat("0123456789abcdef", 1<<15)
	if got := run(t.Context(), s, "cat", strings.NewReader(big)); got.stdout != big || got.err != nil {
		t.Errorf("got %d bytes of %d, %v", len(got.stdout), len(big), got.err)
	}
}

func TestRealAccounts(t *testing.T) {
	t.Parallel()
	k := newKey(t, remotetest.Ed25519)
	srv := startSSHD(t, newKey(t, remotetest.Ed25519), []*remotetest.Key{k})
	h := srv.host(saveKey(t, k, ""))

	h.User = account(t, "fa-nologin")
	if got := run(t.Context(), mustOpen(t, knowingReal(t, srv), h), "true", nil); got.exit != 1 || !strings.HasPrefix(got.stdout, "This account is") {
		t.Errorf("nologin: got %+v", got)
	}

	h.User = account(t, "fa-bash")
	s := mustOpen(t, knowingReal(t, srv), h)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	p, err := s.Exec(ctx, "echo $$; sleep 600; true", nil)
	if err != nil {
		t.Fatal(err)
	}
	var pid int
	if _, err := fmt.Fscan(p.Stdout, &pid); err != nil {
		t.Fatal(err)
	}
	cancel()
	exit, err := p.Wait()
	if wantReason(t, err, remote.ReasonInterrupted); exit != -1 {
		t.Errorf("status %d", exit)
	}
	for start := time.Now(); syscall.Kill(pid, 0) == nil; time.Sleep(5 * time.Millisecond) {
		if time.Since(start) > slow {
			t.Fatalf("process %d still runs on the host", pid)
		}
	}
	if got := run(t.Context(), s, "echo still", nil); got.stdout != "still\n" {
		t.Errorf("got %+v", got)
	}
}

// TestRealRoot kills a command of root, which sshd does not: it passes signals on only where it has given up its rights. So the session
// ends, and the command when its time has come.
func TestRealRoot(t *testing.T) {
	t.Parallel()
	if os.Getuid() != 0 {
		needTool(t, "root")
	}
	k := newKey(t, remotetest.Ed25519)
	srv := startSSHD(t, newKey(t, remotetest.Ed25519), []*remotetest.Key{k})
	s := mustOpen(t, knowingReal(t, srv), srv.host(saveKey(t, k, "")))
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	wantReason(t, run(ctx, s, "sleep 4", nil).err, remote.ReasonTimeout)
}

func TestRealCertificates(t *testing.T) {
	t.Parallel()
	authority, k, hostKey := newKey(t, remotetest.Ed25519), newKey(t, remotetest.RSA), newKey(t, remotetest.ECDSA)
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	userCert := certify(t, k, authority, remotetest.Certificate{Principals: []string{me.Username}})
	hostCert := certify(t, hostKey, authority, remotetest.Certificate{Host: true, Principals: []string{"127.0.0.1"}})
	srv := startSSHD(t, hostKey, nil,
		"TrustedUserCAKeys "+writeFile(t, "ca.pub", authority.Authorized()+"\n"),
		"HostCertificate "+writeFile(t, "host-cert.pub", hostCert.CertificateLine()+"\n"))
	known := writeFile(t, "known_hosts", "@cert-authority 127.0.0.* "+authority.Authorized()+"\n")
	s := mustOpen(t, newDialer(t, remote.SSHOptions{KnownHosts: []string{known}}), srv.host(saveKey(t, userCert, "")))
	if p := s.Peer(); p.KeyTrust != "certificate authority" || p.HostKey != hostKey.Fingerprint() {
		t.Errorf("got %+v", p)
	}
}

// TestRealKnownHosts has OpenSSH's client and ours read what the other has written.
func TestRealKnownHosts(t *testing.T) {
	t.Parallel()
	client, err := exec.LookPath("ssh")
	if err != nil {
		needTool(t, "ssh")
	}
	k := newKey(t, remotetest.Ed25519)
	srv := startSSHD(t, newKey(t, remotetest.Ed25519), []*remotetest.Key{k})
	id := saveKey(t, k, "")
	ssh := func(known, strict string) {
		t.Helper()
		out, err := exec.CommandContext(t.Context(), client, "-F", "none", "-i", id, "-p", fmt.Sprint(srv.port), "-o", "BatchMode=yes", "-o", "IdentityAgent=none",
			"-o", "UserKnownHostsFile="+known, "-o", "GlobalKnownHostsFile=none", "-o", "HashKnownHosts=yes", "-o", "StrictHostKeyChecking="+strict,
			srv.user+"@127.0.0.1", "true").CombinedOutput()
		if err != nil {
			t.Fatalf("ssh: %v: %s", err, out)
		}
	}
	theirs := filepath.Join(t.TempDir(), "theirs")
	ssh(theirs, "accept-new")
	if s := mustOpen(t, newDialer(t, remote.SSHOptions{KnownHosts: []string{theirs}}), srv.host(id)); s.Peer().KeyTrust != "known_hosts" {
		t.Errorf("got %+v", s.Peer())
	}
	ours := filepath.Join(t.TempDir(), "ours")
	mustOpen(t, newDialer(t, remote.SSHOptions{AcceptNew: ours}), srv.host(id))
	ssh(ours, "yes")
}

func TestRealJumpHost(t *testing.T) {
	t.Parallel()
	k, jk := newKey(t, remotetest.Ed25519), newKey(t, remotetest.Ed25519)
	srv := startSSHD(t, newKey(t, remotetest.Ed25519), []*remotetest.Key{k})
	bastion := startSSHD(t, newKey(t, remotetest.Ed25519), []*remotetest.Key{jk}, "MaxStartups 2:100:2", "MaxSessions 1")
	d := knowingReal(t, srv, bastion)
	h := srv.host(saveKey(t, k, ""))
	jump := bastion.host(saveKey(t, jk, "")).Access
	h.Jump = &jump
	var all sync.WaitGroup
	for range 8 { // more than the jump host takes connections
		all.Go(func() {
			s, err := open(t.Context(), d, h)
			if err != nil {
				t.Error(err)
				return
			}
			defer func() { _ = s.Close() }()
			if got := run(t.Context(), s, "echo through", nil); got.stdout != "through\n" {
				t.Errorf("got %+v", got)
			}
		})
	}
	all.Wait()

	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	h.Port = l.Addr().(*net.TCPAddr).Port
	_ = l.Close()
	_, err = d.Connect(t.Context(), h)
	wantReason(t, err, remote.ReasonRefused, "as seen from jump host")

	closed := startSSHD(t, newKey(t, remotetest.Ed25519), []*remotetest.Key{jk}, "AllowTcpForwarding no")
	d = knowingReal(t, srv, closed)
	jump.Port = closed.port
	_, err = d.Connect(t.Context(), h)
	if e := wantReason(t, err, remote.ReasonUnreachable, "AllowTcpForwarding"); e.hop == "" {
		t.Errorf("no hop in %s", e.text)
	}
}

func TestRealNoSessions(t *testing.T) {
	t.Parallel()
	k := newKey(t, remotetest.Ed25519)
	srv := startSSHD(t, newKey(t, remotetest.Ed25519), []*remotetest.Key{k}, "MaxSessions 0")
	s := mustOpen(t, knowingReal(t, srv), srv.host(saveKey(t, k, "")))
	_, err := s.Exec(t.Context(), "true", nil)
	wantReason(t, err, remote.ReasonShell)
}
