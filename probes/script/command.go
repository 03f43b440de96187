package script

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"

	"github.com/fleetaudit/fleetaudit/inventory"
)

// The commands that start a script. They are one line in single quotes, without backslash and exclamation mark, so that every
// login shell hands them on unchanged: sh, bash, dash, busybox, ksh, zsh, rbash, tcsh and fish were tried.
//
// load reads the script to its end and runs it only if both its first and its last line came. In it, B is "sudo" when sudo
// has elevated the shell, and E holds why it did not.
const (
	load = `echo;echo "@%[1]s READY";s=$(cat);case $s in "N=%[1]s;"*"#%[1]s.")eval "$s";;*)echo "@%[1]s X cut";;esac`

	// A refusal costs the privileged probes, never the run. What sudo is asked first is what it is to run afterwards.
	elevate = `if [ "$(id -u)" = 0 ];then E=;B=;eval "$0";` +
		`elif E=$(LC_ALL=C sudo -n sh -c : 2>&1 </dev/null);then exec sudo -n sh -c "E=;B=sudo;$0";` +
		`else B=;E=${E:-sudo gave no reason};eval "$0";fi`
)

// Command gives the command line that starts a session on a host. With BecomeSudo the script runs in one shell under
// "sudo -n" or, when that is refused, without it. A user that is root already needs no sudo.
func (s *Script) Command(become inventory.Become, nonce string) string {
	loader := fmt.Sprintf(load, nonce)
	if become == inventory.BecomeSudo {
		return "sh -c '" + elevate + "' '" + loader + "'"
	}
	return "sh -c 'E=;B=;" + loader + "'"
}

// NewNonce makes the nonce of one session: 128 random bits in hex.
func NewNonce() string {
	b := make([]byte, 16)
	_, _ = rand.Read(b) // never fails: crypto/rand ends the program instead
	return hex.EncodeToString(b)
}

// tag gives the mark that the processes of a session carry in their environment. It does not tell the nonce.
func tag(nonce string) string {
	sum := sha256.Sum256([]byte("tag\x00" + nonce))
	return hex.EncodeToString(sum[:8])
}

var readyInCommand = regexp.MustCompile(`"@([0-9a-f]{32}) READY"`)

// CommandNonce gives the nonce of a command that Command made. It serves servers that play a recorded host.
func CommandNonce(command string) (string, bool) {
	m := readyInCommand.FindStringSubmatch(command)
	if m == nil {
		return "", false
	}
	return m[1], true
}
