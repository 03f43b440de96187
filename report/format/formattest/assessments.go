package formattest

import (
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/fleetaudit/fleetaudit/report"
	"github.com/fleetaudit/fleetaudit/report/check"
	"github.com/fleetaudit/fleetaudit/report/control"
)

// Fixture is a fleet of six hosts against twelve checks with every verdict: two hosts that are complete, one where sudo was refused for
// some probes, one recorded, one that was never reached, and one whose host key did not match.
func Fixture() *report.Assessment {
	f := sampleFleet([]report.HostRow{
		host("ehr-db01", "EHR database", "Red Hat Enterprise Linux 9.4 (Plow)", "complete", ""),
		host("ehr-db02", "EHR database", "Red Hat Enterprise Linux 9.4 (Plow)", "partial", "not permitted: sudo: a password is required (5 of 12 probes were not run)"),
		host("int-engine01", "Integration engine", "SUSE Linux Enterprise Server 15 SP6", "not tested", "host key: the key shown is not the one in known_hosts; nothing was sent"),
		host("log01", "Logging and backup", "Debian GNU/Linux 12 (bookworm)", "complete", ""),
		host("pacs03", "Imaging (PACS)", "", "not tested", "unreachable: connect to 10.20.14.13:22: no answer within 3 s (3 tries)"),
		host("web01", "Web tier", "Ubuntu 24.04.1 LTS", "complete", ""),
	})
	f.hosts[5].Recorded = true
	a := f.assessment()
	a.Run.Recorded = true
	a.Run.Notices = []string{"1 of 6 hosts are recordings, not live hosts: what they show says nothing about any real system."}
	return a
}

// Empty is a run without hosts.
func Empty() *report.Assessment { return sampleFleet(nil).assessment() }

// Unreachable is a run of one host that was never reached.
func Unreachable() *report.Assessment {
	return sampleFleet([]report.HostRow{host("pacs03", "Imaging (PACS)", "", "not tested", "unreachable: connect to 10.20.14.13:22: no answer within 3 s (3 tries)")}).assessment()
}

// Large is a fleet of so many hosts, with the checks of the fixture again and again until there are enough. Its rows are made when asked
// for.
func Large(hosts, checks int) *report.Assessment {
	all := make([]report.HostRow, hosts)
	for i := range all {
		all[i] = host(fmt.Sprintf("host-%05d.example.org", i), fmt.Sprintf("System %02d", i%24), "Ubuntu 24.04.1 LTS", "complete", "")
	}
	f := sampleFleet(all)
	f.checks = nil
	for i := range checks {
		k := checkOf(samples[i%len(samples)])
		f.refs[fmt.Sprintf("%s_%03d", k.ID, i)] = f.refs[k.ID]
		k.ID = fmt.Sprintf("%s_%03d", k.ID, i)
		f.checks = append(f.checks, k)
	}
	return f.assessment()
}

// Broken is the fixture with one stream ("hosts", "results", "evidence", "log", "files") that fails with err after its first row.
func Broken(stream string, err error) *report.Assessment {
	a := Fixture()
	switch stream {
	case "hosts":
		a.Streams.Hosts = breaks(a.Streams.Hosts, err)
	case "results":
		a.Streams.Results = breaks(a.Streams.Results, err)
	case "evidence":
		a.Streams.Evidence = breaks(a.Streams.Evidence, err)
	case "log":
		a.Streams.Log = breaks(a.Streams.Log, err)
	case "files":
		a.Streams.Files = breaks(a.Streams.Files, err)
	}
	return a
}

func breaks[T any](rows func() iter.Seq2[T, error], err error) func() iter.Seq2[T, error] {
	return func() iter.Seq2[T, error] {
		return func(yield func(T, error) bool) {
			var row T
			for first, readErr := range rows() {
				if row = first; readErr != nil {
					return
				}
				break
			}
			if yield(row, nil) {
				yield(row, err)
			}
		}
	}
}

