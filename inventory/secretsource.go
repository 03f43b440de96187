package inventory

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"runtime"
	"time"
)

const (
	commandTime = 30 * time.Second // a vault answers in seconds; a run must not hang on one
	commandWait = time.Second      // for processes that a command left behind with its output open
	maxSecret   = 64 << 10         // bytes; a longer answer is no password
)

func readEnv(name string) (string, error) {
	value, ok := os.LookupEnv(name)
	if !ok {
		return "", errors.New("the environment variable is not set")
	}
	return secretText([]byte(value))
}

// readFile reads a file that nobody but its owner may read.
func readFile(name string) (string, error) {
	info, err := os.Stat(name) // before opening, since opening a pipe waits for a writer
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() {
		return "", errors.New("expected a regular file")
	}
	f, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }() // it was only read
	if info, err = f.Stat(); err != nil {
		return "", err
	}
	if err := privateMode(info.Mode(), name); err != nil {
		return "", err
	}
	data, err := io.ReadAll(io.LimitReader(f, maxSecret+1))
	if err != nil {
		return "", err
	}
	return secretText(data)
}

// privateMode refuses modes that let others in. Windows has no such modes; access lists protect files there.
func privateMode(mode fs.FileMode, name string) error {
	if runtime.GOOS != "windows" && mode.Perm()&0o077 != 0 {
		return fmt.Errorf("the file is open to others (mode %04o): run chmod 600 %s", mode.Perm(), name)
	}
	return nil
}

// readCommand runs a command of the operator's on this machine and takes what it prints. Neither its text nor anything that it
// prints goes into errors.
func readCommand(ctx context.Context, text string, limit time.Duration) (string, error) {
	timed, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	shell := []string{"sh", "-c"}
	if runtime.GOOS == "windows" {
		shell = []string{"cmd", "/c"}
	}
	cmd := exec.CommandContext(timed, shell[0], shell[1], text) //nolint:gosec // the text is the operator's own, from the inventory
	var out capped
	cmd.Stdout = &out
	cmd.WaitDelay = commandWait
	err := cmd.Run()
	switch {
	case ctx.Err() != nil:
		return "", context.Cause(ctx)
	case timed.Err() != nil:
		return "", fmt.Errorf("the command gave no answer within %s", limit)
	case errors.Is(err, exec.ErrWaitDelay): // it ended well; what it left running is not waited for
	case err != nil:
		return "", fmt.Errorf("the command failed: %w", err)
	}
	return secretText(out.data)
}

// capped keeps the first bytes of an output, one more than a secret may have.
type capped struct{ data []byte }

func (c *capped) Write(p []byte) (int, error) {
	c.data = append(c.data, p[:min(len(p), maxSecret+1-len(c.data))]...)
	return len(p), nil
}

// secretText takes the one line that a secret is.
func secretText(b []byte) (string, error) {
	b = bytes.TrimSuffix(bytes.TrimSuffix(b, []byte("\n")), []byte("\r"))
	switch {
	case len(b) == 0:
		return "", errors.New("it is empty")
	case len(b) > maxSecret:
		return "", fmt.Errorf("it is longer than %d bytes, which no password is", maxSecret)
	case bytes.ContainsAny(b, "\n\r\x00"):
		return "", errors.New("it holds more than one line, which no password does")
	}
	return string(b), nil
}
