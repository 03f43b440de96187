package main

import (
	"errors"
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/fleetaudit/fleetaudit/inventory"
)

func lintCommand(w *world) *cli.Command {
	return &cli.Command{
		Name:  "lint",
		Usage: "check all content: strict reading, read-only probes, compiled checks, and every recorded case",
		Flags: contentFlags(),
		Action: func(c *cli.Context) error {
			if err := noArgs(c); err != nil {
				return err
			}
			return lint(w, contentFrom(c))
		},
	}
}

// lint loads everything and runs the cases that probes and checks carry. Mistakes come all at once.
func lint(w *world, o contentOptions) error {
	content, err := o.load()
	if err != nil {
		return err
	}
	var errs []error
	cases := 0
	for _, platform := range []inventory.Platform{inventory.PlatformLinux, inventory.PlatformWindows} {
		for _, p := range content.catalog.Probes(platform) {
			cases += len(p.Cases)
			errs = append(errs, p.RunCases()...)
		}
	}
	errs = append(errs, content.library.RunCases()...)
	for _, c := range content.library.Checks() {
		cases += len(c.Cases)
	}
	if err := errors.Join(errs...); err != nil {
		return &usageError{err}
	}
	unmapped, err := content.framework.Validate(content.library.Checks())
	if err != nil {
		return err
	}
	for _, id := range unmapped {
		fmt.Fprintf(w.stderr, "note: the check %s is mapped to no control reference\n", id)
	}
	_, err = fmt.Fprintf(w.stdout, "%d probes and %d checks with %d cases: all read, all read-only, all cases hold\n",
		len(content.catalog.Types()), len(content.library.Checks()), cases)
	return err
}
