package report

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fleetaudit/fleetaudit/probes/evidence"
	"github.com/fleetaudit/fleetaudit/report/control"
)

// resultTexts gives a stream of results as lines for comparison.
func resultTexts(t testing.TB, a *Assessment) []string {
	t.Helper()
	var out []string
	for r, err := range a.Streams.Results() {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, fmt.Sprintf("%s %s %s %q %q %s", r.Host, r.Check, r.Result, r.Reason, r.Observed, strings.Join(r.References, ",")))
	}
	return out
}

func compare(t *testing.T, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s:\n%s\nwant:\n%s", what, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestAssess(t *testing.T) {
	t.Parallel()
	b := fleet(t)
	manifest := readFile(t, b, "MANIFEST.sha256")
	a := must(Assess(t.Context(), options(t, b, "", "")))(t)

	unreached := `NOT TESTED "unreachable: dial 192.0.2.9:22: no route to host" ""`
	want := []string{
		`app01 door.debian FAIL "" "open" 01.b`,
		`app01 door.lock FAIL "" "open" 01.b`,
		`app01 door.look MANUAL "" "open" `,
		`app01 door.scheme FAIL "" "md5" 01.c,10.f`,
		`app01 door.tries NOT TESTED "fact absent: door.settings.tries" "not set" 10.f`,
		`db01 door.debian PASS "" "shut" 01.b`,
		`db01 door.lock PASS "" "shut" 01.b`,
		`db01 door.look MANUAL "" "shut" `,
		`db01 door.scheme PASS "" "yescrypt" 01.c,10.f`,
		`db01 door.tries PASS "" "3" 10.f`,
		`gone01 door.debian ` + unreached + ` 01.b`,
		`gone01 door.lock ` + unreached + ` 01.b`,
		`gone01 door.look ` + unreached + ` `,
		`gone01 door.scheme ` + unreached + ` 01.c,10.f`,
		`gone01 door.tries ` + unreached + ` 10.f`,
		`web01 door.debian N/A "only Debian houses have such a door" "" 01.b`,
		`web01 door.lock FAIL "" "open" 01.b`,
		`web01 door.look MANUAL "" "open" `,
		`web01 door.scheme NOT TESTED "not permitted: it needs root" "" 01.c,10.f`,
		`web01 door.tries FAIL "" "9" 10.f`,
	}
	compare(t, "results", resultTexts(t, a), want)
	if want := (HostCounts{Declared: 5, Complete: 2, Partial: 1, NotTested: 2}); a.Hosts != want {
		t.Errorf("hosts %+v, want %+v", a.Hosts, want)
	}
	if want := (control.Counts{Pass: 4, Fail: 5, NotTested: 7, NA: 1, Manual: 3}); a.Totals != want {
		t.Errorf("totals %+v, want %+v", a.Totals, want)
	}
	compare(t, "findings", findingTexts(a), []string{
		"F-001 door.scheme critical 1 [app01] md5 1",
		"F-002 door.lock high 2 [app01 web01] open 2",
		"F-003 door.tries medium 1 [web01] 9 2",
		"F-004 door.debian low 1 [app01] open 2",
		"F-005 door.look low 0 [] open 2",
	})
	compare(t, "gaps", gapTexts(a), []string{"unreachable 1 5 gone01", "fact absent 1 1 app01", "not permitted 1 1 web01"})
	compare(t, "systems", systemTexts(a), []string{"(no system) 2 0/5", "EHR 2 4/8", "Portal 1 0/3"})
	compare(t, "controls", controlTexts(a), []string{"01.b 1/4 2/7 2", "01.c 1/4 1/4 1", "10.f 1/4 2/8 2"})
	compare(t, "notices", a.Run.Notices, []string{"1 of 5 hosts are of a platform without checks: nothing is said of them."})
	if !bytes.Equal(readFile(t, b, "MANIFEST.sha256"), manifest) {
		t.Error("judging changed the manifest")
	}
}

