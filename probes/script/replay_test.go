package script

import (
	"bytes"
	"io"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fleetaudit/fleetaudit/inventory"
	"github.com/fleetaudit/fleetaudit/probes"
	"github.com/fleetaudit/fleetaudit/probes/evidence"
)

func scriptOf(tb testing.TB, ids ...string) *Script {
	tb.Helper()
	ps := make([]*probes.Probe, len(ids))
	for i, id := range ids {
		ps[i] = probe(id, "echo '"+id+"' finish\nfinish\n{ begin\nask x 1 2 3 'y'\n")
		ps[i].Slow = strings.HasSuffix(id, "slow")
	}
	return mustCompile(tb, hooks{}, ps...)
}

func tameHeader() evidence.Header {
	return evidence.Header{
		Hostname: "db01", Kernel: "6.1.0-18-amd64", System: "Linux", Arch: "x86_64", UID: 0, Privilege: "sudo",
		OSRelease: map[string]string{"id": "debian", "pretty_name": `Debian "12" $x \ ` + "`y`", "id_like": ""},
		BootID:    "f99b65ae-a900-4643-bb1a-fb7884de5dbc", MachineID: "3d1219c7c4c5404aaa1f6d2a48adfda4",
		Init: "systemd", Container: "lxc", Clock: time.Date(2026, 11, 25, 10, 0, 0, 123456789, time.UTC),
	}
}

// TestReplayHeader plays a header and reads it back. Only the machine id changes, into its keyed form.
func TestReplayHeader(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*evidence.Header){
		"sudo": func(*evidence.Header) {},
		"root": func(h *evidence.Header) { h.Privilege = "root" },
		"refused": func(h *evidence.Header) {
			h.Privilege, h.UID, h.BecomeErr = "none", 1000, "sudo: a password is required"
		},
		"unknown": func(h *evidence.Header) {
			*h = evidence.Header{UID: -1, Privilege: "none", OSRelease: map[string]string{}, Clock: h.Clock}
		},
	} {
		h := tameHeader()
		change(&h)
		var out bytes.Buffer
		if err := Replay(&out, testNonce, Recording{Header: h}); err != nil {
			t.Fatal(err)
		}
		r := collectEvents(&out, testNonce, Limits{Script: scriptOf(t), MachineIDKey: testKey})
		h.MachineID = machineID(h.MachineID, testKey)
		if r.header == nil || !r.done || !reflect.DeepEqual(r.header.Header, h) {
			t.Errorf("%s: played %+v\nread %+v", name, h, r.header)
		}
	}
}

// TestReplay plays random answers and reads the same items back.
func TestReplay(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(1, 2))
	ids := []string{"r.a", "r.b", "r.slow", "r.c", "r.none"}
	s := scriptOf(t, ids...)
	for range 300 {
		rec := Recording{Answers: map[string]Recorded{}}
		for _, id := range ids[:4] {
			rec.Answers[id] = randomAnswer(rnd)
		}
		var stdin bytes.Buffer
		if _, err := stdin.ReadFrom(s.Stdin(testNonce, nil)); err != nil {
			t.Fatal(err)
		}
		var err error
		if rec.Asked, err = Asked(stdin.Bytes()); err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		if err := Replay(&out, testNonce, rec); err != nil {
			t.Fatal(err)
		}
		r := collectEvents(&out, testNonce, Limits{Script: s})
		if r.err != nil || len(r.items) != 5 || r.items["r.none"].Exit != 127 {
			t.Fatalf("%v, items %v", r.err, r.items)
		}
		for id, played := range rec.Answers {
			if !samePlayed(played, r.items[id]) {
				t.Fatalf("%s: played %+v\nread %+v", id, played, r.items[id])
			}
		}
	}
}

func randomAnswer(rnd *rand.Rand) Recorded {
	bytesOf := func(n int) []byte {
		b := make([]byte, rnd.IntN(n))
		for i := range b {
			b[i] = byte(rnd.Uint32())
		}
		return b
	}
	outcomes := []evidence.Outcome{evidence.OutcomeAnswered, "", evidence.OutcomeTimeout, evidence.OutcomeNotPermitted, evidence.OutcomeLost}
	return Recorded{
		Outcome: outcomes[rnd.IntN(len(outcomes))], Exit: rnd.IntN(256), PipeFail: max(0, rnd.IntN(400)-144),
		Stdout: bytesOf(200), Stderr: bytesOf(200),
	}
}

func samePlayed(r Recorded, it evidence.Item) bool {
	switch r.Outcome {
	case evidence.OutcomeNotPermitted, evidence.OutcomeLost:
		return it.Outcome == r.Outcome && it.Exit == -1 && len(it.Stdout) == 0
	case evidence.OutcomeTimeout:
		r.Exit = -1
	case "":
		r.Outcome = evidence.OutcomeAnswered
	}
	return it.Outcome == r.Outcome && it.Exit == r.Exit && it.PipeFail == r.PipeFail && !it.Truncated &&
		bytes.Equal(it.Stdout, r.Stdout) && bytes.Equal(it.Stderr, r.Stderr)
}

func TestAsked(t *testing.T) {
	t.Parallel()
	s := scriptOf(t, "q.one", "q.slow", "q.two")
	for _, only := range []map[string]bool{nil, {"q.slow": true}, {"q.two": true, "q.slow": true}, {}} {
		stdin, err := io.ReadAll(s.Stdin(testNonce, only))
		if err != nil {
			t.Fatal(err)
		}
		got, err := Asked(stdin)
		want := []string{"q.one", "q.two", "q.slow"}
		if only != nil {
			want = slices.DeleteFunc(want, func(id string) bool { return !slices.Contains(slices.Collect(maps.Keys(only)), id) })
		}
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("got %v, %v, expected %v", got, err, want)
		}
		for cut := range stdin {
			if _, err := Asked(stdin[:cut]); err == nil {
				t.Fatalf("the first %d of %d bytes pass for a script", cut, len(stdin))
			}
		}
	}
}

func TestCommandNonce(t *testing.T) {
	t.Parallel()
	s := scriptOf(t)
	nonce := NewNonce()
	for _, become := range []inventory.Become{inventory.BecomeNone, inventory.BecomeSudo} {
		command := s.Command(become, nonce)
		if got, ok := CommandNonce(command); !ok || got != nonce {
			t.Errorf("nonce %q of %s", got, command)
		}
		if strings.ContainsAny(command, "\\!\n") || len(command) > 1000 {
			t.Errorf("not safe for every shell, or long (%d): %s", len(command), command)
		}
	}
	if _, ok := CommandNonce("uname -a"); ok {
		t.Error("a nonce in another command")
	}
}
