package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/fleetaudit/fleetaudit/probes/evidence"
	"github.com/fleetaudit/fleetaudit/report"
	"github.com/fleetaudit/fleetaudit/report/format"
	"github.com/fleetaudit/fleetaudit/report/format/xlsx"
	"github.com/fleetaudit/fleetaudit/templates"
)

// reportOptions say which files a run writes. The workbook in the bundle is always one of them.
type reportOptions struct {
	workbook, csv, jsonl string // further files, empty for none
	paper                xlsx.Paper
}

func reportsFrom(c *cli.Context) (reportOptions, error) {
	o := reportOptions{workbook: c.String("workbook"), csv: c.String("csv"), jsonl: c.String("jsonl")}
	switch c.String("paper") {
	case "letter":
		o.paper = xlsx.Letter
	case "a4":
		o.paper = xlsx.A4
	default:
		return o, usagef("--paper is letter or a4, not %q", c.String("paper"))
	}
	return o, nil
}

func reportCommand(w *world) *cli.Command {
	return &cli.Command{
		Name:      "report",
		Usage:     "judge the evidence of a bundle and write the workbook: no host is touched",
		ArgsUsage: "DIR",
		Flags:     slices.Concat(contentFlags(), reportFlags(), []cli.Flag{failOnFlag(), outputFlag()}),
		Action: func(c *cli.Context) error {
			dir, err := oneArg(c, "the folder of the bundle")
			if err != nil {
				return err
			}
			out, err := summaryFrom(c)
			if err != nil {
				return err
			}
			reports, err := reportsFrom(c)
			if err != nil {
				return err
			}
			return withAssessment(c.Context, w, dir, contentFrom(c), func(a *report.Assessment, b *evidence.Bundle) error {
				files, err := reports.write(c.Context, a, b)
				if err != nil {
					return err
				}
				return out.print(w, a, files)
			})
		},
	}
}

// write makes the workbook in the bundle and every further file that was asked for, and says which they are.
func (o reportOptions) write(ctx context.Context, a *report.Assessment, b *evidence.Bundle) ([]written, error) {
	book, err := xlsx.New(templates.FS, xlsx.Options{Paper: o.paper, TempDir: b.Dir()})
	if err != nil {
		return nil, err
	}
	name := "reports/" + a.Run.ID + ".xlsx"
	if err := b.WriteDerived(name, func(w io.Writer) error { return book.Write(ctx, a, w) }); err != nil {
		return nil, fmt.Errorf("workbook: %w", err)
	}
	files := []written{{"evidence", b.Dir()}, {"workbook", filepath.Join(b.Dir(), filepath.FromSlash(name))}}
	for _, f := range []struct {
		what, path string
		writer     format.Writer
	}{{"workbook", o.workbook, book}, {"csv", o.csv, format.CSV{}}, {"jsonl", o.jsonl, format.JSONL{}}} {
		if f.path == "" {
			continue
		}
		if err := format.WriteFile(ctx, f.path, f.writer, a); err != nil {
			return nil, err
		}
		files = append(files, written{f.what, f.path})
	}
	return files, nil
}
