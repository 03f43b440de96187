//go:build unix

package remote

import (
	"os"
	"os/exec"
	"syscall"
)

// posix says that this system has POSIX shells and process groups.
const posix = true

// ownGroup makes a command the leader of a process group that is killed as a whole.
func ownGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}

// signalOf gives the number of the signal that killed a process, 0 for none.
func signalOf(s *os.ProcessState) int {
	if ws, ok := s.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
		return int(ws.Signal())
	}
	return 0
}
