package collect

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/fleetaudit/fleetaudit/probes"
	"github.com/fleetaudit/fleetaudit/probes/evidence"
	"github.com/fleetaudit/fleetaudit/probes/remote"
	"github.com/fleetaudit/fleetaudit/probes/script"
)

// How long a host may show nothing new. A probe has its own limit, kept by the host; to it comes a grace for the host to end the probe and
// start the next one, and the time its output takes on a slow line.
const (
	startLimit = 30 * time.Second // until the script runs, and until its header: login scripts, sudo and its name lookups are slow
	grace      = 15 * time.Second
	slowLine   = 32 << 10 // bytes a second
)

// errStalled is the cause with which the context of an exec ends when nothing new came for too long.
var errStalled = errors.New("nothing new came within the time limit")

// errOtherMachine says that what is asked for the rest is not the machine that answered first.
var errOtherMachine = errors.New("another machine answered when the rest was asked: its machine id differs")

// stallLimits are the limits above, as a run holds to them.
type stallLimits struct{ start, grace time.Duration }

// patience gives, by probe id, how long a host may take from the beginning of a probe to its whole answer.
func (l stallLimits) patience(s *script.Script) map[string]time.Duration {
	all := map[string]time.Duration{}
	for _, p := range s.Probes() {
		bytes := p.MaxBytes
		if bytes <= 0 {
			bytes = probes.DefaultMaxBytes
		}
		all[p.ID] = script.Limit(p) + l.grace + time.Duration(bytes)*time.Second/slowLine
	}
	return all
}

// execution is one run of the script on a host.
type execution struct {
	*life
	nonce string
	only  map[string]bool // the probes that are asked; nil for all
	sent  time.Time
	timer *time.Timer // ends the exec when it has shown nothing new for too long

	ready bool
	open  script.Begin // the probe that has begun and not ended; its Probe is empty for none
}

// ask runs the script for everything that is missing and takes in what comes. Afterwards l.fault says what went wrong, l.ready whether
// the script ran at all, and l.alive whether the session may carry another exec.
func (l *life) ask(ctx context.Context, s remote.Session) {
	l.ready, l.alive = false, false
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	e := &execution{life: l, nonce: script.NewNonce(), sent: l.Now()}
	if len(l.items) > 0 {
		e.only = l.missing()
	}
	e.timer = time.AfterFunc(l.stall.start, func() { cancel(errStalled) })
	defer e.timer.Stop()
	l.record.Execs++
	l.tally.add(func(s *Summary) { s.Execs++ })
	p, err := s.Exec(ctx, l.script.Command(l.host.Become, e.nonce), l.script.Stdin(e.nonce, e.only))
	if err != nil {
		l.fault = e.stopped(ctx, asFault(err))
		return
	}
	complaint := make(chan string, 1)
	go func() { complaint <- firstBytes(p.Stderr) }() // ends with the stream, which ends with ctx at the latest
	readErr := e.read(p.Stdout)
	if errors.Is(readErr, errOtherMachine) || errors.Is(readErr, script.ErrTooLong) {
		cancel(readErr) // nothing more of it is wanted
	}
	e.timer.Reset(e.stall.grace)
	_, _ = io.Copy(io.Discard, p.Stdout) // Wait needs the streams read to their end
	said := <-complaint
	exit, waitErr := p.Wait()
	l.ready = e.ready
	e.conclude(ctx, ending{readErr, waitErr, exit, said})
}

// firstBytes reads a stream to its end and gives its beginning.
func firstBytes(r io.Reader) string {
	head, _ := io.ReadAll(io.LimitReader(r, 1<<10)) // an error ends the stream just as well
	_, _ = io.Copy(io.Discard, r)
	return string(head)
}

// read takes in the events of the answer. The error is script.Read's, or errOtherMachine.
func (e *execution) read(stdout io.Reader) error {
	limits := script.Limits{Script: e.script, Only: e.only, MachineIDKey: e.MachineIDKey, Now: e.Now}
	for event, err := range script.Read(stdout, e.nonce, limits) {
		if err != nil {
			return err
		}
		switch v := event.(type) {
		case script.Ready:
			e.ready = true
			e.timer.Reset(e.stall.start)
		case script.Header:
			e.timer.Reset(e.stall.grace)
			if !e.header(v) {
				return errOtherMachine
			}
		case script.Begin:
			e.timer.Reset(e.patience[e.script][v.Probe])
			e.open = v
		case script.Item:
			e.timer.Reset(e.stall.grace)
			e.open = script.Begin{}
			e.items[v.Probe] = v.Item
		}
	}
	return nil
}

