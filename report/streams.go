package report

import (
	"bytes"
	"fmt"
	"iter"

	"github.com/fleetaudit/fleetaudit/probes/evidence"
	"github.com/fleetaudit/fleetaudit/report/check"
)

// Limits of an evidence row's excerpt. The full text is in the pack.
const (
	excerptLines = 20
	excerptBytes = 2000
)

// streams reads everything again each time it is asked for, so that nothing that grows with the fleet is kept. results is the SHA-256
// of results.jsonl.
func (o Options) streams(results string) Streams {
	return Streams{
		Hosts:    func() iter.Seq2[HostRow, error] { return o.hostRows(results) },
		Results:  func() iter.Seq2[ResultRow, error] { return o.resultRows(results) },
		Evidence: o.evidenceRows,
		Log:      o.logRows,
		Files:    func() iter.Seq2[FileRow, error] { return o.fileRows(results) },
	}
}

func (o Options) resultRows(results string) iter.Seq2[ResultRow, error] {
	return func(yield func(ResultRow, error) bool) {
		for line, err := range readResults(o.Bundle, results) {
			row := ResultRow{Host: line.Host, System: line.System, Check: line.Check, Severity: line.Severity, Result: line.Result,
				Reason: line.Reason, References: line.References, Expected: line.Expected, Observed: line.Observed,
				Evidence: line.Evidence, Collected: line.Collected, Key: line.Check + "@" + line.Host}
			if c, ok := o.Library.Lookup(line.Check); ok {
				row.Title = c.Title
			}
			if !yield(row, err) || err != nil {
				return
			}
		}
	}
}

// hostRows joins the packs with the results: both come in name order.
func (o Options) hostRows(results string) iter.Seq2[HostRow, error] {
	return func(yield func(HostRow, error) bool) {
		next, stop := iter.Pull2(readResults(o.Bundle, results))
		defer stop()
		line, err, more := next()
		for a, answerErr := range o.Bundle.Answers() {
			if answerErr != nil {
				yield(HostRow{}, answerErr)
				return
			}
			var findings []check.Finding
			for more && err == nil && line.Host == a.Host.Name {
				findings = append(findings, check.Finding{Check: line.Check, Result: line.Result})
				line, err, more = next()
			}
			if err != nil {
				yield(HostRow{}, err)
				return
			}
			if !yield(o.hostRow(&a.Host, findings), nil) {
				return
			}
		}
		if more {
			yield(HostRow{}, fmt.Errorf("%s: host %q is not in the bundle: %w", resultsFile, line.Host, ErrResultsChanged))
		}
	}
}

func (o Options) hostRow(h *evidence.HostRecord, findings []check.Finding) HostRow {
	row := HostRow{
		Name: h.Name, Address: h.Address, System: h.System, Env: h.Env, Zone: h.Zone, Platform: string(platformOf(h)), Roles: h.Roles,
		State: string(h.State), Why: why(h), Duration: h.End.Sub(h.Start), Become: h.Become, KeyTrust: h.KeyTrust,
		Connection: h.Connection, User: h.User, Jump: h.Jump, Recorded: h.Recorded, ID: h.ID, Pack: evidence.PackPath(h.ID),
		ByReference: o.Framework.ByReference(findings),
	}
	if h.HostKey != "" {
		row.HostKey = h.KeyType + " " + h.HostKey
	}
	if h.Header != nil {
		row.Collected = h.Start.UTC()
		row.OS = h.Header.OSRelease["pretty_name"]
		row.Privilege = h.Header.Privilege
		row.Skew, row.SkewKnown = h.Header.Skew, !h.Header.Clock.IsZero()
	}
	for _, f := range findings {
		row.Counts.Add(f.Result)
	}
	return row
}

// why says in one line why a host was not tested completely.
func why(h *evidence.HostRecord) string {
	switch {
	case h.State == evidence.StateComplete:
		return ""
	case h.Reason != "" && h.Detail != "":
		return h.Reason + ": " + h.Detail
	case h.Reason+h.Detail != "":
		return h.Reason + h.Detail
	case h.Header != nil && h.Header.BecomeErr != "":
		return "not permitted: " + h.Header.BecomeErr
	}
	return "no reason was recorded"
}

