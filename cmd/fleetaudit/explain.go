package main

import (
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/fleetaudit/fleetaudit/probes"
	"github.com/fleetaudit/fleetaudit/report/check"
	"github.com/fleetaudit/fleetaudit/report/control"
)

func explainCommand(w *world) *cli.Command {
	return &cli.Command{
		Name:      "explain",
		Usage:     "show a probe, a check or a control reference as an auditor reads it",
		ArgsUsage: "ID",
		Flags:     contentFlags(),
		Action: func(c *cli.Context) error {
			id, err := oneArg(c, "the id of a probe, a check or a control reference, such as ssh_server.root_login or 01.d")
			if err != nil {
				return err
			}
			content, err := contentFrom(c).load()
			if err != nil {
				return err
			}
			return explain(w, content, id)
		},
	}
}

// explain prints everything that has the id: a probe and a check may share one.
func explain(w *world, c *content, id string) error {
	p := &printer{w: w.stdout}
	found := false
	if k, ok := c.library.Lookup(id); ok {
		found = true
		p.check(c, k)
	}
	if q, ok := c.catalog.Lookup(id); ok {
		if found {
			p.f("\n")
		}
		found = true
		p.probe(c, q)
	}
	if ref, ok := c.framework.Reference(id); ok {
		found = true
		p.reference(c, ref)
	}
	if !found {
		return usagef("nothing has the id %q; \"fleetaudit probes\", \"checks\" and \"controls\" list what there is", id)
	}
	return p.err
}

// block prints a labelled text, indented below its label when it has several lines.
func (p *printer) block(label, text string) {
	text = strings.TrimRight(text, "\n")
	if text == "" {
		return
	}
	if !strings.Contains(text, "\n") {
		p.f("%-12s %s\n", label, text)
		return
	}
	p.f("%s\n    %s\n", label, strings.ReplaceAll(text, "\n", "\n    "))
}

func (p *printer) check(c *content, k *check.Check) {
	p.f("check %s: %s\n", k.ID, k.Title)
	p.block("severity", string(k.Severity))
	p.block("platform", string(k.Platform))
	p.block("applies", k.Applies)
	if k.Manual {
		p.block("result", "MANUAL: a person judges what was observed")
	} else {
		p.block("passes when", k.Assert)
	}
	p.block("expected", c.library.Expected(k.ID))
	if k.Absent != check.AbsentUnset {
		p.block("if not set", map[check.Absent]string{check.AbsentPass: "PASS", check.AbsentFail: "FAIL", check.AbsentNA: "N/A"}[k.Absent])
	}
	p.block("why", k.Why)
	p.block("remediate", k.Remediate)
	p.block("impact", k.Impact)
	p.block("standards", strings.Join(k.Standards, ", "))
	p.block("CSF", strings.Join(c.framework.References(k.ID), ", "))
	for _, id := range k.Probes {
		if q, ok := c.catalog.Lookup(id); ok {
			p.f("\nto verify by hand, run on the host%s (probe %s)\n    %s\n", byHand(q), q.ID,
				strings.ReplaceAll(handText(q), "\n", "\n    "))
		}
	}
}

func byHand(q *probes.Probe) string {
	if q.Privileged {
		return " as root"
	}
	return ""
}

// handText is the probe's text as a person runs it: the words that mark a command for the collector are taken off by two definitions.
func handText(q *probes.Probe) string {
	text := strings.TrimRight(q.Run, "\n")
	var defs []string
	for _, word := range []string{"asroot", "need"} {
		if strings.Contains(text, word+" ") {
			defs = append(defs, word+`() { "$@"; }`)
		}
	}
	if len(defs) == 0 {
		return text
	}
	if !strings.Contains(text, "\n") && len(defs) == 1 {
		for _, word := range []string{"asroot ", "need "} {
			if rest, ok := strings.CutPrefix(text, word); ok && !strings.Contains(rest, word) {
				return rest
			}
		}
	}
	return strings.Join(defs, "; ") + "\n" + text
}

func (p *printer) probe(c *content, q *probes.Probe) {
	p.f("probe %s: %s\n", q.ID, q.Title)
	p.block("platform", string(q.Platform))
	p.block("needs", needs(q.Privileged))
	p.block("command", q.Run)
	p.block("limits", fmt.Sprintf("%s, %d bytes", q.Timeout, q.MaxBytes))
	p.block("answered by", fmt.Sprintf("exit status %v", q.Exit))
	p.block("read as", q.Parse+" into "+q.Facts.String())
	p.block("notes", q.Notes)
	p.block("verify", handText(q))
	var users []string
	for _, k := range c.library.Checks() {
		for _, id := range k.Probes {
			if id == q.ID {
				users = append(users, k.ID)
			}
		}
	}
	p.block("used by", strings.Join(users, "\n"))
}

func (p *printer) reference(c *content, ref control.Reference) {
	p.f("control reference %s: %s\n", ref.ID, ref.Title)
	for _, o := range c.framework.Objectives {
		if o.ID == ref.Objective {
			p.block("objective", o.ID+" "+o.Title)
			p.block("threat", o.Threat)
			p.block("incident", o.Incident)
		}
	}
	m, _ := c.framework.Mapping(ref.ID)
	p.block("coverage", string(m.Coverage))
	var lines []string
	for _, id := range m.Checks {
		if k, ok := c.library.Lookup(id); ok {
			lines = append(lines, id+": "+k.Title)
		}
	}
	p.block("checks", strings.Join(lines, "\n"))
	p.block("for a person", strings.Join(m.Manual, "\n"))
	var domains []string
	for _, n := range m.Domains {
		for _, d := range c.framework.Domains {
			if d.Number == n {
				domains = append(domains, fmt.Sprintf("%d %s", d.Number, d.Title))
			}
		}
	}
	p.block("domains", strings.Join(domains, "\n"))
	var rows []string
	for _, r := range c.framework.Crosswalk() {
		if r.Reference == ref.ID {
			rows = append(rows, fmt.Sprintf("%s: %s (%s)", r.Framework, r.Citation, r.Confidence))
		}
	}
	p.block("crosswalk", strings.Join(rows, "\n"))
	p.f("\nNo HITRUST score is given or implied.\n")
}
