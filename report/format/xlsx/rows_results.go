package xlsx

import (
	"iter"
	"strconv"
	"strings"
	"time"

	"github.com/fleetaudit/fleetaudit/report"
	"github.com/fleetaudit/fleetaudit/report/check"
)

// rowsOf are the rows of a stream.
type rowsOf[T any] = iter.Seq2[T, error]

// resultKey is the key of a result: the same in every run.
func resultKey(checkID, host string) string { return checkID + "@" + host }

// resultRows are the results, one for each host and check. Where they do not fit, PASS and N/A are left out, which the sheet says.
func resultRows() rowSource {
	type row = report.ResultRow
	return source[row]{
		rows:  openResults,
		most:  resultCount,
		links: 1,
		key:   func(r *row) string { return resultKey(r.Check, r.Host) },
		fields: map[string]func(*env, *row) any{
			"host":       func(_ *env, r *row) any { return r.Host },
			"system":     func(_ *env, r *row) any { return r.System },
			"check":      func(_ *env, r *row) any { return r.Check },
			"title":      func(_ *env, r *row) any { return r.Title },
			"result":     func(_ *env, r *row) any { return string(r.Result) },
			"severity":   func(_ *env, r *row) any { return string(r.Severity) },
			"references": func(_ *env, r *row) any { return strings.Join(r.References, ", ") },
			"expected":   func(_ *env, r *row) any { return r.Expected },
			"observed":   func(_ *env, r *row) any { return r.Observed },
			"reason":     func(_ *env, r *row) any { return r.Reason },
			"evidence":   func(_ *env, r *row) any { return evidenceLink(r.Evidence) },
			"items":      func(_ *env, r *row) any { return strings.Join(r.Evidence, ", ") },
			"collected":  func(_ *env, r *row) any { return r.Collected },
			"key":        func(_ *env, r *row) any { return r.Key },
		},
	}
}

// openResults yields the results that the sheet lists.
func openResults(e *env) rowsOf[report.ResultRow] {
	all := e.a.Streams.Results()
	if !e.openOnly {
		return all
	}
	return func(yield func(report.ResultRow, error) bool) {
		for r, err := range all {
			if err == nil && (r.Result == check.Pass || r.Result == check.NA) {
				continue
			}
			if !yield(r, err) {
				return
			}
		}
	}
}

// resultCount is how many results the sheet lists.
func resultCount(e *env) int {
	if e.openOnly {
		return e.a.Totals.Total() - e.a.Totals.Pass - e.a.Totals.NA
	}
	return e.a.Totals.Total()
}

// resultsNote says which results the sheet lists.
func (e *env) resultsNote() string {
	if e.openOnly {
		return "All " + number(e.a.Totals.Total()) + " results do not fit into a sheet. PASS and N/A are left out: " + number(resultCount(e)) + " rows."
	}
	return "Every host and check has a row: " + number(resultCount(e)) + " rows."
}

// evidenceLink shows the first item that a result rests on, and how many more there are, and leads to it.
func evidenceLink(ids []string) any {
	if len(ids) == 0 {
		return nil
	}
	shown := ids[0]
	if len(ids) > 1 {
		shown += " +" + strconv.Itoa(len(ids)-1)
	}
	return link{shown, "evidence", ids[0]}
}

// evidenceRows are the items, one for each probe and host.
func evidenceRows() rowSource {
	type row = report.EvidenceRow
	return source[row]{
		rows:  func(e *env) rowsOf[row] { return e.a.Streams.Evidence() },
		most:  func(e *env) int { return e.a.Hosts.Declared * len(e.a.Methods) },
		links: 1,
		key:   func(r *row) string { return r.ID },
		fields: map[string]func(*env, *row) any{
			"id":        func(_ *env, r *row) any { return r.ID },
			"host":      func(_ *env, r *row) any { return r.Host },
			"collected": func(_ *env, r *row) any { return r.Collected },
			"probe":     func(_ *env, r *row) any { return link{r.Probe, "methods", r.Probe} },
			"command":   func(_ *env, r *row) any { return strings.TrimRight(r.Command, "\n") },
			"run_as":    func(_ *env, r *row) any { return r.RunAs },
			"outcome":   func(_ *env, r *row) any { return outcome(r) },
			"exit":      func(_ *env, r *row) any { return exit(r.Exit) },
			"ms":        func(_ *env, r *row) any { return int(r.Duration / time.Millisecond) },
			"bytes":     func(_ *env, r *row) any { return int(r.Bytes) },
			"excerpt":   func(_ *env, r *row) any { return strings.TrimRight(r.Excerpt, "\n") },
			"sha256":    func(_ *env, r *row) any { return r.SHA256 },
			"file":      func(_ *env, r *row) any { return r.File },
			"key":       func(_ *env, r *row) any { return r.ID },
		},
	}
}

// outcome says how the asking ended; a cut answer says so, for its facts were not used.
func outcome(r *report.EvidenceRow) string {
	if r.Truncated {
		return r.Outcome + ", cut at the limit"
	}
	return r.Outcome
}

func exit(status int) any {
	if status < 0 {
		return nil
	}
	return status
}
