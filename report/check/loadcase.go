package check

import (
	"slices"

	"github.com/goccy/go-yaml/ast"

	"github.com/fleetaudit/fleetaudit/probes/fact"
)

func lintCases(d *document, c *Check, at ast.Node) {
	has := func(r Result) bool {
		return slices.ContainsFunc(c.Cases, func(k Case) bool { return k.Result == r })
	}
	if c.Manual {
		if !has(Manual) {
			d.errorf(at, "cases: at least one that gives MANUAL is expected")
		}
		return
	}
	if !has(Pass) || !has(Fail) {
		d.errorf(at, "cases: at least one that gives PASS and one that gives FAIL are expected")
	}
}

var caseKeys = []string{"name", "facts", "unread", "host", "platform", "baseline", "result", "observed"}

// readCase reads an example and checks it against the declared types.
func (ld *loader) readCase(d *document, n ast.Node) Case {
	k := Case{Facts: map[string]fact.Value{}, Unread: map[string]fact.ProblemKind{}, Host: map[string]any{}, Platform: map[string]string{}, Baseline: map[string]any{}, Pos: d.pos(n)}
	for _, e := range d.entries(n, "case", caseKeys...) {
		switch e.key {
		case "name":
			k.Name = d.text(e)
		case "observed":
			k.Observed = d.text(e)
		case "result":
			k.Result = Result(d.text(e))
			if !slices.Contains([]Result{Pass, Fail, NotTested, NA, Manual}, k.Result) {
				d.errorf(e.at, "result %q: PASS, FAIL, NOT TESTED, N/A or MANUAL is expected", k.Result)
			}
		case "facts":
			ld.caseFacts(d, e, k.Facts)
		case "unread":
			ld.caseUnread(d, e, k.Unread)
		default:
			ld.caseSubject(d, e, &k)
		}
	}
	if k.Result == "" {
		d.errorf(n, "case: result is missing")
	}
	return k
}

func (ld *loader) caseFacts(d *document, e entry, into map[string]fact.Value) {
	for _, p := range d.entries(e.value, "facts") {
		typ, ok := ld.facts[p.key]
		if !ok {
			d.errorf(p.at, "facts: there is no probe %q%s", p.key, didYouMean(p.key, ld.probeIDs()))
			continue
		}
		v, err := fact.Coerce(d.plain(p.value), typ)
		if err != nil {
			d.errorf(valueOr(p), "facts: %s: %v", p.key, err)
			continue
		}
		into[p.key] = v
	}
}

// problems are the words that "unread" takes.
var problems = []fact.ProblemKind{
	fact.ProblemNotPermitted, fact.ProblemFailed, fact.ProblemTimeout, fact.ProblemTruncated, fact.ProblemNotUnderstood, fact.ProblemNotAsked,
}

// caseUnread reads which probes could not be read. A field (topic.name.field) can only be "not understood".
func (ld *loader) caseUnread(d *document, e entry, into map[string]fact.ProblemKind) {
	for _, p := range d.entries(e.value, "unread") {
		kind := fact.ProblemKind(d.text(entry{key: p.key, at: p.at, value: p.value}))
		_, probe := ld.facts[p.key]
		v, field := ld.lang.vars[p.key]
		switch {
		case !probe && (!field || v.field == ""):
			d.errorf(p.at, "unread: there is no probe or field %q%s", p.key, didYouMean(p.key, ld.lang.names))
		case !slices.Contains(problems, kind):
			d.errorf(valueOr(p), "unread: %q: one of %q is expected", kind, problems)
		case !probe && kind != fact.ProblemNotUnderstood:
			d.errorf(valueOr(p), "unread: a field by itself can only be %q", fact.ProblemNotUnderstood)
		}
		into[p.key] = kind
	}
}

// caseSubject reads overrides of host.*, platform.* and baseline.*.
func (ld *loader) caseSubject(d *document, e entry, k *Case) {
	for _, o := range d.entries(e.value, e.key) {
		v, err := normalThreshold(d.plain(o.value))
		name := e.key + "." + o.key
		variable, ok := ld.lang.vars[name]
		if err == nil && ok {
			err = variable.accepts(v)
		}
		switch {
		case !ok:
			d.errorf(o.at, "there is no %s%s", name, didYouMean(name, ld.lang.names))
		case err != nil:
			d.errorf(valueOr(o), "%s: %v", name, err)
		case e.key == "host":
			k.Host[o.key] = v
		case e.key == "platform":
			k.Platform[o.key] = v.(string)
		default:
			k.Baseline[o.key] = v
		}
	}
}

func (ld *loader) probeIDs() []string {
	ids := make([]string, 0, len(ld.facts))
	for id := range ld.facts {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}
