package remote

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"
)

// maxChannels is how many commands run at once on a connection. OpenSSH allows ten (MaxSessions), but frees a place only after the client
// has seen the end of a command: eight at a time with reuse were refused now and then, four never.
const maxChannels = 4

// sshSession is a connection that somebody is logged in on.
type sshSession struct {
	client *ssh.Client
	conn   *sshConn
	peer   Peer
	slots  chan struct{} // holds one for each command that runs
	dead   chan struct{} // closed when the connection has ended

	tasks sync.WaitGroup
	mu    sync.Mutex
	cause error // why it ended
}

func newSSHSession(client *ssh.Client, conn *sshConn, peer Peer) *sshSession {
	s := &sshSession{
		client: client,
		conn:   conn,
		peer:   peer,
		slots:  make(chan struct{}, maxChannels),
		dead:   make(chan struct{}),
	}
	s.tasks.Go(func() {
		s.end(client.Wait())
		close(s.dead)
	})
	if interval := conn.dialer.opts.KeepAlive; interval > 0 {
		s.tasks.Go(func() { s.keepAlive(interval, conn.dialer.opts.KeepAliveMisses) })
	}
	return s
}

// Peer implements Session.
func (s *sshSession) Peer() Peer { return s.peer }

// errClosed is the cause of the end of a session that its owner closed.
var errClosed = errors.New("the session was closed")

// Close implements Session.
func (s *sshSession) Close() error {
	s.end(errClosed)
	s.tasks.Wait()
	return nil
}

// end closes the connection. The first cause stays.
func (s *sshSession) end(cause error) {
	s.mu.Lock()
	if s.cause == nil {
		s.cause = cause
	}
	s.mu.Unlock()
	_ = s.client.Close()
}

// alive reports whether the connection is open, as far as is known.
func (s *sshSession) alive() bool {
	select {
	case <-s.dead:
		return false
	default:
		return !s.conn.link.broken.Load()
	}
}

// errSilent is the cause of the end of a session whose host gave no sign of life.
var errSilent = errors.New("the host gave no sign of life")

// keepAlive asks the host for a sign of life each interval, and ends the session after so many without an answer. Anything that the host
// sends counts as one: on a slow line the answer waits behind what is on its way.
func (s *sshSession) keepAlive(interval time.Duration, misses int) {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	idle := make(chan struct{}, 1) // holds one when no request is unanswered
	idle <- struct{}{}
	missed, received := 0, int64(-1)
	for {
		select {
		case <-s.dead:
			return
		case <-ticker.C:
		}
		if now := s.conn.link.received.Load(); now != received {
			missed, received = 0, now
		}
		select {
		case <-idle:
			s.tasks.Go(func() {
				// As ssh does it. Servers that do not know the request refuse it, which is an answer.
				_, _, _ = s.client.SendRequest("keepalive@openssh.com", true, nil)
				idle <- struct{}{}
			})
		default:
			if missed++; missed >= misses {
				s.end(errSilent)
			}
		}
	}
}

// lost says why the connection is gone.
func (s *sshSession) lost() error {
	s.mu.Lock()
	cause := s.cause
	s.mu.Unlock()
	name := s.conn.target.name()
	var err error
	switch {
	case errors.Is(cause, errSilent):
		opts := s.conn.dialer.opts
		err = fail(ReasonDropped, cause, "%s gave no sign of life for %s", name, opts.KeepAlive*time.Duration(opts.KeepAliveMisses))
	case errors.Is(cause, errClosed):
		err = fail(ReasonDropped, cause, "the session on %s was closed", name)
	case cause == nil || errors.Is(cause, io.EOF):
		err = fail(ReasonDropped, cause, "%s closed the connection", name)
	default:
		err = fail(ReasonDropped, cause, "the connection to %s was lost: %v", name, trimmed(cause))
	}
	if via := s.conn.via; via != nil && !via.alive() {
		return atHop(err, via.conn.target.name())
	}
	return err
}

// goneTime is how long the end of a connection may take to be noticed once one of its channels has ended with it.
const goneTime = time.Second

// gone reports whether the connection has ended, or is about to.
func (s *sshSession) gone() bool {
	timer := time.NewTimer(goneTime)
	defer timer.Stop()
	select {
	case <-s.dead:
		return true
	case <-timer.C:
		return false
	}
}

// Exec implements Session. Where stdin is an io.Closer it is closed when the command has ended, so that what copies from it ends too;
// other readers must not wait for ever.
func (s *sshSession) Exec(ctx context.Context, command string, stdin io.Reader) (*Process, error) {
	select {
	case s.slots <- struct{}{}:
	case <-s.dead:
		return nil, s.lost()
	case <-ctx.Done():
		return nil, contextError(ctx, "waiting to run a command on "+s.conn.target.name())
	}
	// Until the command runs there is no way to give up but to close the connection.
	stop := context.AfterFunc(ctx, func() { s.end(context.Cause(ctx)) })
	p, err := s.start(command)
	if !stop() {
		<-s.dead
	}
	if err != nil {
		<-s.slots
		if ctx.Err() != nil {
			err = contextError(ctx, "starting a command on "+s.conn.target.name())
		}
		return nil, err
	}
	p.run(ctx, stdin)
	return &Process{Stdout: p.channel, Stderr: p.channel.Stderr(), Wait: p.wait}, nil
}

// start opens a channel and asks for command to be run on it.
func (s *sshSession) start(command string) (*sshProcess, error) {
	channel, requests, err := s.client.OpenChannel("session", nil)
	if err != nil {
		return nil, s.openError(err)
	}
	ok, err := channel.SendRequest("exec", true, ssh.Marshal(struct{ Command string }{command}))
	if err == nil && ok {
		return &sshProcess{session: s, channel: channel, requests: requests, done: make(chan struct{})}, nil
	}
	go ssh.DiscardRequests(requests) // ends with the channel
	_ = channel.Close()
	if err != nil && s.gone() {
		return nil, s.lost()
	}
	return nil, fail(ReasonShell, nil, "%s lets %s in but runs no command for it: the account may be for file transfer or forwarding only",
		s.conn.target.name(), s.conn.target.User)
}

func (s *sshSession) openError(err error) error {
	var refused *ssh.OpenChannelError
	name := s.conn.target.name()
	switch {
	case !errors.As(err, &refused):
		s.end(err) // if only writing has failed so far
		<-s.dead
		return s.lost()
	case len(s.slots) > 1 && refused.Reason != ssh.Prohibited:
		return fail(ReasonDropped, err, "%s takes no more commands at once on a connection (MaxSessions): %s", name, clean(refused.Message))
	default:
		return fail(ReasonShell, err, "%s lets %s in but opens no session for it (%s): the account may be for forwarding only, or MaxSessions is 0",
			name, s.conn.target.User, clean(refused.Message))
	}
}
