package collect

import "github.com/fleetaudit/fleetaudit/probes/evidence"

// Observer is told of progress, for a display. It is called from many goroutines at once and must not block.
type Observer interface {
	// HostStarted is called when a host is connected to. try is 1, or 2 for the second try.
	HostStarted(name string, try int)
	// HostAgain is called when a host failed in passing and will be tried once more.
	HostAgain(name, reason string)
	// HostDone is called once for every host, when its record is stored. The record must not be changed.
	HostDone(host *evidence.HostRecord)
}

func (r *run) tellStarted(name string, try int) {
	if r.Observer != nil {
		r.Observer.HostStarted(name, try)
	}
}

func (r *run) tellAgain(name, reason string) {
	if r.Observer != nil {
		r.Observer.HostAgain(name, reason)
	}
}

func (r *run) tellDone(host *evidence.HostRecord) {
	if r.Observer != nil {
		r.Observer.HostDone(host)
	}
}
