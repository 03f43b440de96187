package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fleetaudit/fleetaudit/probes/evidence"
)

// resultLine is a line of results.jsonl, as far as this test reads it.
type resultLine struct {
	Host     string   `json:"host"`
	Check    string   `json:"check"`
	Result   string   `json:"result"`
	Reason   string   `json:"reason"`
	Evidence []string `json:"evidence"`
}

// TestRealFleet audits hosts behind real sshd's: accounts with different shells, with and without sudo, and one for each way to fail.
func TestRealFleet(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("minutes of work for the hosts; the race detector sees the same code in the tests of collect and remote")
	}
	binary := needRealSSHD(t)
	dir := t.TempDir()
	keyFile, key := newKey(t, dir, "audit_ed25519")
	_, stranger := newKey(t, dir, "stranger_ed25519")

	good := map[string]*sshd{}
	for i, user := range []string{"fa-bash", "fa-dash", "fa-fish", "fa-tcsh"} {
		good[user] = startSSHD(t, binary, fmt.Sprintf("127.40.0.%d", i+1), key)
	}
	nologin := startSSHD(t, binary, "127.40.0.11", key)
	refuses := startSSHD(t, binary, "127.40.0.12", stranger)
	wrongKey := startSSHD(t, binary, "127.40.0.13", key)
	unknownKey := startSSHD(t, binary, "127.40.0.14", key)
	silentPort := silentListener(t, "127.40.0.15")
	closed := freePort(t, "127.40.0.16")

	known := nologin.knownHosts() + refuses.knownHosts()
	for _, s := range good {
		known += s.knownHosts()
	}
	known += (&sshd{addr: wrongKey.addr, port: wrongKey.port, hostKey: stranger}).knownHosts()
	writeFile(t, filepath.Join(dir, "known_hosts"), known, 0o600)

	var inv strings.Builder
	fmt.Fprintf(&inv, "engagement: {entity: Test Hospital}\ndefaults: {identity: %s, become: sudo}\nhosts:\n", keyFile)
	add := func(name, user, addr, port string) {
		fmt.Fprintf(&inv, "  - {name: %s, user: %s, address: %s, port: %s, system: tests}\n", name, user, addr, port)
	}
	for user, s := range good {
		add(user, user, s.addr, s.port)
	}
	add("nologin", "fa-nologin", nologin.addr, nologin.port)
	add("refuses", "fa-bash", refuses.addr, refuses.port)
	add("wrongkey", "fa-bash", wrongKey.addr, wrongKey.port)
	add("unknownkey", "fa-bash", unknownKey.addr, unknownKey.port)
	add("silent", "fa-bash", "127.40.0.15", silentPort)
	add("closed", "fa-bash", "127.40.0.16", closed)
	writeFile(t, filepath.Join(dir, "fleet.yaml"), inv.String(), 0o600)

	bundle := filepath.Join(dir, "bundle")
	var stdout, stderr bytes.Buffer
	code := run([]string{"fleetaudit", "audit", "-i", filepath.Join(dir, "fleet.yaml"), "--known-hosts", filepath.Join(dir, "known_hosts"),
		"--bundle", bundle, "--quick", "--connect-timeout", "10s"}, strings.NewReader(""), &stdout, &stderr)
	t.Logf("stdout:\n%s\nstderr:\n%s", stdout.String(), stderr.String())
	if code != exitIncomplete {
		t.Fatalf("exit code %d, want %d", code, exitIncomplete)
	}

	for user, s := range good {
		if n := s.logged("Accepted publickey"); n != 1 {
			t.Errorf("%s: %d log-ins, want one for the whole audit", user, n)
		}
		if n := s.logged("Starting session"); n != 1 {
			t.Errorf("%s: %d session channels, want one for the whole audit", user, n)
		}
	}
	for name, s := range map[string]*sshd{"wrong key": wrongKey, "unknown key": unknownKey} {
		if s.logged("publickey")+s.logged("fa-bash") != 0 {
			t.Errorf("%s: a user name or a key was sent to a host whose key did not verify", name)
		}
	}

	lines := readResults(t, bundle)
	assertRows(t, lines, 10)
	assertEvidence(t, bundle, lines)
	for host, want := range map[string]string{
		"nologin": "restricted shell", "refuses": "authentication", "wrongkey": "host key", "unknownkey": "host key",
		"silent": "timeout", "closed": "refused",
	} {
		for _, l := range lines {
			if l.Host == host && (l.Result != "NOT TESTED" || !strings.HasPrefix(l.Reason, want)) {
				t.Errorf("%s: %s is %s (%s), want NOT TESTED (%s...)", host, l.Check, l.Result, l.Reason, want)
				break
			}
		}
	}
	// Without sudo what needs root is not permitted; with it the same check has a verdict.
	for _, l := range lines {
		if l.Check == "accounts.no_empty_password" {
			switch l.Host {
			case "fa-bash", "fa-fish":
				if l.Result != "PASS" && l.Result != "FAIL" {
					t.Errorf("%s has sudo, but %s is %s (%s)", l.Host, l.Check, l.Result, l.Reason)
				}
			case "fa-dash", "fa-tcsh":
				if l.Result != "NOT TESTED" || !strings.Contains(l.Reason, "not permitted") {
					t.Errorf("%s has no sudo, but %s is %s (%s)", l.Host, l.Check, l.Result, l.Reason)
				}
			}
		}
	}
}

