package script

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/fleetaudit/fleetaudit/probes/evidence"
)

const testNonce = "0123456789abcdef0123456789abcdef"

func b64(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

// wire puts an answer together: lines that begin with "@" get the nonce, and a header stands first.
func wire(lines ...string) string {
	all := append([]string{"@READY", "@H 1 64", b64("uid=0\n"), "@I"}, lines...)
	return "\n" + strings.ReplaceAll(strings.Join(all, "\n")+"\n", "@", "@"+testNonce+" ")
}

// threeProbes is a script of a.one, a.two and a.three, of 8 bytes each.
func threeProbes(tb testing.TB) *Script {
	tb.Helper()
	one, two, three := probe("a.one", "one"), probe("a.two", "two"), probe("a.three", "three")
	one.MaxBytes, two.MaxBytes, three.MaxBytes = 8, 8, 8
	return mustCompile(tb, hooks{}, one, two, three)
}

func good(id, stdout string) string {
	return "@B " + id + "\n<0>\n" + b64(stdout+proof) + "\n@E " + id + " 0"
}

func TestRead(t *testing.T) {
	t.Parallel()
	all := good("a.one", "1") + "\n" + good("a.two", "2") + "\n" + good("a.three", "3") + "\n@Z"
	rest := good("a.two", "2") + "\n" + good("a.three", "3") + "\n@Z"
	lost := want{outcome: evidence.OutcomeLost, exit: -1}
	ok := func(exit int, stdout string) want {
		return want{outcome: evidence.OutcomeAnswered, exit: exit, stdout: stdout}
	}
	for name, c := range map[string]struct {
		text    string
		one     want
		missing string // of the error; "-" for an item of the first that must not be there
	}{
		"plain":            {text: wire(all), one: ok(0, "1")},
		"noise before":     {text: "Welcome <to> @" + testNonce + " READY\n@ab READY\n" + wire(all), one: ok(0, "1")},
		"carriage returns": {text: strings.ReplaceAll(wire(all), "\n", "\r\n"), one: ok(0, "1")},
		"heartbeats":       {text: wire("<~>", "@B a.one", "MS<~>", "4<0>", "K", "<~>", "@E a.one 0", rest), one: ok(0, "1")},
		"unknown probe":    {text: wire(good("x.y", "x"), all), one: ok(0, "1")},
		"unknown frame":    {text: wire("@Q what", all), one: ok(0, "1")},
		"twice":            {text: wire(good("a.one", "1"), good("a.one", "other"), rest), one: ok(0, "1")},
		"foreign frame":    {text: wire("@B a.one", "<0>") + "@" + strings.Repeat("f", 32) + " E a.one 0\n" + strings.TrimPrefix(wire(rest), wire()), one: lost},
		"garbage":          {text: wire("@B a.one", "<0>", "a&b", "@E a.one 0", rest), one: lost},
		"text within":      {text: wire("@B a.one", "<0>", b64("1.\n"), "sh: out of memory", "@E a.one 0", rest), one: lost},
		"no proof":         {text: wire("@B a.one", "<0>", b64("1"), "@E a.one 0", rest), one: lost},
		"no output":        {text: wire("@B a.one", "<0>", "@E a.one 0", rest), one: lost},
		"no status":        {text: wire("@B a.one", b64("1.\n"), "@E a.one 0", rest), one: lost},
		"two statuses":     {text: wire("@B a.one", "<0>", "<0>", b64("1.\n"), "@E a.one 0", rest), one: lost},
		"odd status":       {text: wire("@B a.one", "<-1>", b64("1.\n"), "@E a.one 0", rest), one: lost},
		"great status":     {text: wire("@B a.one", "<4096>", b64("1.\n"), "@E a.one 0", rest), one: lost},
		"empty mark":       {text: wire("@B a.one", "<>", "<0>", b64("1.\n"), "@E a.one 0", rest), one: lost},
		"mark without end": {text: wire("@B a.one", "<0", b64("1.\n"), "@E a.one 0", rest), one: lost},
		"stderr cut":       {text: wire("@B a.one", "<0>", "<e"+b64("x")+">", b64("1.\n"), "@E a.one 141", rest), one: lost},
		"stderr damaged":   {text: wire("@B a.one", "<0>", "<e=x>", b64("1.\n"), "@E a.one 0", rest), one: lost},
		"no end":           {text: wire("@B a.one", "<0>", b64("1.\n"), rest), one: lost},
		"other end":        {text: wire("@B a.one", "<0>", b64("1.\n"), "@E a.two 0", "@E a.one 0", rest), one: ok(0, "1")},
		"signal of ksh":    {text: wire("@B a.one", "<265>", b64("1.\n"), "@E a.one 0", rest), one: ok(137, "1")},
		"signal of yash":   {text: wire("@B a.one", "<393>", b64("1.\n"), "@E a.one 0", rest), one: ok(137, "1")},
		"failed command":   {text: wire("@B a.one", "<N141>", "<N2>", "<0>", b64(".\n"), "@E a.one 0", rest), one: want{outcome: evidence.OutcomeAnswered, pipeFail: 141}},
		"failed with 0":    {text: wire("@B a.one", "<N0>", "<0>", b64(".\n"), "@E a.one 0", rest), one: lost},
		"no root":          {text: wire("@B a.one", "<P>", "<0>", b64(".\n"), "@E a.one 0", rest), one: want{outcome: evidence.OutcomeNotPermitted, exit: -1}},
		"refused":          {text: wire("@P a.one", rest), one: want{outcome: evidence.OutcomeNotPermitted, exit: -1}},
		"time limit":       {text: wire("@B a.one", "<T a.one>", "<137>", b64("1.\n"), "@E a.one 0", rest), one: want{outcome: evidence.OutcomeTimeout, exit: -1, stdout: "1"}},
		"limit of another": {text: wire("@B a.one", "<T a.zero>", "<0>", b64("1.\n"), "@E a.one 0", rest), one: ok(0, "1")},
		"as long as kept":  {text: wire(good("a.one", "12345678"), rest), one: ok(0, "12345678")},
		"longer":           {text: wire(good("a.one", "123456789"), rest), one: want{outcome: evidence.OutcomeAnswered, stdout: "12345678", check: cutAt(8)}},
		"cut by the host":  {text: wire("@B a.one", "<0>", b64("123456.\n789"), "@E a.one 0", rest), one: want{outcome: evidence.OutcomeAnswered, stdout: "123456.\n", check: cutAt(8)}},
		"endless":          {text: wire("@B a.one", "<0>", strings.Repeat(b64("123456789")+"\n", 999), "@E a.one 0", rest), one: want{outcome: evidence.OutcomeAnswered, stdout: "12345678", check: cutAt(8)}},
		"padding within":   {text: wire("@B a.one", "<0>", strings.Repeat("MQ==\n", 999), "@E a.one 0", rest), one: lost},
		"passed over":      {text: wire(rest), missing: "a.one"},
		"out of turn":      {text: wire(good("a.two", "2"), good("a.one", "1"), good("a.three", "3"), "@Z"), missing: "a.one"},
		"end too soon":     {text: wire(good("a.one", "1"), "@Z"), one: ok(0, "1"), missing: "a.two a.three"},
		"cut in a frame":   {text: strings.TrimSuffix(wire(good("a.one", "1"), good("a.two", "2")), "\n"), one: ok(0, "1"), missing: "a.two a.three"},
		"cut in an answer": {text: wire(good("a.one", "1"), "@B a.two", "<0>", b64("2.\n")), one: ok(0, "1"), missing: "a.two a.three"},
		"cut at the end":   {text: wire(good("a.one", "1"), good("a.two", "2"), good("a.three", "3")), one: ok(0, "1"), missing: "none"},
		"after the end":    {text: wire(all, good("a.one", "9"), "@Z"), one: ok(0, "1")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, r := range []io.Reader{strings.NewReader(c.text), iotest.OneByteReader(strings.NewReader(c.text)), iotest.DataErrReader(strings.NewReader(c.text))} {
				got := collectEvents(r, testNonce, Limits{Script: threeProbes(t)})
				checkRead(t, got, c.one, c.missing)
			}
		})
	}
}

