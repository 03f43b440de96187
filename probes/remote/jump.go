package remote

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync"

	"github.com/fleetaudit/fleetaudit/inventory"
	"golang.org/x/crypto/ssh"
)

// jump is a jump host. The connection to it is opened when the first host needs it and shared by all: one for each host would meet the
// limit that sshd sets on logins under way (MaxStartups) and was five times slower.
type jump struct {
	dialer *sshDialer
	target target

	mu      sync.Mutex
	attempt *jumpAttempt // the last one; nil for none yet
}

// jumpAttempt is an attempt to open a jump host.
type jumpAttempt struct {
	over    chan struct{} // closed when it is; what follows is set before
	session *sshSession
	err     error
}

// jumpFor gives the jump host that is reached by access.
func (d *sshDialer) jumpFor(access inventory.Access) *jump {
	t := newTarget(inventory.Host{Access: access})
	d.mu.Lock()
	defer d.mu.Unlock()
	j := d.jumps[t.account()]
	if j == nil {
		j = &jump{dialer: d, target: t}
		d.jumps[t.account()] = j
	}
	return j
}

// open gives the session on the jump host. All that wait share one attempt. A connection that died is opened anew, and so is one that
// failed for a reason that may pass; a refusal stays, so that a thousand hosts do not send one wrong password a thousand times.
func (j *jump) open(ctx context.Context) (*sshSession, error) {
	j.mu.Lock()
	a := j.attempt
	if a == nil || a.stale() {
		a = &jumpAttempt{over: make(chan struct{})}
		if !j.dialer.begin(func() { j.login(a) }) {
			j.mu.Unlock()
			return nil, atHop(fail(ReasonInterrupted, nil, "the run is over"), j.target.name())
		}
		j.attempt = a
	}
	j.mu.Unlock()
	select {
	case <-a.over:
		return a.session, a.err
	case <-ctx.Done():
		return nil, atHop(contextError(ctx, "waiting for the connection to it"), j.target.name())
	}
}

// stale reports whether an attempt is over and its outcome is worth another one.
func (a *jumpAttempt) stale() bool {
	select {
	case <-a.over:
	default:
		return false
	}
	var e *Error
	if !errors.As(a.err, &e) {
		return !a.session.alive()
	}
	switch e.Reason {
	case ReasonUnreachable, ReasonRefused, ReasonTimeout, ReasonDropped, ReasonProtocol, ReasonInterrupted:
		return true
	case ReasonHostKey, ReasonAuth, ReasonAlgorithm, ReasonShell, ReasonBecome, ReasonCredential:
		return false
	}
	return false
}

// login logs in to the jump host, under the dialer's context: the hosts that wait come and go.
func (j *jump) login(a *jumpAttempt) {
	defer close(a.over)
	s, err := j.dialer.open(j.dialer.ctx, inventory.Host{Access: j.target.Access})
	if err != nil {
		a.err = atHop(err, j.target.name())
		return
	}
	a.session = s
}

// open connects and logs in.
func (d *sshDialer) open(ctx context.Context, host inventory.Host) (*sshSession, error) {
	c, err := d.prepare(ctx, host)
	if err != nil {
		return nil, err
	}
	if c.link, err = c.dial(ctx); err != nil {
		return nil, err
	}
	s, err := c.Login(ctx)
	if err != nil {
		return nil, err
	}
	return s.(*sshSession), nil
}

// dial reaches a host through the jump host, and says through which session on that.
func (j *jump) dial(ctx context.Context, t target) (net.Conn, *sshSession, error) {
	session, err := j.open(ctx)
	if err != nil {
		return nil, nil, err
	}
	conn, err := j.forward(ctx, session, t)
	return conn, session, err
}

func (j *jump) forward(ctx context.Context, session *sshSession, t target) (net.Conn, error) {
	timeout := j.dialer.opts.ConnectTimeout
	timed, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	conn, err := session.client.DialContext(timed, "tcp", t.addr())
	if err == nil {
		return conn, nil
	}
	name := j.target.name()
	var refused *ssh.OpenChannelError
	switch {
	case ctx.Err() != nil:
		return nil, contextError(ctx, "connecting to "+t.addr()+" through "+name)
	case timed.Err() != nil:
		return nil, fail(ReasonTimeout, err, "no answer from %s within %s, asked for through jump host %s", t.addr(), timeout, name)
	case errors.As(err, &refused):
		return nil, forwardError(refused, t.addr(), name)
	default:
		return nil, atHop(fail(ReasonDropped, err, "the connection to it was lost while %s was asked for", t.addr()), name)
	}
}

// forwardError classes what a jump host says of a connection that it did not make. The words are those of its operating system.
func forwardError(refused *ssh.OpenChannelError, addr, jump string) error {
	said := clean(refused.Message)
	lower := strings.ToLower(said)
	switch {
	case refused.Reason == ssh.Prohibited || refused.Reason == ssh.UnknownChannelType:
		return atHop(fail(ReasonUnreachable, refused, "it does not forward to %s (%s): AllowTcpForwarding and PermitOpen there must allow it", addr, said), jump)
	case strings.Contains(lower, "refused"):
		return fail(ReasonRefused, refused, "nothing listens at %s, as seen from jump host %s (%s)", addr, jump, said)
	case strings.Contains(lower, "timed out"):
		return fail(ReasonTimeout, refused, "no answer from %s, as seen from jump host %s (%s)", addr, jump, said)
	default:
		return fail(ReasonUnreachable, refused, "%s cannot be reached from jump host %s (%s)", addr, jump, said)
	}
}

// close ends the connection and waits for an attempt that is under way.
func (j *jump) close() {
	j.mu.Lock()
	a := j.attempt
	j.mu.Unlock()
	if a == nil {
		return
	}
	<-a.over
	if a.session != nil {
		_ = a.session.Close()
	}
}
