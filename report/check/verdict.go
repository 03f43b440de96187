package check

// situation is all that a verdict depends on.
type situation struct {
	unreached     string // why the host was not tested; empty when it answered
	appliesOpen   string // why it cannot be told whether the check applies; empty when it can
	notApplicable string // why the check does not apply; empty when it does
	manual        bool
	absent        Absent // what the check says that absence means

	// Of evaluating the assertion, or what is observed when the check is manual.
	failure    string // the evaluation failed; why
	unsettled  bool   // a fact that decides is not there
	unread     string // the first fact named by the unsettled outcome that could not be read; why
	missing    string // the first fact named by it that the host does not have
	otherwise  string // with a missing fact: another part that could not be read or evaluated, so that absence alone does not decide; why
	noEvidence string // not one fact of the assertion was read; why
	holds      bool   // the assertion's value
}

// row is one line of the verdict table.
type row struct {
	name   string
	when   func(*situation) bool
	result Result
	reason func(*situation) string // nil for none
}

// The verdict table: the first row that fits decides. Whatever could not be read, or was not understood, is NOT TESTED; only a
// boolean makes PASS or FAIL, and only when the host showed something that it rests on.
var verdicts = []row{
	{"host not reached", func(s *situation) bool { return s.unreached != "" }, NotTested, func(s *situation) string { return s.unreached }},
	{"cannot tell whether it applies", func(s *situation) bool { return s.appliesOpen != "" }, NotTested, func(s *situation) string { return s.appliesOpen }},
	{"does not apply", func(s *situation) bool { return s.notApplicable != "" }, NA, func(s *situation) string { return s.notApplicable }},
	{"evaluation failed", func(s *situation) bool { return s.failure != "" }, NotTested, func(s *situation) string { return s.failure }},
	{"a fact could not be read", func(s *situation) bool { return s.unread != "" }, NotTested, func(s *situation) string { return s.unread }},
	{"settled without evidence", func(s *situation) bool { return s.noEvidence != "" }, NotTested, func(s *situation) string { return s.noEvidence }},
	{"manual", func(s *situation) bool { return s.manual }, Manual, nil},
	{"absent, and another part is open", func(s *situation) bool { return s.unsettled && s.otherwise != "" }, NotTested, func(s *situation) string { return s.otherwise }},
	{"absent means pass", func(s *situation) bool { return s.unsettled && s.absent == AbsentPass }, Pass, nil},
	{"absent means fail", func(s *situation) bool { return s.unsettled && s.absent == AbsentFail }, Fail, nil},
	{"absent means not applicable", func(s *situation) bool { return s.unsettled && s.absent == AbsentNA }, NA, absentReason},
	{"absent", func(s *situation) bool { return s.unsettled }, NotTested, absentReason},
	{"holds", func(s *situation) bool { return s.holds }, Pass, nil},
	{"does not hold", func(*situation) bool { return true }, Fail, nil},
}

func absentReason(s *situation) string { return "fact absent: " + s.missing }

// decide looks the situation up in the verdict table.
func decide(s *situation) (Result, string) {
	for i := range verdicts {
		if r := &verdicts[i]; r.when(s) {
			if r.reason == nil {
				return r.result, ""
			}
			return r.result, r.reason(s)
		}
	}
	return NotTested, "no rule of the verdict table fits" // never: the last row fits everything
}
