package control

import (
	"slices"

	"github.com/fleetaudit/fleetaudit/report/check"
)

// Rollup adds up findings, host by host, into the status of every control reference, objective and category. It keeps counters only:
// its memory does not grow with the fleet. It is for one goroutine.
type Rollup struct {
	fw         *Framework
	total      Counts
	checks     map[string]*Counts
	references []tally
	objectives []Counts
	categories []Counts
	places     map[string]places // check id -> what it counts in
	host       []Counts          // counts of the host being added, by reference; kept between hosts to spare memory
	touched    []int             // indexes of host that are not zero
}

// tally is what is kept of a reference.
type tally struct {
	counts           Counts
	allPass, inScope int
}

// places are the indexes of what a check counts in, each once.
type places struct{ references, objectives, categories []int }

// NewRollup starts with nothing counted. checks are those that are judged, so that a check that never yields a finding is still shown
// with its zero counts.
func NewRollup(fw *Framework, checks []*check.Check) *Rollup {
	r := &Rollup{
		fw:         fw,
		checks:     make(map[string]*Counts, len(checks)),
		references: make([]tally, len(fw.Controls)),
		objectives: make([]Counts, len(fw.Objectives)),
		categories: make([]Counts, len(fw.Categories)),
		places:     make(map[string]places, len(checks)),
		host:       make([]Counts, len(fw.Controls)),
	}
	for _, c := range checks {
		r.checks[c.ID] = new(Counts)
		r.places[c.ID] = fw.placesOf(c.ID)
	}
	return r
}

func (f *Framework) placesOf(checkID string) places {
	var p places
	for _, id := range f.byCheck[checkID] {
		i := f.references[id]
		o, c := f.parents(f.Controls[i])
		p.references = append(p.references, i)
		p.objectives = addOnce(p.objectives, f.objectives[o.ID])
		p.categories = addOnce(p.categories, f.categories[c.ID])
	}
	return p
}

// addOnce appends an index unless it is there.
func addOnce(to []int, i int) []int {
	if slices.Contains(to, i) {
		return to
	}
	return append(to, i)
}

// Add counts all findings of one host. Findings of checks that were not given to NewRollup count in the total alone.
func (r *Rollup) Add(findings []check.Finding) {
	for _, f := range findings {
		r.total.Add(f.Result)
		if c := r.checks[f.Check]; c != nil {
			c.Add(f.Result)
		}
		p := r.places[f.Check]
		for _, i := range p.references {
			if r.host[i] == (Counts{}) {
				r.touched = append(r.touched, i)
			}
			r.host[i].Add(f.Result)
		}
		for _, i := range p.objectives {
			r.objectives[i].Add(f.Result)
		}
		for _, i := range p.categories {
			r.categories[i].Add(f.Result)
		}
	}
	for _, i := range r.touched {
		h := r.host[i]
		t := &r.references[i]
		t.counts.Merge(h)
		if h.InScope() {
			t.inScope++
		}
		if h.AllPass() {
			t.allPass++
		}
		r.host[i] = Counts{}
	}
	r.touched = r.touched[:0]
}

// InScope says whether anything applies: a host on which every check is N/A is not in scope; one that was not tested is.
func (c Counts) InScope() bool { return c.Judged()+c.Manual > 0 }

// AllPass says whether everything judged passes and something was judged.
func (c Counts) AllPass() bool { return c.Pass > 0 && c.Pass == c.Judged() }

// Total gives the counts of all results.
func (r *Rollup) Total() Counts { return r.total }

// Check gives the counts of one check.
func (r *Rollup) Check(id string) Counts {
	if c := r.checks[id]; c != nil {
		return *c
	}
	return Counts{}
}

// Statuses gives every control reference in CSF order, those without checks too.
func (r *Rollup) Statuses() []Status {
	out := make([]Status, len(r.fw.Controls))
	for i, ref := range r.fw.Controls {
		m, t := r.fw.Mappings[i], r.references[i]
		s := Status{Reference: ref, Domains: m.Domains, Coverage: m.Coverage, Manual: m.Manual, Checks: m.Checks,
			Counts: t.counts, HostsAllPass: t.allPass, HostsInScope: t.inScope}
		s.Objective, s.Category = r.fw.parents(ref)
		for _, id := range m.Checks {
			if c := r.Check(id); c.Fail+c.Exception > 0 {
				s.Findings++
			}
		}
		out[i] = s
	}
	return out
}

// Objectives gives the objectives that have mapped checks, in CSF order.
func (r *Rollup) Objectives() []ObjectiveStatus {
	var out []ObjectiveStatus
	for i, o := range r.fw.Objectives {
		s := ObjectiveStatus{Objective: o, Category: r.fw.Categories[r.fw.categories[o.Category]], Counts: r.objectives[i]}
		checks := map[string]bool{}
		for j, ref := range r.fw.Controls {
			if ref.Objective != o.ID {
				continue
			}
			s.References = append(s.References, ref.ID)
			for _, c := range r.fw.Mappings[j].Checks {
				checks[c] = true
			}
		}
		if s.Checks = len(checks); s.Checks > 0 {
			out = append(out, s)
		}
	}
	return out
}

// Categories gives the categories that have mapped checks, in CSF order.
func (r *Rollup) Categories() []CategoryStatus {
	all := make([]CategoryStatus, len(r.fw.Categories))
	checks := make([]map[string]bool, len(all))
	for i, c := range r.fw.Categories {
		all[i] = CategoryStatus{Category: c, Counts: r.categories[i]}
		checks[i] = map[string]bool{}
	}
	for j, ref := range r.fw.Controls {
		_, c := r.fw.parents(ref)
		i := r.fw.categories[c.ID]
		if len(r.fw.Mappings[j].Checks) > 0 {
			all[i].References++
		}
		for _, id := range r.fw.Mappings[j].Checks {
			checks[i][id] = true
		}
	}
	var out []CategoryStatus
	for i, c := range all {
		if c.Checks = len(checks[i]); c.Checks > 0 {
			out = append(out, c)
		}
	}
	return out
}

// ByReference counts one host's findings by control reference; a reference that none of them speaks to is not in it.
func (f *Framework) ByReference(findings []check.Finding) map[string]Counts {
	out := map[string]Counts{}
	for _, fi := range findings {
		for _, id := range f.byCheck[fi.Check] {
			c := out[id]
			c.Add(fi.Result)
			out[id] = c
		}
	}
	return out
}
