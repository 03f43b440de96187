package evidence

import (
	"crypto/rand"
	"encoding/hex"
	"time"
)

// format is the version of the bundle's layout, run.json's "format". A reader refuses a higher one.
const format = 1

// RunInfo describes a run: who asked what, with what, on whose authority. It is run.json in the bundle.
type RunInfo struct {
	Format     int        `json:"format"` // layout of the bundle; set by Create
	ID         string     `json:"id"`     // such as run-20261125-140500-7f3a, see NewRunID
	Tool       Tool       `json:"tool"`
	Controller Controller `json:"controller"`
	Operator   string     `json:"operator,omitempty"` // the person who ran it: name or mail address
	Engagement Engagement `json:"engagement"`
	Population Population `json:"population"`
	Inventory  SourceFile `json:"inventory"`
	Catalogue  string     `json:"catalogue"` // digest over everything that is asked
	Started    time.Time  `json:"started"`   // controller clock, UTC
	Args       []string   `json:"args"`      // command line; never a secret, these are references
	Recorded   bool       `json:"recorded,omitempty"`
	Previous   string     `json:"previous,omitempty"` // sha256 of the manifest of the bundle before, where there is one
}

// Tool is the program that collected.
type Tool struct {
	Version string `json:"version"`
	Commit  string `json:"commit,omitempty"`
	Go      string `json:"go"`
	SHA256  string `json:"sha256,omitempty"` // of the executable
}

// Controller is the machine that collected.
type Controller struct {
	Machine string `json:"machine"`
	OS      string `json:"os"`
	Arch    string `json:"arch"`
	User    string `json:"user"`
}

// Engagement says for whom and on whose authority hosts were asked. Dates are as the inventory has them (2026-11-01).
type Engagement struct {
	Entity        string `json:"entity,omitempty"`
	Assessor      string `json:"assessor,omitempty"`
	Authority     string `json:"authority,omitempty"`
	FieldworkFrom string `json:"fieldwork_from,omitempty"`
	FieldworkTo   string `json:"fieldwork_to,omitempty"`
}

// Population is the independent list of what should be there.
type Population struct {
	File    string `json:"file,omitempty"`
	SHA256  string `json:"sha256,omitempty"`
	Source  string `json:"source,omitempty"`
	Created string `json:"created,omitempty"` // date as declared
	By      string `json:"by,omitempty"`
}

// SourceFile names a file that the run was given, with the hash of its bytes.
type SourceFile struct {
	File   string `json:"file"`
	SHA256 string `json:"sha256"`
}

// EndInfo says how a run ended. It is run-end.json in the bundle. A caller of Close gives Ended and Interrupted; the rest is filled in.
type EndInfo struct {
	Ended       time.Time     `json:"ended"` // controller clock, UTC
	Interrupted bool          `json:"interrupted"`
	Hosts       map[State]int `json:"hosts"`      // number of hosts by state
	LogLines    int           `json:"log_lines"`  // lines of log.jsonl
	LogSHA256   string        `json:"log_sha256"` // of the last line of log.jsonl with its line feed
}

// HostEntry is a line of hosts.jsonl, the index of a bundle.
type HostEntry struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	State  State  `json:"state"`
	Reason string `json:"reason,omitempty"`
	Pack   string `json:"pack_sha256"` // of the pack's file
}

// NewRunID gives an id for a run that starts now: the time in UTC and four random hex digits, for runs that start in the same second.
func NewRunID(now time.Time) string {
	var b [2]byte
	_, _ = rand.Read(b[:]) // never fails, by its documentation
	return "run-" + now.UTC().Format("20060102-150405") + "-" + hex.EncodeToString(b[:])
}
