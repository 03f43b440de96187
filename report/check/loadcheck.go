package check

import (
	"errors"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// Limits of what an author writes, in characters. An assertion that needs more lacks a fact.
const (
	maxTitle  = 75
	maxAssert = 160
)

var checkKeys = []string{
	"id", "title", "severity", "applies", "not_applies", "assert", "observe", "expect", "absent", "manual",
	"why", "remediate", "impact", "standards", "cases",
}

var (
	checkID     = regexp.MustCompile(`^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$`)
	placeholder = regexp.MustCompile(`\{baseline\.([A-Za-z0-9_]*)\}`)
)

// fields is a check's mapping by key.
type fields map[string]entry

// node gives where a key stands, or def when it does not.
func (f fields) node(key string, def ast.Node) ast.Node {
	if e, ok := f[key]; ok {
		return e.at
	}
	return def
}

// check reads, lints and compiles one check. It always gives one; errors go to the document.
func (ld *loader) check(d *document, n ast.Node) *compiled {
	c := &compiled{Check: &Check{Pos: d.pos(n)}}
	f := fields{}
	d.id = d.peek(n, "id")
	for _, e := range d.entries(n, "check", checkKeys...) {
		f[e.key] = e
	}
	if e, ok := f["id"]; ok {
		c.ID = d.text(e)
	}
	ld.texts(d, c, f, n)
	ld.lint(d, c, f, n)
	ld.expressions(d, c, f, n)
	ld.expect(d, c, f)
	if e, ok := f["cases"]; ok {
		for _, cn := range d.elements(e.value, "cases") {
			c.Cases = append(c.Cases, ld.readCase(d, cn))
		}
		lintCases(d, c.Check, e.at)
	}
	return c
}

// texts reads what is not an expression and demands what must be there.
func (ld *loader) texts(d *document, c *compiled, f fields, n ast.Node) {
	targets := map[string]*string{
		"title": &c.Title, "applies": &c.Applies, "not_applies": &c.NotApplies, "assert": &c.Assert, "observe": &c.Observe,
		"expect": &c.Expect, "why": &c.Why, "remediate": &c.Remediate, "impact": &c.Impact,
		"severity": (*string)(&c.Severity), "absent": (*string)(&c.Absent),
	}
	for _, key := range checkKeys {
		if e, ok := f[key]; ok && targets[key] != nil {
			*targets[key] = d.text(e)
		}
	}
	if e, ok := f["manual"]; ok {
		c.Manual = d.boolean(e)
	}
	if e, ok := f["standards"]; ok {
		c.Standards = d.texts(e)
	}
	required := []string{"id", "title", "severity", "observe", "expect", "why", "remediate", "impact", "standards", "cases"}
	if !c.Manual {
		required = append(required, "assert")
	}
	for _, key := range required {
		if _, ok := f[key]; !ok {
			d.errorf(n, "%s is missing", key)
		}
	}
}

func (ld *loader) lint(d *document, c *compiled, f fields, n ast.Node) {
	if c.ID != "" && !checkID.MatchString(c.ID) {
		d.errorf(f["id"].at, "an id is topic.name in lower case letters, digits and _")
	}
	if utf8.RuneCountInString(c.Title) > maxTitle {
		d.errorf(f["title"].at, "the title has %d characters, at most %d are allowed", utf8.RuneCountInString(c.Title), maxTitle)
	}
	if utf8.RuneCountInString(c.Assert) > maxAssert {
		d.errorf(f["assert"].at, "the assertion has %d characters, at most %d are allowed: let a probe give a better fact", utf8.RuneCountInString(c.Assert), maxAssert)
	}
	if severities := []Severity{Low, Medium, High, Critical}; c.Severity != "" && !slices.Contains(severities, c.Severity) {
		d.errorf(f["severity"].at, "severity %q: low, medium, high or critical is expected", c.Severity)
	}
	if _, ok := f["absent"]; ok && c.Absent != AbsentPass && c.Absent != AbsentFail && c.Absent != AbsentNA {
		d.errorf(f["absent"].at, "absent %q: pass, fail or na is expected", c.Absent)
	}
	if _, ok := f["assert"]; ok && c.Manual {
		d.errorf(f["assert"].at, "a manual check has no assert: a person judges what observe shows")
	}
	if c.Manual && c.Absent != AbsentUnset {
		d.errorf(f["absent"].at, "a manual check has no absent: a person judges what observe shows")
	}
	if (c.Applies == "") != (c.NotApplies == "") {
		d.errorf(f.node("applies", f.node("not_applies", n)), "applies and not_applies go together: the reason is shown for N/A")
	}
	if e, ok := f["standards"]; ok && len(c.Standards) == 0 {
		d.errorf(e.at, "standards is empty: name at least one")
	}
}

// expressions compiles applies, assert and observe and derives which probes they need.
func (ld *loader) expressions(d *document, c *compiled, f fields, n ast.Node) {
	var err error
	if c.Applies != "" {
		if c.applies, err = ld.lang.condition(ld.lang.subject, c.Applies, false); err != nil {
			d.celError(f["applies"], err, "only host.* and platform.* may be used here, never a fact that is judged")
		}
	}
	if c.Assert != "" && !c.Manual {
		if c.assert, err = ld.lang.condition(ld.lang.all, c.Assert, c.Absent != AbsentUnset); err != nil {
			d.celError(f["assert"], err, "")
		}
	}
	if c.Observe != "" {
		if c.observe, _, err = ld.lang.compile(ld.lang.all, c.Observe, false); err != nil {
			d.celError(f["observe"], err, "")
		}
	}
	c.Probes = probesOf(c.assert, c.observe)
	if c.assert != nil && !c.assert.usesFact() {
		d.errorf(f["assert"].at, "the assertion uses no fact: it would give a verdict without evidence")
	}
	if c.observe != nil && !c.observe.usesFact() {
		d.errorf(f["observe"].at, "observe uses no fact")
	}
	if c.assert != nil && c.Absent != AbsentUnset && c.assert.loops {
		d.errorf(f.node("absent", n), "absent cannot be used with a fact inside the body of a loop: compare it outside")
	}
}

// probesOf gives the ids of the probes whose facts expressions use, sorted.
func probesOf(xs ...*expression) []string {
	var ids []string
	for _, x := range xs {
		if x == nil {
			continue
		}
		for _, v := range x.vars {
			if v.probe != "" && !slices.Contains(ids, v.probe) {
				ids = append(ids, v.probe)
			}
		}
	}
	slices.Sort(ids)
	return ids
}

func (x *expression) usesFact() bool {
	return slices.ContainsFunc(x.vars, func(v *variable) bool { return v.probe != "" })
}

// celError puts an error of an expression at its place in the file, when the expression stands on one line.
func (d *document) celError(e entry, err error, hint string) {
	pos := d.pos(valueOr(e))
	var at *positionError
	if s, ok := e.value.(*ast.StringNode); ok && errors.As(err, &at) && at.line == 1 && at.column > 0 {
		pos.Column += at.column - 1
		if s.Token.Type == token.DoubleQuoteType || s.Token.Type == token.SingleQuoteType {
			pos.Column++
		}
	}
	msg := e.key + ": " + err.Error()
	if hint != "" {
		msg += "\n " + hint
	}
	d.errorAt(pos, "%s", msg)
}

// expect puts the thresholds into the expectation.
func (ld *loader) expect(d *document, c *compiled, f fields) {
	b := ld.lib.baseline
	c.expected = placeholder.ReplaceAllStringFunc(c.Expect, func(m string) string {
		name := placeholder.FindStringSubmatch(m)[1]
		t, ok := b.values[name]
		if !ok {
			d.errorf(f["expect"].at, "expect: the baseline has no value %q%s", name, didYouMean(name, b.names()))
		}
		return t.Text()
	})
	if rest := placeholder.ReplaceAllString(c.Expect, ""); strings.Contains(rest, "{") || strings.Contains(rest, "}") {
		d.errorf(f["expect"].at, "expect: a placeholder is {baseline.name}")
	}
}
