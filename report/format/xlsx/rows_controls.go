package xlsx

import (
	"fmt"
	"slices"
	"strings"

	"github.com/fleetaudit/fleetaudit/report/control"
	"github.com/fleetaudit/fleetaudit/report/format"
)

// controlRows are the control references: those that checks speak to, then those that remain with a person alone.
func controlRows() rowSource {
	type row = control.Status
	count := func(get func(*control.Counts) int) func(*env, *row) any {
		return func(_ *env, r *row) any { return counted(r, get(&r.Counts)) }
	}
	return source[row]{
		rows:  func(e *env) rowsOf[row] { return slice(controlOrder(e.a.Controls)) },
		most:  func(e *env) int { return len(e.a.Controls) },
		links: 1,
		key:   func(r *row) string { return r.Reference.ID },
		fields: map[string]func(*env, *row) any{
			"reference": func(_ *env, r *row) any { return r.Reference.ID },
			"title":     func(_ *env, r *row) any { return titled(r.Reference.Title, r.Reference.TitleSource) },
			"objective": func(_ *env, r *row) any {
				return r.Objective.ID + " " + titled(r.Objective.Title, r.Objective.TitleSource)
			},
			"category":     func(_ *env, r *row) any { return r.Category.ID + " " + r.Category.Title },
			"domains":      func(e *env, r *row) any { return domains(e, r.Domains) },
			"coverage":     func(_ *env, r *row) any { return string(r.Coverage) },
			"checks":       func(_ *env, r *row) any { return len(r.Checks) },
			"pass":         count(func(c *control.Counts) int { return c.Pass }),
			"fail":         count(func(c *control.Counts) int { return c.Fail }),
			"exception":    count(func(c *control.Counts) int { return c.Exception }),
			"not_tested":   count(func(c *control.Counts) int { return c.NotTested }),
			"manual":       count(func(c *control.Counts) int { return c.Manual }),
			"na":           count(func(c *control.Counts) int { return c.NA }),
			"host_share":   func(_ *env, r *row) any { return known(format.HostShare(r)) },
			"host_nd":      func(_ *env, r *row) any { return shareText(r, format.HostShare(r)) },
			"result_share": func(_ *env, r *row) any { return known(format.ResultShare(r.Counts)) },
			"result_nd":    func(_ *env, r *row) any { return shareText(r, format.ResultShare(r.Counts)) },
			"band":         func(_ *env, r *row) any { return or(format.HostShare(r).Band(), "–") },
			"remains":      func(_ *env, r *row) any { return bullets(r.Manual) },
			"findings":     findingsLink,
			"key":          func(_ *env, r *row) any { return r.Reference.ID },
		},
	}
}

// controlOrder puts the references without a check below the others, both in CSF order.
func controlOrder(all []control.Status) []control.Status {
	out := make([]control.Status, 0, len(all))
	for _, manual := range []bool{false, true} {
		for i := range all {
			if (len(all[i].Checks) == 0) == manual {
				out = append(out, all[i])
			}
		}
	}
	return out
}

// counted is a number of results, and nothing for a reference without a check: a 0 would look like a result.
func counted(r *control.Status, n int) any {
	if len(r.Checks) == 0 {
		return nil
	}
	return n
}

func shareText(r *control.Status, s format.Share) string {
	if len(r.Checks) == 0 {
		return "no check"
	}
	return s.Text()
}

// bullets is one item a line, marked where there are several.
func bullets(items []string) string {
	if len(items) < 2 {
		return strings.Join(items, "")
	}
	return "• " + strings.Join(items, "\n• ")
}

// titled is a title, marked where it has not been compared with a licensed copy of the CSF.
func titled(title, source string) string {
	if source == control.TitleUnverified {
		return title + " (title unverified)"
	}
	return title
}

// domains names assessment domains, one a line.
func domains(e *env, numbers []int) string {
	var lines []string
	for _, n := range numbers {
		lines = append(lines, strings.TrimSpace(fmt.Sprintf("%02d %s", n, e.domains[n])))
	}
	return strings.Join(lines, "\n")
}

// findingsLink is the number of findings, leading to the first of them.
func findingsLink(e *env, r *control.Status) any {
	if len(r.Checks) == 0 {
		return nil
	}
	for i := range e.a.Findings {
		f := &e.a.Findings[i]
		if f.Counts.Fail+f.Counts.Exception == 0 {
			continue
		}
		if slices.Contains(f.References, r.Reference.ID) {
			return link{r.Findings, "findings", f.Check.ID}
		}
	}
	return r.Findings
}