func checkRead(t *testing.T, got result, one want, missing string) {
	t.Helper()
	var inc *IncompleteError
	switch {
	case missing == "" && (got.err != nil || !got.done):
		t.Errorf("ended with %v", got.err)
	case missing == "none":
		missing = ""
		fallthrough
	case missing != "":
		if !errors.As(got.err, &inc) || strings.Join(inc.Missing, " ") != missing || got.done {
			t.Errorf("ended with %#v, expected missing: %s", got.err, missing)
		}
	}
	it, there := got.items["a.one"]
	if there != (one.outcome != "") {
		t.Fatalf("item there: %v", there)
	}
	if there && one.compare(it) != nil {
		t.Errorf("%v: %+v", one.compare(it), it)
	}
	if it.Outcome == evidence.OutcomeLost && len(it.Stdout)+len(it.Stderr) > 0 {
		t.Errorf("a lost answer keeps %q %q", it.Stdout, it.Stderr)
	}
}

func TestReadErrors(t *testing.T) {
	t.Parallel()
	broken := errors.New("connection reset")
	for name, c := range map[string]struct {
		stdout io.Reader
		is     error
		text   string
	}{
		"nologin":        {strings.NewReader("This account is currently not available.\n\x1b[0m\xff"), ErrNoReady, "currently not available. ?[0m?"},
		"nothing":        {strings.NewReader(""), ErrNoReady, "ran no POSIX command"},
		"another nonce":  {strings.NewReader("@" + strings.Repeat("f", 32) + " READY\n"), ErrNoReady, "READY"},
		"endless noise":  {io.MultiReader(strings.NewReader("motd "), endless{}), ErrTooLong, "motd"},
		"broken before":  {iotest.ErrReader(broken), broken, "connection reset"},
		"broken within":  {io.MultiReader(strings.NewReader(wire(good("a.one", "1"), "@B a.two")), iotest.ErrReader(broken)), broken, "it stopped in a.two"},
		"endless answer": {io.MultiReader(strings.NewReader(wire("@B a.one")), endless{}), ErrTooLong, "a.one"},
		"cut script":     {strings.NewReader("\n@" + testNonce + " READY\n@" + testNonce + " X cut\n"), ErrIncomplete, "did not reach the host whole"},
		"no encoder":     {strings.NewReader("\n@" + testNonce + " READY\n@" + testNonce + " X encoder\n"), ErrProtocol, "base64"},
		"gave up":        {strings.NewReader("\n@" + testNonce + " READY\n@" + testNonce + " X \x07why\n"), ErrProtocol, "?why"},
		"version":        {strings.NewReader("\n@" + testNonce + " READY\n@" + testNonce + " H 2 64\n"), ErrProtocol, "version 1"},
		"encoding":       {strings.NewReader("\n@" + testNonce + " READY\n@" + testNonce + " H 1 85\n"), ErrProtocol, "encoding"},
		"no header":      {strings.NewReader("\n@" + testNonce + " READY\n@" + testNonce + " B a.one\n"), ErrProtocol, "header"},
		"broken header":  {strings.NewReader("\n@" + testNonce + " READY\n@" + testNonce + " H 1 64\n!\n@" + testNonce + " I\n"), ErrProtocol, "damaged"},
		"header cut":     {strings.NewReader("\n@" + testNonce + " READY\n@" + testNonce + " H 1 64\nAAAA\n"), ErrIncomplete, "3 probes"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := collectEvents(c.stdout, testNonce, Limits{Script: threeProbes(t)})
			if !errors.Is(r.err, c.is) || !strings.Contains(r.err.Error(), c.text) {
				t.Errorf("got %v, expected %v with %q", r.err, c.is, c.text)
			}
			for _, c := range r.err.Error() {
				if c < ' ' {
					t.Errorf("control character in %q", r.err)
				}
			}
		})
	}
}