func (o Options) evidenceRows() iter.Seq2[EvidenceRow, error] {
	return func(yield func(EvidenceRow, error) bool) {
		for a, err := range o.Bundle.Answers() {
			if err != nil {
				yield(EvidenceRow{}, err)
				return
			}
			for i := range a.Items {
				if !yield(evidenceRow(&a.Host, &a.Items[i]), nil) {
					return
				}
			}
		}
	}
}

func evidenceRow(h *evidence.HostRecord, it *evidence.Item) EvidenceRow {
	return EvidenceRow{
		ID: evidence.ItemID(h.ID, it.Seq), Host: h.Name, Collected: it.Start.UTC(), Probe: it.Probe, Command: string(it.Command),
		RunAs: runAs(h), Outcome: string(it.Outcome), Exit: it.Exit, Duration: it.Duration, Bytes: it.StdoutBytes, Truncated: it.Truncated,
		SHA256: it.StdoutSHA256, File: fmt.Sprintf("%s: %03d.out", evidence.PackPath(h.ID), it.Seq), Excerpt: excerpt(it.Stdout),
	}
}

// runAs names the account that the script ran as.
func runAs(h *evidence.HostRecord) string {
	if h.Header == nil {
		return h.User
	}
	switch h.Header.Privilege {
	case "", "none":
		return h.User
	case "root":
		return "root"
	}
	return fmt.Sprintf("root (%s from %s)", h.Header.Privilege, h.User)
}

// excerpt gives the first lines of an answer, whole lines where it can.
func excerpt(b []byte) string {
	end := 0
	for range excerptLines {
		n := bytes.IndexByte(b[end:], '\n')
		switch {
		case n < 0 && len(b) <= excerptBytes:
			return string(b)
		case n < 0 || end+n+1 > excerptBytes:
			if end == 0 {
				end = excerptBytes
			}
			return string(b[:end])
		}
		end += n + 1
	}
	return string(b[:end])
}

// logRows gives each line with its own hash, which is what the next line says of it; the last one's is in run-end.json.
func (o Options) logRows() iter.Seq2[LogRow, error] {
	return func(yield func(LogRow, error) bool) {
		var held *LogRow
		for e, err := range o.Bundle.Log() {
			if err != nil {
				yield(LogRow{}, err)
				return
			}
			if held != nil {
				held.Hash = e.Prev
				if !yield(*held, nil) {
					return
				}
			}
			held = &LogRow{N: e.N, Time: e.T.UTC(), Event: e.Event, Host: e.Host, Detail: e.Detail}
		}
		if held != nil {
			held.Hash = o.Bundle.End().LogSHA256
			yield(*held, nil)
		}
	}
}

// fileRows lists the manifest, what it covers, and the results as judged. Reports are not listed: one is being written.
func (o Options) fileRows(results string) iter.Seq2[FileRow, error] {
	return func(yield func(FileRow, error) bool) {
		if !yield(FileRow{"Manifest: stands for all files of evidence", manifestFile, o.Bundle.ManifestSHA256()}, nil) {
			return
		}
		hosts := make(map[string]string, len(o.Bundle.Hosts()))
		for _, e := range o.Bundle.Hosts() {
			hosts[evidence.PackPath(e.ID)] = e.Name
		}
		for _, f := range o.Bundle.Files() {
			what := "Run: listed in the manifest"
			if host, ok := hosts[f.Name]; ok {
				what = "Answers of " + host
			}
			if !yield(FileRow{what, f.Name, f.SHA256}, nil) {
				return
			}
		}
		yield(FileRow{"Results: derived from the evidence, listed in DERIVED.sha256", resultsFile, results}, nil)
	}
}

// manifestFile is the list of all files of evidence with their hashes.
const manifestFile = "MANIFEST.sha256"
