package script

import (
	"bytes"
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"github.com/fleetaudit/fleetaudit/probes/evidence"
)

// FuzzRead lets the fuzzer be the host. With the nonce it may say anything, but get past no bound; without the nonce it can change
// no answer but the one within which it speaks.
func FuzzRead(f *testing.F) {
	for _, seed := range []string{
		good("a.one", "1") + "\n@Z", good("a.two", "x") + "\n" + good("a.two", "y"), "@B a.one\n<0>\n<e" + b64("err") + ">\n" + b64("1.\n"),
		"@P a.three", "<T a.two>\n<137>", "@X cut", "@H 1 16\n 30 2e 0a\n@I", "<", ">", "<0", "@", "\n", "@E a.two 0", "<~>\n", "\r\n@Z\r\n", "====", "AAAA",
	} {
		f.Add([]byte(seed))
	}
	s := threeProbes(f)
	f.Fuzz(func(t *testing.T, host []byte) {
		known := bytes.ReplaceAll(host, []byte("@"), []byte("@"+testNonce+" "))
		for _, text := range [][]byte{known, []byte(wire(string(host)))} {
			checkInvariants(t, s, text)
		}
		if !bytes.Contains(host, []byte(testNonce)) {
			checkUnknownNonce(t, s, host)
			checkOutput(t, s, host)
		}
	})
}

// checkInvariants holds for whatever comes.
func checkInvariants(t *testing.T, s *Script, text []byte) {
	t.Helper()
	begun := map[string]bool{}
	seen := map[string]bool{}
	ended := 0
	for e, err := range Read(bytes.NewReader(text), testNonce, Limits{Script: s}) {
		if ended > 0 {
			t.Fatal("something comes after the end")
		}
		switch e := e.(type) {
		case Begin:
			begun[e.Probe] = true
		case Item:
			checkItem(t, e.Item, text, begun[e.Probe])
			if seen[e.Probe] {
				t.Fatalf("%s comes twice", e.Probe)
			}
			seen[e.Probe] = true
		case Done:
			ended++
			if len(seen) != 3 {
				t.Fatalf("done after %d of 3 items", len(seen))
			}
		case nil:
			ended++
			if err == nil {
				t.Fatal("neither event nor error")
			}
		}
	}
	if ended != 1 {
		t.Fatal("no end")
	}
}

func checkItem(t *testing.T, it evidence.Item, text []byte, begun bool) {
	t.Helper()
	framed := begun && bytes.Contains(text, []byte("@"+testNonce+" B "+it.Probe)) && bytes.Contains(text, []byte("@"+testNonce+" E "+it.Probe+" 0"))
	switch {
	case len(it.Stdout) > 8 || len(it.Stderr) > MaxStderr:
		t.Fatalf("%s has %d and %d bytes", it.Probe, len(it.Stdout), len(it.Stderr))
	case it.Outcome == evidence.OutcomeLost || it.Outcome == evidence.OutcomeNotPermitted && !framed:
		if len(it.Stdout)+len(it.Stderr) > 0 || it.Exit != -1 {
			t.Fatalf("%s keeps something of an answer that is not there: %+v", it.Probe, it)
		}
	case !framed:
		t.Fatalf("%s is accepted without its frames", it.Probe)
	case (it.Outcome == evidence.OutcomeAnswered) != (it.Exit >= 0):
		t.Fatalf("%s is %s with exit %d", it.Probe, it.Outcome, it.Exit)
	}
}

// checkUnknownNonce puts raw bytes in the midst of one answer. The others stay as they are.
func checkUnknownNonce(t *testing.T, s *Script, host []byte) {
	t.Helper()
	text := wire(good("a.one", "1"), "@B a.two", "<0>") + string(host) + "\n" + strings.TrimPrefix(wire(b64("2.\n"), "@E a.two 0", good("a.three", "3"), "@Z"), wire())
	r := collectEvents(strings.NewReader(text), testNonce, Limits{Script: s})
	if r.err != nil || !r.done || string(r.items["a.one"].Stdout) != "1" || string(r.items["a.three"].Stdout) != "3" {
		t.Fatalf("bytes without the nonce changed another answer: %v, %+v", r.err, r.items)
	}
}

