package main

import (
	"time"

	"github.com/urfave/cli/v2"
)

// Flags that several verbs share, each defined once.

func contentFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringSliceFlag{Name: "content", Usage: "add probes, checks and mappings from `DIR`, laid out as probes/ and checks/ (repeatable)", TakesFile: true},
		&cli.StringFlag{Name: "baseline", Usage: "override thresholds with those in `FILE`", TakesFile: true},
	}
}

func inventoryFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "inventory", Aliases: []string{"i"}, Usage: "read the hosts from `FILE`", TakesFile: true},
		&cli.BoolFlag{Name: "local", Usage: "this machine, without SSH"},
		&cli.StringFlag{Name: "limit", Usage: "only the hosts that `PATTERN` selects, such as 'web:&prod:!db01'"},
	}
}

func collectFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "bundle", Usage: "store the evidence in the new folder `DIR` (default: run-<id>)", TakesFile: true},
		&cli.IntFlag{Name: "forks", Value: 128, Usage: "`N` SSH sessions at once, 1 to 512"},
		&cli.DurationFlag{Name: "connect-timeout", Value: 3 * time.Second, Usage: "give up connecting after `TIME`"},
		&cli.DurationFlag{Name: "host-timeout", Value: 10 * time.Minute, Usage: "give up on a host after `TIME`"},
		&cli.StringSliceFlag{Name: "known-hosts", Usage: "trust the host keys in `FILE` (repeatable; default: ~/.ssh/known_hosts and /etc/ssh/ssh_known_hosts)", TakesFile: true},
		&cli.BoolFlag{Name: "accept-new", Usage: "trust a host that is not known yet and remember its key; recorded as first use"},
		&cli.BoolFlag{Name: "quick", Usage: "leave out the slow probes, such as walks over all files: their checks are NOT TESTED"},
		&cli.StringFlag{Name: "operator", Usage: "`NAME` of the person who runs this, for the evidence"},
	}
}

func reportFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "workbook", Usage: "write the workbook to `FILE` as well", TakesFile: true},
		&cli.StringFlag{Name: "paper", Value: "letter", Usage: "`SIZE` that sheets print on: letter or a4"},
		&cli.StringFlag{Name: "csv", Usage: "write the results as CSV to `FILE`", TakesFile: true},
		&cli.StringFlag{Name: "jsonl", Usage: "write the results as JSON lines to `FILE`", TakesFile: true},
	}
}

func failOnFlag() cli.Flag {
	return &cli.StringFlag{Name: "fail-on", Usage: "exit 4 when a check of this `SEVERITY` or above fails: low, medium, high or critical"}
}

func outputFlag() cli.Flag {
	return &cli.StringFlag{Name: "output", Value: "text", Usage: "`FORM` of what is printed: text or json"}
}

// wantJSON reads --output.
func wantJSON(c *cli.Context) (bool, error) {
	switch c.String("output") {
	case "text":
		return false, nil
	case "json":
		return true, nil
	}
	return false, usagef("--output is text or json, not %q", c.String("output"))
}
