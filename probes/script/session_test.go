package script

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fleetaudit/fleetaudit/inventory"
	"github.com/fleetaudit/fleetaudit/probes/evidence"
)

// base are the programs that a script always needs, beside the shell. Of the shells only mksh has no printf of its own.
var base = []string{"cat", "id", "uname", "date", "sleep", "grep", "nice", "printf"}

// tools makes a PATH with nothing but base and these programs.
func tools(t *testing.T, programs ...string) string {
	t.Helper()
	var paths []string
	for _, p := range slices.Concat(base, programs) {
		paths = append(paths, need(t, p, true))
	}
	return binOf(t, need(t, "dash", true), paths...)
}

// mixed are probes whose answers show that all of the wire works: text, binary, none, cut, and standard error.
func mixed(t *testing.T) *Script {
	t.Helper()
	cut := probe("t.cut", "printf 123456789")
	cut.MaxBytes = 8
	hang := probe("t.hang", "sleep 60 & wait")
	hang.Timeout = time.Second
	return mustCompile(t, hooks{}, probe("t.text", "echo text"), probe("t.binary", `printf '\000\377.\n'; printf 'a\nb' >&2; exit 3`),
		probe("t.none", ":"), cut, hang, probe("t.last", "echo last"))
}

func checkMixed(t *testing.T, r result) {
	t.Helper()
	for id, w := range map[string]want{
		"t.text":   {outcome: evidence.OutcomeAnswered, stdout: "text\n"},
		"t.binary": {outcome: evidence.OutcomeAnswered, exit: 3, stdout: "\x00\xff.\n", stderr: "a\nb"},
		"t.none":   {outcome: evidence.OutcomeAnswered},
		"t.cut":    {outcome: evidence.OutcomeAnswered, check: cutAt(8), exit: r.items["t.cut"].Exit},
		"t.hang":   {outcome: evidence.OutcomeTimeout, exit: -1},
		"t.last":   {outcome: evidence.OutcomeAnswered, stdout: "last\n"},
	} {
		if err := w.compare(r.items[id]); err != nil {
			t.Errorf("%s: %v: %+v", id, err, r.items[id])
		}
	}
}

// TestFallbacks takes tools away until the script must do without.
func TestFallbacks(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		tools []string
		sees  string // piece of the answer that shows what is used
	}{
		"all":          {[]string{"base64", "head", "setsid"}, " H 1 64\n"},
		"openssl":      {[]string{"openssl", "head", "setsid"}, " H 1 64\n"},
		"od":           {[]string{"od", "head", "setsid"}, " H 1 16\n"},
		"dd":           {[]string{"base64", "dd", "setsid"}, " H 1 64\n"},
		"od and dd":    {[]string{"od", "dd", "setsid"}, " H 1 16\n"},
		"GNU timeout":  {[]string{"base64", "head", "timeout"}, " H 1 64\n"},
		"ps and awk":   {[]string{"base64", "head", "ps", "awk"}, " H 1 64\n"},
		"environments": {[]string{"base64", "head"}, " H 1 64\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := machine{path: tools(t, c.tools...), home: openDir(t)}
			r := m.run(t, mixed(t))
			if !strings.Contains(string(r.stdout), c.sees) {
				t.Errorf("not seen: %q", c.sees)
			}
			checkMixed(t, r)
			if l := left(r.tag); len(l) > 0 {
				t.Errorf("left behind: %q", l)
			}
		})
	}
}

// TestBusyboxAlone has no program but those of busybox.
func TestBusyboxAlone(t *testing.T) {
	t.Parallel()
	busybox := need(t, "busybox", true)
	dir := binOf(t, busybox)
	for _, applet := range slices.Concat(base, []string{"base64", "head", "setsid", "timeout", "ps", "awk"}) {
		if err := os.Symlink(busybox, filepath.Join(dir, applet)); err != nil {
			t.Fatal(err)
		}
	}
	r := machine{login: filepath.Join(dir, "sh"), path: dir, home: openDir(t)}.run(t, mixed(t))
	checkMixed(t, r)
	if r.header.Clock.IsZero() || r.header.System != "Linux" {
		t.Errorf("header: %+v", r.header.Header)
	}
}

func TestNoEncoder(t *testing.T) {
	t.Parallel()
	r := machine{path: tools(t, "head", "setsid"), home: openDir(t)}.start(mixed(t), nil)
	if !errors.Is(r.err, ErrProtocol) || !strings.Contains(r.err.Error(), "base64") {
		t.Errorf("ended with %v", r.err)
	}
}

// TestLoginShells starts the command as every login shell does.
func TestLoginShells(t *testing.T) {
	t.Parallel()
	for _, shell := range []string{"sh", "dash", "bash", "rbash", "busybox", "zsh", "ksh93", "mksh", "yash", "tcsh", "fish"} {
		t.Run(shell, func(t *testing.T) {
			t.Parallel()
			m := machine{path: "/usr/bin:/bin", home: openDir(t), env: []string{"LC_ALL=C.UTF-8"}}
			m.login = need(t, shell, slices.Contains([]string{"sh", "dash", "bash", "busybox", "mksh"}, shell))
			if shell == "busybox" {
				m.login = filepath.Join(binOf(t, m.login), "sh")
			}
			for _, become := range []inventory.Become{inventory.BecomeNone, inventory.BecomeSudo} {
				m.become = become
				r := m.run(t, mustCompile(t, hooks{}, probe("t.one", `printf '%s\n' 'it'\''s' "$HOME" '!x'`)))
				if got := string(r.items["t.one"].Stdout); got != "it's\n"+m.home+"\n!x\n" {
					t.Errorf("become %s: stdout %q", become, got)
				}
			}
		})
	}
}

