package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/fleetaudit/fleetaudit/probes/evidence"
	"github.com/fleetaudit/fleetaudit/report"
	"github.com/fleetaudit/fleetaudit/report/check"
)

func evaluateCommand(w *world) *cli.Command {
	return &cli.Command{
		Name:      "evaluate",
		Usage:     "judge the evidence of a bundle, again if wanted: no host is touched",
		ArgsUsage: "DIR",
		Flags:     slices.Concat(contentFlags(), []cli.Flag{failOnFlag(), outputFlag()}),
		Action: func(c *cli.Context) error {
			dir, err := oneArg(c, "the folder of the bundle")
			if err != nil {
				return err
			}
			out, err := summaryFrom(c)
			if err != nil {
				return err
			}
			return withAssessment(c.Context, w, dir, contentFrom(c), func(a *report.Assessment, _ *evidence.Bundle) error {
				return out.print(w, a, nil)
			})
		},
	}
}

// withAssessment opens a bundle, judges it, and lends the assessment to use: its streams read the bundle, which is closed afterwards.
func withAssessment(ctx context.Context, w *world, dir string, o contentOptions, use func(*report.Assessment, *evidence.Bundle) error) error {
	content, err := o.load()
	if err != nil {
		return err
	}
	return assessBundle(ctx, w, dir, content, use)
}

func assessBundle(ctx context.Context, w *world, dir string, content *content, use func(*report.Assessment, *evidence.Bundle) error) (err error) {
	bundle, err := evidence.Open(dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, bundle.Close()) }()
	a, err := report.Assess(ctx, report.Options{
		Bundle: bundle, Catalog: content.catalog, Library: content.library, Framework: content.framework,
		Now: w.now, Tool: "fleetaudit " + toolVersion(),
	})
	if err != nil {
		return err
	}
	return use(a, bundle)
}

// severityRank orders severities, so that --fail-on can mean "or above".
var severityRank = map[check.Severity]int{check.Low: 1, check.Medium: 2, check.High: 3, check.Critical: 4}

// outcome gives the error that stands for the run's exit code: findings first, for they are the graver news.
func outcome(a *report.Assessment, failOn check.Severity) error {
	if failOn != "" {
		for i := range a.Findings {
			f := &a.Findings[i]
			if f.Counts.Fail > 0 && severityRank[f.Check.Severity] >= severityRank[failOn] {
				return fmt.Errorf("%w: %s on %d hosts", errFindings, f.Check.ID, f.Counts.Fail)
			}
		}
	}
	if a.Run.Interrupted {
		return errInterrupted
	}
	if !a.Run.Complete {
		return errIncomplete
	}
	return nil
}
