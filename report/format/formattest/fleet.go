// Package formattest holds what tests of formats share: assessments to write (a small fleet with every verdict, an empty one, one that
// was never reached, one whose every text is hostile, a large one) and the contract that every format keeps.
package formattest

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/fleetaudit/fleetaudit/report"
	"github.com/fleetaudit/fleetaudit/report/check"
	"github.com/fleetaudit/fleetaudit/report/control"
)

// Started is when the runs of this package began. Nothing here reads the clock.
var Started = time.Date(2026, 11, 24, 14, 5, 0, 0, time.UTC)

// fleet is hosts and checks with a verdict for each pair, made when asked for: a large fleet takes no memory.
type fleet struct {
	hosts   []report.HostRow
	checks  []*check.Check
	refs    map[string][]string // check -> references
	verdict func(h, c int) report.ResultRow
	items   func(h int) []report.EvidenceRow
}

// references are the ones that the checks of this package speak to, and one that none does.
var references = []control.Status{
	status("01.b", "01.02", "User Registration", 11),
	status("01.d", "01.02", "User Password Management", 10),
	status("01.j", "01.04", "User Authentication for External Connections", 11),
	status("01.n", "01.04", "Network Connection Control", 8),
	status("09.aa", "09.10", "Audit Logging", 12),
	status("09.af", "09.10", "Clock Synchronization", 12),
	status("10.m", "10.06", "Control of Technical Vulnerabilities", 7),
	status("02.e", "02.03", "Information Security Awareness, Education, and Training", 13),
}

var objectives = map[string]control.Objective{
	"01.02": {ID: "01.02", Category: "01.0", Title: "Authorized Access to Information Systems", Threat: "Accounts that nobody owns, shared or never removed, let people in who have no business there.", Incident: "Change Healthcare, 2024: one stolen login to a portal without multi-factor authentication opened the way to the systems behind it."},
	"01.04": {ID: "01.04", Category: "01.0", Title: "Network Access Control", Threat: "Reachable services and weak remote log-in carry an intruder from one system to the next.", Incident: "Change Healthcare, 2024: one stolen login to a portal without multi-factor authentication opened the way to the systems behind it."},
	"02.03": {ID: "02.03", Category: "02.0", Title: "During Employment"},
	"09.10": {ID: "09.10", Category: "09.0", Title: "Monitoring", Threat: "What is not recorded, or recorded with a wrong clock, cannot be found out later."},
	"10.06": {ID: "10.06", Category: "10.0", Title: "Technical Vulnerability Management", Threat: "Known holes that stay open are found by those who look for them.", TitleSource: control.TitleUnverified},
}

var categories = map[string]control.Category{
	"01.0": {ID: "01.0", Title: "Access Control"},
	"02.0": {ID: "02.0", Title: "Human Resources Security"},
	"09.0": {ID: "09.0", Title: "Communications and Operations Management"},
	"10.0": {ID: "10.0", Title: "Information Systems Acquisition, Development, and Maintenance"},
}

func status(id, objective, title string, domain int) control.Status {
	return control.Status{Reference: control.Reference{ID: id, Objective: objective, Title: title}, Domains: []int{domain}}
}

var domains = []control.Domain{
	{Number: 6, Title: "Configuration Management"}, {Number: 7, Title: "Vulnerability Management"}, {Number: 8, Title: "Network Protection"},
	{Number: 10, Title: "Password Management"}, {Number: 11, Title: "Access Control"}, {Number: 12, Title: "Audit Logging & Monitoring"},
	{Number: 13, Title: "Education, Training & Awareness"},
}

// assessment adds the fleet up into everything that formats write.
func (f *fleet) assessment() *report.Assessment {
	a := &report.Assessment{Run: run(), Domains: domains, Frameworks: frameworks, Crosswalk: crosswalk}
	f.countHosts(a)
	f.rollUp(a)
	a.Streams = report.Streams{
		Hosts: func() iter.Seq2[report.HostRow, error] {
			return each(len(f.hosts), func(i int) report.HostRow { return f.hosts[i] })
		},
		Results:  f.results,
		Evidence: f.evidence,
		Log:      f.log,
		Files:    f.files,
	}
	return a
}

