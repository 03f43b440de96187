package remote

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"
	"time"
	"unicode"
	"unicode/utf8"
)

// fail makes an *Error with a cause, which may be nil.
func fail(reason Reason, cause error, format string, args ...any) *Error {
	return &Error{Reason: reason, Detail: fmt.Sprintf(format, args...), Err: cause}
}

// contextError makes an *Error of a context that is over: a deadline is a timeout, everything else an interruption. What was being
// done is said by doing, such as "connecting to db01".
func contextError(ctx context.Context, doing string) *Error {
	cause := context.Cause(ctx)
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return fail(ReasonTimeout, cause, "the time limit passed while %s", doing)
	}
	return fail(ReasonInterrupted, cause, "interrupted while %s", doing)
}

// atHop says that an error happened at a jump host.
func atHop(err error, hop string) error {
	var e *Error
	if hop == "" || !errors.As(err, &e) || e.Hop != "" {
		return err
	}
	at := *e
	at.Hop = hop
	return &at
}

// connectionRefusedWindows is WSAECONNREFUSED, which package syscall does not name.
const connectionRefusedWindows = syscall.Errno(10061)

// dialError classes a failure to connect to addr within timeout.
func dialError(ctx context.Context, addr string, timeout time.Duration, err error) *Error {
	var dns *net.DNSError
	var network net.Error
	switch {
	case ctx.Err() != nil:
		return contextError(ctx, "connecting to "+addr)
	case errors.As(err, &dns) && dns.IsTimeout:
		return fail(ReasonTimeout, err, "the name %s was not resolved within %s", dns.Name, timeout)
	case errors.As(err, &dns):
		return fail(ReasonUnreachable, err, "the name %s has no address (%s): check it in the inventory and with the name server", dns.Name, dns.Err)
	case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, connectionRefusedWindows):
		return fail(ReasonRefused, err, "nothing listens at %s, or a firewall rejects it", addr)
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE):
		return fail(ReasonUnreachable, err, "%s was not tried: this machine has too many files open; raise ulimit -n or connect to fewer hosts at once", addr)
	case errors.As(err, &network) && network.Timeout():
		return fail(ReasonTimeout, err, "no answer from %s within %s: the host is down, or a firewall drops what is sent to it", addr, timeout)
	default:
		return fail(ReasonUnreachable, err, "%s cannot be reached: %v", addr, rootCause(err))
	}
}

// rootCause leaves out what package net puts before the cause, which repeats the address.
func rootCause(err error) error {
	if op, ok := errors.AsType[*net.OpError](err); ok {
		return op.Err
	}
	return err
}

// maxForeign is how much text of a host is put into a message, in bytes.
const maxForeign = 400

// clean makes text of a host fit for a message on a terminal: one line, nothing that does not print, and not long.
func clean(s string) string {
	if len(s) > maxForeign {
		s = s[:maxForeign] + "..."
	}
	return strings.Map(func(r rune) rune {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, strings.TrimSpace(s))
}

// linkLost reports whether err says that the connection ended, rather than what the other side said.
func linkLost(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) || errors.Is(err, io.ErrClosedPipe) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNABORTED) || errors.Is(err, syscall.ETIMEDOUT)
}
