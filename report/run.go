package report

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/fleetaudit/fleetaudit/probes/evidence"
)

// run describes the run and its judging.
func (o Options) run(t *tally) Run {
	info, end := o.Bundle.Run(), o.Bundle.End()
	r := Run{
		ID: info.ID, Entity: info.Engagement.Entity, Assessor: info.Engagement.Assessor, Authority: info.Engagement.Authority,
		FieldworkFrom: info.Engagement.FieldworkFrom, FieldworkTo: info.Engagement.FieldworkTo,
		Operator: info.Operator, Controller: controller(info.Controller), Tool: o.Tool,
		Started: info.Started.UTC(), Ended: end.Ended.UTC(), Evaluated: o.Now().UTC(),
		Inventory: info.Inventory.File, InventorySHA256: info.Inventory.SHA256,
		PopulationFile: info.Population.File, PopulationSource: info.Population.Source, PopulationCreated: info.Population.Created,
		PopulationBy: info.Population.By, PopulationSHA256: info.Population.SHA256,
		CatalogSHA256: info.Catalogue, ContentSHA256: o.content(),
		BundlePath: o.Bundle.Dir(), ManifestSHA256: o.Bundle.ManifestSHA256(), LogHash: end.LogSHA256,
		Complete:    t.hosts.Declared > 0 && t.hosts.Complete == t.hosts.Declared && !end.Interrupted,
		Interrupted: end.Interrupted,
		Recorded:    t.recorded > 0 || info.Recorded,
	}
	base := o.Library.Baseline()
	r.Baseline = base.Name
	for _, v := range base.Thresholds() {
		r.BaselineValues = append(r.BaselineValues, BaselineValue{Name: v.Name, Value: v.Text(), Source: v.Source, Note: v.Note})
	}
	r.Notices = o.notices(t, r)
	return r
}

// controller names machine and account in one line.
func controller(c evidence.Controller) string {
	if c.User == "" {
		return c.Machine
	}
	return strings.TrimSpace(c.Machine + " as " + c.User)
}

// content is the SHA-256 over everything that decides verdicts and roll-ups: checks, baseline, mapping.
func (o Options) content() string {
	sum := sha256.Sum256([]byte(o.Library.Digest() + " " + o.Framework.Digest))
	return hex.EncodeToString(sum[:])
}

// notices are the sentences that a reader must not miss.
func (o Options) notices(t *tally, r Run) []string {
	var out []string
	say := func(when bool, format string, args ...any) {
		if when {
			out = append(out, fmt.Sprintf(format, args...))
		}
	}
	say(r.Recorded, "%d of %d hosts are recordings, not live hosts: what they show says nothing about any real system.", t.recorded, t.hosts.Declared)
	say(t.hosts.Declared == 0, "No host was declared: nothing was tested.")
	say(r.Interrupted, "The run was interrupted before its end: what it did not come to is NOT TESTED.")
	say(t.unchecked > 0, "%d of %d hosts are of a platform without checks: nothing is said of them.", t.unchecked, t.hosts.Declared)
	say(o.Catalog.Digest() != r.CatalogSHA256, "The probe catalogue has changed since the run. The list of evidence holds each command as it was sent.")
	say(len(t.changed) > 0, "%d probes ask something else now, and their old answers were not used: %s. Collect again to test what rests on them.",
		len(t.changed), strings.Join(slices.Sorted(maps.Keys(t.changed)), ", "))
	say(t.window.problem != "", "The fieldwork window is not understood (%s): evidence was not compared with it.", t.window.problem)
	say(t.outside > 0, "Evidence of %d of %d hosts was collected outside the fieldwork window %s (first: %s).", t.outside, t.hosts.Declared, t.window, t.firstOut)
	return out
}

// window is the time in which evidence must be collected, whole days in UTC. A side that is not declared is open.
type window struct {
	from, to time.Time // to is the first moment after the last day
	problem  string    // why it cannot be applied
}

func newWindow(e evidence.Engagement) window {
	var w window
	var err error
	if e.FieldworkFrom != "" {
		if w.from, err = time.Parse(time.DateOnly, e.FieldworkFrom); err != nil {
			w.problem = fmt.Sprintf("from %q is no date such as 2026-11-01", e.FieldworkFrom)
		}
	}
	if e.FieldworkTo != "" {
		if w.to, err = time.Parse(time.DateOnly, e.FieldworkTo); err != nil {
			w.problem = fmt.Sprintf("to %q is no date such as 2026-11-01", e.FieldworkTo)
		}
		w.to = w.to.AddDate(0, 0, 1)
	}
	if w.problem == "" && !w.from.IsZero() && !w.to.IsZero() && !w.from.Before(w.to) {
		w.problem = fmt.Sprintf("it ends on %s before it begins on %s", e.FieldworkTo, e.FieldworkFrom)
	}
	return w
}

// outside gives a time of evidence that lies outside, if first or last does. A host without evidence is not outside.
func (w window) outside(first, last time.Time) (time.Time, bool) {
	switch {
	case first.IsZero() || w.problem != "":
	case !w.from.IsZero() && first.Before(w.from):
		return first, true
	case !w.to.IsZero() && !last.Before(w.to):
		return last, true
	}
	return time.Time{}, false
}

// String gives both days.
func (w window) String() string {
	day := func(t time.Time) string {
		if t.IsZero() {
			return "open"
		}
		return t.Format(time.DateOnly)
	}
	last := w.to
	if !last.IsZero() {
		last = last.AddDate(0, 0, -1)
	}
	return day(w.from) + " to " + day(last)
}
