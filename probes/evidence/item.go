package evidence

import "time"

// Outcome says how the asking of one probe ended. It is about the asking, never about compliance.
type Outcome string

// The outcomes of a probe.
const (
	OutcomeAnswered     Outcome = "answered"      // the command ran to its end and its status and output are here
	OutcomeTimeout      Outcome = "timeout"       // killed at its time limit
	OutcomeNotPermitted Outcome = "not permitted" // needs root and the session has no privilege; it was not run
	OutcomeLost         Outcome = "lost"          // the connection ended before its answer was complete
)

// Item is one answer: the exact command, how it ended, and the bytes that came back.
type Item struct {
	Seq       int           `json:"seq"`   // 1-based, in the order of the catalogue; names the files NNN.cmd, NNN.out, NNN.err
	Probe     string        `json:"probe"` // probe id
	Outcome   Outcome       `json:"outcome"`
	Exit      int           `json:"exit"`                // exit status, 128+n for signal n; -1 when there is none
	PipeFail  int           `json:"pipe_fail,omitempty"` // status of a failed command inside the probe that was marked "need" or "asroot"; 0 when none failed
	Truncated bool          `json:"truncated,omitempty"` // stdout was longer than the probe's limit; Stdout holds the first bytes
	Start     time.Time     `json:"start"`               // controller clock, UTC
	Duration  time.Duration `json:"duration_ns"`

	Command []byte `json:"-"` // probe text exactly as sent
	Stdout  []byte `json:"-"`
	Stderr  []byte `json:"-"`

	CommandSHA256 string `json:"command_sha256"` // hex; these three are filled in by the pack
	StdoutSHA256  string `json:"stdout_sha256"`
	StderrSHA256  string `json:"stderr_sha256"`
	StdoutBytes   int64  `json:"stdout_bytes"`
	StderrBytes   int64  `json:"stderr_bytes"`
}

// Header is what the host says of itself at the start of its answer.
type Header struct {
	Hostname  string            `json:"hostname"`
	OSRelease map[string]string `json:"os_release"`             // lower-case keys of /etc/os-release: id, id_like, version_id, pretty_name, ...
	Kernel    string            `json:"kernel"`                 // uname -r
	System    string            `json:"system"`                 // uname -s
	Arch      string            `json:"arch"`                   // uname -m
	UID       int               `json:"uid"`                    // effective user id of the script; -1 when not known
	Privilege string            `json:"privilege"`              // none | root (logged in as root) | sudo (elevated)
	BecomeErr string            `json:"become_error,omitempty"` // why elevation was refused, one line
	BootID    string            `json:"boot_id,omitempty"`
	MachineID string            `json:"machine_id,omitempty"` // keyed HMAC made on the controller, hex; never the id itself
	Init      string            `json:"init,omitempty"`       // name of process 1, such as systemd
	Container string            `json:"container,omitempty"`  // kind of container the host is, empty for none
	Clock     time.Time         `json:"clock"`                // the host's clock, UTC
	Skew      time.Duration     `json:"skew_ns"`              // host clock minus the controller's midpoint
	SkewError time.Duration     `json:"skew_error_ns"`        // half of the round trip: the uncertainty of Skew
}

// State is the one state in which every declared host ends.
type State string

// The states of a host. StatePartial: it answered, but at least one probe has no complete answer.
const (
	StateComplete State = "complete"
	StatePartial  State = "partial"
	StateFailed   State = "not tested"
)

// HostRecord is everything about a host in a run but its items. It is host.json in the pack.
type HostRecord struct {
	ID       string   `json:"id"` // hostid: 16 hex digits, from the declared name; never host-given text
	Name     string   `json:"name"`
	Address  string   `json:"address"`
	Port     int      `json:"port"`
	User     string   `json:"user"`
	Jump     string   `json:"jump,omitempty"` // user@address:port
	Platform string   `json:"platform"`
	Become   string   `json:"become"`
	Zone     string   `json:"zone,omitempty"`
	System   string   `json:"system,omitempty"`
	Env      string   `json:"env,omitempty"`
	Roles    []string `json:"roles,omitempty"`
	Data     []string `json:"data,omitempty"`
	Groups   []string `json:"groups,omitempty"`

	State      State  `json:"state"`
	Reason     string `json:"reason,omitempty"`   // class: unreachable, refused, timeout, host key, authentication, ...
	Detail     string `json:"detail,omitempty"`   // one line for a person
	HostKey    string `json:"host_key,omitempty"` // SHA256 fingerprint that the host showed
	KeyType    string `json:"key_type,omitempty"`
	KeyTrust   string `json:"key_trust,omitempty"`   // known_hosts | pinned | certificate authority | first use | local
	Banner     string `json:"banner,omitempty"`      // SSH server version
	AuthMethod string `json:"auth_method,omitempty"` // publickey, password, keyboard-interactive
	Connection string `json:"connection"`            // ssh | local
	Recorded   bool   `json:"recorded,omitempty"`    // the answers are a recording (demo), not a live host

	Header *Header   `json:"header,omitempty"` // nil when the host did not get so far
	Tries  int       `json:"tries"`
	Execs  int       `json:"execs"` // session channels opened for scripts
	Start  time.Time `json:"start"`
	End    time.Time `json:"end"`
}

// Answer is a host's record with its items in order: what collecting one host yields, and what a pack holds.
type Answer struct {
	Host  HostRecord
	Items []Item
}
