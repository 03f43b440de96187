package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/fleetaudit/fleetaudit/inventory"
	"github.com/fleetaudit/fleetaudit/probes/collect"
	"github.com/fleetaudit/fleetaudit/probes/recorded"
	"github.com/fleetaudit/fleetaudit/probes/remote"
	"github.com/fleetaudit/fleetaudit/templates"
)

func demoCommand(w *world) *cli.Command {
	return &cli.Command{
		Name:  "demo",
		Usage: "audit a fleet of recorded hosts, served behind real SSH on loopback",
		Description: "Some of the hosts fail on purpose. The exit code is 0 all the same, unless something else goes wrong.\n" +
			"--bundle names the folder for the evidence; without it a new folder is made here.",
		Flags: slices.Concat([]cli.Flag{&cli.StringFlag{Name: "bundle", Usage: "store the evidence in the new folder `DIR` (default: run-<id>)", TakesFile: true}},
			reportFlags(), []cli.Flag{failOnFlag(), outputFlag()}),
		Action: func(c *cli.Context) error {
			if err := noArgs(c); err != nil {
				return err
			}
			reports, err := reportsFrom(c)
			if err != nil {
				return err
			}
			summary, err := summaryFrom(c)
			if err != nil {
				return err
			}
			return demo(c.Context, w, audit{
				collect: collectOptions{bundle: c.String("bundle"), forks: collect.DefaultForks, host: collect.DefaultHostTimeout,
					recorded: true, operator: "demonstration", args: []string{"fleetaudit", "demo"}},
				reports: reports, summary: summary,
			})
		},
	}
}

// demo serves the recorded fleet and audits it by the same code as any other.
func demo(ctx context.Context, w *world, a audit) (err error) {
	content, err := contentOptions{}.load()
	if err != nil {
		return err
	}
	recordings, err := fs.Sub(templates.FS, "demo")
	if err != nil {
		return err
	}
	fleet, err := recorded.Load(recordings)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "fleetaudit-demo-*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	served, err := recorded.Serve(ctx, fleet, content.catalog, dir, w.now)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, served.Close()) }()
	inv, err := inventory.Load("the demo's inventory", served.Inventory)
	if err != nil {
		return err
	}
	a.collect.ssh = remote.SSHOptions{KnownHosts: []string{served.KnownHosts}}
	fmt.Fprintf(w.stderr, "serving %d recorded hosts on loopback; two of them fail on purpose\n", len(fleet.Hosts))
	if err := a.run(ctx, w, content, inv, served.Inventory); !errors.Is(err, errIncomplete) {
		return err
	}
	return nil
}
