package script

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/fleetaudit/fleetaudit/probes"
	"github.com/fleetaudit/fleetaudit/probes/evidence"
	"github.com/fleetaudit/fleetaudit/probes/script/internal/frame"
)

// Event is one of Ready, Header, Begin, Item and Done. All times are of the controller's clock, at the moment of reading.
type Event interface{ event() }

// Ready comes first: the command runs on the host and reads the script.
type Ready struct{ At time.Time }

// Header is what the host says of itself. Its Skew is not set: see Skew.
type Header struct {
	evidence.Header
	At time.Time // when it arrived
}

// Begin says that a probe has begun. If nothing comes within its limit and some slack, the host or the link is stuck.
type Begin struct {
	Probe string
	At    time.Time
	Limit time.Duration
}

// Item is the answer to one probe. One whose outcome is "lost" came damaged: nothing of it is kept.
type Item struct{ evidence.Item }

// Done comes last and says that the host has been asked everything.
type Done struct{ At time.Time }

func (Ready) event()  {}
func (Header) event() {}
func (Begin) event()  {}
func (Item) event()   {}
func (Done) event()   {}

// Bounds that hold when Limits gives none.
const (
	DefaultHostBytes  = 64 << 20 // of all that a host sends
	DefaultNoiseBytes = 1 << 20  // of what a login shell prints before READY
	MaxStderr         = 8 << 10  // of standard error kept of a probe; the rest is dropped without a mark, since it decides nothing
	maxHeader         = 64 << 10 // of the header, decoded
	maxNoise          = 512      // of the noise kept for diagnosis
)

// Limits says what a host was sent and how much it may answer.
type Limits struct {
	Script *Script         // what was sent; required
	Only   map[string]bool // the probes that were sent, nil for all, as given to Stdin

	HostBytes    int64            // most bytes of the whole answer; 0 means DefaultHostBytes
	NoiseBytes   int64            // most bytes before READY; 0 means DefaultNoiseBytes
	MachineIDKey []byte           // key of the HMAC that stands for the machine id; without it the id is dropped
	Now          func() time.Time // clock; times are zero without it
}

// asked tells whether a probe was sent.
func (l *Limits) asked(p *probes.Probe) bool { return l.Only == nil || l.Only[p.ID] }

func (l *Limits) now() time.Time {
	if l.Now == nil {
		return time.Time{}
	}
	return l.Now().UTC()
}

// The classes of error that Read ends with. The errors are *NoReadyError, *IncompleteError or *ProtocolError.
var (
	ErrNoReady    = errors.New("the host did not run the command")
	ErrIncomplete = errors.New("the answer is not complete")
	ErrProtocol   = errors.New("what came is not an answer to the script")
)

// NoReadyError means that the stream ended, or NoiseBytes passed, before READY: the account may not run commands, or the host has no POSIX shell.
type NoReadyError struct {
	Noise string // the beginning of what came instead, in printable characters
	Err   error  // of the stream; nil when it just ended
}

func (e *NoReadyError) Error() string {
	text := "the login shell ran no POSIX command"
	if e.Noise != "" {
		text += fmt.Sprintf("; it printed %q", e.Noise)
	}
	return withCause(text, e.Err)
}

// Is makes it an ErrNoReady.
func (e *NoReadyError) Is(target error) bool { return target == ErrNoReady }

// Unwrap gives the error of the stream.
func (e *NoReadyError) Unwrap() error { return e.Err }

// IncompleteError means that the stream ended before the script did. The items that came before it are good.
type IncompleteError struct {
	Open    string   // the probe that had begun and not ended, empty for none; it is among Missing
	Missing []string // the probes without an item, in the order of sending
	Err     error    // of the stream; nil when it just ended
}

func (e *IncompleteError) Error() string {
	text := "the answer ended before the script did"
	if n := len(e.Missing); n > 0 {
		text += fmt.Sprintf("; %d probes without an answer: %s", n, strings.Join(e.Missing[:min(n, 5)], ", "))
		if n > 5 {
			text += ", ..."
		}
	}
	if e.Open != "" {
		text += "; it stopped in " + e.Open
	}
	return withCause(text, e.Err)
}

// Is makes it an ErrIncomplete.
func (e *IncompleteError) Is(target error) bool { return target == ErrIncomplete }

// Unwrap gives the error of the stream, such as ErrTooLong.
func (e *IncompleteError) Unwrap() error { return e.Err }

// ProtocolError means that the host answered something that the script cannot print, or that the script could not work there.
type ProtocolError struct{ Detail string }

func (e *ProtocolError) Error() string { return e.Detail }

// Is makes it an ErrProtocol.
func (e *ProtocolError) Is(target error) bool { return target == ErrProtocol }

// ErrTooLong is the cause within an error of Read when a bound on the whole answer, or on the noise before it, was passed.
var ErrTooLong = frame.ErrTooLong

func withCause(text string, err error) string {
	if err == nil {
		return text
	}
	return text + ": " + err.Error()
}

// Skew compares a host's clock, read at some moment between sent and received on the controller's, with the middle of the two.
// The true skew is within the error given.
func Skew(sent, received, host time.Time) (skew, bound time.Duration) {
	bound = received.Sub(sent) / 2
	return host.Sub(sent.Add(bound)), bound
}
