// Package control maps findings to the HITRUST CSF: its categories, objectives, control references and assessment domains, the
// crosswalk to other frameworks, and which checks speak to which reference, how far.
//
// It holds identifiers and short titles only; the text of requirements is licensed and not part of it. It neither gives nor implies
// a HITRUST score.
package control

import (
	"github.com/fleetaudit/fleetaudit/inventory"
	"github.com/fleetaudit/fleetaudit/report/check"
)

// Counts are numbers of results by verdict.
type Counts struct {
	Pass, Fail, NotTested, NA, Manual, Exception int
}

// Add counts one more result.
func (c *Counts) Add(r check.Result) {
	switch r {
	case check.Pass:
		c.Pass++
	case check.Fail:
		c.Fail++
	case check.NotTested:
		c.NotTested++
	case check.NA:
		c.NA++
	case check.Manual:
		c.Manual++
	case check.Exception:
		c.Exception++
	}
}

// Merge adds all of d.
func (c *Counts) Merge(d Counts) {
	c.Pass += d.Pass
	c.Fail += d.Fail
	c.NotTested += d.NotTested
	c.NA += d.NA
	c.Manual += d.Manual
	c.Exception += d.Exception
}

// Judged is the denominator of a pass share: NOT TESTED and EXCEPTION count, N/A and MANUAL do not.
func (c Counts) Judged() int { return c.Pass + c.Fail + c.NotTested + c.Exception }

// Total is the number of results.
func (c Counts) Total() int { return c.Judged() + c.NA + c.Manual }

// Worst gives the gravest verdict present: FAIL, NOT TESTED, EXCEPTION, MANUAL, PASS, N/A; empty for no result.
func (c Counts) Worst() check.Result {
	switch {
	case c.Fail > 0:
		return check.Fail
	case c.NotTested > 0:
		return check.NotTested
	case c.Exception > 0:
		return check.Exception
	case c.Manual > 0:
		return check.Manual
	case c.Pass > 0:
		return check.Pass
	case c.NA > 0:
		return check.NA
	}
	return ""
}

// Coverage says how much of a reference the checks can see.
type Coverage string

// The coverages. Manual: no check speaks to it.
const (
	Automated  Coverage = "automated"
	Partial    Coverage = "partial"
	ManualOnly Coverage = "manual"
)

// Confidence says where a crosswalk row comes from.
type Confidence string

// The confidences: Published was seen in a public mapping; Inferred is our own reading.
const (
	Published Confidence = "published"
	Inferred  Confidence = "inferred"
)

// Category is one of the 14 control categories, such as 01.0.
type Category struct {
	ID, Title string
	Root      string // the HIPAA Security Rule standard that it answers, where stated
	Incident  string // a public incident that illustrates it, where stated
}

// Objective is one of the 49 control objectives, such as 01.02.
type Objective struct {
	ID, Category, Title string
	Threat              string // what the objective answers to, for the objectives that host checks speak to
	Incident            string // the category's incident, for objectives with a threat
	TitleSource         string // TitleUnverified, or empty when the title was seen in a published list
}

// TitleUnverified marks a number or title that has not been compared with a licensed copy of the CSF. Reports must show it.
const TitleUnverified = "unverified"

// Reference is one of the 156 control references, such as 01.d.
type Reference struct {
	ID, Objective, Title string
	HostTestable         string // yes | partly | no: whether a host can show that it is met
	TitleSource          string // TitleUnverified, or empty
}

// Domain is one of the 19 assessment domains.
type Domain struct {
	Number int
	Title  string
}

// Mapping says which checks speak to a reference and what they leave open.
type Mapping struct {
	Reference string
	Coverage  Coverage
	Checks    []string
	Manual    []string // what remains for a person, one sentence each
	Domains   []int    // assessment domains of the reference's requirements (ids published for v9.2); empty where none was found
	Pos       inventory.Position
}

// Status is one mapped reference over the population.
type Status struct {
	Reference    Reference
	Objective    Objective
	Category     Category
	Domains      []int
	Coverage     Coverage
	Manual       []string
	Checks       []string
	Counts       Counts
	HostsAllPass int // hosts on which at least one check passes and every judged one does; MANUAL waits for a person and is not judged
	HostsInScope int // declared hosts on which at least one check applies, untested hosts included
	Findings     int // checks with at least one FAIL or EXCEPTION
}

// ObjectiveStatus is one objective over its references. A result counts once, however many references of the objective share its check.
type ObjectiveStatus struct {
	Objective  Objective
	Category   Category
	References []string
	Checks     int
	Counts     Counts
}

// CategoryStatus is one category over its references. A result counts once, however many references of the category share its check.
type CategoryStatus struct {
	Category   Category
	References int // references with at least one check
	Checks     int
	Counts     Counts
}

// CrosswalkSource is a framework that the crosswalk cites, and where its rows come from.
type CrosswalkSource struct {
	Name     string
	Citation string // regular expression that a whole citation matches
	Origin   string // for people: how the pairs were found
}

// CrosswalkRow pairs a reference with a citation of another framework.
type CrosswalkRow struct {
	Reference, Title, Framework, Citation string
	Confidence                            Confidence
	Checks                                int // checks mapped to the reference
}