// each yields n made values.
func each[T any](n int, make func(int) T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for i := range n {
			if !yield(make(i), nil) {
				return
			}
		}
	}
}

func (f *fleet) results() iter.Seq2[report.ResultRow, error] {
	return each(len(f.hosts)*len(f.checks), func(i int) report.ResultRow { return f.row(i/len(f.checks), i%len(f.checks)) })
}

// row is a verdict with what follows from host and check.
func (f *fleet) row(h, c int) report.ResultRow {
	r := f.verdict(h, c)
	host, k := &f.hosts[h], f.checks[c]
	r.Host, r.System, r.Check, r.Title, r.Severity = host.Name, host.System, k.ID, k.Title, k.Severity
	r.References, r.Key = f.refs[k.ID], k.ID+"@"+host.Name
	r.Expected = cmp.Or(r.Expected, k.Expect)
	return r
}

func (f *fleet) evidence() iter.Seq2[report.EvidenceRow, error] {
	return func(yield func(report.EvidenceRow, error) bool) {
		for h := range f.hosts {
			for _, it := range f.items(h) {
				if !yield(it, nil) {
					return
				}
			}
		}
	}
}

// countHosts counts states and results by host, system and reference.
func (f *fleet) countHosts(a *report.Assessment) {
	systems := map[string]*report.Group{}
	for h := range f.hosts {
		host := &f.hosts[h]
		host.ByReference = map[string]control.Counts{}
		for c, k := range f.checks {
			r := f.verdict(h, c).Result
			host.Counts.Add(r)
			for _, ref := range f.refs[k.ID] {
				n := host.ByReference[ref]
				n.Add(r)
				host.ByReference[ref] = n
			}
		}
		a.Totals.Merge(host.Counts)
		g := systems[host.System]
		if g == nil {
			g = &report.Group{Name: host.System}
			systems[host.System] = g
		}
		g.Hosts++
		g.Counts.Merge(host.Counts)
		a.Hosts.Declared++
		switch host.State {
		case "complete":
			a.Hosts.Complete++
		case "partial":
			a.Hosts.Partial++
		default:
			a.Hosts.NotTested++
		}
	}
	for _, g := range systems {
		a.Systems = append(a.Systems, *g)
	}
	slices.SortFunc(a.Systems, func(x, y report.Group) int { return cmp.Compare(x.Name, y.Name) })
	a.Run.Complete = a.Hosts.Declared > 0 && a.Hosts.Complete == a.Hosts.Declared
}

func (f *fleet) log() iter.Seq2[report.LogRow, error] {
	return each(len(f.hosts)+2, func(i int) report.LogRow {
		row := report.LogRow{N: i + 1, Time: Started.Add(time.Duration(i) * 7 * time.Second), Event: "host done", Hash: hash("log", i)}
		switch {
		case i == 0:
			row.Event, row.Detail = "run started", fmt.Sprintf("%d hosts, %d checks", len(f.hosts), len(f.checks))
		case i == len(f.hosts)+1:
			row.Event = "run ended"
		default:
			h := &f.hosts[i-1]
			row.Host, row.Detail = h.Name, cmp.Or(h.Why, fmt.Sprintf("%d answers in %s", len(f.items(i-1)), h.Duration))
			if h.State != "complete" {
				row.Event = "host " + h.State
			}
		}
		return row
	})
}

func (f *fleet) files() iter.Seq2[report.FileRow, error] {
	first := []report.FileRow{
		{What: "Manifest: stands for all files of evidence", Path: "MANIFEST.sha256", SHA256: hash("manifest", 0)},
		{What: "Run: listed in the manifest", Path: "inventory.yaml", SHA256: hash("inventory", 0)},
		{What: "Run: listed in the manifest", Path: "log.jsonl", SHA256: hash("log file", 0)},
	}
	return each(len(f.hosts)+len(first), func(i int) report.FileRow {
		if i < len(first) {
			return first[i]
		}
		h := &f.hosts[i-len(first)]
		return report.FileRow{What: "Answers of " + h.Name, Path: h.Pack, SHA256: hash(h.Name, 0)}
	})
}

func hash(what string, n int) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %d", what, n))
	return hex.EncodeToString(sum[:])
}
