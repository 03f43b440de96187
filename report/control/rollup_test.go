package control

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/fstest"

	"github.com/fleetaudit/fleetaudit/report/check"
)

// mapped is the shipped framework with checks a.a and a.b on 13.a, a.b and a.c on 13.b, and a.d on 0.a.
func mapped(t testing.TB) (*Framework, []*check.Check) {
	t.Helper()
	base := content(t)
	for file := range base { // the shipped checks are not the subject here
		if len(file) > len("csf/mapping/") && file[:12] == "csf/mapping/" {
			delete(base, file)
		}
	}
	var all []byte
	checks := map[string]string{"13.a": "a.a, a.b", "13.b": "a.b, a.c", "0.a": "a.d"}
	for _, r := range load(t, content(t)).Controls {
		coverage := ManualOnly
		if checks[r.ID] != "" {
			coverage = Partial
		}
		all = fmt.Appendf(all, "- {reference: %q, coverage: %s, checks: [%s], manual: [Look.]}\n", r.ID, coverage, checks[r.ID])
	}
	base["csf/mapping/all.yaml"] = &fstest.MapFile{Data: all}
	return load(t, base), []*check.Check{{ID: "a.a"}, {ID: "a.b"}, {ID: "a.c"}, {ID: "a.d"}, {ID: "a.e"}}
}

func findings(results ...check.Result) []check.Finding {
	var out []check.Finding
	for i, r := range results {
		if r != "" {
			out = append(out, check.Finding{Check: "a." + string(rune('a'+i)), Result: r})
		}
	}
	return out
}

func status(t *testing.T, r *Rollup, id string) Status {
	t.Helper()
	for _, s := range r.Statuses() {
		if s.Reference.ID == id {
			return s
		}
	}
	t.Fatalf("no status of %s", id)
	return Status{}
}

func TestRollup(t *testing.T) {
	t.Parallel()
	fw, checks := mapped(t)
	r := NewRollup(fw, checks)
	r.Add(findings(check.Pass, check.Pass, check.Pass, check.NA, check.Pass))                            // all well
	r.Add(findings(check.Pass, check.Fail, check.Pass, check.NA))                                        // one failure counts for two references
	r.Add(findings(check.NotTested, check.NotTested, check.NotTested, check.NotTested, check.NotTested)) // never reached
	r.Add(findings(check.NA, check.NA, check.Exception, check.NA))                                       // 13.a does not apply
	r.Add(findings(check.Manual, check.Pass, check.Manual, check.Manual))

	s := status(t, r, "13.a")
	if want := (Counts{Pass: 4, Fail: 1, NotTested: 2, NA: 2, Manual: 1}); s.Counts != want {
		t.Errorf("13.a counts %+v, want %+v", s.Counts, want)
	}
	if s.HostsAllPass != 2 || s.HostsInScope != 4 || s.Findings != 1 {
		t.Errorf("13.a: %d of %d hosts, %d findings; want 2 of 4, 1", s.HostsAllPass, s.HostsInScope, s.Findings)
	}
	if got := s.HostShare().String(); got != "2/4 (50.0 %)" {
		t.Errorf("host share %s", got)
	}
	s = status(t, r, "13.b")
	if s.HostsAllPass != 2 || s.HostsInScope != 5 || s.Findings != 2 {
		t.Errorf("13.b: %d of %d hosts, %d findings; want 2 of 5, 2", s.HostsAllPass, s.HostsInScope, s.Findings)
	}
	s = status(t, r, "0.a")
	if s.HostsAllPass != 0 || s.HostsInScope != 2 {
		t.Errorf("0.a: %d of %d hosts; want 0 of 2", s.HostsAllPass, s.HostsInScope)
	}
	s = status(t, r, "13.c")
	if s.HostShare().String() != "nothing judged" || s.Coverage != ManualOnly || s.Counts.Total() != 0 {
		t.Errorf("13.c without checks: %+v", s)
	}
	// a.b is mapped to two references of one objective and category, and counts once in these.
	obj := r.Objectives()
	if len(obj) != 2 || obj[1].Objective.ID != "13.01" || obj[1].Checks != 3 {
		t.Fatalf("objectives %+v", obj)
	}
	if want := (Counts{Pass: 6, Fail: 1, NotTested: 3, NA: 2, Manual: 2, Exception: 1}); obj[1].Counts != want {
		t.Errorf("objective counts %+v, want %+v", obj[1].Counts, want)
	}
	cat := r.Categories()
	if len(cat) != 2 || cat[1].Category.ID != "13.0" || cat[1].Counts != obj[1].Counts || cat[1].References != 2 || cat[1].Checks != 3 {
		t.Errorf("categories %+v", cat)
	}
	if got := r.Total().Total(); got != 22 {
		t.Errorf("total %d results, want 22", got)
	}
	if r.Check("a.e") != (Counts{Pass: 1, NotTested: 1}) || r.Check("x.y") != (Counts{}) {
		t.Errorf("counts by check: %+v %+v", r.Check("a.e"), r.Check("x.y"))
	}
}

