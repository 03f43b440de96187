package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/urfave/cli/v2"
)

// world is what a verb may touch of the process: its streams and its clock. Tests give their own.
type world struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	now            func() time.Time
}

// run is the whole program: arguments in, exit code out.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// The first Ctrl-C drains; with the handler gone the second one kills.
	context.AfterFunc(ctx, stop)

	w := &world{stdin: stdin, stdout: stdout, stderr: stderr, now: time.Now}
	app := newApp(w)
	err := app.RunContext(ctx, permute(app, args))
	if err != nil && !quiet(err) {
		printError(stderr, err)
	}
	return exitCode(err)
}

// newApp builds the command line: one verb a file.
func newApp(w *world) *cli.App {
	app := &cli.App{
		Name:                 "fleetaudit",
		Usage:                "audit hosts over SSH and write CSF-mapped evidence workbooks",
		Description:          description,
		Version:              toolVersion(),
		Reader:               w.stdin,
		Writer:               w.stdout,
		ErrWriter:            w.stderr,
		EnableBashCompletion: true,
		Suggest:              true,
		// The library would exit the process for any error that happens to have an ExitCode method.
		ExitErrHandler:  func(*cli.Context, error) {},
		OnUsageError:    func(_ *cli.Context, err error, _ bool) error { return &usageError{err} },
		CommandNotFound: func(*cli.Context, string) {},
		Commands: []*cli.Command{
			auditCommand(w), collectCommand(w), evaluateCommand(w), reportCommand(w), verifyCommand(w),
			planCommand(w), demoCommand(w),
			lintCommand(w), explainCommand(w), probesCommand(w), checksCommand(w), controlsCommand(w),
			completionCommand(w),
		},
		Action: func(c *cli.Context) error {
			if c.Args().Present() {
				return usagef("there is no verb %q; \"fleetaudit help\" lists them", c.Args().First())
			}
			return cli.ShowAppHelp(c)
		},
	}
	app.CustomAppHelpTemplate = cli.AppHelpTemplate + "\n" + exitHelp
	for _, c := range app.Commands {
		c.OnUsageError = app.OnUsageError
	}
	return app
}

const description = `Reads an inventory, asks every host the same read-only questions in one SSH round trip each, stores the answers as
evidence, judges them offline and writes a workbook. Nothing is installed or changed on any host.

It gives no HITRUST score and claims no compliance.`

// printError writes err for the person at the terminal. Joined errors get a line each.
func printError(w io.Writer, err error) {
	var joined interface{ Unwrap() []error }
	if errors.As(err, &joined) && len(joined.Unwrap()) > 1 {
		for _, e := range joined.Unwrap() {
			printError(w, e)
		}
		return
	}
	fmt.Fprintf(w, "fleetaudit: %s\n", strings.TrimRight(err.Error(), "\n"))
}

// noArgs refuses words that a verb would otherwise ignore.
func noArgs(c *cli.Context) error {
	if c.Args().Present() {
		return usagef("%s takes no arguments, but got %q", c.Command.Name, c.Args().First())
	}
	return nil
}

// oneArg gives the only argument of a verb.
func oneArg(c *cli.Context, what string) (string, error) {
	if c.Args().Len() != 1 {
		return "", usagef("%s takes one argument: %s", c.Command.Name, what)
	}
	return c.Args().First(), nil
}
