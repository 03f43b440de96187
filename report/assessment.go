// Package report turns a bundle of evidence into an assessment: results for every host and check, findings, and the status of
// every control reference. It works offline, on stored evidence alone, as often as wanted.
//
// It must never reach the network: nothing under report imports the packages that open sessions.
package report

import (
	"iter"
	"time"

	"github.com/fleetaudit/fleetaudit/report/check"
	"github.com/fleetaudit/fleetaudit/report/control"
)

// Assessment is everything the output formats write. What grows with the fleet is streamed, in host order, as often as a format
// asks; what does not is here: findings, controls, methods.
type Assessment struct {
	Run        Run
	Hosts      HostCounts
	Totals     control.Counts   // results over the whole run
	Findings   []Finding        // one per check with a FAIL, EXCEPTION, MANUAL or NOT TESTED host, gravest first
	Checks     []CheckSummary   // every check of the content, in id order
	Controls   []control.Status // every mapped reference, in CSF order
	Systems    []Group          // results by system, in name order
	Methods    []Method         // every probe of the run, in catalogue order
	Gaps       []Gap            // what was not tested and why, most frequent first
	Crosswalk  []control.CrosswalkRow
	Objectives []control.ObjectiveStatus // objectives that have mapped checks, in CSF order
	Categories []control.CategoryStatus  // categories that have mapped checks, in CSF order
	Domains    []control.Domain          // the assessment domains, by which Controls names those of a reference
	Frameworks []control.CrosswalkSource // the frameworks of the crosswalk, and where its rows come from
	Streams    Streams
}

// Run describes the run that the evidence comes from and the judging of it.
type Run struct {
	ID                                                                                  string
	Entity                                                                              string
	Assessor                                                                            string
	Authority                                                                           string
	FieldworkFrom, FieldworkTo                                                          string // dates as declared, may be empty
	Operator                                                                            string
	Controller                                                                          string    // machine and OS user that collected
	Tool                                                                                string    // name and version
	Started, Ended                                                                      time.Time // of the collection, UTC
	Evaluated                                                                           time.Time // UTC
	Inventory                                                                           string    // file name
	InventorySHA256                                                                     string
	PopulationFile, PopulationSource, PopulationCreated, PopulationBy, PopulationSHA256 string
	CatalogSHA256                                                                       string // probes as run
	ContentSHA256                                                                       string // checks, baseline and mapping as judged
	Baseline                                                                            string
	BaselineValues                                                                      []BaselineValue
	BundlePath                                                                          string
	ManifestSHA256                                                                      string // of MANIFEST.sha256
	LogHash                                                                             string // last hash of the run log's chain
	Complete                                                                            bool   // every declared host was tested completely
	Interrupted                                                                         bool
	Recorded                                                                            bool     // at least one host is a recording, not a live host
	Notices                                                                             []string // sentences that must be seen, such as the one about recorded hosts
}

// BaselineValue is one threshold with its source.
type BaselineValue struct{ Name, Value, Source, Note string }

// HostCounts are numbers of declared hosts by state.
type HostCounts struct{ Declared, Complete, Partial, NotTested int }

// Finding is one check over all hosts.
type Finding struct {
	Number     string // F-001, in order
	Check      *check.Check
	References []string // control references that the check is mapped to
	Counts     control.Counts
	Failing    []string // names of the first failing hosts, at most MaxListedHosts
	FailingN   int
	Expected   string // what the check expects, with the thresholds put in
	Observed   string // what the first failing host showed, or, where none fails, the first MANUAL one
	Evidence   string // evidence id on that host
}

// MaxListedHosts is how many host names a finding lists before "and n more".
const MaxListedHosts = 5

// CheckSummary is a check with its references and counts.
type CheckSummary struct {
	Check      *check.Check
	References []string
	Counts     control.Counts
}

// Group is the counts of a part of the fleet.
type Group struct {
	Name   string
	Hosts  int
	Counts control.Counts
}

// Method is how one probe asks.
type Method struct {
	Probe, Title, Command, Notes string
	Privileged                   bool
	Checks                       []string
	SHA256                       string
	Parse                        string
}

// Gap is one reason for which results are NOT TESTED.
type Gap struct {
	Reason         string
	Hosts, Results int
	Example        string // a host
}

// Streams yield what grows with the fleet. Each call starts again from the beginning; rows come in host name order, then check or item order.
// An error ends a stream.
type Streams struct {
	Hosts    func() iter.Seq2[HostRow, error]
	Results  func() iter.Seq2[ResultRow, error]
	Evidence func() iter.Seq2[EvidenceRow, error]
	Log      func() iter.Seq2[LogRow, error]
	Files    func() iter.Seq2[FileRow, error]
}

// HostRow is one declared host.
type HostRow struct {
	Name, Address, System, Env, Zone, Platform, OS string
	Roles                                          []string
	State                                          string    // complete | partial | not tested
	Why                                            string    // class and detail when not fully tested
	Collected                                      time.Time // zero when never reached
	Duration                                       time.Duration
	Privilege                                      string
	Become                                         string // how elevation was asked for
	Skew                                           time.Duration
	SkewKnown                                      bool
	HostKey                                        string // key type and fingerprint
	KeyTrust                                       string
	Connection                                     string
	User                                           string
	Jump                                           string
	Recorded                                       bool
	ID                                             string
	Pack                                           string // path in the bundle
	Counts                                         control.Counts
	ByReference                                    map[string]control.Counts // reference id -> counts on this host
}

// ResultRow is one host and check.
type ResultRow struct {
	Host, System       string
	Check              string
	Title              string
	Severity           check.Severity
	Result             check.Result
	Reason             string
	References         []string
	Expected, Observed string
	Evidence           []string
	Collected          time.Time // of the first evidence, zero when there is none
	Key                string    // check@host, the stable row key
}

// EvidenceRow is one item.
type EvidenceRow struct {
	ID, Host  string
	Collected time.Time
	Probe     string
	Command   string
	RunAs     string
	Outcome   string
	Exit      int // -1 when there is none
	Duration  time.Duration
	Bytes     int64
	Truncated bool
	SHA256    string // of stdout
	File      string // path of the pack and member in it
	Excerpt   string // first lines of stdout, raw; the format makes it safe
}

// LogRow is one entry of the run log.
type LogRow struct {
	N      int
	Time   time.Time
	Event  string
	Host   string
	Detail string
	Hash   string
}

// FileRow is one file of the bundle's manifest.
type FileRow struct{ What, Path, SHA256 string }
