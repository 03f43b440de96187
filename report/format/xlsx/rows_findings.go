package xlsx

import (
	"fmt"
	"strings"

	"github.com/fleetaudit/fleetaudit/report"
	"github.com/fleetaudit/fleetaudit/report/control"
	"github.com/fleetaudit/fleetaudit/report/format"
)

// findingRows are the checks that did not pass everywhere, gravest first.
func findingRows() rowSource {
	type row = report.Finding
	return source[row]{
		rows:  func(e *env) rowsOf[row] { return slice(e.a.Findings) },
		most:  func(e *env) int { return len(e.a.Findings) },
		links: 4,
		key:   func(r *row) string { return r.Check.ID },
		fields: map[string]func(*env, *row) any{
			"number":    func(_ *env, r *row) any { return r.Number },
			"title":     func(_ *env, r *row) any { return r.Check.Title },
			"check":     func(_ *env, r *row) any { return r.Check.ID },
			"result":    func(_ *env, r *row) any { return string(r.Counts.Worst()) },
			"severity":  func(_ *env, r *row) any { return string(r.Check.Severity) },
			"reference": func(_ *env, r *row) any { return referenceLink(r.References) },
			"failing":   func(_ *env, r *row) any { return failingLink(r) },
			"share":     func(_ *env, r *row) any { return known(failShare(r.Counts)) },
			"tested":    func(_ *env, r *row) any { return tested(r.Counts) },
			"expected":  func(_ *env, r *row) any { return or(r.Expected, r.Check.Expect) },
			"observed":  func(_ *env, r *row) any { return r.Observed },
			"hosts":     func(_ *env, r *row) any { return affected(r) },
			"evidence":  func(_ *env, r *row) any { return link{r.Evidence, "evidence", r.Evidence} },
			"method":    func(_ *env, r *row) any { return methodLink(r.Check.Probes) },
			"why":       func(_ *env, r *row) any { return strings.TrimSpace(r.Check.Why) },
			"remediate": func(_ *env, r *row) any { return strings.TrimSpace(r.Check.Remediate) },
			"impact":    func(_ *env, r *row) any { return strings.TrimSpace(r.Check.Impact) },
			"standards": func(_ *env, r *row) any { return strings.Join(r.Check.Standards, ", ") },
			"key":       func(_ *env, r *row) any { return r.Check.ID },
		},
	}
}

func referenceLink(refs []string) any {
	if len(refs) == 0 {
		return nil
	}
	return link{strings.Join(refs, ", "), "controls", refs[0]}
}

// failingLink is the number of failing hosts, leading to the result of the first.
func failingLink(f *report.Finding) any {
	if len(f.Failing) == 0 {
		return 0
	}
	return link{f.FailingN, "results", resultKey(f.Check.ID, f.Failing[0])}
}

func methodLink(probes []string) any {
	if len(probes) == 0 {
		return nil
	}
	return link{strings.Join(probes, ", "), "methods", probes[0]}
}

// failShare is the failing hosts of the tested ones; a failure under a waiver is a failure.
func failShare(c control.Counts) format.Share {
	n := c.Fail + c.Exception
	return format.Share{N: n, D: c.Pass + n, Tested: c.Pass + n}
}

// tested is the share as text, with what it holds and what it leaves out.
func tested(c control.Counts) string {
	s := "none tested"
	if share := failShare(c); share.Known() {
		s = share.Text()
	}
	for _, left := range []struct {
		n    int
		word string
	}{{c.Exception, "under a waiver"}, {c.NotTested, "not tested"}, {c.Manual, "for a person"}} {
		if left.n > 0 {
			s += fmt.Sprintf("; %s %s", number(left.n), left.word)
		}
	}
	return s
}

// affected names the first failing hosts.
func affected(f *report.Finding) string {
	s := strings.Join(f.Failing, ", ")
	if more := f.FailingN - len(f.Failing); more > 0 {
		s += fmt.Sprintf(" and %s more", number(more))
	}
	return s
}

// known is the fraction of a share, and nothing where nothing was tested: no 0 % and no 100 % without a test.
func known(s format.Share) any {
	if !s.Known() {
		return nil
	}
	return s.Fraction()
}
