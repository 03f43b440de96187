package remote

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/fleetaudit/fleetaudit/inventory"
)

// localGrace is how long pipes of a local command may stay open once it was killed or has ended.
const localGrace = 2 * time.Second

// localDialer opens sessions on this machine.
type localDialer struct{}

// NewLocal gives a dialer whose sessions run commands on this machine, by "sh -c", without SSH. Windows has no sh: there Connect gives an
// *Error.
func NewLocal() Dialer { return localDialer{} }

// Connect implements Dialer.
func (localDialer) Connect(ctx context.Context, host inventory.Host) (Conn, error) {
	if ctx.Err() != nil {
		return nil, contextError(ctx, "preparing to run commands on this machine")
	}
	if !posix {
		return nil, fail(ReasonShell, nil, "%s: this machine has no POSIX shell, so it cannot be asked about itself. Run the audit of it over SSH", host.Name)
	}
	shell, err := exec.LookPath("sh")
	if err != nil {
		return nil, fail(ReasonShell, err, "%s: no sh was found on this machine: %v", host.Name, err)
	}
	return localSession{shell: shell}, nil
}

// localSession is this machine. It holds nothing that would have to be closed.
type localSession struct{ shell string }

// Login implements Conn.
func (s localSession) Login(ctx context.Context) (Session, error) {
	if ctx.Err() != nil {
		return nil, contextError(ctx, "preparing to run commands on this machine")
	}
	return s, nil
}

// Peer implements Session.
func (localSession) Peer() Peer { return Peer{KeyTrust: trustLocal, AuthMethod: methodNone} }

// Close implements Session and Conn.
func (localSession) Close() error { return nil }

// Exec implements Session. The command leads a process group, which is killed as a whole when the context ends.
func (s localSession) Exec(ctx context.Context, command string, stdin io.Reader) (*Process, error) {
	if ctx.Err() != nil {
		return nil, contextError(ctx, "starting a command on this machine")
	}
	cmd := exec.CommandContext(ctx, s.shell, "-c", command) //nolint:gosec // the command is the caller's
	cmd.Env = loginEnvironment(os.Environ())
	cmd.Dir = "/"
	cmd.WaitDelay = localGrace
	ownGroup(cmd)
	p, err := startLocal(ctx, cmd, stdin)
	if err != nil {
		return nil, fail(ReasonShell, err, "sh cannot be run on this machine: %v", err)
	}
	return p, nil
}

// startLocal starts cmd with its streams on pipes.
func startLocal(ctx context.Context, cmd *exec.Cmd, stdin io.Reader) (*Process, error) {
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	stderr, err := cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	// It ends with stdin, or when the command takes no more.
	go func() {
		if stdin != nil {
			_, _ = io.Copy(in, stdin)
		}
		_ = in.Close()
	}()
	wait := sync.OnceValues(func() (int, error) {
		exit, err := localStatus(ctx, cmd)
		if c, ok := stdin.(io.Closer); ok {
			_ = c.Close() // the copy may wait for it
		}
		return exit, err
	})
	return &Process{Stdout: stdout, Stderr: stderr, Wait: wait}, nil
}

// localStatus waits for a command and gives its status.
func localStatus(ctx context.Context, cmd *exec.Cmd) (int, error) {
	err := cmd.Wait()
	var exit *exec.ExitError
	switch {
	case cmd.ProcessState != nil && cmd.ProcessState.Exited():
		return cmd.ProcessState.ExitCode(), nil
	case ctx.Err() != nil:
		return -1, contextError(ctx, "running a command on this machine")
	case errors.As(err, &exit):
		return 128 + signalOf(exit.ProcessState), nil
	default:
		return -1, fail(ReasonDropped, err, "a command on this machine ended without a status: %v", err)
	}
}

// loginEnvironment keeps what sshd too would give to a command, so that the answers are the same and secrets in the environment of this
// program stay with it.
func loginEnvironment(environ []string) []string {
	var kept []string
	for _, v := range environ {
		switch name, _, _ := strings.Cut(v, "="); name {
		case "HOME", "USER", "LOGNAME", "SHELL", "PATH", "LANG", "TZ", "XDG_RUNTIME_DIR":
			kept = append(kept, v)
		}
	}
	return kept
}
