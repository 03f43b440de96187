package check

import (
	"slices"
	"strings"

	"github.com/fleetaudit/fleetaudit/inventory"
	"github.com/fleetaudit/fleetaudit/probes/fact"
)

// Evaluate judges a host: one finding for every check of its platform, in id order, whatever could be read. A host whose platform
// is not known gets one for every check. It may be called from many goroutines at once.
func (lib *Library) Evaluate(s Subject, facts fact.Set) []Finding {
	j := &judge{subject: s, facts: facts, baseline: lib.values}
	findings := make([]Finding, 0, len(lib.checks))
	for _, c := range lib.checks {
		if s.Platform == inventory.PlatformUnknown || c.Platform == s.Platform {
			findings = append(findings, j.judge(c))
		}
	}
	return findings
}

// judge holds what one host is judged by.
type judge struct {
	subject  Subject
	facts    fact.Set
	baseline map[string]any
}

func (j *judge) judge(c *compiled) Finding {
	f := Finding{Check: c.ID, Expected: c.expected, Evidence: j.evidence(c)}
	s := situation{unreached: j.subject.Unreached, manual: c.Manual, absent: c.Absent}
	if s.unreached == "" {
		j.applies(c, &s)
	}
	if s.unreached != "" || s.appliesOpen != "" || s.notApplicable != "" {
		f.Result, f.Reason = decide(&s)
		return f
	}
	observed := c.observe.eval(j.value)
	text, problem := j.observed(c.observe, observed)
	f.Observed = text
	if c.Manual {
		j.settle(c.observe, observed, &s)
	} else {
		j.settle(c.assert, c.assert.eval(j.value), &s)
	}
	f.Result, f.Reason = decide(&s)
	if f.Reason == "" && problem != "" {
		f.Reason = "observed value: " + problem
	}
	return f
}

// applies tells whether the check is for this host, from the inventory and the platform alone.
func (j *judge) applies(c *compiled, s *situation) {
	if c.applies == nil {
		return
	}
	out := c.applies.eval(j.value)
	yes, isBool := out.value.(bool)
	switch {
	case len(out.unknown) > 0:
		s.appliesOpen = "cannot tell whether the check applies: " + out.unknown[0] + " is not known"
	case out.err != nil:
		s.appliesOpen = "cannot tell whether the check applies: " + out.err.Error()
	case !isBool:
		s.appliesOpen = "cannot tell whether the check applies: " + errNotBool.Error()
	case !yes:
		s.notApplicable = c.NotApplies
	}
}

// settle fills in what evaluating x gave.
func (j *judge) settle(x *expression, out outcome, s *situation) {
	switch {
	case out.err != nil:
		s.failure = notUnderstood(out.err.Error())
		return
	case len(out.unknown) == 0:
		value, isBool := out.value.(bool)
		s.holds = value
		if !isBool && !s.manual {
			s.failure = notUnderstood(errNotBool.Error())
		}
		s.noEvidence = j.noEvidence(x)
		return
	}
	s.unsettled = true
	for _, v := range x.vars {
		state, why := j.state(v)
		decides := slices.Contains(out.unknown, v.name)
		switch {
		case state == unread && decides && s.unread == "":
			s.unread = why
		case state == unread && s.otherwise == "":
			s.otherwise = why
		case state == absent && decides && s.missing == "":
			s.missing = v.name
		}
	}
	if s.otherwise == "" && out.hidden != nil {
		s.otherwise = notUnderstood(out.hidden.Error())
	}
}

func notUnderstood(why string) string {
	return string(fact.ProblemNotUnderstood) + ": " + strings.TrimSpace(why)
}

// noEvidence says why when not one fact of an expression was read: then inventory alone would give the verdict.
func (j *judge) noEvidence(x *expression) string {
	reason := ""
	for _, v := range x.vars {
		if v.probe == "" {
			continue
		}
		state, why := j.state(v)
		if state == known {
			return ""
		}
		if reason == "" {
			reason = why
		}
	}
	return reason
}

// state says of a variable whether its value is known.
type state int

const (
	known state = iota
	absent
	unread
)

// value looks a variable up for an evaluation.
func (j *judge) value(v *variable) (any, bool) {
	switch v.root {
	case "":
		value, st, _ := j.fact(v)
		return value, st == known
	case "baseline":
		value, ok := j.baseline[v.name]
		return value, ok
	}
	value, ok := j.subject.Values[v.name]
	return value, ok
}

// state tells why a variable has no value.
func (j *judge) state(v *variable) (state, string) {
	if v.root != "" {
		if _, ok := j.value(v); !ok {
			return unread, v.name + " is not known"
		}
		return known, ""
	}
	_, st, why := j.fact(v)
	return st, why
}

// fact looks a fact up. One that is absent was asked for and answered, and is not there; anything short of that is unread.
func (j *judge) fact(v *variable) (any, state, string) {
	a, asked := j.facts[v.probe]
	if !asked {
		return nil, unread, string(fact.ProblemNotAsked) + ": " + v.probe
	}
	if a.ProblemKind != fact.ProblemNone || a.Problem != "" {
		return nil, unread, problemText(a.ProblemKind, a.Problem)
	}
	if v.field == "" {
		if a.Value == nil {
			return nil, unread, notUnderstood(v.probe + " gave no value")
		}
		return a.Value, known, ""
	}
	record, ok := a.Value.(map[string]any)
	if !ok {
		return nil, unread, notUnderstood(v.probe + " gave no record")
	}
	if why, bad := a.Fields[v.field]; bad {
		return nil, unread, notUnderstood(v.name + ": " + why)
	}
	if value := record[v.field]; value != nil {
		return value, known, ""
	}
	return nil, absent, "fact absent: " + v.name
}

// problemText gives class and detail of a problem, the class once.
func problemText(kind fact.ProblemKind, detail string) string {
	switch {
	case detail == "":
		return string(kind)
	case kind == fact.ProblemNone || strings.HasPrefix(detail, string(kind)):
		return detail
	}
	return string(kind) + ": " + detail
}

// evidence gives the ids of the items that the check's probes rest on.
func (j *judge) evidence(c *compiled) []string {
	var ids []string
	for _, probe := range c.Probes {
		if a, ok := j.facts[probe]; ok && a.Evidence != "" {
			ids = append(ids, a.Evidence)
		}
	}
	return ids
}

// observed renders what was seen. A fact that could not be read shows nothing, and the second result says why.
func (j *judge) observed(x *expression, out outcome) (text, problem string) {
	if out.err != nil {
		return "", notUnderstood(out.err.Error())
	}
	if len(out.unknown) == 0 {
		if why := j.noEvidence(x); why != "" {
			return "", why
		}
		return render(out.value), ""
	}
	for _, v := range x.vars {
		if st, why := j.state(v); st == unread {
			return "", why
		}
	}
	return notSet, ""
}
