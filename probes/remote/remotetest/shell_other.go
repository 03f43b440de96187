//go:build !unix

package remotetest

import (
	"os"
	"os/exec"
)

// ownGroup does nothing: only the command itself is killed here.
func ownGroup(*exec.Cmd) {}

// signalOf gives 0: nothing is killed by signals here.
func signalOf(*os.ProcessState) int { return 0 }
