package formattest

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/fleetaudit/fleetaudit/report"
	"github.com/fleetaudit/fleetaudit/report/check"
	"github.com/fleetaudit/fleetaudit/report/control"
)

// rollUp adds up checks, references, objectives, categories, gaps and findings.
func (f *fleet) rollUp(a *report.Assessment) {
	byCheck := make([]control.Counts, len(f.checks))
	gaps := map[string]*report.Gap{}
	details := make([]report.Finding, len(f.checks))
	for h := range f.hosts {
		seen := map[string]bool{}
		for c := range f.checks {
			r := f.row(h, c)
			byCheck[c].Add(r.Result)
			note(&details[c], &r)
			if r.Result == check.NotTested {
				g := gaps[r.Reason]
				if g == nil {
					g = &report.Gap{Reason: r.Reason, Example: r.Host}
					gaps[r.Reason] = g
				}
				g.Results++
				if !seen[r.Reason] {
					g.Hosts++
				}
				seen[r.Reason] = true
			}
		}
	}
	for _, g := range gaps {
		a.Gaps = append(a.Gaps, *g)
	}
	slices.SortFunc(a.Gaps, func(x, y report.Gap) int {
		return cmp.Or(cmp.Compare(y.Results, x.Results), cmp.Compare(x.Reason, y.Reason))
	})
	for c, k := range f.checks {
		a.Checks = append(a.Checks, report.CheckSummary{Check: k, References: f.refs[k.ID], Counts: byCheck[c]})
		m := methodOf(k)
		if i := slices.IndexFunc(a.Methods, func(x report.Method) bool { return x.Probe == m.Probe }); i >= 0 {
			a.Methods[i].Checks = append(a.Methods[i].Checks, m.Checks...)
			continue
		}
		a.Methods = append(a.Methods, m)
	}
	a.Findings = f.findings(byCheck, details)
	f.references(a, byCheck)
}

// note keeps what a finding shows of the first hosts.
func note(d *report.Finding, r *report.ResultRow) {
	if r.Result != check.Fail {
		return
	}
	if len(d.Failing) == 0 {
		d.Observed = r.Observed
		if len(r.Evidence) > 0 {
			d.Evidence = r.Evidence[0]
		}
	}
	if len(d.Failing) < report.MaxListedHosts {
		d.Failing = append(d.Failing, r.Host)
	}
}

func (f *fleet) findings(byCheck []control.Counts, details []report.Finding) []report.Finding {
	var out []report.Finding
	for c, k := range f.checks {
		n := byCheck[c]
		if n.Fail+n.Exception+n.NotTested+n.Manual == 0 {
			continue
		}
		d := details[c]
		d.Check, d.References, d.Counts, d.FailingN, d.Expected = k, f.refs[k.ID], n, n.Fail, k.Expect
		out = append(out, d)
	}
	rank := []check.Severity{check.Critical, check.High, check.Medium, check.Low}
	slices.SortFunc(out, func(a, b report.Finding) int {
		return cmp.Or(cmp.Compare(slices.Index(rank, a.Check.Severity), slices.Index(rank, b.Check.Severity)),
			cmp.Compare(b.FailingN, a.FailingN), cmp.Compare(a.Check.ID, b.Check.ID))
	})
	for i := range out {
		out[i].Number = fmt.Sprintf("F-%03d", i+1)
	}
	return out
}

// references fills the statuses and what is above them.
func (f *fleet) references(a *report.Assessment, byCheck []control.Counts) {
	byObjective, byCategory := map[string]*control.ObjectiveStatus{}, map[string]*control.CategoryStatus{}
	for _, s := range references {
		s.Objective = objectives[s.Reference.Objective]
		s.Category = categories[s.Objective.Category]
		f.status(&s, byCheck)
		a.Controls = append(a.Controls, s)
		if len(s.Checks) == 0 {
			continue
		}
		o := byObjective[s.Objective.ID]
		if o == nil {
			o = &control.ObjectiveStatus{Objective: s.Objective, Category: s.Category}
			byObjective[s.Objective.ID] = o
		}
		o.References = append(o.References, s.Reference.ID)
		o.Checks += len(s.Checks)
		o.Counts.Merge(s.Counts)
		c := byCategory[s.Category.ID]
		if c == nil {
			c = &control.CategoryStatus{Category: s.Category}
			byCategory[s.Category.ID] = c
		}
		c.References++
		c.Checks += len(s.Checks)
		c.Counts.Merge(s.Counts)
	}
	for _, o := range byObjective {
		a.Objectives = append(a.Objectives, *o)
	}
	slices.SortFunc(a.Objectives, func(x, y control.ObjectiveStatus) int { return cmp.Compare(x.Objective.ID, y.Objective.ID) })
	for _, c := range byCategory {
		a.Categories = append(a.Categories, *c)
	}
	slices.SortFunc(a.Categories, func(x, y control.CategoryStatus) int { return cmp.Compare(x.Category.ID, y.Category.ID) })
}

// status fills one reference from its checks and hosts.
func (f *fleet) status(s *control.Status, byCheck []control.Counts) {
	id := s.Reference.ID
	s.Coverage, s.Manual = control.ManualOnly, []string{"Training records: who was trained in what, and when.", "Content of the training against the policy."}
	for c, k := range f.checks {
		if slices.Contains(f.refs[k.ID], id) {
			s.Checks = append(s.Checks, k.ID)
			s.Counts.Merge(byCheck[c])
			if byCheck[c].Fail+byCheck[c].Exception > 0 {
				s.Findings++
			}
		}
	}
	if len(s.Checks) == 0 {
		return
	}
	s.Coverage, s.Manual = control.Partial, []string{"Approval of each account by its owner, for a sample.", "Removal on leaving: compare with the list of leavers."}
	if id == "09.af" {
		s.Coverage, s.Manual = control.Automated, nil
	}
	for h := range f.hosts {
		n := f.hosts[h].ByReference[id]
		if n.Judged()+n.Manual > 0 {
			s.HostsInScope++
		}
		if n.Judged() > 0 && n.Pass == n.Judged() {
			s.HostsAllPass++
		}
	}
}
