// Package collect asks a fleet: it fans out over hosts within limits and deadlines, opens one session on each, sends the script of its
// platform, and hands a record with the items that came back to a sink. Every host that it is given ends in exactly one record.
//
// # One host
//
// Connect, log in, one exec. What an answer lacks is asked once more with a second exec: on the same session if it still works, else
// after one reconnect. A probe that never answers is an item too, with outcome lost, so that nothing that was asked goes missing.
//
//	complete    every probe was answered whole
//	partial     the host answered, but at least one item is not "answered", or was cut at its size limit
//	not tested  no item at all; reason and detail say why
//
// # Limits
//
// Connecting is cheap and mostly waiting, so many hosts are connected to at once; logging in and asking is not, so fewer sessions are
// open at once. Dead hosts fill the wide pool and hold nobody up. Memory follows these limits, not the size of the fleet.
//
// # Retries
//
// This package holds the only retry there is: a host that could not be reached, was silent or was dropped before it answered anything
// is tried once more, after all others have had their turn. What a host refused (authentication, host key, algorithms) and what we
// lack (a key, a secret) is never tried again: repeating a refused login locks accounts out. Every try is in the run's log.
//
// It must not know what answers mean, and nothing in it may assume that the process which collects is the one that judges.
package collect

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/fleetaudit/fleetaudit/inventory"
	"github.com/fleetaudit/fleetaudit/probes/evidence"
	"github.com/fleetaudit/fleetaudit/probes/remote"
	"github.com/fleetaudit/fleetaudit/probes/script"
)

// Limits, and the values of options that are left zero. The pools were measured with 1,000 hosts of which 5 % drop every packet: with 128
// sessions behind 512 connects these cost a fifth of the time, in one pool of 128 three quarters and more.
const (
	DefaultForks = 128 // sessions open at once
	MaxForks     = 512
	DefaultDials = 512 // connects at once
	MaxDials     = 4096

	DefaultHostTimeout    = 10 * time.Minute // one host, from its login on
	DefaultConnectTimeout = 2 * time.Minute  // outer bound: a dialer's own is far shorter, but may log in to a jump host or ask for a passphrase first
	DefaultLoginTimeout   = time.Minute      // outer bound for key exchange and authentication; a dialer's own is shorter
)

// storing limits the hosts that are done and wait for the disk.
const storing = 64

// Sink takes what collecting yields. An error from it ends the run: evidence that cannot be kept is not worth collecting.
type Sink interface {
	// Put stores the record and items of one host. It is called once for every host, from many goroutines.
	Put(*evidence.Answer) error
	// Log takes down an event of the run.
	Log(event, host, detail string) error
}

// Options says what a run does.
type Options struct {
	Hosts   iter.Seq[inventory.Host]              // drawn as there is room for more
	SSH     remote.Dialer                         // for hosts that are reached by SSH
	Local   remote.Dialer                         // for this machine; may be nil when no host is local
	Scripts map[inventory.Platform]*script.Script // what each platform is asked
	Sink    Sink

	Observer Observer // told of progress; may be nil

	Forks          int           // sessions open at once; 0 is DefaultForks
	Dials          int           // connects at once; 0 is DefaultDials
	HostTimeout    time.Duration // for one host from its login on; 0 is DefaultHostTimeout
	RunTimeout     time.Duration // for the whole run; 0 is none
	ConnectTimeout time.Duration // outer bound of a connect; 0 is DefaultConnectTimeout
	LoginTimeout   time.Duration // outer bound of a login; 0 is DefaultLoginTimeout

	Now          func() time.Time // the controller's clock; nil is time.Now
	MachineIDKey []byte           // key of the HMAC that stands for a host's machine id
	Recorded     bool             // answers are recordings: noted in every record

	stall stallLimits // zero means the standard ones; tests on a real clock shorten them
}

