package report

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/fleetaudit/fleetaudit/inventory"
	"github.com/fleetaudit/fleetaudit/probes/evidence"
	"github.com/fleetaudit/fleetaudit/report/check"
	"github.com/fleetaudit/fleetaudit/report/control"
)

// tally is what is kept while hosts go by. It grows with checks, systems and reasons, not with hosts.
type tally struct {
	o         Options
	rollup    *control.Rollup
	hosts     HostCounts
	details   map[string]*detail // check id -> what a finding shows
	systems   map[string]*Group
	gaps      map[string]*Gap // by class of reason
	platforms map[inventory.Platform]bool

	checked   map[inventory.Platform]bool // platforms that have checks
	unchecked int                         // hosts of a platform without checks
	recorded  int
	window    window
	outside   int             // hosts with evidence from outside the fieldwork window
	firstOut  string          // the first of these, with its time
	changed   map[string]bool // probes whose text is not what was sent
}

// detail is what a finding shows of the first hosts.
type detail struct {
	failing            []string
	observed, evidence string
}

func newTally(o Options) *tally {
	t := &tally{
		o:         o,
		rollup:    control.NewRollup(o.Framework, o.Library.Checks()),
		details:   map[string]*detail{},
		systems:   map[string]*Group{},
		gaps:      map[string]*Gap{},
		platforms: map[inventory.Platform]bool{},
		checked:   map[inventory.Platform]bool{},
		changed:   map[string]bool{},
		window:    newWindow(o.Bundle.Run().Engagement),
	}
	for _, c := range o.Library.Checks() {
		t.checked[c.Platform] = true
	}
	return t
}

// add counts one host.
func (t *tally) add(j judged) {
	t.hosts.Declared++
	switch j.host.State {
	case evidence.StateComplete:
		t.hosts.Complete++
	case evidence.StatePartial:
		t.hosts.Partial++
	case evidence.StateFailed:
		t.hosts.NotTested++
	}
	t.platforms[j.platform] = true
	if !t.checked[j.platform] {
		t.unchecked++
	}
	if j.host.Recorded {
		t.recorded++
	}
	if at, out := t.window.outside(j.first, j.last); out {
		if t.outside++; t.firstOut == "" {
			t.firstOut = fmt.Sprintf("%s at %s", j.host.Name, at.UTC().Format(time.RFC3339))
		}
	}
	for _, id := range j.changed {
		t.changed[id] = true
	}
	t.rollup.Add(j.findings)
	system := t.system(j.host.System)
	system.Hosts++
	gaps := map[string]int{}
	for _, f := range j.findings {
		system.Counts.Add(f.Result)
		t.detail(j.host.Name, f)
		if f.Result == check.NotTested {
			gaps[reasonClass(&j.host, f.Reason)]++
		}
	}
	for class, n := range gaps {
		g := t.gaps[class]
		if g == nil {
			g = &Gap{Reason: class, Example: j.host.Name}
			t.gaps[class] = g
		}
		g.Hosts++
		g.Results += n
	}
}

// noSystem is the group of hosts for which the inventory names no system.
const noSystem = "(no system)"

func (t *tally) system(name string) *Group {
	name = cmp.Or(name, noSystem)
	g := t.systems[name]
	if g == nil {
		g = &Group{Name: name}
		t.systems[name] = g
	}
	return g
}

// reasonClass is the part of a reason that hosts share: "not permitted: needs root" -> "not permitted".
func reasonClass(h *evidence.HostRecord, reason string) string {
	if h.State == evidence.StateFailed {
		return cmp.Or(h.Reason, "no answer")
	}
	class, _, _ := strings.Cut(reason, ": ")
	return cmp.Or(class, "no reason given")
}

// detail keeps what a finding shows of its first hosts.
func (t *tally) detail(host string, f check.Finding) {
	if f.Result != check.Fail && f.Result != check.Manual {
		return
	}
	d := t.details[f.Check]
	if d == nil {
		d = &detail{}
		t.details[f.Check] = d
	}
	first := len(d.failing) == 0
	if f.Result == check.Fail && len(d.failing) < MaxListedHosts {
		d.failing = append(d.failing, host)
	}
	if first && (f.Result == check.Fail || d.observed == "" && d.evidence == "") {
		d.observed, d.evidence = f.Observed, ""
		if len(f.Evidence) > 0 {
			d.evidence = f.Evidence[0]
		}
	}
}

// severityRank orders severities, gravest first.
func severityRank(s check.Severity) int {
	return slices.Index([]check.Severity{check.Critical, check.High, check.Medium, check.Low}, s)
}

// findings lists every check that does not pass or is not settled somewhere: by severity, then failing hosts, then id.
func (t *tally) findings() []Finding {
	var out []Finding
	for _, c := range t.o.Library.Checks() {
		n := t.rollup.Check(c.ID)
		if n.Fail+n.Exception+n.Manual+n.NotTested == 0 {
			continue
		}
		f := Finding{Check: c, References: t.o.Framework.References(c.ID), Counts: n, FailingN: n.Fail, Expected: t.o.Library.Expected(c.ID)}
		if d := t.details[c.ID]; d != nil {
			f.Failing, f.Observed, f.Evidence = d.failing, d.observed, d.evidence
		}
		out = append(out, f)
	}
	slices.SortFunc(out, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(severityRank(a.Check.Severity), severityRank(b.Check.Severity)),
			cmp.Compare(b.FailingN, a.FailingN), cmp.Compare(a.Check.ID, b.Check.ID))
	})
	for i := range out {
		out[i].Number = fmt.Sprintf("F-%03d", i+1)
	}
	return out
}

func (t *tally) systemGroups() []Group {
	var out []Group
	for _, name := range slices.Sorted(maps.Keys(t.systems)) {
		out = append(out, *t.systems[name])
	}
	return out
}

func (t *tally) gapList() []Gap {
	var out []Gap
	for _, class := range slices.Sorted(maps.Keys(t.gaps)) {
		out = append(out, *t.gaps[class])
	}
	slices.SortStableFunc(out, func(a, b Gap) int { return b.Results - a.Results })
	return out
}