// checkOutput sends the bytes as the output of a probe. They come back as they are, cut at the bound.
func checkOutput(t *testing.T, s *Script, host []byte) {
	t.Helper()
	var out bytes.Buffer
	rec := Recording{Asked: []string{"a.one", "a.two", "a.three"}, Answers: map[string]Recorded{"a.two": {Stdout: host, Stderr: host}}}
	if err := Replay(&out, testNonce, rec); err != nil {
		t.Fatal(err)
	}
	r := collectEvents(&out, testNonce, Limits{Script: s})
	it := r.items["a.two"]
	if !r.done || !bytes.Equal(it.Stdout, host[:min(len(host), 8)]) || it.Truncated != (len(host) > 8) ||
		!bytes.Equal(it.Stderr, host[:min(len(host), MaxStderr)]) || r.items["a.one"].Exit != 127 {
		t.Fatalf("output changed on its way: %+v", it)
	}
}

// FuzzQuote passes any text through the shells as a script does.
func FuzzQuote(f *testing.F) {
	for _, seed := range []string{
		"", "'", "''", `\`, `\'`, "it's \"x\" $y `z` \\n", "\n", "a\nb\n", "!$#*?[]{}()<>|&;~%^", "\x81\x82\x88\x80\xff\xfe", "é\u2028", "\r\n", "'\\''", "cat <<'E'\nx\nE\n", "\x01\x7f\x1b",
	} {
		f.Add(seed)
	}
	var shells [][]string
	for _, shell := range [][]string{{"dash"}, {"bash"}, {"busybox", "sh"}, {"mksh"}} {
		if _, err := exec.LookPath(shell[0]); err == nil {
			shells = append(shells, shell)
		} else if inCI() {
			f.Fatalf("%s is not installed", shell[0])
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		if word, rest, ok := unquote(Quote(text) + "rest"); !ok || word != text || rest != "rest" {
			t.Fatalf("%q is read back as %q %q", text, word, rest)
		}
		if strings.Contains(text, "\x00") || len(text) > MaxText {
			return
		}
		p := probe("a.b", text)
		stdin := "LC_ALL=C\nask() { printf %s \"$5\"; }\n{ :\n" + string(ask(p)) + "}\n"
		for _, shell := range shells {
			cmd := exec.Command(shell[0], append(shell[1:], "-c", `s=$(cat);eval "$s"`)...)
			cmd.Stdin = strings.NewReader(stdin)
			if out, err := cmd.Output(); err != nil || string(out) != text {
				t.Fatalf("%s: %q came out as %q, %v", shell[0], text, out, err)
			}
		}
	})
}

// FuzzHeader reads any header: every field stays a bounded line of printable characters.
func FuzzHeader(f *testing.F) {
	f.Add([]byte("uid=0\nelevated=sudo\nclock=1795569951.501158672\n[become]\nsudo: a password is required\n[os-release]\nID=debian\nNAME=\"x \\\"y\\\"\"\n"))
	f.Add([]byte("clock=1795569951.%N\nuid=-1\n[os-release]\n[become]\nA='b'\nA=\nB=\"\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		h := readHeader(text, testKey)
		fields := []string{h.Hostname, h.Kernel, h.System, h.Arch, h.BecomeErr, h.BootID, h.Init, h.Container, h.MachineID}
		for k, v := range h.OSRelease {
			fields = append(fields, k, v)
		}
		for _, v := range fields {
			if printable([]byte(v)) != v {
				t.Fatalf("field %q", v)
			}
		}
		if h.UID < -1 || len(h.OSRelease) > maxRelease || fmt.Sprint(h.Clock.Year()) > "9999" {
			t.Fatalf("header %+v", h)
		}
	})
}
