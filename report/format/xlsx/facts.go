package xlsx

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/fleetaudit/fleetaudit/report"
	"github.com/fleetaudit/fleetaudit/report/check"
	"github.com/fleetaudit/fleetaudit/report/control"
	"github.com/fleetaudit/fleetaudit/report/format"
)

// placeholders gives the names that texts of the layout may use, with the values of an empty assessment.
func placeholders() map[string]string {
	return newEnv(&report.Assessment{}, &layout{}, Limits{}.orDefaults()).facts
}

// facts gives the texts that stand for {placeholders} in the layout.
func facts(a *report.Assessment) map[string]string {
	m := map[string]string{}
	runFacts(m, &a.Run)
	countFacts(m, a)
	referenceFacts(m, a.Controls)
	return m
}

func runFacts(m map[string]string, r *report.Run) {
	m["entity"] = orNot(r.Entity)
	m["assessor"] = orNot(r.Assessor)
	m["authority"] = orNot(r.Authority)
	m["fieldwork"] = fieldwork(r.FieldworkFrom, r.FieldworkTo)
	m["operator"] = orNot(r.Operator)
	m["controller"] = orNot(r.Controller)
	m["tool"] = r.Tool
	m["run"] = r.ID
	m["collected"] = period(r.Started, r.Ended)
	m["evaluated"] = minute(r.Evaluated)
	m["manifest"] = r.ManifestSHA256
	m["manifest_short"] = short(r.ManifestSHA256)
	m["bundle"] = r.BundlePath
	m["log_hash"] = r.LogHash
	m["inventory"] = r.Inventory
	m["inventory_sha"] = r.InventorySHA256
	m["catalog_sha"] = r.CatalogSHA256
	m["content_sha"] = r.ContentSHA256
	m["baseline"] = r.Baseline
	m["thresholds"] = number(len(r.BaselineValues))
	m["population"] = population(r)
}

func countFacts(m map[string]string, a *report.Assessment) {
	t, h := a.Totals, a.Hosts
	for name, n := range map[string]int{
		"hosts": h.Declared, "hosts_complete": h.Complete, "hosts_partial": h.Partial, "hosts_untested": h.NotTested,
		"checks": len(a.Checks), "probes": len(a.Methods), "systems": len(a.Systems),
		"results": t.Total(), "judged": t.Judged(), "pass": t.Pass, "fail": t.Fail, "not_tested": t.NotTested, "na": t.NA,
		"manual": t.Manual, "exception": t.Exception, "findings": len(a.Findings), "findings_open": openFindings(a.Findings),
	} {
		m[name] = number(n)
	}
	pass := format.ResultShare(t)
	m["pass_share"], m["pass_nd"] = percent(pass), pass.Text()
	hosts := format.Share{N: h.Complete, D: h.Declared, Tested: h.Complete + h.Partial}
	m["hosts_share"], m["hosts_nd"] = percent(hosts), hosts.Text()
	m["scope"] = fmt.Sprintf("%s declared: %s tested in full, %s in part, %s not tested", plural(h.Declared, "host"),
		number(h.Complete), number(h.Partial), number(h.NotTested))
}

func referenceFacts(m map[string]string, controls []control.Status) {
	var automated, partial, manual, failing int
	for i := range controls {
		switch controls[i].Coverage {
		case control.Automated:
			automated++
		case control.Partial:
			partial++
		case control.ManualOnly:
			manual++
		}
		if controls[i].Findings > 0 {
			failing++
		}
	}
	m["references"] = number(automated + partial)
	m["references_automated"] = number(automated)
	m["references_partial"] = number(partial)
	m["references_manual"] = number(manual)
	m["references_failing"] = number(failing)
}

// openFindings counts the findings that fail somewhere; the others wait for a person or for evidence.
func openFindings(fs []report.Finding) (n int) {
	for i := range fs {
		if fs[i].Counts.Worst() == check.Fail {
			n++
		}
	}
	return n
}

func percent(s format.Share) string {
	if !s.Known() {
		return "–"
	}
	return strconv.FormatFloat(100*s.Fraction(), 'f', 1, 64) + " %"
}

func population(r *report.Run) string {
	if r.PopulationFile == "" {
		return "no independent list was given; the inventory is the list of hosts (" + r.Inventory + ")"
	}
	s := r.PopulationFile
	if r.PopulationSource != "" {
		s = r.PopulationSource + ", " + s
	}
	if r.PopulationCreated != "" {
		s += ", created " + r.PopulationCreated
	}
	if r.PopulationBy != "" {
		s += " by " + r.PopulationBy
	}
	if r.PopulationSHA256 != "" {
		s += " (sha256 " + short(r.PopulationSHA256) + ")"
	}
	return s
}

func fieldwork(from, to string) string {
	switch {
	case from == "" && to == "":
		return "not stated"
	case to == "":
		return "from " + from
	case from == "":
		return "to " + to
	}
	return from + " to " + to
}

func period(from, to time.Time) string {
	switch {
	case from.IsZero():
		return "not known"
	case to.IsZero():
		return minute(from)
	case from.UTC().Format(time.DateOnly) == to.UTC().Format(time.DateOnly):
		return from.UTC().Format("2006-01-02 15:04") + " to " + to.UTC().Format("15:04") + " UTC"
	}
	return from.UTC().Format("2006-01-02 15:04") + " to " + minute(to)
}

func minute(t time.Time) string {
	if t.IsZero() {
		return "not known"
	}
	return t.UTC().Format("2006-01-02 15:04") + " UTC"
}

func orNot(s string) string {
	if s == "" {
		return "not stated"
	}
	return s
}

// short is the beginning of a hash, marked as such.
func short(hash string) string {
	if len(hash) > 16 {
		return hash[:16] + "…"
	}
	return hash
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return number(n) + " " + noun + "s"
}

// number groups thousands: 12,345.
func number(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// fill replaces the placeholders of a text.
func fill(text string, facts map[string]string) string {
	return placeholder.ReplaceAllStringFunc(text, func(p string) string {
		if v, ok := facts[strings.Trim(p, "{}")]; ok {
			return v
		}
		return p
	})
}
