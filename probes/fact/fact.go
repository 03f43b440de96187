// Package fact holds the typed values that probes yield: the type language of a probe's "facts" key, the values
// themselves, and the set of all facts of one host with, for each that is missing, the reason.
//
// It knows nothing of commands, hosts or verdicts.
package fact

// Kind is the shape of a fact.
type Kind int

// The kinds of fact. In YAML: string, int, double, bool, timestamp; "list(T)" or a one-element sequence [T]; "map(string, T)";
// a mapping of field names to types for a record.
const (
	String Kind = iota + 1
	Int
	Double
	Bool
	Timestamp
	List
	Map
	Record
)

// Type is the declared type of a fact. Elem is set for List and Map, Fields for Record.
type Type struct {
	Kind   Kind
	Elem   *Type
	Fields []Field // in the order of declaration
}

// Field is a named member of a record.
type Field struct {
	Name string
	Type Type
}

// Value is the value of a fact in one of these Go types: string, int64, float64, bool, time.Time, []any (list),
// map[string]any (map and record). A record may lack fields: these are absent, which is not the same as empty.
type Value = any

// Answer is what one probe yielded on one host.
type Answer struct {
	// Value is the parsed value; for a record it holds the fields that were present and understood.
	Value Value
	// Problem says why the whole answer could not be read ("not permitted: needs root", "timed out after 10s", ...). Empty when it was.
	Problem string
	// Kind classes Problem, for the verdict's reason.
	ProblemKind ProblemKind
	// Fields gives, for a record, the fields that were present but not understood, each with the reason.
	Fields map[string]string
	// Evidence is the id of the item that the value was parsed from, empty when there is none.
	Evidence string
}

// ProblemKind classes why a fact could not be read.
type ProblemKind string

// The problems. They become the reason of a NOT TESTED result.
const (
	ProblemNone          ProblemKind = ""
	ProblemNotPermitted  ProblemKind = "not permitted"
	ProblemFailed        ProblemKind = "probe failed"
	ProblemTimeout       ProblemKind = "probe timed out"
	ProblemTruncated     ProblemKind = "answer cut at its size limit"
	ProblemNotUnderstood ProblemKind = "not understood"
	ProblemNotAsked      ProblemKind = "not asked"
)

// Set is all facts of one host, by probe id. A probe that is not in it was not asked.
type Set map[string]Answer
