package script

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fleetaudit/fleetaudit/inventory"
	"github.com/fleetaudit/fleetaudit/probes"
	"github.com/fleetaudit/fleetaudit/probes/evidence"
)

func TestCompile(t *testing.T) {
	t.Parallel()
	windows := probe("a.windows", "x")
	windows.Platform = inventory.PlatformWindows
	windows.Pos = inventory.Position{File: "a.yaml", Line: 3}
	bad := []*probes.Probe{
		windows, probe("a.nul", "x\x00y"), probe("", "x"), probe("a.B", "x"), probe("a b", "x"), probe("a.'", "x"), probe(strings.Repeat("a", 129), "x"),
		probe("a.long", strings.Repeat("x", MaxText+1)), probe("a.twice", "x"), probe("a.twice", "x"),
	}
	_, err := Compile(bad)
	var joined interface{ Unwrap() []error }
	if !errors.As(err, &joined) || len(joined.Unwrap()) != 9 {
		t.Fatalf("expected 9 errors, got: %v", err)
	}
	for _, piece := range []string{"a.yaml:3: probe a.windows: there is no script for platform \"windows\"", "NUL", "topic.name", "65537 bytes", "a.twice is there twice"} {
		if !strings.Contains(err.Error(), piece) {
			t.Errorf("%q is not in: %v", piece, err)
		}
	}
}

func TestProbes(t *testing.T) {
	t.Parallel()
	s := scriptOf(t, "a.slow", "a.one", "a.veryslow", "a.two")
	var ids []string
	for _, p := range s.Probes() {
		ids = append(ids, p.ID)
	}
	if got := strings.Join(ids, " "); got != "a.one a.two a.slow a.veryslow" {
		t.Errorf("order %s", got)
	}
	it, ok := s.Item("a.two")
	if !ok || it.Seq != 4 || it.Outcome != evidence.OutcomeLost || it.Exit != -1 || string(it.Command) != s.Probes()[1].Run {
		t.Errorf("item %+v, %v", it, ok)
	}
	if _, ok := s.Item("a.none"); ok {
		t.Error("an item of an unknown probe")
	}
	if a, b := s.Digest(), scriptOf(t, "a.one").Digest(); len(a) != 64 || a == b {
		t.Errorf("digests %s %s", a, b)
	}
}

func TestLimit(t *testing.T) {
	t.Parallel()
	for given, want := range map[time.Duration]time.Duration{
		0: probes.DefaultTimeout, -1: probes.DefaultTimeout, time.Millisecond: time.Second, 1500 * time.Millisecond: 2 * time.Second,
		time.Minute: time.Minute, time.Hour: probes.MaxTimeout,
	} {
		if got := Limit(&probes.Probe{Timeout: given}); got != want {
			t.Errorf("limit %v of %v, expected %v", got, given, want)
		}
	}
}

// TestText holds what keeps the text of the script portable, and small.
func TestText(t *testing.T) {
	t.Parallel()
	s := scriptOf(t)
	for _, word := range []string{"mktemp", "mkfifo", "/tmp", "local ", "function ", "[[", "<<", "echo -", "#!"} {
		if strings.Contains(string(s.prelude), word) {
			t.Errorf("%q is in the script", word)
		}
	}
	if n := len(s.prelude); n > 6000 {
		t.Errorf("%d bytes are sent before the first probe", n)
	}
	if strings.Contains(string(s.prelude), "\n#") || strings.Contains(string(s.prelude), "\n  ") {
		t.Error("comments or indentation are sent")
	}
	for _, shell := range [][]string{{"dash", "-n"}, {"bash", "--posix", "-n"}, {"busybox", "sh", "-n"}, {"mksh", "-n"}} {
		path, err := exec.LookPath(shell[0])
		if err != nil && !inCI() {
			t.Logf("%s is not installed", shell[0])
			continue
		}
		cmd := exec.Command(path, shell[1:]...)
		cmd.Stdin = s.Stdin(testNonce, nil)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: %v %s", shell[0], err, out)
		}
	}
}

