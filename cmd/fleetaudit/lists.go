package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/urfave/cli/v2"

	"github.com/fleetaudit/fleetaudit/inventory"
	"github.com/fleetaudit/fleetaudit/report/control"
)

// listCommand is a verb that prints a table of content, or the same as JSON.
func listCommand[T any](w *world, name, usage string, rows func(*content) []T, header []string, cells func(T) []string) *cli.Command {
	flags := append(contentFlags(), outputFlag(),
		&cli.StringFlag{Name: "search", Usage: "only rows that hold `TEXT`, in any case"})
	return &cli.Command{
		Name: name, Usage: usage, Flags: flags,
		Action: func(c *cli.Context) error {
			if err := noArgs(c); err != nil {
				return err
			}
			asJSON, err := wantJSON(c)
			if err != nil {
				return err
			}
			content, err := contentFrom(c).load()
			if err != nil {
				return err
			}
			kept := matching(rows(content), cells, c.String("search"))
			if asJSON {
				enc := json.NewEncoder(w.stdout)
				enc.SetIndent("", "  ")
				return enc.Encode(kept)
			}
			return printTable(w.stdout, header, kept, cells)
		},
	}
}

func matching[T any](rows []T, cells func(T) []string, text string) []T {
	kept := []T{} // not nil: JSON prints []
	for _, r := range rows {
		if strings.Contains(strings.ToLower(strings.Join(cells(r), "\t")), strings.ToLower(text)) {
			kept = append(kept, r)
		}
	}
	return kept
}

func printTable[T any](out io.Writer, header []string, rows []T, cells func(T) []string) error {
	tw := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, strings.Join(header, "\t"))
	for _, r := range rows {
		fmt.Fprintln(tw, strings.Join(cells(r), "\t"))
	}
	return tw.Flush()
}

type probeRow struct {
	ID         string `json:"id"`
	Platform   string `json:"platform"`
	Title      string `json:"title"`
	Privileged bool   `json:"privileged"`
	Parse      string `json:"parse"`
	Timeout    string `json:"timeout"`
	MaxBytes   int64  `json:"max_bytes"`
	Facts      string `json:"facts"`
	Command    string `json:"command"`
}

func probesCommand(w *world) *cli.Command {
	return listCommand(w, "probes", "list what hosts are asked", probeRows,
		[]string{"PROBE", "PLATFORM", "NEEDS", "TITLE"},
		func(r probeRow) []string { return []string{r.ID, r.Platform, needs(r.Privileged), r.Title} })
}

func probeRows(c *content) []probeRow {
	var rows []probeRow
	for _, platform := range []inventory.Platform{inventory.PlatformLinux, inventory.PlatformWindows} {
		for _, p := range c.catalog.Probes(platform) {
			rows = append(rows, probeRow{ID: p.ID, Platform: string(p.Platform), Title: p.Title, Privileged: p.Privileged, Parse: p.Parse,
				Timeout: p.Timeout.String(), MaxBytes: p.MaxBytes, Facts: p.Facts.String(), Command: p.Run})
		}
	}
	return rows
}

func needs(privileged bool) string {
	if privileged {
		return "root"
	}
	return "-"
}

type checkRow struct {
	ID         string   `json:"id"`
	Platform   string   `json:"platform"`
	Severity   string   `json:"severity"`
	Title      string   `json:"title"`
	References []string `json:"references"`
	Probes     []string `json:"probes"`
	Standards  []string `json:"standards"`
	Expected   string   `json:"expected"`
	Manual     bool     `json:"manual,omitempty"`
}

func checksCommand(w *world) *cli.Command {
	return listCommand(w, "checks", "list what is judged", checkRows,
		[]string{"CHECK", "SEVERITY", "CSF", "TITLE"},
		func(r checkRow) []string { return []string{r.ID, r.Severity, strings.Join(r.References, " "), r.Title} })
}

func checkRows(c *content) []checkRow {
	var rows []checkRow
	for _, k := range c.library.Checks() {
		rows = append(rows, checkRow{ID: k.ID, Platform: string(k.Platform), Severity: string(k.Severity), Title: k.Title,
			References: c.framework.References(k.ID), Probes: k.Probes, Standards: k.Standards,
			Expected: c.library.Expected(k.ID), Manual: k.Manual})
	}
	return rows
}

type controlRow struct {
	ID        string   `json:"id"`
	Title     string   `json:"title"`
	Objective string   `json:"objective"`
	Coverage  string   `json:"coverage"`
	Domains   []int    `json:"domains"`
	Checks    []string `json:"checks"`
	Manual    []string `json:"manual"`
}

func controlsCommand(w *world) *cli.Command {
	return listCommand(w, "controls", "list the control references of the HITRUST CSF with what the checks can see of them", controlRows,
		[]string{"CSF", "COVERAGE", "CHECKS", "TITLE"},
		func(r controlRow) []string { return []string{r.ID, r.Coverage, fmt.Sprint(len(r.Checks)), r.Title} })
}

func controlRows(c *content) []controlRow {
	var rows []controlRow
	for _, ref := range c.framework.Controls {
		m, ok := c.framework.Mapping(ref.ID)
		if !ok {
			m = control.Mapping{Reference: ref.ID, Coverage: control.ManualOnly}
		}
		rows = append(rows, controlRow{ID: ref.ID, Title: ref.Title, Objective: ref.Objective, Coverage: string(m.Coverage),
			Domains: m.Domains, Checks: m.Checks, Manual: m.Manual})
	}
	return rows
}
