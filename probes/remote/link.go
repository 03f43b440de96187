package remote

import (
	"context"
	"errors"
	"net"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/ssh"
)

// link is a network connection that notes what happens on it: which phase of a login a host fell silent in, and whether it lives.
type link struct {
	net.Conn
	received atomic.Int64 // bytes
	broken   atomic.Bool  // a read has failed
}

// Read reads from the connection.
func (l *link) Read(p []byte) (int, error) {
	n, err := l.Conn.Read(p)
	l.received.Add(int64(n))
	if err != nil {
		l.broken.Store(true)
	}
	return n, err
}

// dial reaches the target, through its jump host if it has one.
func (c *sshConn) dial(ctx context.Context) (*link, error) {
	if c.jump != nil {
		conn, via, err := c.jump.dial(ctx, c.target)
		if err != nil {
			return nil, err
		}
		c.via = via
		return &link{Conn: conn}, nil
	}
	timeout := c.dialer.opts.ConnectTimeout
	dialer := net.Dialer{Timeout: timeout}
	conn, err := dialer.DialContext(ctx, "tcp", c.target.addr())
	if err != nil {
		return nil, dialError(ctx, c.target.addr(), timeout, err)
	}
	return &link{Conn: conn}, nil
}

// errLoginTimeout is the cause that a context has when its login took too long.
var errLoginTimeout = errors.New("login timeout")

// guard sets the deadline of a login: by the connection's own, and by closing it, since a connection through a jump host has none and a
// cancelled context must end it too. It gives the context of the login and what ends the guard, which reports whether it held.
func (l *link) guard(ctx context.Context, timeout time.Duration) (context.Context, func() bool) {
	_ = l.SetDeadline(time.Now().Add(timeout)) // an error says that it has none
	ctx, cancel := context.WithTimeoutCause(ctx, timeout, errLoginTimeout)
	stop := context.AfterFunc(ctx, func() { _ = l.Close() })
	return ctx, func() bool {
		held := stop()
		cancel()
		_ = l.SetDeadline(time.Time{})
		return held
	}
}

// keyName names a public key for people: its type and fingerprint, as ssh-keygen -l prints them.
func keyName(key ssh.PublicKey) string {
	return plainKey(key).Type() + " " + ssh.FingerprintSHA256(plainKey(key))
}

// plainKey gives the key that a certificate certifies, or the key itself.
func plainKey(key ssh.PublicKey) ssh.PublicKey {
	if cert, ok := key.(*ssh.Certificate); ok {
		return cert.Key
	}
	return key
}
