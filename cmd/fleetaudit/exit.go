package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/fleetaudit/fleetaudit/inventory"
	"github.com/fleetaudit/fleetaudit/probes"
	"github.com/fleetaudit/fleetaudit/report/check"
	"github.com/fleetaudit/fleetaudit/report/control"
)

// The exit codes. "fleetaudit help" and the README print the same list.
const (
	exitComplete    = 0   // everything that was asked was done
	exitFailure     = 1   // a failure of ours: a file that cannot be written, a bug
	exitUsage       = 2   // flags, inventory, content or baseline are wrong; nothing was asked of any host
	exitIncomplete  = 3   // hosts or probes were not tested; the evidence that there is, is valid
	exitFindings    = 4   // findings at or above --fail-on
	exitNotVerified = 5   // the bundle does not verify
	exitInterrupted = 130 // Ctrl-C
)

// exitHelp is printed at the end of "fleetaudit help".
const exitHelp = `EXIT CODES:
   0    complete
   1    failure of fleetaudit itself
   2    usage: flags, inventory, content or baseline are wrong
   3    incomplete: hosts or probes were not tested, the evidence is valid
   4    findings at or above --fail-on
   5    the bundle does not verify
   130  interrupted
`

// usageError is a mistake in how the program was called.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

// usagef makes a usageError.
func usagef(format string, args ...any) error {
	return &usageError{fmt.Errorf(format, args...)}
}

// The outcomes that are no failures but have an exit code of their own.
var (
	errIncomplete  = errors.New("incomplete: not every host was tested")
	errFindings    = errors.New("findings at or above --fail-on")
	errNotVerified = errors.New("the bundle does not verify")
	errInterrupted = errors.New("interrupted")
)

// exitCode maps an error to the exit code: the only place that does.
func exitCode(err error) int {
	switch {
	case err == nil:
		return exitComplete
	case errors.Is(err, errInterrupted), errors.Is(err, context.Canceled):
		return exitInterrupted
	case errors.Is(err, errNotVerified):
		return exitNotVerified
	case isUsage(err):
		return exitUsage
	case errors.Is(err, errFindings):
		return exitFindings
	case errors.Is(err, errIncomplete):
		return exitIncomplete
	default:
		return exitFailure
	}
}

// isUsage reports whether err comes from something that the user wrote: flags, inventory, content or baseline.
func isUsage(err error) bool {
	var (
		u *usageError
		i *inventory.Error
		p *probes.Error
		c *check.Error
		m *control.Error
	)
	return errors.As(err, &u) || errors.As(err, &i) || errors.As(err, &p) || errors.As(err, &c) || errors.As(err, &m)
}

// quiet reports whether err is an outcome that the summary has already told, so that no error line is needed.
func quiet(err error) bool {
	return errors.Is(err, errIncomplete) || errors.Is(err, errFindings) || errors.Is(err, errNotVerified)
}
