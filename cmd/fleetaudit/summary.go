package main

import (
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/urfave/cli/v2"

	"github.com/fleetaudit/fleetaudit/report"
	"github.com/fleetaudit/fleetaudit/report/check"
)

// How much of a summary fits a screen.
const (
	summaryFindings = 8
	summaryGaps     = 6
)

// summaryOptions say how the end of a run is told, and when its findings count as a failure.
type summaryOptions struct {
	json   bool
	failOn check.Severity
}

func summaryFrom(c *cli.Context) (summaryOptions, error) {
	asJSON, err := wantJSON(c)
	if err != nil {
		return summaryOptions{}, err
	}
	failOn := check.Severity(c.String("fail-on"))
	if failOn != "" && severityRank[failOn] == 0 {
		return summaryOptions{}, usagef("--fail-on is low, medium, high or critical, not %q", failOn)
	}
	return summaryOptions{json: asJSON, failOn: failOn}, nil
}

// written is a file that a run made, by what it is.
type written struct {
	What string `json:"what"`
	Path string `json:"path"`
}

// print tells the outcome on stdout and gives the error that stands for the exit code.
func (o summaryOptions) print(w *world, a *report.Assessment, files []written) error {
	var err error
	if o.json {
		err = printSummaryJSON(w.stdout, a, files)
	} else {
		err = printSummary(w.stdout, a, files)
	}
	if err != nil {
		return err
	}
	return outcome(a, o.failOn)
}

func printSummary(out io.Writer, a *report.Assessment, files []written) error {
	p := &printer{w: out}
	for _, n := range a.Run.Notices {
		p.f("! %s\n", n)
	}
	h := a.Hosts
	p.f("hosts    %d declared: %d complete, %d partly tested, %d not tested\n", h.Declared, h.Complete, h.Partial, h.NotTested)
	t := a.Totals
	p.f("results  %d: %d PASS, %d FAIL, %d NOT TESTED, %d N/A, %d MANUAL", t.Total(), t.Pass, t.Fail, t.NotTested, t.NA, t.Manual)
	if t.Exception > 0 {
		p.f(", %d EXCEPTION", t.Exception)
	}
	p.f("\n")
	if s := t.Share(); s.D > 0 {
		p.f("         %s of what is to be judged passes; NOT TESTED counts against it\n", s)
	}
	p.gaps(a)
	p.findings(a)
	for _, f := range files {
		p.f("%-8s %s\n", f.What, f.Path)
	}
	return p.err
}

// printer keeps the first error of many prints.
type printer struct {
	w   io.Writer
	err error
}

func (p *printer) f(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format, args...)
	}
}

func (p *printer) gaps(a *report.Assessment) {
	if len(a.Gaps) == 0 {
		return
	}
	p.f("\nnot tested, and why\n")
	tw := tabwriter.NewWriter(p.w, 0, 0, 2, ' ', 0)
	for _, g := range a.Gaps[:min(len(a.Gaps), summaryGaps)] {
		fmt.Fprintf(tw, "  %d results\t%d hosts\t%s\tsuch as %s\n", g.Results, g.Hosts, oneLine(g.Reason, 60), g.Example)
	}
	if p.err == nil {
		p.err = tw.Flush()
	}
	if more := len(a.Gaps) - summaryGaps; more > 0 {
		p.f("  and %d more reasons, on the sheet Dashboard\n", more)
	}
}

func (p *printer) findings(a *report.Assessment) {
	shown, failing := 0, 0
	tw := tabwriter.NewWriter(p.w, 0, 0, 2, ' ', 0)
	for i := range a.Findings {
		f := &a.Findings[i]
		if f.Counts.Fail == 0 {
			continue
		}
		if failing++; failing > summaryFindings {
			continue
		}
		if shown++; shown == 1 {
			p.f("\ngravest findings\n")
		}
		fmt.Fprintf(tw, "  %s\t%s\t%s\t%d hosts\n", f.Check.Severity, f.Check.ID, f.Check.Title, f.Counts.Fail)
	}
	if p.err == nil {
		p.err = tw.Flush()
	}
	if failing > summaryFindings {
		p.f("  and %d more, on the sheet Findings\n", failing-summaryFindings)
	}
	p.f("\n")
}

// oneLine cuts text for a table on a terminal.
func oneLine(s string, limit int) string {
	r := []rune(s)
	if len(r) <= limit {
		return s
	}
	return string(r[:limit-1]) + "…"
}

// summaryJSON is what --output json prints at the end of a run.
type summaryJSON struct {
	Run      string            `json:"run"`
	Complete bool              `json:"complete"`
	Bundle   string            `json:"bundle"`
	Manifest string            `json:"manifest_sha256"`
	Hosts    report.HostCounts `json:"hosts"`
	Results  map[string]int    `json:"results"`
	Gaps     []report.Gap      `json:"not_tested"`
	Findings []findingJSON     `json:"findings"`
	Files    []written         `json:"files"`
	Notices  []string          `json:"notices"`
}

type findingJSON struct {
	Number     string         `json:"number"`
	Check      string         `json:"check"`
	Title      string         `json:"title"`
	Severity   check.Severity `json:"severity"`
	References []string       `json:"references"`
	Fail       int            `json:"fail"`
	NotTested  int            `json:"not_tested"`
	Manual     int            `json:"manual"`
	Hosts      []string       `json:"first_failing_hosts"`
}

func printSummaryJSON(out io.Writer, a *report.Assessment, files []written) error {
	t := a.Totals
	s := summaryJSON{
		Run: a.Run.ID, Complete: a.Run.Complete, Bundle: a.Run.BundlePath, Manifest: a.Run.ManifestSHA256, Hosts: a.Hosts,
		Results: map[string]int{"pass": t.Pass, "fail": t.Fail, "not_tested": t.NotTested, "na": t.NA, "manual": t.Manual, "exception": t.Exception},
		Gaps:    a.Gaps, Files: files, Notices: a.Run.Notices,
	}
	for i := range a.Findings {
		f := &a.Findings[i]
		s.Findings = append(s.Findings, findingJSON{Number: f.Number, Check: f.Check.ID, Title: f.Check.Title, Severity: f.Check.Severity,
			References: f.References, Fail: f.Counts.Fail, NotTested: f.Counts.NotTested, Manual: f.Counts.Manual, Hosts: f.Failing})
	}
	enc := json.NewEncoder(out)
	enc.SetIndent("", "  ")
	return enc.Encode(s)
}
