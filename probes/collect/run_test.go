package collect

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/fleetaudit/fleetaudit/inventory"
	"github.com/fleetaudit/fleetaudit/probes/evidence"
	"github.com/fleetaudit/fleetaudit/probes/script"
)

// options runs the fleet's script on hosts with a fresh sink.
func (f *fleet) options(names ...string) (Options, *memory) {
	m := &memory{}
	return Options{
		Hosts: hostList(names...), SSH: f, Sink: m, MachineIDKey: []byte("key"),
		Scripts: map[inventory.Platform]*script.Script{inventory.PlatformLinux: f.script},
	}, m
}

// run runs and checks what holds for every run: each host has exactly one record, every item is in its place, nothing is left open.
func (f *fleet) run(ctx context.Context, o Options, m *memory) Summary {
	f.tb.Helper()
	s, err := Run(ctx, o)
	if err != nil {
		f.tb.Fatal(err)
	}
	names := []string{}
	for h := range o.Hosts {
		names = append(names, h.Name)
	}
	if got := slices.Sorted(maps.Keys(m.answers)); !slices.Equal(got, slices.Sorted(slices.Values(names))) || len(m.twice) > 0 {
		f.tb.Errorf("records of %d hosts, want %d; stored twice: %v", len(got), len(names), m.twice)
	}
	if s.Hosts != len(names) || s.States[evidence.StateComplete]+s.States[evidence.StatePartial]+s.States[evidence.StateFailed] != len(names) {
		f.tb.Errorf("summary %+v of %d hosts", s, len(names))
	}
	for _, a := range m.answers {
		f.checkAnswer(a)
	}
	if f.connected != 0 || f.sessions != 0 {
		f.tb.Errorf("%d connections and %d sessions are left open", f.connected, f.sessions)
	}
	return s
}

func (f *fleet) checkAnswer(a *evidence.Answer) {
	f.tb.Helper()
	h := &a.Host
	if (h.State == evidence.StateFailed) != (len(a.Items) == 0) || h.End.Before(h.Start) || h.ID != evidence.HostID(h.Name) {
		f.tb.Errorf("%s: %d items, record %+v", h.Name, len(a.Items), h)
	}
	if h.State == evidence.StateFailed && (h.Reason == "" || h.Detail == "") {
		f.tb.Errorf("%s: not tested without reason or detail: %+v", h.Name, h)
	}
	if len(a.Items) == 0 {
		return
	}
	if len(a.Items) != len(f.script.Probes()) {
		f.tb.Errorf("%s: %d items, want one for each probe", h.Name, len(a.Items))
	}
	whole := true
	for i, it := range a.Items {
		whole = whole && it.Outcome == evidence.OutcomeAnswered && !it.Truncated
		if it.Seq != i+1 || len(it.Command) == 0 {
			f.tb.Errorf("%s: item %d is %+v", h.Name, i+1, it)
		}
		if it.Outcome == evidence.OutcomeAnswered && string(it.Stdout) != "answer of "+h.Name+" to "+it.Probe+"\n" && !it.Truncated {
			f.tb.Errorf("%s: %s has the output %q", h.Name, it.Probe, it.Stdout)
		}
		if it.Outcome == evidence.OutcomeLost && len(it.Stdout)+len(it.Stderr) > 0 {
			f.tb.Errorf("%s: %s is lost and has output", h.Name, it.Probe)
		}
	}
	if whole != (h.State == evidence.StateComplete) {
		f.tb.Errorf("%s is %s, items whole: %v", h.Name, h.State, whole)
	}
}

// outcomes gives a host's probes by outcome.
func outcomes(a *evidence.Answer) map[evidence.Outcome][]string {
	out := map[evidence.Outcome][]string{}
	for _, it := range a.Items {
		out[it.Outcome] = append(out[it.Outcome], it.Probe)
	}
	return out
}

// memory is a sink that keeps everything.
type memory struct {
	mu      sync.Mutex
	answers map[string]*evidence.Answer
	log     []string
	twice   []string
	fail    func(host string) error
}

func (m *memory) Put(a *evidence.Answer) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail != nil {
		if err := m.fail(a.Host.Name); err != nil {
			return err
		}
	}
	if m.answers == nil {
		m.answers = map[string]*evidence.Answer{}
	}
	if m.answers[a.Host.Name] != nil {
		m.twice = append(m.twice, a.Host.Name)
	}
	m.answers[a.Host.Name] = a
	return nil
}

func (m *memory) Log(event, host, detail string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.log = append(m.log, fmt.Sprintf("%s|%s|%s", event, host, detail))
	return nil
}

// logged gives the lines of one event.
func (m *memory) logged(event string) []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []string
	for _, l := range m.log {
		if len(l) > len(event) && l[:len(event)+1] == event+"|" {
			out = append(out, l)
		}
	}
	return out
}

var errDisk = errors.New("no space left on device")