// check fills in defaults and refuses what cannot work.
func (o *Options) check() error {
	setDefault(&o.Forks, DefaultForks)
	setDefault(&o.Dials, DefaultDials)
	setDefault(&o.HostTimeout, DefaultHostTimeout)
	setDefault(&o.ConnectTimeout, DefaultConnectTimeout)
	setDefault(&o.LoginTimeout, DefaultLoginTimeout)
	setDefault(&o.stall, stallLimits{start: startLimit, grace: grace})
	if o.Now == nil {
		o.Now = time.Now
	}
	switch {
	case o.Hosts == nil || o.Sink == nil || o.SSH == nil || len(o.Scripts) == 0:
		return errors.New("collect: hosts, sink, dialer and scripts must be given")
	case o.Forks < 1 || o.Forks > MaxForks:
		return fmt.Errorf("collect: %d sessions at once: expected 1 to %d", o.Forks, MaxForks)
	case o.Dials < 1 || o.Dials > MaxDials:
		return fmt.Errorf("collect: %d connects at once: expected 1 to %d", o.Dials, MaxDials)
	case o.HostTimeout < 0 || o.RunTimeout < 0 || o.ConnectTimeout < 0 || o.LoginTimeout < 0:
		return errors.New("collect: a time limit is negative")
	}
	return nil
}

func setDefault[T comparable](to *T, value T) {
	var zero T
	if *to == zero {
		*to = value
	}
}

// Why a run stops early. They become the detail of the hosts that it costs.
var (
	errRunTimeout  = errors.New("the time limit of the run passed")
	errInterrupted = errors.New("the run was interrupted")
)

// run is one call of Run.
type run struct {
	Options

	dials    slots
	sessions slots
	stores   slots
	again    again
	patience map[*script.Script]map[string]time.Duration // how long each probe may take until its answer is here
	tally    tally
}

// Run asks all hosts and returns when the last record is with the sink. When ctx ends, hosts that are being asked keep what arrived, the
// others get a record that says they were not tested, and Summary.Interrupted is set: that is no error. The error is the sink's, or says
// what is wrong with the options.
func Run(ctx context.Context, o Options) (Summary, error) {
	if err := o.check(); err != nil {
		return Summary{}, err
	}
	r := &run{Options: o, dials: make(slots, o.Dials), sessions: make(slots, o.Forks), stores: make(slots, storing), patience: map[*script.Script]map[string]time.Duration{}}
	for _, s := range o.Scripts {
		r.patience[s] = r.stall.patience(s)
	}
	r.again.init()
	r.tally.start(o.Now())
	if err := r.Sink.Log("run started", "", fmt.Sprintf("%d sessions at once, %d connects at once, %s a host", o.Forks, o.Dials, o.HostTimeout)); err != nil {
		return Summary{}, fmt.Errorf("collect: %w", err)
	}
	if o.RunTimeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, o.RunTimeout, errRunTimeout)
		defer cancel()
	}
	err := r.fanOut(ctx)
	s := r.tally.end(o.Now())
	if err == nil && s.Interrupted {
		err = r.Sink.Log("run interrupted", "", "")
	}
	if err == nil {
		err = r.Sink.Log("run ended", "", s.String())
	}
	if err != nil {
		return s, fmt.Errorf("collect: %w", err)
	}
	return s, nil
}

// fanOut gives every host its turn, and those that failed in passing a second one after all others.
func (r *run) fanOut(ctx context.Context) error {
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(r.Dials + r.Forks + storing)
	failed := func() bool { return gctx.Err() != nil && ctx.Err() == nil } // by the sink, not by an interruption
	for h := range r.Hosts {
		if failed() {
			break
		}
		r.again.begin()
		g.Go(func() error {
			defer r.again.done()
			return r.turn(gctx, attempt{host: h, try: 1})
		})
	}
	for {
		a, ok := r.again.next()
		if !ok || failed() {
			break
		}
		g.Go(func() error { return r.turn(gctx, a) })
	}
	return g.Wait()
}
