package main

import (
	"strings"
	"testing"

	"github.com/urfave/cli/v2"
)

func TestPermute(t *testing.T) {
	t.Parallel()
	app := &cli.App{Commands: []*cli.Command{{Name: "report", Flags: []cli.Flag{
		&cli.StringFlag{Name: "baseline", Aliases: []string{"b"}}, &cli.BoolFlag{Name: "local"}}}}}
	for in, want := range map[string]string{
		"x report dir --baseline f":  "x report --baseline f dir",
		"x report dir -b f more":     "x report -b f dir more",
		"x report --baseline=f dir":  "x report --baseline=f dir",
		"x report dir --local":       "x report --local dir",
		"x report dir --unknown f":   "x report --unknown dir f",
		"x report dir -- --baseline": "x report dir -- --baseline",
		"x report dir --baseline":    "x report --baseline dir",
		"x report - --local":         "x report --local -",
		"x nosuch dir --baseline f":  "x nosuch dir --baseline f",
		"x report":                   "x report",
	} {
		if got := strings.Join(permute(app, strings.Fields(in)), " "); got != want {
			t.Errorf("%q becomes %q, want %q", in, got, want)
		}
	}
}