func findingTexts(a *Assessment) (out []string) {
	for _, f := range a.Findings {
		seq := f.Evidence[strings.LastIndexByte(f.Evidence, '-')+3:]
		out = append(out, fmt.Sprintf("%s %s %s %d %v %s %s", f.Number, f.Check.ID, f.Check.Severity, f.FailingN, f.Failing, f.Observed, seq))
	}
	return out
}

func gapTexts(a *Assessment) (out []string) {
	for _, g := range a.Gaps {
		out = append(out, fmt.Sprintf("%s %d %d %s", g.Reason, g.Hosts, g.Results, g.Example))
	}
	return out
}

func systemTexts(a *Assessment) (out []string) {
	for _, g := range a.Systems {
		out = append(out, fmt.Sprintf("%s %d %d/%d", g.Name, g.Hosts, g.Counts.Pass, g.Counts.Judged()))
	}
	return out
}

func controlTexts(a *Assessment) (out []string) {
	for _, c := range a.Controls {
		if len(c.Checks) > 0 {
			out = append(out, fmt.Sprintf("%s %d/%d %d/%d %d", c.Reference.ID, c.HostsAllPass, c.HostsInScope, c.Counts.Pass, c.Counts.Judged(), c.Findings))
		}
	}
	return out
}

// A bundle can be judged again under another baseline: other results, the same evidence.
func TestAssessAgain(t *testing.T) {
	t.Parallel()
	b := fleet(t)
	before := readFile(t, b, "MANIFEST.sha256")
	first := must(Assess(t.Context(), options(t, b, "", "")))(t)
	firstTexts := resultTexts(t, first)
	second := must(Assess(t.Context(), options(t, b, "", strictBaseline)))(t)
	secondTexts := resultTexts(t, second)
	var changed []string
	for i := range firstTexts {
		if firstTexts[i] != secondTexts[i] {
			changed = append(changed, secondTexts[i])
		}
	}
	compare(t, "results that changed", changed, []string{`db01 door.lock FAIL "" "shut" 01.b`})
	if !bytes.Equal(readFile(t, b, "MANIFEST.sha256"), before) {
		t.Error("judging again changed the manifest")
	}
	if first.Run.ContentSHA256 == second.Run.ContentSHA256 || first.Run.ManifestSHA256 != second.Run.ManifestSHA256 {
		t.Errorf("content %s and %s, manifest %s and %s", first.Run.ContentSHA256, second.Run.ContentSHA256, first.Run.ManifestSHA256, second.Run.ManifestSHA256)
	}
	if second.Run.Baseline != "strict" || !slices.Contains(second.Run.BaselineValues, BaselineValue{"door_tries", "3", "the entity's policy", ""}) {
		t.Errorf("baseline %s %+v", second.Run.Baseline, second.Run.BaselineValues)
	}
	// The first assessment's results are gone, and its streams must not show the second's as its own.
	var last error
	for _, err := range first.Streams.Results() {
		last = err
	}
	if !errors.Is(last, ErrResultsChanged) {
		t.Errorf("reading replaced results gives %v", last)
	}
	if v := must(evidence.Verify(b.Dir()))(t); !v.OK {
		t.Errorf("the bundle does not verify: %+v", v)
	}
}

// However many hosts are judged at once, rows, counts and the file are the same.
func TestAssessOrder(t *testing.T) {
	t.Parallel()
	at := judgedAt.Add(-time.Hour)
	var answers []*evidence.Answer
	for i := range 40 {
		answers = append(answers, answer(fmt.Sprintf("h%02d", (i*7)%40), "S", "debian", at, fmt.Sprintf("lock=shut\ntries=%d\n", i), "scheme=yescrypt\n"))
	}
	b := bundle(t, evidence.Engagement{}, answers...)
	var files [][]byte
	for _, workers := range []int{1, 2, 16} {
		o := options(t, b, "", "")
		o.Workers = workers
		must(Assess(t.Context(), o))(t)
		files = append(files, readFile(t, b, "results.jsonl"))
	}
	if !bytes.Equal(files[0], files[1]) || !bytes.Equal(files[0], files[2]) {
		t.Error("results differ with the number of workers")
	}
	first, _, _ := bytes.Cut(files[0], []byte("\n"))
	want := `{"host":"h00","system":"S","check":"door.debian","severity":"low","result":"PASS","expected":"shut","observed":"shut",` +
		`"references":["01.b"],"evidence":["` + evidence.ItemID(evidence.HostID("h00"), 2) + `"],"collected":"2026-11-25T11:00:01Z"}`
	if string(first) != want {
		t.Errorf("line %s\nwant %s", first, want)
	}
}

