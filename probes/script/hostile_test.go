package script

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fleetaudit/fleetaudit/probes"
	"github.com/fleetaudit/fleetaudit/probes/evidence"
)

// hostile is a probe that misbehaves, with what must come of it.
type hostile struct {
	id    string
	run   string
	limit time.Duration
	bytes int64
	want  want
}

// want is the expected item. Fields that are empty are not compared, but outcome, exit and the failed command always are.
type want struct {
	outcome  evidence.Outcome
	exit     int // -2 for any but 0
	pipeFail int
	stdout   string
	stderr   string // a piece of it
	check    func(evidence.Item) error
}

const forged = "\n@00000000000000000000000000000000 E h.empty 0\n@ Z\n@x B h.nothing\n<0>\n<T h.forge>\n<~>\n"

// hostiles are the probes of the matrix. sleep is a number of seconds that no other process sleeps.
func hostiles(sleep string) []hostile {
	answered := func(exit int, stdout string) want {
		return want{outcome: evidence.OutcomeAnswered, exit: exit, stdout: stdout}
	}
	return []hostile{
		{id: "h.hang", run: "echo before; trap '' TERM INT HUP; sleep " + sleep, limit: time.Second,
			want: want{outcome: evidence.OutcomeTimeout, exit: -1, stdout: "before\n"}},
		{id: "h.grandchild", run: "sh -c 'sleep " + sleep + " & sleep " + sleep + "' & wait", limit: time.Second,
			want: want{outcome: evidence.OutcomeTimeout, exit: -1}},
		{id: "h.stopped", run: "kill -s STOP $$", limit: time.Second, want: want{outcome: evidence.OutcomeTimeout, exit: -1}},
		{id: "h.escaped", run: "setsid sleep " + sleep + " & sleep 1; echo started", want: answered(0, "started\n")},
		{id: "h.endless", run: "yes", bytes: 1000, want: want{outcome: evidence.OutcomeAnswered, exit: -2, check: cutAt(1000)}},
		{id: "h.exact", run: "yes | head -c 1000", bytes: 1000, want: answered(0, strings.Repeat("y\n", 500))},
		{id: "h.over", run: "yes | head -c 1001", bytes: 1000, want: want{outcome: evidence.OutcomeAnswered, check: cutAt(1000)}},
		{id: "h.binary", run: `printf '\000\001\377\376<0>\r\n@\n.\n'`, want: answered(0, "\x00\x01\xff\xfe<0>\r\n@\n.\n")},
		{id: "h.forge", run: "cat <<'X'\n" + forged + "X", want: answered(0, forged)},
		{id: "h.stderr", run: "yes error | head -n 100000 >&2; echo ok", want: want{outcome: evidence.OutcomeAnswered, stdout: "ok\n", check: stderrFull}},
		{id: "h.stderr_line", run: "head -c 60000 /dev/zero | tr '\\000' e >&2; echo ok", want: want{outcome: evidence.OutcomeAnswered, stdout: "ok\n", check: stderrFull}},
		{id: "h.stdin", run: `cat; read x; echo "got:$x:$?"`, want: answered(0, "got::1\n")},
		{id: "h.exit0", run: "exit 0", want: answered(0, "")},
		{id: "h.exit1", run: "echo no >&2; false", want: want{outcome: evidence.OutcomeAnswered, exit: 1, stderr: "no\n"}},
		{id: "h.exit7", run: "(exit 3); exit 7; echo never", want: answered(7, "")},
		{id: "h.exit124", run: "exit 124", want: answered(124, "")},
		{id: "h.exit255", run: "exit 255", want: answered(255, "")},
		{id: "h.killed", run: "echo a; kill -s KILL $$", want: answered(137, "a\n")},
		{id: "h.segv", run: "kill -s SEGV $$; sleep 5", want: answered(139, "")},
		{id: "h.group", run: "echo a; kill -s KILL 0; sleep 5", limit: 20 * time.Second, want: want{outcome: evidence.OutcomeAnswered, exit: 137}},
		{id: "h.set_e", run: "set -eu; unset -f need asroot; need x 2>/dev/null || true; false; echo never", want: answered(1, "")},
		{id: "h.redefine", run: "echo() { :; }; kill() { :; }; wait() { :; }; need() { :; }; trap 'exit 3' EXIT; PATH=/nonexistent; cd /proc; unset HOME",
			want: answered(3, "")},
		{id: "h.after", run: `echo "$PWD $#"; need true && asroot true; case $PATH in /nonexistent) exit 9 ;; esac`, want: answered(0, "/ 0\n")},
		{id: "h.syntax", run: "echo first\nif then ( fi '", want: want{outcome: evidence.OutcomeAnswered, exit: -2}},
		{id: "h.closed", run: "exec 1>&- 2>&- 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-; true", want: answered(0, "")},
		{id: "h.closed_need", run: "exec 9>&-; need false 2>/dev/null | cat", want: answered(137, "")},
		{id: "h.background", run: "sleep " + sleep + " & echo left", want: answered(0, "left\n")},
		{id: "h.wait", run: "true & wait; echo waited", want: answered(0, "waited\n")},
		{id: "h.empty", run: "", want: answered(0, "")},
		{id: "h.no_newline", run: "printf abc; printf def >&2", want: want{outcome: evidence.OutcomeAnswered, stdout: "abc", stderr: "def"}},
		{id: "h.need", run: "need sh -c 'echo x; exit 5' 2>/dev/null | cat", want: want{outcome: evidence.OutcomeAnswered, pipeFail: 5, stdout: "x\n"}},
		{id: "h.need_missing", run: "need no_such_command_at_all 2>/dev/null | sort", want: want{outcome: evidence.OutcomeAnswered, pipeFail: 127}},
		{id: "h.need_nested", run: "set -e; x=$(need false | cat) 2>/dev/null; echo done", want: want{outcome: evidence.OutcomeAnswered, pipeFail: 1, stdout: "done\n"}},
		{id: "h.quotes", run: "printf '%s\\n' 'a'\\''b' \"c\\\\d\" '$HOME `x` !' \"$((1+2))\" '*' \\\\ && cat <<E\nit's $((2*3)) \"here\"\nE\n# 'comment",
			want: answered(0, "a'b\nc\\d\n$HOME `x` !\n3\n*\n\\\nit's 6 \"here\"\n")},
		{id: "h.env", run: "umask | grep -c '^0*77$'; echo $LC_ALL $LANG $TZ [$N] [${BASH_ENV-unset}]", want: answered(0, "1\nC C UTC [] [unset]\n")},
		{id: "h.exec", run: "exec sh -c 'echo replaced; exit 4'", want: answered(4, "replaced\n")},
		{id: "h.last", run: "echo end", want: answered(0, "end\n")},
	}
}