func TestByReference(t *testing.T) {
	t.Parallel()
	fw, _ := mapped(t)
	got := fw.ByReference(findings(check.Pass, check.Fail, "", check.NA, check.Pass))
	want := map[string]Counts{"13.a": {Pass: 1, Fail: 1}, "13.b": {Fail: 1}, "0.a": {NA: 1}}
	if len(got) != len(want) {
		t.Errorf("got %v", got)
	}
	for id, w := range want {
		if got[id] != w {
			t.Errorf("%s: %+v, want %+v", id, got[id], w)
		}
	}
}

// worse lists the results from best to worst. N/A stands outside: it says that nothing is to be judged.
var worse = []check.Result{check.Pass, check.Manual, check.Exception, check.NotTested, check.Fail}

// Making any result of any host worse never raises any share, and no result that is not a pass ever leaves the denominator
// for being untested.
func TestWorseNeverRaisesAShare(t *testing.T) {
	t.Parallel()
	fw, checks := mapped(t)
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		hosts := make([][]check.Result, 1+rnd.IntN(4))
		for i := range hosts {
			hosts[i] = make([]check.Result, len(checks))
			for j := range hosts[i] {
				hosts[i][j] = worse[rnd.IntN(len(worse))]
				if rnd.IntN(5) == 0 {
					hosts[i][j] = check.NA
				}
			}
		}
		before := shares(fw, checks, hosts)
		i, j := rnd.IntN(len(hosts)), rnd.IntN(len(checks))
		at := slices.Index(worse, hosts[i][j])
		if at < 0 || at == len(worse)-1 {
			continue
		}
		old := hosts[i][j]
		hosts[i][j] = worse[at+1+rnd.IntN(len(worse)-at-1)]
		for k, after := range shares(fw, checks, hosts) {
			b := before[k]
			if after.N*b.D > b.N*after.D && b.D > 0 || b.D == 0 && after.N > 0 {
				t.Fatalf("share %d rose from %s to %s when host %d check %d went from %s to %s: %v", k, b, after, i, j, old, hosts[i][j], hosts)
			}
		}
	}
}

func shares(fw *Framework, checks []*check.Check, hosts [][]check.Result) []Share {
	r := NewRollup(fw, checks)
	for _, h := range hosts {
		r.Add(findings(h...))
	}
	out := []Share{r.Total().Share()}
	for _, s := range r.Statuses() {
		out = append(out, s.Counts.Share(), s.HostShare())
	}
	for _, s := range r.Objectives() {
		out = append(out, s.Counts.Share())
	}
	for _, s := range r.Categories() {
		out = append(out, s.Counts.Share())
	}
	return out
}

func TestNotTestedStaysInTheDenominator(t *testing.T) {
	t.Parallel()
	fw, checks := mapped(t)
	for n := range 5 {
		r := NewRollup(fw, checks)
		r.Add(findings(check.Pass, check.Pass))
		for range n {
			r.Add(findings(check.NotTested, check.NotTested))
		}
		s := status(t, r, "13.a")
		if s.HostShare() != (Share{1, 1 + n}) || s.Counts.Share() != (Share{2, 2 + 2*n}) {
			t.Errorf("%d untested hosts: %s of hosts, %s of results", n, s.HostShare(), s.Counts.Share())
		}
	}
}

func TestShare(t *testing.T) {
	t.Parallel()
	for s, want := range map[Share]string{
		{0, 0}:         "nothing judged",
		{0, 3}:         "0/3 (0.0 %)",
		{2, 3}:         "2/3 (66.6 %)",
		{9999, 10000}:  "9999/10000 (99.9 %)", // never rounded up to all
		{10000, 10000}: "10000/10000 (100.0 %)",
	} {
		if got := s.String(); got != want {
			t.Errorf("%d of %d: %q, want %q", s.N, s.D, got, want)
		}
	}
}

func BenchmarkRollupAdd(b *testing.B) {
	fw, checks := mapped(b)
	r := NewRollup(fw, checks)
	f := findings(check.Pass, check.Fail, check.NotTested, check.NA)
	b.ReportAllocs()
	for b.Loop() {
		r.Add(f)
	}
}
