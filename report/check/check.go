// Package check judges: it holds the check, the baseline of named thresholds, and the verdict rules that turn a host's facts
// into results.
//
// Expressions are CEL, compiled when content is loaded, against the declared types of the facts. What can be named:
//
//	topic.name.field   a field of a probe's record. It cannot be asked for with has(): "absent" in the check says what absence means
//	topic.name         the fact of a probe that is no record: a list, a map, a scalar
//	u.field            in a loop over a list of rows, a field of the row; has(u.field) tells whether the row has it
//	baseline.name      a threshold          host.*, platform.*   what the inventory and the header of the answer say
//
// Evaluation is partial. A fact that could not be read, or that the host does not have, is unknown: "false && unknown" is false,
// "true || unknown" is true, and everything else that needs it stays open. The verdict table (verdict.go) says what follows; a field
// or key that is missing inside a known fact is an error, and never a default. Besides CEL's standard functions there are those of the
// extension libraries for strings, lists, sets and two-variable loops over maps (m.all(k, v, ...)), at the versions in LanguageVersion.
//
// A check knows nothing of frameworks (control references point at checks, never the other way) and never sees raw output. Only
// expr.go and exprtypes.go import the CEL library.
package check

import (
	"github.com/fleetaudit/fleetaudit/inventory"
	"github.com/fleetaudit/fleetaudit/probes/fact"
)

// Severity is how much a failed check matters.
type Severity string

// The severities, least first.
const (
	Low      Severity = "low"
	Medium   Severity = "medium"
	High     Severity = "high"
	Critical Severity = "critical"
)

// Absent says what it means that a fact was asked for, the host answered, and the fact is not there.
type Absent string

// The meanings of absence. AbsentUnset, the default, makes the result NOT TESTED.
const (
	AbsentUnset Absent = ""
	AbsentPass  Absent = "pass"
	AbsentFail  Absent = "fail"
	AbsentNA    Absent = "na"
)

// Check is one assertion over facts.
type Check struct {
	ID         string // topic.name
	Title      string
	Platform   inventory.Platform
	Severity   Severity
	Applies    string // CEL over host.* and platform.* only; empty means always
	NotApplies string // reason shown when Applies is false
	Assert     string // CEL over facts, baseline.*, host.*, platform.*; bool
	Observe    string // CEL whose value is shown as observed
	Expect     string // for people; {baseline.name} is replaced by the threshold
	Absent     Absent
	Manual     bool // a person must judge: result is MANUAL with the observed value as material
	Why        string
	Remediate  string
	Impact     string // what may break when it is mended and how to see that beforehand
	Standards  []string
	Cases      []Case
	Pos        inventory.Position

	Probes []string // ids of the probes whose facts Assert and Observe use, sorted; derived
}

// Case is an example of facts with the result that they must give. go test runs all of them.
type Case struct {
	Name     string
	Facts    map[string]fact.Value       // by probe id
	Unread   map[string]fact.ProblemKind // probe id -> why it could not be read
	Host     map[string]any              // overrides of host.*
	Platform map[string]string           // overrides of platform.*
	Baseline map[string]any              // overrides of baseline.*
	Result   Result
	Observed string // expected text of the observed value, when given
	Pos      inventory.Position
}

// Result is the verdict of one check on one host.
type Result string

// The results. Exception is a Fail under a valid waiver.
const (
	Pass      Result = "PASS"
	Fail      Result = "FAIL"
	NotTested Result = "NOT TESTED"
	NA        Result = "N/A"
	Manual    Result = "MANUAL"
	Exception Result = "EXCEPTION"
)

// Finding is what evaluating one check on one host gave.
type Finding struct {
	Check    string   `json:"check"`
	Result   Result   `json:"result"`
	Reason   string   `json:"reason,omitempty"` // for NOT TESTED and N/A: class and detail, such as "not permitted: needs root"
	Observed string   `json:"observed,omitempty"`
	Expected string   `json:"expected,omitempty"`
	Evidence []string `json:"evidence,omitempty"` // ids of the items that the verdict rests on
}
