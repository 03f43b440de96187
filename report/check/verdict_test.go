package check

import (
	"maps"
	"testing"

	"github.com/fleetaudit/fleetaudit/inventory"
	"github.com/fleetaudit/fleetaudit/probes/fact"
)

// oneCheck compiles a check over the facts of testTypes without going through a file.
func oneCheck(t testing.TB, c Check) *Library {
	t.Helper()
	lang := testLanguage(t)
	lib := &Library{byID: map[string]*compiled{}, facts: testTypes(), baseline: &Baseline{}, values: map[string]any{
		"baseline.root_login": []string{"no"}, "baseline.max_tries": int64(4), "baseline.ports": []int64{22}, "baseline.flag": true,
	}}
	if c.Observe == "" {
		c.Observe = c.Assert
	}
	k := &compiled{Check: &c}
	k.ID, k.Platform = "t.check", inventory.PlatformLinux
	var err error
	must := func(x *expression, e error) *expression {
		if e != nil {
			err = e
		}
		return x
	}
	if c.Applies != "" {
		k.applies = must(lang.condition(lang.subject, c.Applies, false))
	}
	if !c.Manual {
		k.assert = must(lang.condition(lang.all, c.Assert, c.Absent != AbsentUnset))
	}
	observe, _, e := lang.compile(lang.all, c.Observe, false)
	k.observe = must(observe, e)
	if err != nil {
		t.Fatal(err)
	}
	k.Probes = probesOf(k.assert, k.observe)
	lib.checks = []*compiled{k}
	lib.byID[k.ID] = k
	return lib
}

// The facts that the rows of the table use.
func answered(record map[string]any) fact.Answer {
	return fact.Answer{Value: record, Evidence: "h-001"}
}

func unreadable(kind fact.ProblemKind) fact.Set {
	return fact.Set{"sshd.effective": {ProblemKind: kind, Problem: "why", Evidence: "h-001"}}
}

const (
	rootLogin = `sshd.effective.permitrootlogin == "no"`
	bothFacts = `sshd.effective.permitrootlogin == "no" && kernel.release == "6.1"`
)

