// Package remote opens sessions on hosts: SSH with strict host keys, directly or through a jump host, or the local machine.
// It is the only package that imports x/crypto/ssh.
//
// It knows how to run one command with bytes on its stdin. It must not know what is run: neither probes nor frames.
package remote

import (
	"context"
	"io"

	"github.com/fleetaudit/fleetaudit/inventory"
)

// Session is an open, authenticated way to run commands on one host.
type Session interface {
	// Exec starts command with stdin and returns its streams. A non-zero exit is data, not an error. The context ends the
	// command and, where there is no other way, the whole session. Errors are *Error.
	Exec(ctx context.Context, command string, stdin io.Reader) (*Process, error)
	// Peer describes the other side.
	Peer() Peer
	// Close ends the session. It is safe to call it more than once.
	Close() error
}

// Process is a running command.
type Process struct {
	Stdout io.Reader
	Stderr io.Reader
	// Wait waits for the end and gives the exit status, or -1 with an *Error when the link ended first. Streams must be read to their end before.
	Wait func() (exit int, err error)
}

// Peer is what is known of the other side of a session once it is open.
type Peer struct {
	Banner     string // SSH server version string, empty for local
	HostKey    string // SHA256 fingerprint
	KeyType    string // type of the host key
	KeyTrust   string // how it was trusted: known_hosts | pinned | certificate authority | first use | local
	AuthMethod string // publickey, password, keyboard-interactive, or two joined by "+" where the host wants both; none (local)
}

// Dialer opens sessions in two steps, so that hosts that do not answer hold up none that do: connecting is cheap and may be done for
// many hosts at once, logging in costs processor time on both sides.
type Dialer interface {
	// Connect reaches the host (through its jump host, if it has one) without talking SSH to it yet. Errors are *Error.
	Connect(ctx context.Context, host inventory.Host) (Conn, error)
}

// Conn is a connection on which nobody is logged in yet.
type Conn interface {
	// Login verifies the host key, authenticates and gives the session, which then owns the connection. No credential is sent before
	// the key is verified. Errors are *Error; after one the connection is closed.
	Login(ctx context.Context) (Session, error)
	// Close gives up a connection that was not logged in to.
	Close() error
}

// Reason classes why a host could not be asked.
type Reason string

// The reasons. They are printed, stored and counted as they stand here.
const (
	ReasonUnreachable Reason = "unreachable"    // no route, no such name, network down
	ReasonRefused     Reason = "refused"        // nothing listens
	ReasonTimeout     Reason = "timeout"        // a deadline passed
	ReasonHostKey     Reason = "host key"       // not known, changed or revoked
	ReasonAuth        Reason = "authentication" // every method was refused
	ReasonAlgorithm   Reason = "algorithm mismatch"
	ReasonShell       Reason = "restricted shell" // logged in, but the login shell runs no commands
	ReasonBecome      Reason = "privilege"
	ReasonDropped     Reason = "connection lost"
	ReasonProtocol    Reason = "protocol"   // what came was not our frames
	ReasonCredential  Reason = "credential" // ours: key unreadable, secret not resolved
	ReasonInterrupted Reason = "interrupted"
)

// Error is a failure to reach, log in to or run on a host.
type Error struct {
	Reason Reason
	Hop    string // jump host at which it happened, empty for the host itself
	Detail string // one line for a person: what happened and what to do
	Err    error  // cause, may be nil
}

// Error gives reason, hop and detail in one line.
func (e *Error) Error() string {
	s := string(e.Reason)
	if e.Hop != "" {
		s += " at jump host " + e.Hop
	}
	if e.Detail != "" {
		s += ": " + e.Detail
	}
	return s
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }
