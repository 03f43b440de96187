//go:build !unix

package remote

import (
	"os"
	"os/exec"
)

// posix says that this system has no POSIX shell.
const posix = false

// ownGroup does nothing where there are no process groups.
func ownGroup(*exec.Cmd) {}

// signalOf gives 0 where there are no signals.
func signalOf(*os.ProcessState) int { return 0 }