// header takes down what the host says of itself. The first header stays; it reports whether a later one is the same machine's.
func (e *execution) header(v script.Header) bool {
	h := v.Header
	if !h.Clock.IsZero() {
		h.Skew, h.SkewError = script.Skew(e.sent, v.At, h.Clock)
	}
	first := e.record.Header
	if first == nil {
		e.record.Header = &h
		return true
	}
	if first.BootID != h.BootID {
		e.note("host restarted between two execs", fmt.Sprintf("boot id %s, before it was %s", h.BootID, first.BootID))
	}
	return first.MachineID == h.MachineID
}

// ending is how an exec ended.
type ending struct {
	read error // of the answer, nil when it came whole
	wait error // of the link, nil when there is an exit status
	exit int
	said string // on standard error
}

// conclude says what went wrong in an exec, and whether its session may be used again.
func (e *execution) conclude(ctx context.Context, end ending) {
	e.alive = end.wait == nil
	var noReady *script.NoReadyError
	switch {
	case end.read == nil:
		e.fault = nil
	case errors.Is(end.read, errOtherMachine), errors.Is(end.read, script.ErrProtocol), errors.Is(end.read, script.ErrTooLong):
		e.alive = false
		e.fault = &remote.Error{Reason: remote.ReasonProtocol, Detail: end.read.Error(), Err: end.read}
	case ctx.Err() != nil:
		e.fault = e.stopped(ctx, nil)
	case errors.As(end.read, &noReady) && (end.wait == nil || noReady.Noise != "" || end.said != ""):
		e.alive = false
		e.fault = &remote.Error{Reason: remote.ReasonShell, Detail: shellDetail(noReady, end), Err: end.read}
	case end.wait != nil:
		e.fault = asFault(end.wait)
	default:
		e.fault = &remote.Error{Reason: remote.ReasonProtocol, Detail: fmt.Sprintf("the script ended with status %d before everything was asked", end.exit), Err: end.read}
	}
}

// shellDetail says what an account did instead of running the script.
func shellDetail(e *script.NoReadyError, end ending) string {
	said := oneLine(e.Noise)
	if said == "" {
		said = oneLine(end.said)
	}
	switch {
	case said != "":
		return fmt.Sprintf("logged in, but the login shell ran nothing. It said: %s", said)
	case end.wait != nil:
		return "logged in, but the login shell ran nothing and said nothing"
	default:
		return fmt.Sprintf("logged in, but the login shell ran nothing, said nothing and ended with status %d", end.exit)
	}
}

// stopped gives the fault of an exec whose context ended: by a stall, the limit of the host, or the end of the run. When it has not, that
// is fault itself. A probe that had begun when the exec stalled is over its time limit.
func (e *execution) stopped(ctx context.Context, fault *remote.Error) *remote.Error {
	switch cause := context.Cause(ctx); {
	case ctx.Err() == nil:
		return fault
	case errors.Is(cause, errStalled):
		e.alive = fault == nil
		return e.stalled()
	case errors.Is(cause, errHostTimeout):
		return &remote.Error{Reason: remote.ReasonTimeout, Detail: fmt.Sprintf("the time limit of the host, %s, passed", e.HostTimeout), Err: cause}
	default:
		e.interrupted(ctx, "while it was asked")
		return e.fault
	}
}

// stalled takes down where an exec got stuck.
func (e *execution) stalled() *remote.Error {
	f := &remote.Error{Reason: remote.ReasonTimeout, Err: errStalled}
	switch {
	case !e.ready:
		f.Detail = fmt.Sprintf("logged in, but the script did not start within %s: the login shell or sudo hangs", e.stall.start)
	case e.record.Header == nil:
		f.Detail = fmt.Sprintf("logged in, but the script did not say anything of the host within %s: the link or the host hangs", e.stall.start)
	case e.open.Probe == "":
		f.Detail = "the script hung between two probes"
	default:
		f.Detail = fmt.Sprintf("probe %s hung and was not ended by the host", e.open.Probe)
		if it, ok := e.script.Item(e.open.Probe); ok {
			it.Outcome, it.Start = evidence.OutcomeTimeout, e.open.At
			it.Duration = e.Now().Sub(e.open.At)
			e.items[it.Probe] = it
		}
	}
	return f
}