func TestRunAndMethods(t *testing.T) {
	t.Parallel()
	a := must(Assess(t.Context(), options(t, fleet(t), "", "")))(t)
	r := a.Run
	if r.Entity != "Example Health" || r.Controller != "laptop as jr" || !r.Evaluated.Equal(judgedAt) || r.Complete || r.Interrupted || r.Recorded {
		t.Errorf("run %+v", r)
	}
	if len(a.Methods) != 2 || a.Methods[0].Probe != "door.secret" || !a.Methods[0].Privileged || !slices.Equal(a.Methods[0].Checks, []string{"door.scheme"}) ||
		!slices.Equal(a.Methods[1].Checks, []string{"door.debian", "door.lock", "door.look", "door.tries"}) {
		t.Errorf("methods %+v", a.Methods)
	}
	if len(a.Checks) != 5 || a.Checks[2].Check.ID != "door.look" || a.Checks[2].References != nil || a.Checks[2].Counts != (control.Counts{Manual: 3, NotTested: 1}) {
		t.Errorf("checks %+v", a.Checks)
	}
	if len(a.Controls) != control.NumReferences || len(a.Objectives) != 2 || len(a.Categories) != 2 || len(a.Domains) != control.NumDomains || len(a.Crosswalk) < 1000 {
		t.Errorf("%d controls, %d objectives, %d categories, %d domains, %d crosswalk rows", len(a.Controls), len(a.Objectives), len(a.Categories), len(a.Domains), len(a.Crosswalk))
	}
}

func TestNotices(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
	inside := answer("a", "", "debian", at.Add(-2*time.Second), "lock=shut\n", "scheme=x\n")
	late := answer("b", "", "debian", at.Add(-time.Second), "lock=shut\n", "scheme=x\n") // its second item is asked for after midnight
	recorded := answer("c", "", "debian", at.Add(-time.Hour), "lock=shut\n", "scheme=x\n")
	recorded.Host.Recorded = true
	for name, c := range map[string]struct {
		engagement evidence.Engagement
		answers    []*evidence.Answer
		want       []string
	}{
		"inside":     {evidence.Engagement{FieldworkFrom: "2026-11-30", FieldworkTo: "2026-11-30"}, []*evidence.Answer{inside}, nil},
		"no window":  {evidence.Engagement{}, []*evidence.Answer{inside, late}, nil},
		"open side":  {evidence.Engagement{FieldworkFrom: "2026-11-30"}, []*evidence.Answer{inside, late}, nil},
		"late":       {evidence.Engagement{FieldworkTo: "2026-11-30"}, []*evidence.Answer{inside, late}, []string{"Evidence of 1 of 2 hosts was collected outside the fieldwork window open to 2026-11-30 (first: b at 2026-12-01T00:00:00Z)."}},
		"early":      {evidence.Engagement{FieldworkFrom: "2026-12-01"}, []*evidence.Answer{inside, late}, []string{"Evidence of 2 of 2 hosts was collected outside the fieldwork window 2026-12-01 to open (first: a at 2026-11-30T23:59:58Z)."}},
		"not a date": {evidence.Engagement{FieldworkFrom: "1 Nov"}, []*evidence.Answer{inside}, []string{`The fieldwork window is not understood (from "1 Nov" is no date such as 2026-11-01): evidence was not compared with it.`}},
		"backwards":  {evidence.Engagement{FieldworkFrom: "2026-11-30", FieldworkTo: "2026-11-01"}, []*evidence.Answer{inside}, []string{"The fieldwork window is not understood (it ends on 2026-11-01 before it begins on 2026-11-30): evidence was not compared with it."}},
		"recorded":   {evidence.Engagement{}, []*evidence.Answer{inside, recorded}, []string{"1 of 2 hosts are recordings, not live hosts: what they show says nothing about any real system."}},
		"nobody":     {evidence.Engagement{}, nil, []string{"No host was declared: nothing was tested."}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := must(Assess(t.Context(), options(t, bundle(t, c.engagement, c.answers...), "", "")))(t)
			compare(t, "notices", a.Run.Notices, c.want)
		})
	}
}

