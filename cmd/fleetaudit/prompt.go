package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"golang.org/x/term"
)

// terminalPrompter asks the person at the terminal for a secret without showing it.
type terminalPrompter struct{ w *world }

// Prompt asks once. It fails where there is no terminal to ask at.
func (t *terminalPrompter) Prompt(ctx context.Context, label string) (string, error) {
	in, ok := t.w.stdin.(*os.File)
	if !ok || !term.IsTerminal(int(in.Fd())) {
		return "", errors.New("nobody to ask: stdin is no terminal (use env:, file: or command: instead of prompt:)")
	}
	if err := ctx.Err(); err != nil {
		return "", err
	}
	fmt.Fprintf(t.w.stderr, "%s: ", label)
	secret, err := term.ReadPassword(int(in.Fd()))
	fmt.Fprintln(t.w.stderr)
	if err != nil {
		return "", fmt.Errorf("read %s: %w", label, err)
	}
	return string(secret), nil
}