// TestQuoteRandom passes random bytes through each shell, many at a time. (mksh starts a program for each printf.)
func TestQuoteRandom(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(3, 4))
	var stdin, want bytes.Buffer
	stdin.WriteString("LC_ALL=C\nask() { printf '%s\\000' \"$5\"; }\n{ :\n")
	for range 300 {
		b := make([]byte, rnd.IntN(40))
		for i := range b {
			b[i] = byte(1 + rnd.IntN(255))
			if rnd.IntN(3) == 0 {
				b[i] = "'\\\n\"$`! "[rnd.IntN(8)]
			}
		}
		stdin.Write(ask(probe("a.b", string(b))))
		want.Write(append(b, 0))
	}
	stdin.WriteString("}\n")
	for _, shell := range []string{"dash", "bash", "busybox", "mksh"} {
		t.Run(shell, func(t *testing.T) {
			t.Parallel()
			sh := filepath.Join(binOf(t, need(t, shell, true)), "sh")
			cmd := exec.Command(sh, "-c", `s=$(cat);eval "$s"`)
			cmd.Stdin = bytes.NewReader(stdin.Bytes())
			if out, err := cmd.Output(); err != nil || !bytes.Equal(out, want.Bytes()) {
				t.Errorf("%d bytes came out of %d: %v", len(out), want.Len(), err)
			}
		})
	}
}

func TestNewNonce(t *testing.T) {
	t.Parallel()
	a, b := NewNonce(), NewNonce()
	if a == b || len(a) != 32 || strings.Trim(a, "0123456789abcdef") != "" || strings.Contains(a, tag(a)) {
		t.Errorf("nonces %s %s, tag %s", a, b, tag(a))
	}
}

func TestMachineID(t *testing.T) {
	t.Parallel()
	const id = "3d1219c7c4c5404aaa1f6d2a48adfda4"
	a := machineID(id, testKey)
	if len(a) != 64 || strings.Contains(a, id) || a != machineID(strings.ToUpper(id), testKey) || a == machineID(id, []byte("other")) {
		t.Errorf("keyed id %s", a)
	}
	if machineID(id, nil) != "" || machineID("uninitialized", testKey) != "" {
		t.Error("an id without a key, or of none")
	}
}

// TestHeaderOfThisHost compares the header with what the host says otherwise.
func TestHeaderOfThisHost(t *testing.T) {
	t.Parallel()
	r := machine{path: "/usr/bin:/bin", home: openDir(t)}.run(t, scriptOf(t))
	h := r.header.Header
	for name, c := range map[string]struct {
		got     string
		command string
	}{
		"hostname": {h.Hostname, "uname -n"}, "kernel": {h.Kernel, "uname -r"}, "system": {h.System, "uname -s"}, "arch": {h.Arch, "uname -m"},
		"boot id": {h.BootID, "cat /proc/sys/kernel/random/boot_id"}, "init": {h.Init, "cat /proc/1/comm"},
		"os id": {h.OSRelease["id"], `. /etc/os-release; echo "$ID"`}, "os name": {h.OSRelease["pretty_name"], `. /etc/os-release; echo "$PRETTY_NAME"`},
	} {
		out, err := exec.Command("sh", "-c", c.command).Output()
		if err != nil {
			t.Logf("%s: %v", name, err)
			continue
		}
		if want := strings.TrimSpace(string(out)); c.got != want {
			t.Errorf("%s %q, expected %q", name, c.got, want)
		}
	}
	if skew := time.Since(h.Clock); skew < -time.Second || skew > time.Minute || h.Clock.Nanosecond() == 0 {
		t.Errorf("clock %v", h.Clock)
	}
	if h.Skew != 0 || h.Privilege == "" {
		t.Errorf("header %+v", h)
	}
}

func BenchmarkCompile(b *testing.B) {
	var ps []*probes.Probe
	for i := range 60 {
		ps = append(ps, probe("bench.p"+string(rune('a'+i/26))+string(rune('a'+i%26)), strings.Repeat("need cat /etc/passwd | awk '{ print $1 }'\n", 20)))
	}
	b.ReportAllocs()
	for b.Loop() {
		s, err := Compile(ps)
		if err != nil {
			b.Fatal(err)
		}
		if n, err := io.Copy(io.Discard, s.Stdin(testNonce, nil)); err != nil || n < 50000 {
			b.Fatal(n, err)
		}
	}
}

// BenchmarkProbe measures what a trivial probe costs on this machine, with the whole session spread over 50 of them.
func BenchmarkProbe(b *testing.B) {
	sh, err := exec.LookPath("dash")
	if err != nil {
		b.Skip("dash is not installed")
	}
	var ids []string
	for i := range 50 {
		ids = append(ids, "bench.p"+string(rune('a'+i/26))+string(rune('a'+i%26)))
	}
	s := scriptOf(b, ids...)
	m := machine{login: sh, path: "/usr/bin:/bin", home: b.TempDir()}
	b.ReportAllocs()
	for b.Loop() {
		if r := m.start(s, nil); r.err != nil {
			b.Fatal(r.err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N)/50, "ms/probe")
}
