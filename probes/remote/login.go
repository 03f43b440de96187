package remote

import (
	"bytes"
	"context"
	"errors"
	"net"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"
)

// sshConn is a connection to a host on which SSH has not been spoken yet.
type sshConn struct {
	dialer *sshDialer
	target target
	jump   *jump       // nil for none
	via    *sshSession // on the jump host
	trust  *hostTrust
	creds  *credentials
	link   *link
}

// Close implements Conn.
func (c *sshConn) Close() error { return c.link.Close() }

// Login implements Conn. A server shows the key that the client's order of algorithms selects, and a pinned fingerprint does not say of
// which type it is. So where the key shown is not the pinned one, the host is asked once more for each other type that it has.
func (c *sshConn) Login(ctx context.Context) (Session, error) {
	algorithms := c.trust.algorithms()
	var shown []string
	for {
		s, err := c.attempt(ctx, algorithms)
		if err == nil {
			return s, nil
		}
		var mismatch *pinMismatchError
		switch {
		case errors.As(err, &mismatch):
			shown = append(shown, keyName(mismatch.key))
			algorithms = withoutType(algorithms, plainKey(mismatch.key).Type())
			if len(algorithms) == 0 {
				return nil, c.trust.pinError(shown)
			}
		case len(shown) > 0 && noCommon(err, hostKeyAlgorithm):
			return nil, c.trust.pinError(shown)
		default:
			return nil, err
		}
		if c.link, err = c.dial(ctx); err != nil {
			return nil, err
		}
	}
}

// clientVersion is how the program introduces itself, so that who watches a host knows what came.
const clientVersion = "SSH-2.0-fleetaudit"

// handshake is one attempt to log in.
type handshake struct {
	conn       *sshConn
	algorithms []string
	auth       *authenticator

	key    ssh.PublicKey // that the host showed
	trust  string        // why it is trusted
	keyErr error
}

// attempt logs in on the connection that is open, and closes it if that fails.
func (c *sshConn) attempt(ctx context.Context, algorithms []string) (*sshSession, error) {
	loginCtx, release := c.link.guard(ctx, c.dialer.opts.LoginTimeout)
	h := &handshake{conn: c, algorithms: algorithms, auth: newAuthenticator(c.creds, c.link)}
	config := &ssh.ClientConfig{
		User:              c.target.User,
		ClientVersion:     clientVersion,
		HostKeyCallback:   h.verify,
		HostKeyAlgorithms: algorithms,
		AuthCallback:      h.auth.next,
	}
	conn, channels, requests, err := ssh.NewClientConn(c.link, c.target.addr(), config)
	over := context.Cause(loginCtx)
	if held := release(); !held && err == nil {
		_ = conn.Close() // closed already by the guard, in the moment it was done
		err = over
	}
	if err != nil {
		if h.auth.passwordSent {
			c.dialer.spent.add(c.target.account())
		}
		return nil, h.classify(ctx, over, err)
	}
	peer := Peer{
		Banner:     string(conn.ServerVersion()),
		HostKey:    ssh.FingerprintSHA256(plainKey(h.key)),
		KeyType:    plainKey(h.key).Type(),
		KeyTrust:   h.trust,
		AuthMethod: h.auth.succeeded(),
	}
	return newSSHSession(ssh.NewClient(conn, channels, requests), c, peer), nil
}

// verify is called with the host's key before anything of the account is sent, and again for each later key exchange, where the key must
// be the same.
func (h *handshake) verify(_ string, _ net.Addr, key ssh.PublicKey) error {
	if h.key != nil {
		if bytes.Equal(h.key.Marshal(), key.Marshal()) {
			return nil
		}
		return fail(ReasonHostKey, nil, "%s showed another key (%s) in the middle of a session", h.conn.target.name(), keyName(key))
	}
	h.key = key
	h.trust, h.keyErr = h.conn.trust.verify(key)
	return h.keyErr
}

// hostKeyAlgorithm is what x/crypto calls the negotiation of host keys.
const hostKeyAlgorithm = "host key"

// noCommon reports whether err says that there is no algorithm in common for what, or for anything if what is empty.
func noCommon(err error, what string) bool {
	var negotiation *ssh.AlgorithmNegotiationError
	return errors.As(err, &negotiation) && (what == "" || negotiation.What == what)
}

// classify makes an *Error of what went wrong. over is why the login's context had ended by then, nil if it had not.
func (h *handshake) classify(ctx context.Context, over, err error) error {
	var negotiation *ssh.AlgorithmNegotiationError
	var network net.Error
	name := h.conn.target.name()
	switch {
	case h.keyErr != nil:
		return h.keyErr
	case ctx.Err() != nil:
		return contextError(ctx, "logging in to "+name)
	case over != nil, errors.As(err, &network) && network.Timeout():
		return fail(ReasonTimeout, err, "%s %s within %s", name, h.silence(), h.conn.dialer.opts.LoginTimeout)
	case errors.As(err, &negotiation):
		return h.algorithmError(negotiation)
	case h.key != nil:
		return h.auth.classify(h.conn.target, err)
	case linkLost(err) && h.conn.link.received.Load() == 0:
		return fail(ReasonDropped, err, "%s closed the connection before it said what it is: too many connections at once (MaxStartups), or this address is blocked", name)
	case linkLost(err):
		return fail(ReasonDropped, err, "the connection to %s was lost during key exchange", name)
	case strings.Contains(err.Error(), "ssh: disconnect"):
		return fail(ReasonDropped, err, "%s ended the connection during key exchange: %v", name, trimmed(err))
	default:
		return fail(ReasonProtocol, err, "%s does not speak SSH as it should: %v", name, trimmed(err))
	}
}

// silence says how far the host had come when it fell silent.
func (h *handshake) silence() string {
	switch {
	case h.conn.link.received.Load() == 0:
		return "took the connection but said nothing"
	case h.key == nil:
		return "did not finish the key exchange"
	default:
		return "did not finish authentication"
	}
}

// algorithmError says what both sides offered. Where only the types of key were offered that are known of the host, the host has lost
// the known key, which is a question of trust.
func (h *handshake) algorithmError(n *ssh.AlgorithmNegotiationError) error {
	name, theirs := h.conn.target.name(), clean(strings.Join(n.RequestedAlgorithms, ", "))
	if n.What == hostKeyAlgorithm {
		if known := h.conn.trust.restrictedBy(); known != "" {
			return fail(ReasonHostKey, n, "%s has only keys of other types (%s) than %s: if its key was changed on purpose, mend that entry", name, theirs, known)
		}
	}
	return fail(ReasonAlgorithm, n, "%s and this program have no %s algorithm in common: it offers %s; offered to it were %s",
		name, n.What, theirs, strings.Join(n.SupportedAlgorithms, ", "))
}

// trimmed leaves out what x/crypto puts before each error of a handshake. The rest may be words of the host.
func trimmed(err error) string {
	s := err.Error()
	for _, prefix := range []string{"ssh: handshake failed: ", "ssh: "} {
		s = strings.TrimPrefix(s, prefix)
	}
	return clean(s)
}

// withoutType leaves out the algorithms that sign with keys of a type.
func withoutType(algorithms []string, keyType string) []string {
	gone := algorithmsOf(keyType)
	return slices.DeleteFunc(slices.Clone(algorithms), func(a string) bool { return slices.Contains(gone, a) })
}
