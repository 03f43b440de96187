package collect

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/fleetaudit/fleetaudit/inventory"
	"github.com/fleetaudit/fleetaudit/probes/evidence"
	"github.com/fleetaudit/fleetaudit/probes/remote"
	"github.com/fleetaudit/fleetaudit/probes/script"
)

// patience is how long a host may wait, connected, for its turn to log in. Servers drop who does not log in (LoginGraceTime is 120 s by
// default, and MaxStartups counts them), so after this time the connection is given up and made again when it is the host's turn.
const patience = 20 * time.Second

// errHostTimeout is the cause with which the context of one host ends.
var errHostTimeout = errors.New("the time limit of the host passed")

// life is one try of one host, from its first packet to its record.
type life struct {
	*run
	attempt
	record evidence.HostRecord
	script *script.Script           // of the host's platform, once that is known
	items  map[string]evidence.Item // what was answered, by probe id

	loggedIn bool
	ready    bool          // the last exec got the script to run
	alive    bool          // the session may carry another exec
	fault    *remote.Error // the last that went wrong, nil while nothing has or when it was made good
	leave    func()        // gives up the place among the sessions
	sinkErr  error         // the log could not be written
}

// turn is one try of a host. The error is the sink's.
func (r *run) turn(ctx context.Context, a attempt) error {
	l := &life{run: r, attempt: a, record: newRecord(&a.host), items: map[string]evidence.Item{}, leave: func() {}}
	l.record.Recorded, l.record.Start, l.record.Tries = r.Recorded, r.Now().UTC(), a.try-1
	if a.try > 1 {
		pause(ctx)
	}
	l.live(ctx)
	if l.sinkErr == nil && l.once() && ctx.Err() == nil {
		l.leave()
		l.note("host failed, will be tried again", fmt.Sprintf("%s: %s", l.fault.Reason, faultDetail(l.fault)))
		r.tally.add(func(s *Summary) { s.Retries++ })
		r.tellAgain(a.host.Name, string(l.fault.Reason))
		r.again.add(attempt{host: a.host, try: 2, first: l.fault})
		return l.sinkErr
	}
	r.stores <- struct{}{} // always soon: who holds one waits for nothing but the disk
	l.leave()
	defer r.stores.give()
	return errors.Join(l.sinkErr, l.store())
}

// once reports whether this was the host's first try and it failed in passing.
func (l *life) once() bool {
	return l.try == 1 && l.fault != nil && !l.answered() && transient(l.fault, l.loggedIn)
}

// live connects, logs in, asks, and asks once more for what is missing.
func (l *life) live(ctx context.Context) {
	conn, ok := l.admit(ctx)
	if !ok {
		return
	}
	ctx, cancel := context.WithTimeoutCause(ctx, l.HostTimeout, errHostTimeout)
	defer cancel()
	session, ok := l.login(ctx, conn)
	if !ok || !l.choose(session.Peer()) {
		closeSession(session)
		return
	}
	l.ask(ctx, session)
	if missing := l.missing(); len(missing) > 0 && l.worthMore(ctx) {
		l.note("host asked again", fmt.Sprintf("%d of %d probes are missing; %s", len(missing), len(l.script.Probes()), faultDetail(l.fault)))
		session = l.askRest(ctx, session)
	}
	closeSession(session)
}

func closeSession(s remote.Session) {
	if s != nil {
		_ = s.Close() // what was answered is here, whatever becomes of the connection
	}
}

// admit connects and waits for a place among the sessions.
func (l *life) admit(ctx context.Context) (remote.Conn, bool) {
	if !l.dials.take(ctx, nil) {
		return nil, l.interrupted(ctx, "before it was connected to")
	}
	defer l.dials.give()
	l.tellStarted(l.host.Name, l.try)
	l.record.Tries++
	conn, ok := l.connect(ctx)
	if !ok {
		return nil, false
	}
	late := time.NewTimer(patience)
	defer late.Stop()
	if l.sessions.take(ctx, late.C) {
		l.leave = l.sessions.give
		return conn, true
	}
	_ = conn.Close() // nothing was said on it
	if !l.sessions.take(ctx, nil) {
		return nil, l.interrupted(ctx, "while it waited for its turn")
	}
	l.leave = l.sessions.give
	return l.connect(ctx)
}

// connect reaches the host, within its limit.
func (l *life) connect(ctx context.Context) (remote.Conn, bool) {
	dialer := l.SSH
	if l.host.Connection == inventory.ConnectionLocal {
		dialer = l.Local
	}
	if dialer == nil {
		return nil, l.fail(ctx, errors.New("this run cannot ask the local machine"))
	}
	ctx, cancel := context.WithTimeout(ctx, l.ConnectTimeout)
	defer cancel()
	conn, err := dialer.Connect(ctx, l.host)
	if err != nil {
		return nil, l.fail(ctx, err)
	}
	l.tally.add(func(s *Summary) { s.Connections++ })
	return conn, true
}

// login opens the session, within its limit.
func (l *life) login(ctx context.Context, conn remote.Conn) (remote.Session, bool) {
	ctx, cancel := context.WithTimeout(ctx, l.LoginTimeout)
	defer cancel()
	s, err := conn.Login(ctx)
	if err != nil {
		return nil, l.fail(ctx, err)
	}
	l.loggedIn = true
	l.tally.add(func(s *Summary) { s.Logins++ })
	return s, true
}

