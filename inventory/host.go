package inventory

import "fmt"

// Platform is the family of operating system a host belongs to, as far as it decides which probes are sent.
type Platform string

// The platforms a host can have. PlatformUnknown means that the first answer of the host decides.
const (
	PlatformUnknown Platform = ""
	PlatformLinux   Platform = "linux"
	PlatformWindows Platform = "windows"
)

// Become names how privileged probes are elevated on a host.
type Become string

// The ways to elevate. BecomeSudo runs the whole script in one shell under "sudo -n".
const (
	BecomeNone Become = "none"
	BecomeSudo Become = "sudo"
)

// Connection names the transport of a host.
type Connection string

// The transports. ConnectionLocal runs the script on the controller itself, without SSH.
const (
	ConnectionSSH   Connection = "ssh"
	ConnectionLocal Connection = "local"
)

// Position is a place in a file: 1-based line and column, 0 when unknown.
type Position struct {
	File   string
	Line   int
	Column int
}

// String gives file:line:column, leaving out what is not known.
func (p Position) String() string {
	switch {
	case p.Line == 0:
		return p.File
	case p.Column == 0:
		return fmt.Sprintf("%s:%d", p.File, p.Line)
	default:
		return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
	}
}

// Access is how one SSH server is reached and logged in to. Host and Jump share it, since a jump host is logged in to
// in just the same way.
type Access struct {
	Address     string    // host name, IPv4 or IPv6 literal without brackets
	Port        int       // TCP port, 22 by default
	User        string    // account to log in as
	Identity    string    // private key file; when named it is the only key offered
	Certificate string    // OpenSSH certificate file for Identity
	Passphrase  SecretRef // of Identity
	Password    SecretRef // for password and keyboard-interactive authentication
	HostKey     string    // pinned SHA256 fingerprint, "SHA256:..." as ssh-keygen -l prints it
}

// Host is one machine in scope: who it is, what it is for and how it is reached.
type Host struct {
	Access

	Name       string // unique in the inventory; what reports call it
	Platform   Platform
	Connection Connection
	Become     Become
	Jump       *Access // the jump host to go through, nil for none

	Zone   string   // network zone by name
	System string   // business component, such as "EHR database"
	Env    string   // environment, such as production
	Roles  []string // what the host does, such as database
	Data   []string // classes of data it holds, such as fti
	Groups []string // inventory groups that list it, sorted

	Pos Position // where it is declared
}
