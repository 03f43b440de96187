//go:build unix

package script

import (
	"os"
	"os/exec"
	"syscall"
)

// asUser gives a command a session of its own, as an SSH server does, and lets it run as another user, if the test may.
func asUser(cmd *exec.Cmd, uid uint32) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if uid != 0 && os.Getuid() == 0 {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uid, Gid: uid}
	}
}