func host(name, system, os, state, why string) report.HostRow {
	h := report.HostRow{
		Name: name, Address: "10.20.14." + fmt.Sprint(10+len(name)), System: system, Env: "production", Zone: "clinical", Platform: "linux", OS: os,
		Roles: []string{"database", "pci"}, State: state, Why: why, Become: "sudo", Connection: "ssh", User: "audit", Jump: "audit@bastion.example.org:22",
		ID: hash(name, 1)[:16], Pack: "hosts/" + hash(name, 1)[:2] + "/" + hash(name, 1)[:16] + ".tar.gz",
	}
	if state == "not tested" {
		return h
	}
	h.Collected, h.Duration, h.Privilege = Started.Add(time.Duration(len(name))*time.Second), 19*time.Second+time.Duration(len(name))*100*time.Millisecond, "sudo"
	h.Skew, h.SkewKnown = time.Duration(len(name)-9)*11*time.Millisecond, true
	h.HostKey, h.KeyTrust = "ssh-ed25519 SHA256:"+strings.ToUpper(hash(name, 2)[:43]), "known_hosts"
	if state == "partial" {
		h.Privilege = "none"
	}
	return h
}

// sampleFleet judges hosts by the samples, by a fixed pattern that holds every verdict.
func sampleFleet(hosts []report.HostRow) *fleet {
	f := &fleet{hosts: hosts, refs: map[string][]string{}}
	for _, s := range samples {
		f.checks = append(f.checks, checkOf(s))
		f.refs[s.id] = []string{s.ref}
	}
	f.verdict = func(h, c int) report.ResultRow { return judge(&f.hosts[h], h, c) }
	f.items = func(h int) []report.EvidenceRow { return items(&f.hosts[h], len(f.checks)) }
	return f
}

func judge(h *report.HostRow, n, c int) report.ResultRow {
	s := &samples[c%len(samples)]
	r := report.ResultRow{Result: check.Pass, Observed: s.good, Evidence: []string{itemID(h, c)}, Collected: h.Collected}
	switch {
	case h.State == "not tested":
		class, _, _ := strings.Cut(h.Why, ":")
		return report.ResultRow{Result: check.NotTested, Reason: class, Observed: ""}
	case h.State == "partial" && strings.HasPrefix(s.command, "asroot"):
		r.Result, r.Observed, r.Reason = check.NotTested, "", "not permitted: needs root"
	case c%len(samples) == 7 && n%2 == 0:
		r.Result, r.Observed = check.Manual, s.good
	case c%len(samples) == 10 && n%3 == 0:
		r.Result, r.Observed, r.Reason = check.NA, "", "a container has no clock of its own"
	case c%len(samples) == 4 && n == 3:
		r.Result, r.Observed = check.Exception, s.bad
	case (n*7+c*5)%4 == 1:
		r.Result, r.Observed = check.Fail, s.bad
	}
	return r
}

func itemID(h *report.HostRow, c int) string { return fmt.Sprintf("%s-%03d", h.ID, c+1) }

func items(h *report.HostRow, n int) []report.EvidenceRow {
	if h.State == "not tested" {
		return nil
	}
	out := make([]report.EvidenceRow, n)
	for c := range out {
		s := &samples[c%len(samples)]
		out[c] = report.EvidenceRow{
			ID: itemID(h, c), Host: h.Name, Collected: h.Collected.Add(time.Duration(c) * time.Second), Probe: s.probe, Command: s.command + "\n",
			RunAs: "root (sudo from audit)", Outcome: "answered", Duration: time.Duration(17+c*3) * time.Millisecond, Bytes: int64(len(s.good)),
			SHA256: hash(s.good, 0), File: fmt.Sprintf("%s: %03d.out", h.Pack, c+1), Excerpt: s.good + "\n",
		}
		if h.State == "partial" && strings.HasPrefix(s.command, "asroot") {
			out[c].Outcome, out[c].Exit, out[c].Excerpt, out[c].Bytes, out[c].RunAs = "not permitted", -1, "", 0, "audit"
		}
	}
	return out
}

// Hostile is the fixture with a hostile text in every field that a host, an inventory or a person can fill.
func Hostile() *report.Assessment { return hostile(Fixture()) }

// References are the references of the fixture, in the order of their rows on Controls.
func References() []control.Status { return references }