// silentListener accepts and says nothing.
func silentListener(t *testing.T, addr string) (port string) {
	t.Helper()
	l, err := net.Listen("tcp", net.JoinHostPort(addr, "0"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() { // ends when the listener is closed
		var held []net.Conn // a connection that nobody holds is closed by the garbage collector, which is not silent
		for {
			c, err := l.Accept()
			if err != nil {
				for _, c := range held {
					_ = c.Close()
				}
				return
			}
			held = append(held, c)
		}
	}()
	_, port, err = net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

func readResults(t *testing.T, bundle string) []resultLine {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(bundle, "results.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	var lines []resultLine
	for text := range strings.Lines(string(data)) {
		var l resultLine
		if err := json.Unmarshal([]byte(text), &l); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, l)
	}
	return lines
}

// assertRows asserts that there is exactly one row for every host and check.
func assertRows(t *testing.T, lines []resultLine, hosts int) {
	t.Helper()
	content, err := contentOptions{}.load()
	if err != nil {
		t.Fatal(err)
	}
	if want := hosts * len(content.library.Checks()); len(lines) != want {
		t.Errorf("%d rows, want %d hosts x %d checks = %d", len(lines), hosts, len(content.library.Checks()), want)
	}
	seen := map[string]bool{}
	for _, l := range lines {
		key := l.Check + "@" + l.Host
		if seen[key] {
			t.Errorf("two rows for %s", key)
		}
		seen[key] = true
	}
}

// assertEvidence follows each verdict to bytes in the bundle and compares their hash.
func assertEvidence(t *testing.T, dir string, lines []resultLine) {
	t.Helper()
	b, err := evidence.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	hashes := map[string]bool{} // ids whose bytes were compared
	verdicts := 0
	for _, l := range lines {
		if l.Result != "PASS" && l.Result != "FAIL" {
			continue
		}
		verdicts++
		if len(l.Evidence) == 0 {
			t.Errorf("%s on %s is %s without evidence", l.Check, l.Host, l.Result)
		}
		for _, id := range l.Evidence {
			if hashes[id] {
				continue
			}
			hashes[id] = true
			host, item, err := b.ReadItem(id)
			if err != nil {
				t.Fatal(err)
			}
			sum := sha256.Sum256(item.Stdout)
			if host.Name != l.Host || hex.EncodeToString(sum[:]) != item.StdoutSHA256 {
				t.Errorf("evidence %s of %s on %s: host %s, hash of the bytes %x, listed %s", id, l.Check, l.Host, host.Name, sum, item.StdoutSHA256)
			}
		}
	}
	if verdicts < 100 {
		t.Errorf("only %d PASS and FAIL rows", verdicts)
	}
}