// choose takes down the other side and picks the script of its platform.
func (l *life) choose(p remote.Peer) bool {
	setPeer(&l.record, p)
	platform := platformOf(&l.host, p)
	l.record.Platform = string(platform)
	if l.script = l.Scripts[platform]; l.script != nil {
		return true
	}
	l.fault = &remote.Error{Reason: ReasonPlatform, Detail: fmt.Sprintf("the catalogue has no probes for %q", platform)}
	return false
}

// missing gives the ids of the probes that have no answer yet, for the next exec. What hung is not asked again.
func (l *life) missing() map[string]bool {
	ids := map[string]bool{}
	for _, p := range l.script.Probes() {
		if it, found := l.items[p.ID]; !found || it.Outcome == evidence.OutcomeLost {
			ids[p.ID] = true
		}
	}
	return ids
}

// answered reports whether anything of the host is worth keeping.
func (l *life) answered() bool {
	for _, it := range l.items {
		if it.Outcome != evidence.OutcomeLost {
			return true
		}
	}
	return false
}

// worthMore reports whether asking for the rest makes sense: the script ran, its answer was sound as far as it came, and either part of it
// is here or the link is not to blame. A host that was lost before it answered anything is tried again at the end of the run instead.
func (l *life) worthMore(ctx context.Context) bool {
	sound := l.fault != nil && !errors.Is(l.fault.Err, script.ErrProtocol) && !errors.Is(l.fault.Err, script.ErrTooLong)
	return ctx.Err() == nil && l.sinkErr == nil && l.ready && sound && (l.answered() || l.alive)
}

// askRest asks for what is missing: on the session if that still carries an exec, else once on a new one. It gives the session that is
// open in the end, nil for none.
func (l *life) askRest(ctx context.Context, session remote.Session) remote.Session {
	if l.alive {
		if l.ask(ctx, session); l.ready || ctx.Err() != nil {
			return session
		}
	}
	closeSession(session)
	l.record.Tries++
	conn, ok := l.connect(ctx)
	if !ok {
		return nil
	}
	if session, ok = l.login(ctx, conn); !ok {
		return nil
	}
	if p := session.Peer(); p.HostKey != l.record.HostKey {
		l.fault = &remote.Error{Reason: remote.ReasonHostKey, Detail: fmt.Sprintf("another machine answered after a reconnect: it showed host key %s, before that %s", p.HostKey, l.record.HostKey)}
		return session
	}
	l.ask(ctx, session)
	return session
}

// evidence gives the items of the host in their order. Probes without an answer are there as lost ones, unless the host answered nothing
// at all.
func (l *life) evidence() []evidence.Item {
	if l.script == nil || !l.answered() {
		return nil
	}
	var items []evidence.Item
	for _, p := range l.script.Probes() {
		it, found := l.items[p.ID]
		if !found {
			it, _ = l.script.Item(p.ID)
		}
		items = append(items, it)
	}
	slices.SortFunc(items, func(a, b evidence.Item) int { return a.Seq - b.Seq })
	return items
}

// store gives the record its state and hands it to the sink.
func (l *life) store() error {
	l.record.End = l.Now().UTC()
	items := l.evidence()
	judge(&l.record, items, l.fault)
	a := &evidence.Answer{Host: l.record, Items: items}
	if err := l.Sink.Put(a); err != nil {
		return err
	}
	l.note("host done", doneDetail(&l.record, len(items)))
	l.tally.host(a)
	l.tellDone(&a.Host)
	return l.sinkErr
}

func doneDetail(rec *evidence.HostRecord, items int) string {
	d := fmt.Sprintf("%s, %d items, %d tries, %d execs, %s", rec.State, items, rec.Tries, rec.Execs, rec.End.Sub(rec.Start).Round(time.Millisecond))
	if rec.Reason != "" {
		d += "; " + rec.Reason + ": " + rec.Detail
	}
	return d
}

// note writes to the run's log. Its error ends the run at the end of this try.
func (l *life) note(event, detail string) {
	if err := l.Sink.Log(event, l.host.Name, detail); err != nil {
		l.sinkErr = errors.Join(l.sinkErr, err)
	}
}

// fail takes down a fault, as an interruption when that is what ended ctx, and is false.
func (l *life) fail(ctx context.Context, err error) bool {
	if errors.Is(ctx.Err(), context.Canceled) || errors.Is(context.Cause(ctx), errRunTimeout) {
		return l.interrupted(ctx, "while it was connected to")
	}
	l.fault = asFault(err)
	return false
}

// interrupted takes down that the run ended before the host was asked, and is false. A second try keeps why the first failed.
func (l *life) interrupted(ctx context.Context, when string) bool {
	l.tally.add(func(s *Summary) { s.Interrupted = true })
	why := errInterrupted
	if errors.Is(context.Cause(ctx), errRunTimeout) {
		why = errRunTimeout
	}
	l.fault = &remote.Error{Reason: remote.ReasonInterrupted, Detail: fmt.Sprintf("%v %s", why, when), Err: why}
	if l.first != nil {
		l.fault = &remote.Error{Reason: l.first.Reason, Hop: l.first.Hop, Detail: joinDetail(l.first.Detail, "not tried again, "+why.Error()), Err: l.first}
	}
	return false
}