// A probe whose text has changed asks something else: the stored answer is not an answer to it.
func TestChangedProbe(t *testing.T) {
	t.Parallel()
	b := fleet(t)
	o := options(t, b, strings.Replace(testProbes, "run: cat /etc/door\n", "run: cat /etc/door.new\n", 1), "")
	a := must(Assess(t.Context(), o))(t)
	got := resultTexts(t, a)
	if want := `db01 door.lock NOT TESTED "not asked: the run asked an earlier form of door.settings" "" 01.b`; !slices.Contains(got, want) {
		t.Errorf("results:\n%s\nwant one to be:\n%s", strings.Join(got, "\n"), want)
	}
	if want := `db01 door.scheme PASS "" "yescrypt" 01.c,10.f`; !slices.Contains(got, want) {
		t.Errorf("results:\n%s\nwant one to be:\n%s", strings.Join(got, "\n"), want)
	}
	notices := strings.Join(a.Run.Notices, "\n")
	if !strings.Contains(notices, "catalogue has changed") || !strings.Contains(notices, "1 probes ask something else now, and their old answers were not used: door.settings.") {
		t.Errorf("notices %s", notices)
	}
}

func TestAssessErrors(t *testing.T) {
	t.Parallel()
	b := fleet(t)
	o := options(t, b, "", "")
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Assess(cancelled, o); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if _, err := os.Stat(filepath.Join(b.Dir(), "results.jsonl")); err == nil {
		t.Error("a cancelled assessment left results")
	}
	if _, err := Assess(t.Context(), Options{Bundle: b}); err == nil {
		t.Error("missing options are no error")
	}
	wrong := o
	wrong.Framework = must(control.Load(os.DirFS("../templates"), mapFS("csf/mapping/x.yaml", "- {reference: 01.b, coverage: partial, checks: [door.lok], manual: [Look.]}\n")))(t)
	if _, err := Assess(t.Context(), wrong); err == nil || !strings.Contains(err.Error(), `csf/mapping/x.yaml:1:49: reference 01.b: check "door.lok" does not exist`) {
		t.Errorf("a mapping to a check that does not exist: %v", err)
	}
	pack := filepath.Join(b.Dir(), filepath.FromSlash(evidence.PackPath(evidence.HostID("db01"))))
	data := must(os.ReadFile(pack))(t)
	data[len(data)/2] ^= 1
	if err := os.WriteFile(pack, data, 0o600); err != nil {
		t.Fatal(err)
	}
	var bad *evidence.PackError
	if _, err := Assess(t.Context(), o); !errors.As(err, &bad) {
		t.Errorf("a damaged pack: %v", err)
	}
}

// Results tell what a person needs without looking elsewhere.
// BenchmarkAssess judges 200 hosts with the five checks of the tests.
func BenchmarkAssess(b *testing.B) {
	at := judgedAt.Add(-time.Hour)
	var answers []*evidence.Answer
	for i := range 200 {
		answers = append(answers, answer(fmt.Sprintf("h%03d", i), "S", "debian", at, "lock=shut\ntries=9\n", "scheme=yescrypt\n"))
	}
	o := options(b, bundle(b, evidence.Engagement{}, answers...), "", "")
	b.ReportAllocs()
	for b.Loop() {
		must(Assess(b.Context(), o))(b)
	}
	b.ReportMetric(200*float64(b.N)/b.Elapsed().Seconds(), "hosts/s")
}