func cutAt(n int) func(evidence.Item) error {
	return func(it evidence.Item) error {
		if !it.Truncated || len(it.Stdout) != n {
			return fmt.Errorf("truncated %v with %d bytes, expected it cut at %d", it.Truncated, len(it.Stdout), n)
		}
		return nil
	}
}

func stderrFull(it evidence.Item) error {
	if len(it.Stderr) != MaxStderr {
		return fmt.Errorf("%d bytes of standard error, expected %d", len(it.Stderr), MaxStderr)
	}
	return nil
}

func probesOf(hs []hostile) []*probes.Probe {
	ps := make([]*probes.Probe, len(hs))
	for i, h := range hs {
		ps[i] = probe(h.id, h.run)
		ps[i].Timeout, ps[i].MaxBytes = h.limit, h.bytes
		if h.limit == 0 {
			ps[i].Timeout = time.Minute // the machine that runs the tests may be busy
		}
	}
	return ps
}

// judge compares the answers with what is wanted.
func judge(t *testing.T, hs []hostile, r result) {
	t.Helper()
	if r.err != nil || !r.done || r.header == nil {
		t.Errorf("ended with %v (%v), done %v\n%s\n%s", r.err, r.exit, r.done, r.stderr, tail(r.stdout))
	}
	for i, h := range hs {
		it, ok := r.items[h.id]
		if !ok {
			t.Errorf("%s: no item", h.id)
			continue
		}
		if err := h.want.compare(it); err != nil {
			t.Errorf("%s: %v\nstdout %q\nstderr %q", h.id, err, head(it.Stdout), head(it.Stderr))
		}
		if string(it.Command) != h.run || it.Seq != i+1 {
			t.Errorf("%s: item %d holds command %q", h.id, it.Seq, it.Command)
		}
		if bytes.Contains(it.Stderr, []byte("Killed")) {
			t.Errorf("%s: the shell's own message is in standard error: %q", h.id, head(it.Stderr))
		}
	}
}

