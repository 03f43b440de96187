//go:build unix

package remote_test

import (
	"context"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/fleetaudit/fleetaudit/inventory"
	"github.com/fleetaudit/fleetaudit/probes/remote"
)

func TestLocal(t *testing.T) {
	t.Parallel()
	s := mustOpen(t, remote.NewLocal(), inventory.Host{Name: "here"})
	if got, want := s.Peer(), (remote.Peer{KeyTrust: "local", AuthMethod: "none"}); got != want {
		t.Errorf("got %+v", got)
	}
	for _, c := range []struct {
		command string
		stdin   io.Reader
		want    answer
	}{
		{"echo out; echo err >&2; exit 3", nil, answer{"out\n", "err\n", 3, nil}},
		{"cat", strings.NewReader("in"), answer{"in", "", 0, nil}},
		{"cat; pwd", nil, answer{"/\n", "", 0, nil}},
		{"kill -TERM $$", nil, answer{"", "", 143, nil}},
		{"exit 0", strings.NewReader(strings.Repeat("x", 1<<20)), answer{"", "", 0, nil}},
	} {
		if got := run(t.Context(), s, c.command, c.stdin); got != c.want {
			t.Errorf("%s: got %+v, want %+v", c.command, got, c.want)
		}
	}
}

func TestLocalHidesTheEnvironment(t *testing.T) {
	t.Setenv("FLEETAUDIT_TEST_SECRET", "sesame")
	s := mustOpen(t, remote.NewLocal(), inventory.Host{Name: "here"})
	if got := run(t.Context(), s, "env", nil); strings.Contains(got.stdout, "sesame") || !strings.Contains(got.stdout, "PATH=") {
		t.Errorf("got %+v", got)
	}
}

// TestLocalKillsTheGroup starts a child that holds the pipes: the command ends only if the child is killed too.
func TestLocalKillsTheGroup(t *testing.T) {
	t.Parallel()
	s := mustOpen(t, remote.NewLocal(), inventory.Host{Name: "here"})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	p, err := s.Exec(ctx, "sleep 600 & echo started; wait", nil)
	if err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, len("started\n"))
	if _, err := io.ReadFull(p.Stdout, buf); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	cancel()
	_, _ = io.ReadAll(p.Stdout)
	exit, err := p.Wait()
	wantReason(t, err, remote.ReasonInterrupted, "on this machine")
	if exit != -1 || time.Since(start) > slow {
		t.Errorf("status %d after %s", exit, time.Since(start))
	}
	timed, cancelTimed := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancelTimed()
	wantReason(t, run(timed, s, "sleep 600", nil).err, remote.ReasonTimeout)
	wantReason(t, run(timed, s, "true", nil).err, remote.ReasonTimeout)
}
