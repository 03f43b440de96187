package script

import (
	"bytes"
	"cmp"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fleetaudit/fleetaudit/inventory"
	"github.com/fleetaudit/fleetaudit/probes"
	"github.com/fleetaudit/fleetaudit/probes/evidence"
)

// inCI says that a missing tool is a failure, not a reason to skip.
func inCI() bool { return os.Getenv("FLEETAUDIT_CI") == "1" }

// need finds a program or skips the test. One of the four shells that every pipeline has must be there in CI.
func need(t *testing.T, program string, mustHave bool) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil && mustHave && inCI() {
		t.Fatalf("%s is not installed, and FLEETAUDIT_CI=1 requires it", program)
	}
	if err != nil {
		t.Skipf("%s is not installed", program)
	}
	return path
}

// machine is how a session is started in a test.
type machine struct {
	login  string   // login shell; sh when empty
	path   string   // PATH
	env    []string // further environment
	uid    uint32   // run as this user when the test is root; 0 for no change
	become inventory.Become
	home   string // HOME, TMPDIR and working directory
}

// result is what a session yielded.
type result struct {
	events []Event
	header *Header
	items  map[string]evidence.Item
	order  []string
	done   bool
	err    error
	stdout []byte
	stderr string
	exit   error // of the command
	took   time.Duration
	tag    string
}

var testKey = []byte("key of the test")

// start runs a script on a machine and reads the answer.
func (m machine) start(s *Script, only map[string]bool) result {
	nonce := NewNonce()
	cmd := m.command(s.Command(m.become, nonce))
	cmd.Stdin = s.Stdin(nonce, only)
	var out, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &stderr
	began := time.Now()
	exit := cmd.Run()
	stdout := bytes.Clone(out.Bytes())
	r := collectEvents(&out, nonce, Limits{Script: s, Only: only, MachineIDKey: testKey, Now: time.Now})
	r.stderr, r.took, r.tag, r.stdout, r.exit = stderr.String(), time.Since(began), tag(nonce), stdout, exit
	return r
}

// command makes the command that a login shell is given.
func (m machine) command(text string) *exec.Cmd {
	cmd := exec.Command(cmp.Or(m.login, "/bin/sh"), "-c", text)
	cmd.Dir = m.home
	cmd.Env = append([]string{"PATH=" + m.path, "HOME=" + m.home, "TMPDIR=" + m.home, "N=exported", "BASH_ENV=/nonexistent"}, m.env...)
	asUser(cmd, m.uid)
	return cmd
}

// run is start for a script that must come to its end.
func (m machine) run(t *testing.T, s *Script) result {
	t.Helper()
	r := m.start(s, nil)
	if r.err != nil || r.exit != nil || !r.done || r.header == nil {
		t.Fatalf("ended with %v (%v), done %v\n%s\n%s", r.err, r.exit, r.done, r.stderr, tail(r.stdout))
	}
	return r
}

func collectEvents(stdout io.Reader, nonce string, limits Limits) result {
	r := result{items: map[string]evidence.Item{}}
	for e, err := range Read(stdout, nonce, limits) {
		if err != nil {
			r.err = err
			break
		}
		r.events = append(r.events, e)
		switch e := e.(type) {
		case Header:
			r.header = &e
		case Item:
			r.items[e.Probe] = e.Item
			r.order = append(r.order, e.Probe)
		case Done:
			r.done = true
		}
	}
	return r
}

// binOf makes a folder in which sh is the given program. Programs that follow are linked there by their own names.
func binOf(t *testing.T, sh string, programs ...string) string {
	t.Helper()
	dir := openDir(t)
	links := map[string]string{"sh": sh}
	for _, p := range programs {
		links[filepath.Base(p)] = p
	}
	for name, target := range links {
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// openDir is a temporary folder that other users can reach.
func openDir(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for d := dir; d != os.TempDir() && d != "/"; d = filepath.Dir(d) {
		_ = os.Chmod(d, 0o755)
	}
	return dir
}

// probe makes a probe of the tests.
func probe(id, run string) *probes.Probe {
	return &probes.Probe{ID: id, Platform: inventory.PlatformLinux, Run: run}
}

func mustCompile(tb testing.TB, h hooks, ps ...*probes.Probe) *Script {
	tb.Helper()
	s, err := compile(ps, h)
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// left lists processes that carry a session's tag or have one of the texts in their command line.
func left(tag string, texts ...string) []string {
	var found []string
	dirs, _ := filepath.Glob("/proc/[0-9]*")
	for _, dir := range dirs {
		environ, _ := os.ReadFile(filepath.Join(dir, "environ"))
		cmdline, _ := os.ReadFile(filepath.Join(dir, "cmdline"))
		line := strings.ReplaceAll(string(cmdline), "\x00", " ")
		hit := bytes.Contains(environ, []byte("FLEETAUDIT_RUN="+tag))
		for _, text := range texts {
			hit = hit || strings.HasPrefix(line, text)
		}
		if hit {
			found = append(found, filepath.Base(dir)+" "+line)
		}
	}
	return found
}