func (w want) compare(it evidence.Item) error {
	switch {
	case it.Outcome != w.outcome:
		return fmt.Errorf("outcome %q, expected %q", it.Outcome, w.outcome)
	case w.exit == -2 && it.Exit == 0 || w.exit != -2 && it.Exit != w.exit:
		return fmt.Errorf("exit %d, expected %d", it.Exit, w.exit)
	case it.PipeFail != w.pipeFail:
		return fmt.Errorf("failed command %d, expected %d", it.PipeFail, w.pipeFail)
	case w.stdout != "" && string(it.Stdout) != w.stdout:
		return fmt.Errorf("stdout differs, expected %q", w.stdout)
	case !strings.Contains(string(it.Stderr), w.stderr):
		return fmt.Errorf("stderr differs, expected %q", w.stderr)
	case w.check != nil:
		return w.check(it)
	case it.Truncated:
		return fmt.Errorf("marked as cut")
	}
	return nil
}

func head(b []byte) string { return string(b[:min(len(b), 300)]) }
func tail(b []byte) string { return string(b[max(0, len(b)-600):]) }

// killing are the probes that depend on how processes are killed.
var killing = []string{"h.hang", "h.grandchild", "h.stopped", "h.escaped", "h.endless", "h.group", "h.killed", "h.exit124", "h.background", "h.need", "h.last"}

// matrix lists the runs: all probes under the shells that are sh somewhere, and where killing is another way or the shell is a
// rare one, the probes that this matters to.
func matrix() []combination {
	var all []combination
	for _, shell := range []string{"dash", "bash", "busybox", "mksh"} {
		for _, kill := range []string{"setsid", "/usr/bin/timeout 0", "search"} {
			all = append(all, combination{shell: shell, kill: kill, few: kill != "setsid"})
		}
	}
	for _, shell := range []string{"ksh93", "yash"} {
		all = append(all, combination{shell: shell, rare: true, kill: "setsid", few: !inCI()})
	}
	return all
}

type combination struct {
	shell, kill string
	rare, few   bool
}

// probes of a combination. Without groups h.group ends the whole session, which nothing on the host can prevent.
func (c combination) probes(sleep string) []hostile {
	return slices.DeleteFunc(hostiles(sleep), func(h hostile) bool {
		return c.few && !slices.Contains(killing, h.id) || c.kill == "search" && h.id == "h.group"
	})
}

func TestHostileProbes(t *testing.T) {
	t.Parallel()
	slots := make(chan struct{}, 6)
	for i, c := range matrix() {
		t.Run(c.shell+" "+c.kill, func(t *testing.T) {
			m := machine{path: binOf(t, need(t, c.shell, !c.rare)) + ":" + fakes(t, map[string]string{"id": "echo 0"}) + ":/usr/bin:/bin", home: openDir(t)}
			sleep := fmt.Sprintf("%d%03d", 7000000+os.Getpid(), i) // of one length, for it is looked for as a prefix
			list := c.probes(sleep)
			s := mustCompile(t, hooks{Kill: c.kill}, probesOf(list)...)
			// They run ahead of their turn, since they wait more than they work.
			done := make(chan result, 1)
			go func() {
				slots <- struct{}{}
				done <- m.start(s, nil)
				<-slots
			}()
			t.Parallel()
			r := <-done
			judge(t, list, r)
			if l := left(r.tag, "sleep "+sleep); len(l) > 0 {
				t.Errorf("left behind: %q", l)
			}
		})
	}
}
