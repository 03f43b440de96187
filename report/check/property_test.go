package check

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"testing"

	"github.com/fleetaudit/fleetaudit/inventory"
	"github.com/fleetaudit/fleetaudit/probes/fact"
)

// TestUnreadNeverPasses holds the promise that matters most: to know less of a host never makes a result better. Whatever is known of it,
// a fact that turns unread can turn neither a result that is no PASS into PASS, nor FAIL into anything but NOT TESTED or FAIL.
func TestUnreadNeverPasses(t *testing.T) {
	t.Parallel()
	checks := propertyChecks()
	r := rand.New(rand.NewPCG(1, 2))
	changed, seen := 0, map[Result]int{}
	for i, c := range checks {
		lib := oneCheck(t, c)
		for range 100 {
			facts := randomFacts(r)
			s := randomSubject(r)
			before := lib.Evaluate(s, facts)[0]
			seen[before.Result]++
			for id := range facts {
				for _, poorer := range unreadVariants(facts, id) {
					after := lib.Evaluate(s, poorer)[0]
					if after.Result != before.Result {
						changed++
					}
					if !mayBecome(before.Result, after.Result) {
						t.Errorf("check %d %q absent %q: %s became %s when %s was not read\n%v\n%v", i, c.Assert, c.Absent, before.Result, after.Result, id, facts, poorer)
					}
				}
			}
		}
	}
	for _, want := range []Result{Pass, Fail, NotTested, NA} {
		if seen[want] < 50 {
			t.Errorf("%s came up %d times: the facts are not varied enough", want, seen[want])
		}
	}
	if changed < 500 {
		t.Errorf("only %d results changed: the facts that turn unread do not matter", changed)
	}
}

func mayBecome(before, after Result) bool {
	switch after {
	case NotTested:
		return true
	case Pass:
		return before == Pass
	case Fail:
		return before == Fail
	case NA:
		return before == NA
	}
	return after == before
}

func propertyChecks() []Check {
	asserts := []string{
		`sshd.effective.permitrootlogin in baseline.root_login`,
		`sshd.effective.permitrootlogin == "no" && sshd.effective.maxauthtries <= baseline.max_tries`,
		`sshd.effective.permitrootlogin == "no" || kernel.release == "6.1"`,
		`!(sshd.effective.usepam && kernel.release == "6.1") || sshd.effective.maxauthtries < 4`,
		`sshd.effective.usepam ? sshd.effective.maxauthtries <= 4 : kernel.release == "6.1"`,
		`accounts.passwd.all(u, u.uid != 0 || u.shell == "/bin/sh")`,
		`!accounts.passwd.exists(u, u.uid == 0 && u.locked)`,
		`accounts.passwd.filter(u, has(u.shell)).size() == 1`,
		`accounts.passwd.exists_one(u, u.uid == 0)`,
		`kernel.sysctl["a"] == "0" && sshd.effective.usepam`,
		`!("b" in kernel.sysctl) || kernel.sysctl["b"] == "1"`,
		`sshd.effective.allowusers.size() > 0 && sshd.effective.permitrootlogin != "yes"`,
		`sets.contains(["a", "b"], sshd.effective.allowusers)`,
		`host.env == "lab" || sshd.effective.permitrootlogin == "no"`,
		`host.env != "lab" && sshd.effective.permitrootlogin == "no"`,
		`kernel.sysctl.all(k, v, v == "0")`,
		`string(sshd.effective.maxauthtries) == kernel.release`,
	}
	var checks []Check
	for _, a := range asserts {
		for _, absent := range []Absent{AbsentUnset, AbsentPass, AbsentFail, AbsentNA} {
			c := Check{Assert: a, Absent: absent}
			if len(checks)%3 == 0 {
				c.Applies, c.NotApplies = `platform.family != "alpine"`, "not on Alpine"
			}
			checks = append(checks, c)
		}
	}
	return checks
}

func pick[T any](r *rand.Rand, of ...T) T { return of[r.IntN(len(of))] }

func randomSubject(r *rand.Rand) Subject {
	s := Subject{Platform: inventory.PlatformLinux, Values: map[string]any{"host.env": pick(r, "lab", "prod")}}
	if r.IntN(10) > 0 {
		s.Values["platform.family"] = pick(r, "debian", "rhel", "alpine")
	}
	return s
}

// randomFacts gives facts of which some fields, some rows' fields and some whole answers are missing.
func randomFacts(r *rand.Rand) fact.Set {
	record := map[string]any{}
	fields := map[string]any{
		"permitrootlogin": pick(r, "no", "yes"), "maxauthtries": int64(r.IntN(8)), "usepam": r.IntN(2) == 0,
		"allowusers": pick(r, []any{}, []any{"a"}, []any{"c"}),
	}
	for name, v := range fields {
		if r.IntN(3) > 0 {
			record[name] = v
		}
	}
	rows := []any{}
	for range r.IntN(3) {
		row := map[string]any{"uid": int64(r.IntN(2)), "locked": r.IntN(2) == 0}
		if r.IntN(3) > 0 {
			row["shell"] = pick(r, "/bin/sh", "/bin/false")
		}
		rows = append(rows, row)
	}
	sysctl := map[string]any{}
	for _, k := range []string{"a", "b"} {
		if r.IntN(2) == 0 {
			sysctl[k] = pick(r, "0", "1")
		}
	}
	set := fact.Set{}
	for id, v := range map[string]any{"sshd.effective": record, "accounts.passwd": rows, "kernel.sysctl": sysctl, "kernel.release": pick(r, "6.1", "5", "3")} {
		if r.IntN(6) > 0 {
			set[id] = fact.Answer{Value: v}
		}
	}
	return set
}

// unreadVariants gives the ways in which one answer can be less: the whole of it, or one field that is not understood.
func unreadVariants(facts fact.Set, id string) []fact.Set {
	var out []fact.Set
	with := func(a fact.Answer) {
		s := maps.Clone(facts)
		s[id] = a
		out = append(out, s)
	}
	with(fact.Answer{ProblemKind: fact.ProblemNotPermitted})
	record, ok := facts[id].Value.(map[string]any)
	if !ok || id != "sshd.effective" {
		return out
	}
	for name := range record {
		less := maps.Clone(record)
		delete(less, name)
		with(fact.Answer{Value: less, Fields: map[string]string{name: fmt.Sprintf("not a %s", name)}})
	}
	return out
}
