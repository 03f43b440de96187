package main

import (
	"encoding/json"
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/fleetaudit/fleetaudit/probes/evidence"
)

func verifyCommand(w *world) *cli.Command {
	return &cli.Command{
		Name:      "verify",
		Usage:     "re-hash a bundle and name the first thing that differs",
		ArgsUsage: "DIR",
		Flags:     []cli.Flag{outputFlag()},
		Action: func(c *cli.Context) error {
			dir, err := oneArg(c, "the folder of the bundle")
			if err != nil {
				return err
			}
			asJSON, err := wantJSON(c)
			if err != nil {
				return err
			}
			return verify(w, dir, asJSON)
		},
	}
}

func verify(w *world, dir string, asJSON bool) error {
	r, err := evidence.Verify(dir)
	if err != nil {
		return fmt.Errorf("verify %s: %w", dir, err)
	}
	if asJSON {
		if err := json.NewEncoder(w.stdout).Encode(r); err != nil {
			return err
		}
	} else {
		printVerify(w, dir, r)
	}
	if !r.OK {
		return errNotVerified
	}
	return nil
}

func printVerify(w *world, dir string, r evidence.VerifyReport) {
	if r.OK {
		fmt.Fprintf(w.stdout, "%s verifies: %d files, %d hosts, %d answers, %d log lines, %d derived files\nmanifest %s\n",
			dir, r.Files, r.Hosts, r.Items, r.LogLines, r.Derived, r.Manifest)
		return
	}
	first := r.First()
	fmt.Fprintf(w.stdout, "%s does not verify.\nfirst difference: %s\n  %s\n", dir, first, first.Advice)
	for _, d := range r.Differences[1:] {
		fmt.Fprintf(w.stdout, "also: %s\n", d)
	}
	if more := r.Count - len(r.Differences); more > 0 {
		fmt.Fprintf(w.stdout, "and %d more\n", more)
	}
}