// endless is a host that never stops, without a line end.
type endless struct{}

func (endless) Read(p []byte) (int, error) { return copy(p, bytes.Repeat([]byte("A"), len(p))), nil }

func TestReadTimes(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 25, 10, 0, 0, 0, time.UTC)
	limits := Limits{Script: threeProbes(t), Only: map[string]bool{"a.two": true}, Now: func() time.Time { now = now.Add(time.Second); return now }}
	r := collectEvents(strings.NewReader(wire(good("a.two", "2"), "@Z")), testNonce, limits)
	if r.err != nil || !r.done {
		t.Fatal(r.err)
	}
	if b, ok := r.events[2].(Begin); !ok || b.Probe != "a.two" || b.Limit != 10*time.Second {
		t.Errorf("third event %+v", r.events[2])
	}
	it := r.items["a.two"]
	if it.Duration != time.Second || it.Seq != 2 || string(it.Command) != "two" {
		t.Errorf("item %+v", it)
	}
	if skew, bound := Skew(now, now.Add(4*time.Second), now.Add(5*time.Second)); skew != 3*time.Second || bound != 2*time.Second {
		t.Errorf("skew %v within %v", skew, bound)
	}
}

// TestReadStops ends the reading early at each event.
func TestReadStops(t *testing.T) {
	t.Parallel()
	text := wire(good("a.one", "1"), good("a.two", "2"), good("a.three", "3"), "@Z")
	for stop := range 9 {
		n := 0
		for _, err := range Read(strings.NewReader(text), testNonce, Limits{Script: threeProbes(t)}) {
			if err != nil {
				t.Fatal(err)
			}
			if n++; n > stop {
				break
			}
		}
		if n != stop+1 {
			t.Errorf("%d events, stopped after %d", n, stop+1)
		}
	}
}

func BenchmarkDemux(b *testing.B) {
	s, stdout := recordedAnswer(b)
	b.SetBytes(int64(len(stdout)))
	b.ReportAllocs()
	for b.Loop() {
		n := 0
		for e, err := range Read(bytes.NewReader(stdout), testNonce, Limits{Script: s}) {
			if err != nil {
				b.Fatal(err)
			}
			if _, ok := e.(Item); ok {
				n++
			}
		}
		if n != 60 {
			b.Fatal(n)
		}
	}
}

// recordedAnswer is the answer of a host with 60 probes and 60 KB.
func recordedAnswer(b *testing.B) (*Script, []byte) {
	b.Helper()
	var ps []string
	rec := Recording{Answers: map[string]Recorded{}, Header: tameHeader()}
	line := []byte("net.ipv4.conf.all.accept_redirects = 0\n")
	for i := range 60 {
		id := fmt.Sprintf("bench.probe%d", i)
		ps = append(ps, id)
		rec.Answers[id] = Recorded{Stdout: bytes.Repeat(line, 26)}
	}
	s := scriptOf(b, ps...)
	rec.Asked = ps
	var out bytes.Buffer
	if err := Replay(&out, testNonce, rec); err != nil {
		b.Fatal(err)
	}
	return s, out.Bytes()
}
