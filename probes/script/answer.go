package script

import (
	"bytes"
	"errors"
	"strconv"
	"time"

	"github.com/fleetaudit/fleetaudit/probes/evidence"
	"github.com/fleetaudit/fleetaudit/probes/script/internal/frame"
)

// maxStatus bounds an exit status: 128 plus a signal, with what ksh and yash add to it.
const maxStatus = 1023

// answer collects what comes between the beginning and the end of one probe.
type answer struct {
	part     part
	start    time.Time
	stdout   *payload
	stderr   *payload
	exit     int // -1 until it is known
	pipeFail int
	timeout  bool
	refused  bool   // a command that needs root was met without it
	broken   string // why nothing of it may be kept
}

func newAnswer(p part, e frame.Encoding, start time.Time) *answer {
	return &answer{
		part: p, start: start, exit: -1,
		stdout: newPayload(e, passed(maxBytes(p.probe))),
		stderr: newPayload(e, MaxStderr+1),
	}
}

// damage makes the answer a lost one. The first reason counts.
func (a *answer) damage(why string) {
	if a.broken == "" {
		a.broken = why
	}
}

// mark takes one mark. One that the script does not write damages the answer, but the heartbeat, which belongs to none.
func (a *answer) mark(text []byte) {
	t := string(text)
	kind, rest := t, ""
	if t != "" {
		kind, rest = t[:1], t[1:]
	}
	switch kind {
	case "~":
	case "e":
		a.stderr.add([]byte(rest))
	case "T":
		// The clock names the probe, since it may be late by one.
		a.timeout = a.timeout || rest == " "+a.part.probe.ID
	case "P":
		a.refused = true
	case "N":
		n, ok := status(rest)
		if !ok || n == 0 {
			a.damage("a mark of a failed command is not understood")
		} else if a.pipeFail == 0 {
			a.pipeFail = n
		}
	default:
		n, ok := status(t)
		if !ok || a.exit >= 0 {
			a.damage("a mark is not understood")
			return
		}
		a.exit = n
	}
}

// status reads an exit status and makes 128+n of what ksh (256+n) and yash (384+n) say of a signal.
func status(text string) (int, bool) {
	n64, err := strconv.ParseUint(text, 10, 16)
	n := int(n64)
	switch {
	case err != nil || n > maxStatus:
		return 0, false
	case n > 384:
		return n - 256, true
	case n > 256:
		return n - 128, true
	}
	return n, true
}

// item makes the answer an item. An answer of which anything is damaged yields nothing of what came.
func (a *answer) item(end time.Time) Item {
	it := Item{evidence.Item{
		Seq: a.part.seq, Probe: a.part.probe.ID, Outcome: evidence.OutcomeLost, Exit: -1,
		Start: a.start, Duration: end.Sub(a.start), Command: []byte(a.part.probe.Run),
	}}
	stdout, cut, errOut := a.output()
	stderr, _, errErr := a.stderr.decode()
	if errOut != nil || errErr != nil || a.broken != "" || a.exit < 0 {
		return it
	}
	it.Stdout, it.Stderr, it.Truncated, it.PipeFail = stdout, stderr[:min(len(stderr), MaxStderr)], cut, a.pipeFail
	switch {
	case a.refused:
		it.Outcome = evidence.OutcomeNotPermitted
	case a.timeout:
		it.Outcome = evidence.OutcomeTimeout
	default:
		it.Outcome, it.Exit = evidence.OutcomeAnswered, a.exit
	}
	return it
}

// output gives the standard output that is kept and whether it was cut. The proof at the end of one that was not cut is
// required and taken off: without it the encoder or the cap failed on the host, and a part would pass for the whole.
func (a *answer) output() (b []byte, cut bool, err error) {
	limit := maxBytes(a.part.probe)
	b, over, err := a.stdout.decode()
	if err != nil {
		return nil, false, err
	}
	if over || int64(len(b)) == passed(limit) {
		if int64(len(b)) < limit {
			return nil, false, errors.New("padding within")
		}
		return b[:limit], true, nil
	}
	b, ok := bytes.CutSuffix(b, []byte(proof))
	if !ok || int64(len(b)) > limit {
		return nil, false, errors.New("its end is missing")
	}
	return b, false, nil
}

// refused makes the item of a probe that was not run, because the session has no privilege.
func refused(p part, at time.Time) Item {
	return Item{evidence.Item{
		Seq: p.seq, Probe: p.probe.ID, Outcome: evidence.OutcomeNotPermitted, Exit: -1, Start: at, Command: []byte(p.probe.Run),
	}}
}
