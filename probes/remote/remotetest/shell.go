package remotetest

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"time"
)

// shellGrace is how long pipes of a command may stay open once it has ended or was killed.
const shellGrace = time.Second

// Shell gives a handler that runs each command as sshd does, by a real login shell: path, such as /bin/sh, with -c and the command.
// The environment is what sshd would give, and home is the working directory.
func Shell(path, home string) Handler {
	return func(ctx context.Context, e *Exec) int {
		cmd := exec.CommandContext(ctx, path, "-c", e.Command) //nolint:gosec // running what the client sends is what it is for
		cmd.Dir = home
		cmd.Env = []string{
			"HOME=" + home, "USER=" + e.User, "LOGNAME=" + e.User, "SHELL=" + path,
			"PATH=" + os.Getenv("PATH"),
		}
		cmd.Stdout, cmd.Stderr = e.Stdout, e.Stderr
		cmd.WaitDelay = shellGrace
		ownGroup(cmd)
		stdin, err := cmd.StdinPipe()
		if err == nil {
			err = cmd.Start()
		}
		if err != nil {
			_, _ = io.WriteString(e.Stderr, err.Error()+"\n")
			return notFound
		}
		// The client may hold its side open for longer than the command runs, so nothing waits for this but the end of the channel.
		e.tasks.Go(func() {
			_, _ = io.Copy(stdin, e.Stdin)
			_ = stdin.Close()
		})
		return exitStatus(cmd.Wait())
	}
}

// exitStatus gives the status that a command ended with, negative for a signal.
func exitStatus(err error) int {
	var exit *exec.ExitError
	switch {
	case err == nil, errors.Is(err, exec.ErrWaitDelay):
		return 0
	case errors.As(err, &exit):
		if n := signalOf(exit.ProcessState); n > 0 {
			return -n
		}
		return exit.ExitCode()
	default:
		return notFound
	}
}