// TestNoise has a login shell that talks before the command runs, even on the line on which it begins.
func TestNoise(t *testing.T) {
	t.Parallel()
	login := filepath.Join(fakes(t, map[string]string{"login": `echo "Welcome <user>"; printf '@prompt> '; exec /bin/sh "$@"`}), "login")
	r := machine{login: login, path: "/usr/bin:/bin", home: openDir(t)}.run(t, mustCompile(t, hooks{}, probe("t.one", "echo one")))
	if got := string(r.items["t.one"].Stdout); got != "one\n" {
		t.Errorf("stdout %q", got)
	}
}

// TestCutScript sends a script without its end, without its beginning, and none at all.
func TestCutScript(t *testing.T) {
	t.Parallel()
	home := openDir(t)
	m := machine{path: "/usr/bin:/bin", home: home}
	nonce := NewNonce()
	s := mustCompile(t, hooks{}, probe("t.write", "echo x >"+filepath.Join(home, "ran")))
	whole, err := io.ReadAll(s.Stdin(nonce, nil))
	if err != nil {
		t.Fatal(err)
	}
	for name, stdin := range map[string]string{
		"without end":       string(whole[:len(whole)-3]),
		"half":              string(whole[:len(whole)/2]),
		"without beginning": string(whole[10:]),
		"empty":             "",
	} {
		t.Run(name, func(t *testing.T) {
			cmd := m.command(s.Command(inventory.BecomeNone, nonce))
			cmd.Stdin = strings.NewReader(stdin)
			out, err := cmd.Output()
			if err != nil {
				t.Fatal(err)
			}
			r := collectEvents(strings.NewReader(string(out)), nonce, Limits{Script: s})
			if !errors.Is(r.err, ErrIncomplete) || !strings.Contains(r.err.Error(), "nothing of it was run") {
				t.Errorf("ended with %v", r.err)
			}
			if _, err := os.Stat(filepath.Join(home, "ran")); err == nil {
				t.Error("a probe ran")
			}
		})
	}
}

// TestWritesNothing compares the tree that a session could write to.
func TestWritesNothing(t *testing.T) {
	t.Parallel()
	home := openDir(t)
	m := machine{path: binOf(t, need(t, "bash", true)) + ":/usr/bin:/bin", home: home, env: []string{"HISTFILE=" + home + "/history"}}
	s := mustCompile(t, hooks{}, probe("t.heredoc", "cat <<X\ntext\nX"), probe("t.core", "cd; kill -s SEGV $$"),
		probe("t.big", "yes | head -c 3000000"), probe("t.stderr", "yes | head -c 100000 >&2"))
	r := m.run(t, s)
	entries, err := os.ReadDir(home)
	if err != nil || len(entries) > 0 || len(r.items) != 4 {
		t.Errorf("%v %v, %d items", entries, err, len(r.items))
	}
}

// TestSlow sends the slow probes last and with low priority.
func TestSlow(t *testing.T) {
	t.Parallel()
	slow := probe("t.slow", "nice")
	slow.Slow = true
	s := mustCompile(t, hooks{}, slow, probe("t.fast", "nice"), probe("t.other", "nice"))
	r := machine{path: "/usr/bin:/bin", home: openDir(t)}.run(t, s)
	if got := strings.Join(r.order, " "); got != "t.fast t.other t.slow" {
		t.Errorf("order %s", got)
	}
	if got := string(r.items["t.slow"].Stdout); got != "19\n" {
		t.Errorf("niceness of the slow one %q, stderr %q", got, r.items["t.slow"].Stderr)
	}
	if got := string(r.items["t.fast"].Stdout); got == "19\n" || r.items["t.slow"].Seq != 1 {
		t.Errorf("niceness of the fast one %q, place of the slow one %d", got, r.items["t.slow"].Seq)
	}
}

func TestOnly(t *testing.T) {
	t.Parallel()
	s := mixed(t)
	only := map[string]bool{"t.last": true, "t.none": true}
	r := machine{path: "/usr/bin:/bin", home: openDir(t)}.start(s, only)
	if got := strings.Join(r.order, " "); got != "t.none t.last" || !r.done || r.err != nil {
		t.Errorf("got %s, %v", got, r.err)
	}
}

// TestDeadLink closes the reading end while a probe hangs: the heartbeat finds out, and nothing stays behind.
func TestDeadLink(t *testing.T) {
	t.Parallel()
	hang := probe("t.hang", "sleep 50 & setsid sleep 51 & wait")
	hang.Timeout = 2 * time.Minute
	s := mustCompile(t, hooks{}, hang)
	m := machine{path: "/usr/bin:/bin", home: openDir(t)}
	nonce := NewNonce()
	cmd := m.command(s.Command(inventory.BecomeNone, nonce))
	cmd.Stdin = s.Stdin(nonce, nil)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for e, err := range Read(out, nonce, Limits{Script: s}) {
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := e.(Begin); ok {
			break
		}
	}
	_ = out.Close()
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case <-ended:
	case <-time.After(time.Minute):
		t.Fatal("the session goes on without a link")
	}
	for range 100 {
		if len(left(tag(nonce))) == 0 {
			return
		}
		time.Sleep(100 * time.Millisecond) // the last process of the session is not our child: there is nothing to wait for
	}
	t.Errorf("left behind: %q", left(tag(nonce)))
}