// TestVerdicts lists every row of the verdict table.
func TestVerdicts(t *testing.T) {
	t.Parallel()
	good, bad := fact.Set{"sshd.effective": answered(map[string]any{"permitrootlogin": "no"})}, fact.Set{"sshd.effective": answered(map[string]any{"permitrootlogin": "yes"})}
	without := fact.Set{"sshd.effective": answered(map[string]any{"maxauthtries": int64(4)})}
	withKernel := func(s fact.Set, a fact.Answer) fact.Set {
		out := fact.Set{"kernel.release": a}
		maps.Copy(out, s)
		return out
	}
	noKernel := fact.Answer{ProblemKind: fact.ProblemFailed, Problem: "exit status 1"}
	tests := []struct {
		name     string
		check    Check
		subject  func(*Subject)
		facts    fact.Set
		want     Result
		reason   string
		observed string
	}{
		{name: "host not reached", check: Check{Assert: rootLogin}, subject: func(s *Subject) { s.Unreached = "timeout: no answer in 3s" }, facts: good, want: NotTested, reason: "timeout: no answer in 3s"},
		{name: "host not reached, check does not apply", check: Check{Assert: rootLogin, Applies: `host.zone == "x"`, NotApplies: "other zone"}, subject: func(s *Subject) { s.Unreached = "refused" }, want: NotTested, reason: "refused"},
		{name: "host not reached, absent passes", check: Check{Assert: rootLogin, Absent: AbsentPass}, subject: func(s *Subject) { s.Unreached = "refused" }, want: NotTested, reason: "refused"},
		{name: "host not reached, manual", check: Check{Manual: true, Observe: "sshd.effective.permitrootlogin"}, subject: func(s *Subject) { s.Unreached = "refused" }, want: NotTested, reason: "refused"},

		{name: "probe not asked", check: Check{Assert: rootLogin}, facts: fact.Set{}, want: NotTested, reason: "not asked: sshd.effective"},
		{name: "probe not asked, absent passes", check: Check{Assert: rootLogin, Absent: AbsentPass}, facts: fact.Set{}, want: NotTested, reason: "not asked: sshd.effective"},
		{name: "not permitted", check: Check{Assert: rootLogin}, facts: unreadable(fact.ProblemNotPermitted), want: NotTested, reason: "not permitted: why"},
		{name: "not permitted, absent passes", check: Check{Assert: rootLogin, Absent: AbsentPass}, facts: unreadable(fact.ProblemNotPermitted), want: NotTested, reason: "not permitted: why"},
		{name: "not permitted, absent fails", check: Check{Assert: rootLogin, Absent: AbsentFail}, facts: unreadable(fact.ProblemNotPermitted), want: NotTested, reason: "not permitted: why"},
		{name: "not permitted, absent n/a", check: Check{Assert: rootLogin, Absent: AbsentNA}, facts: unreadable(fact.ProblemNotPermitted), want: NotTested, reason: "not permitted: why"},
		{name: "probe failed", check: Check{Assert: rootLogin}, facts: unreadable(fact.ProblemFailed), want: NotTested, reason: "probe failed: why"},
		{name: "timeout", check: Check{Assert: rootLogin}, facts: unreadable(fact.ProblemTimeout), want: NotTested, reason: "probe timed out: why"},
		{name: "truncated", check: Check{Assert: rootLogin}, facts: unreadable(fact.ProblemTruncated), want: NotTested, reason: "answer cut at its size limit: why"},
		{name: "whole answer not understood", check: Check{Assert: rootLogin}, facts: unreadable(fact.ProblemNotUnderstood), want: NotTested, reason: "not understood: why"},
		{name: "problem without a class", check: Check{Assert: rootLogin, Absent: AbsentPass}, facts: fact.Set{"sshd.effective": {Problem: "odd"}}, want: NotTested, reason: "odd"},
		{name: "field not understood", check: Check{Assert: rootLogin, Absent: AbsentPass}, facts: fact.Set{"sshd.effective": {Value: map[string]any{}, Fields: map[string]string{"permitrootlogin": "odd"}}}, want: NotTested, reason: "not understood: sshd.effective.permitrootlogin: odd"},
		{name: "another field not understood", check: Check{Assert: rootLogin}, facts: fact.Set{"sshd.effective": {Value: map[string]any{"permitrootlogin": "no"}, Fields: map[string]string{"maxauthtries": "odd"}}}, want: Pass, observed: "true"},
		{name: "a record that is none", check: Check{Assert: rootLogin, Absent: AbsentPass}, facts: fact.Set{"sshd.effective": {}}, want: NotTested, reason: "not understood: sshd.effective gave no record"},
		{name: "a value that is none", check: Check{Assert: `kernel.release == "6"`, Absent: AbsentPass}, facts: fact.Set{"kernel.release": {}}, want: NotTested, reason: "not understood: kernel.release gave no value"},

		{name: "absent, unset", check: Check{Assert: rootLogin}, facts: without, want: NotTested, reason: "fact absent: sshd.effective.permitrootlogin", observed: notSet},
		{name: "absent, pass", check: Check{Assert: rootLogin, Absent: AbsentPass}, facts: without, want: Pass, observed: notSet},
		{name: "absent, fail", check: Check{Assert: rootLogin, Absent: AbsentFail}, facts: without, want: Fail, observed: notSet},
		{name: "absent, n/a", check: Check{Assert: rootLogin, Absent: AbsentNA}, facts: without, want: NA, reason: "fact absent: sshd.effective.permitrootlogin", observed: notSet},

		{name: "absent and unread", check: Check{Assert: bothFacts, Absent: AbsentPass}, facts: withKernel(without, noKernel), want: NotTested, reason: "probe failed: exit status 1"},
		{name: "absent and not asked", check: Check{Assert: bothFacts, Absent: AbsentFail}, facts: without, want: NotTested, reason: "not asked: kernel.release"},
		{name: "absent hides unread in a ternary", check: Check{Assert: `sshd.effective.usepam ? kernel.release == "6.1" : true`, Absent: AbsentPass}, facts: withKernel(without, noKernel), want: NotTested, reason: "probe failed: exit status 1", observed: ""},
		{name: "absent hides an error", check: Check{Assert: rootLogin + ` && kernel.sysctl["nope"] == "1"`, Absent: AbsentPass}, facts: fact.Set{"sshd.effective": without["sshd.effective"], "kernel.sysctl": {Value: map[string]any{"x": "1"}}}, want: NotTested, reason: "not understood: no such key: nope", observed: notSet},
		{name: "absent, other fact known", check: Check{Assert: bothFacts, Absent: AbsentPass}, facts: withKernel(without, fact.Answer{Value: "6.1"}), want: Pass, observed: notSet},
		{name: "absent, other fact fails", check: Check{Assert: bothFacts, Absent: AbsentPass}, facts: withKernel(without, fact.Answer{Value: "5"}), want: Fail, observed: "false"},
		{name: "unread, other fact fails", check: Check{Assert: bothFacts}, facts: withKernel(bad, noKernel), want: Fail, observed: "false"},
		{name: "unread, other fact holds", check: Check{Assert: bothFacts}, facts: withKernel(good, noKernel), want: NotTested, reason: "probe failed: exit status 1"},

		{name: "applies false", check: Check{Assert: rootLogin, Applies: `platform.family == "rhel"`, NotApplies: "only on RHEL"}, facts: bad, want: NA, reason: "only on RHEL"},
		{name: "applies false, fact unread", check: Check{Assert: rootLogin, Applies: `"db" in host.roles`, NotApplies: "no database"}, facts: unreadable(fact.ProblemFailed), want: NA, reason: "no database"},
		{name: "applies true", check: Check{Assert: rootLogin, Applies: `platform.family == "debian"`, NotApplies: "x"}, facts: bad, want: Fail, observed: "false"},
		{name: "applies unknown", check: Check{Assert: rootLogin, Applies: `platform.family == "debian"`, NotApplies: "x"}, subject: func(s *Subject) { delete(s.Values, "platform.family") }, facts: good, want: NotTested, reason: "cannot tell whether the check applies: platform.family is not known"},
		{name: "applies fails", check: Check{Assert: rootLogin, Applies: `int(platform.version) > 11`, NotApplies: "x"}, subject: func(s *Subject) { s.Values["platform.version"] = "sid" }, facts: good, want: NotTested, reason: "cannot tell whether the check applies: type conversion error from 'string' to 'int'"},

		{name: "manual", check: Check{Manual: true, Observe: "sshd.effective.permitrootlogin"}, facts: bad, want: Manual, observed: "yes"},
		{name: "manual, absent", check: Check{Manual: true, Observe: "sshd.effective.permitrootlogin"}, facts: without, want: Manual, observed: notSet},
		{name: "manual, unread", check: Check{Manual: true, Observe: "sshd.effective.permitrootlogin"}, facts: unreadable(fact.ProblemTimeout), want: NotTested, reason: "probe timed out: why"},
		{name: "manual, evaluation fails", check: Check{Manual: true, Observe: `kernel.sysctl["nope"]`}, facts: fact.Set{"kernel.sysctl": {Value: map[string]any{"x": "1"}}}, want: NotTested, reason: "not understood: no such key: nope"},
		{name: "manual, does not apply", check: Check{Manual: true, Observe: "sshd.effective.permitrootlogin", Applies: `host.env == "prod"`, NotApplies: "not production"}, facts: bad, want: NA, reason: "not production"},

		{name: "evaluation fails", check: Check{Assert: `kernel.sysctl["nope"] == "1"`}, facts: fact.Set{"kernel.sysctl": {Value: map[string]any{"x": "1"}}}, want: NotTested, reason: "not understood: no such key: nope"},
		{name: "evaluation fails, absent passes", check: Check{Assert: `kernel.sysctl["nope"] == "1"`, Absent: AbsentPass}, facts: fact.Set{"kernel.sysctl": {Value: map[string]any{"x": "1"}}}, want: NotTested, reason: "not understood: no such key: nope"},
		{name: "value of another type than declared", check: Check{Assert: `sshd.effective.usepam`}, facts: fact.Set{"sshd.effective": answered(map[string]any{"usepam": "yes"})}, want: NotTested, reason: "not understood: the expression gave no boolean", observed: "yes"},
		{name: "settled by the inventory alone", check: Check{Assert: `host.name == "h" || ` + rootLogin}, facts: unreadable(fact.ProblemFailed), want: NotTested, reason: "probe failed: why"},
		{name: "refuted by the inventory alone", check: Check{Assert: `host.name != "h" && ` + rootLogin}, facts: unreadable(fact.ProblemFailed), want: NotTested, reason: "probe failed: why"},

		{name: "holds", check: Check{Assert: rootLogin}, facts: good, want: Pass, observed: "true"},
		{name: "does not hold", check: Check{Assert: rootLogin}, facts: bad, want: Fail, observed: "false"},
		{name: "holds, observed unread", check: Check{Assert: rootLogin, Observe: "kernel.release"}, facts: withKernel(good, noKernel), want: Pass, reason: "observed value: probe failed: exit status 1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := Subject{Platform: inventory.PlatformLinux, Values: map[string]any{
				"host.name": "h", "host.zone": "", "host.env": "", "host.roles": []string{}, "platform.family": "debian", "platform.version": "12",
			}}
			if tt.subject != nil {
				tt.subject(&s)
			}
			got := oneCheck(t, tt.check).Evaluate(s, tt.facts)
			if len(got) != 1 {
				t.Fatalf("%d findings", len(got))
			}
			if got[0].Result != tt.want || got[0].Reason != tt.reason || got[0].Observed != tt.observed {
				t.Errorf("got %s %q observed %q\nwant %s %q observed %q", got[0].Result, got[0].Reason, got[0].Observed, tt.want, tt.reason, tt.observed)
			}
		})
	}
}

// TestVerdictRowsUsed makes sure that the table has no dead row and that its last row takes everything.
func TestVerdictRowsUsed(t *testing.T) {
	t.Parallel()
	if last := verdicts[len(verdicts)-1]; !last.when(&situation{}) || last.result != Fail {
		t.Errorf("the last row must take what is left: the assertion is false")
	}
	for i := range verdicts {
		if r := &verdicts[i]; (r.result == NotTested || r.result == NA) && r.reason == nil {
			t.Errorf("row %q gives %s without a reason", r.name, r.result)
		}
	}
	if got, _ := decide(&situation{unreached: "x", appliesOpen: "y", notApplicable: "z", failure: "f", holds: true}); got != NotTested {
		t.Errorf("a host that was not reached gives %s", got)
	}
}
