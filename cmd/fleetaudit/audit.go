package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/fleetaudit/fleetaudit/inventory"
	"github.com/fleetaudit/fleetaudit/probes/evidence"
	"github.com/fleetaudit/fleetaudit/report"
)

func auditCommand(w *world) *cli.Command {
	return &cli.Command{
		Name:  "audit",
		Usage: "ask the hosts, judge their answers and write the workbook: the main job",
		Flags: slices.Concat(inventoryFlags(), collectFlags(), contentFlags(), reportFlags(), []cli.Flag{failOnFlag(), outputFlag()}),
		Action: func(c *cli.Context) error {
			if err := noArgs(c); err != nil {
				return err
			}
			a, err := auditFrom(c)
			if err != nil {
				return err
			}
			content, err := contentFrom(c).load()
			if err != nil {
				return err
			}
			inv, data, err := hostsFrom(c)
			if err != nil {
				return err
			}
			return a.run(c.Context, w, content, inv, data)
		},
	}
}

// audit is collecting, judging and reporting in one go.
type audit struct {
	collect collectOptions
	reports reportOptions
	summary summaryOptions
}

func auditFrom(c *cli.Context) (audit, error) {
	collect, err1 := collectFrom(c)
	reports, err2 := reportsFrom(c)
	summary, err3 := summaryFrom(c)
	return audit{collect, reports, summary}, errors.Join(err1, err2, err3)
}

func (a audit) run(ctx context.Context, w *world, content *content, inv *inventory.Inventory, data []byte) error {
	dir, _, err := a.collect.run(ctx, w, content.catalog, inv, data)
	if err != nil {
		return err
	}
	// Evidence that was drained after Ctrl-C is judged all the same: the context that was cancelled is for hosts.
	ctx = context.WithoutCancel(ctx)
	err = assessBundle(ctx, w, dir, content, func(as *report.Assessment, b *evidence.Bundle) error {
		files, err := a.reports.write(ctx, as, b)
		if err != nil {
			return err
		}
		return a.summary.print(w, as, files)
	})
	if err != nil && !quiet(err) && !errors.Is(err, errInterrupted) {
		return fmt.Errorf("%w\nthe evidence is whole in %s; \"fleetaudit report %s\" writes the workbook from it", err, dir, dir)
	}
	return err
}
