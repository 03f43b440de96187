package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

var update = flag.Bool("update", false, "rewrite the expected output in testdata/script")

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"fleetaudit": func() { os.Exit(run(os.Args, os.Stdin, os.Stdout, os.Stderr)) },
		"exitcode":   func() { os.Exit(exitCodeIs(os.Args)) },
	})
}

// TestScripts runs the command line as people do: one behaviour a file.
func TestScripts(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("each line is a process of its own, in which the race detector sees nothing that tests of packages do not show it")
	}
	files, err := filepath.Glob("testdata/script/*.txtar")
	if err != nil || len(files) < 12 {
		t.Fatalf("only %d scripts found (%v)", len(files), err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Cmds:                map[string]func(*testscript.TestScript, bool, []string){"flip": flip},
		Setup: func(env *testscript.Env) error {
			env.Setenv("HOME", env.WorkDir)
			env.Setenv("SSH_AUTH_SOCK", "")
			return nil
		},
	})
}

// flip changes one byte in the middle of the only file that a pattern names: flip b/hosts/*/*.tar.gz takes the first.
func flip(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: flip PATTERN")
	}
	files, err := filepath.Glob(ts.MkAbs(args[0]))
	if err != nil || len(files) == 0 {
		ts.Fatalf("%s: no such file (%v)", args[0], err)
	}
	data, err := os.ReadFile(files[0])
	ts.Check(err)
	data[len(data)/2] ^= 1
	ts.Check(os.WriteFile(files[0], data, 0o600))
}

// exitCodeIs runs fleetaudit and succeeds when its exit code is the one that is wanted: exitcode 3 audit -i fleet.yaml.
func exitCodeIs(args []string) int {
	got := run(append([]string{"fleetaudit"}, args[2:]...), os.Stdin, os.Stdout, os.Stderr)
	if strconv.Itoa(got) != args[1] {
		fmt.Fprintf(os.Stderr, "exit code %d, want %s\n", got, args[1])
		return 1
	}
	return 0
}
