// Package probes holds what is asked of hosts: the probe, and the catalogue of all probes with strict loading and the
// read-only lint. The asking itself lives below it (script, remote, collect), and so do the stored answers (evidence)
// and their parsing (parse, fact).
//
// A probe knows nothing of verdicts, checks or frameworks.
package probes

import (
	"time"

	"github.com/fleetaudit/fleetaudit/inventory"
	"github.com/fleetaudit/fleetaudit/probes/fact"
	"github.com/fleetaudit/fleetaudit/probes/parse"
)

// Defaults and limits of a probe.
const (
	DefaultTimeout  = 10 * time.Second
	MaxTimeout      = 5 * time.Minute
	DefaultMaxBytes = 64 << 10 // bytes of stdout kept
	MaxMaxBytes     = 4 << 20
)

// Probe is one question to a host: a read-only command and how its answer becomes facts.
type Probe struct {
	ID         string // topic.name, such as ssh_server.effective
	Title      string
	Platform   inventory.Platform
	Run        string            // text of the command (POSIX sh on Linux)
	Privileged bool              // Run has a command marked "asroot"; derived from Run
	Timeout    time.Duration     // time limit on the host
	MaxBytes   int64             // bytes of stdout kept; more marks the answer as cut
	Exit       []int             // exit statuses that mean "answered"; {0} by default
	Slow       bool              // long-running: sent last, niced
	Reduced    bool              // Run reads secrets and leaves them out on the host; lets awk read files that hold them
	Parse      string            // name of the syntax of stdout, a parser of probes/parse
	Options    map[string]string // options of that parser
	Facts      fact.Type
	Notes      string // for the auditor: what the command shows and what it does not
	Cases      []Case
	Pos        inventory.Position

	parser    parse.Parser
	runPos    inventory.Position // where Run begins in its file
	runLines  bool               // each line of Run is a line of the file, below runPos
	runIndent int                // blanks before each line of Run in the file
}

// Parser gives the ready parser of the probe's answers, nil for a probe that did not come from a catalogue.
func (p *Probe) Parser() parse.Parser { return p.parser }

// Topic gives the first part of the id, which is also the name of the file that holds the probe.
func (p *Probe) Topic() string {
	for i := range p.ID {
		if p.ID[i] == '.' {
			return p.ID[:i]
		}
	}
	return p.ID
}

// Case is a recorded answer with the facts that it must yield. go test runs all of them.
type Case struct {
	Name   string
	Stdout string
	Exit   int
	Facts  fact.Value // expected, exact; nil when Problem is expected
	Fields []string   // record fields that must come out as "not understood"
	Error  string     // substring of the expected parse error
	Pos    inventory.Position
}
