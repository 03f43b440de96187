package check

import (
	"crypto/sha256"
	"encoding/hex"
	"reflect"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/fleetaudit/fleetaudit/inventory"
	"github.com/fleetaudit/fleetaudit/probes"
	"github.com/fleetaudit/fleetaudit/probes/evidence"
	"github.com/fleetaudit/fleetaudit/probes/fact"
)

const askedCatalog = `
- id: sshd.effective
  title: t
  run: |
    asroot /usr/sbin/sshd -T
  timeout: 5s
  max_bytes: 1KiB
  exit: [0, 3]
  parse: keyvalue
  options: {separator: " "}
  facts: {permitrootlogin: string, maxauthtries: int}
  cases:
    - {stdout: "permitrootlogin no\nmaxauthtries 6\n", facts: {permitrootlogin: "no", maxauthtries: 6}}
`

func askedProbe(t testing.TB) (*probes.Catalog, *probes.Probe) {
	t.Helper()
	c, err := probes.LoadCatalog(fstest.MapFS{"linux/sshd.yaml": {Data: []byte(askedCatalog)}})
	if err != nil {
		t.Fatal(err)
	}
	p, ok := c.Lookup("sshd.effective")
	if !ok {
		t.Fatal("the probe is not there")
	}
	return c, p
}

// TestFacts lists every way in which an item can be short of an answer.
func TestFacts(t *testing.T) {
	t.Parallel()
	catalog, probe := askedProbe(t)
	good := evidence.Item{Seq: 7, Probe: "sshd.effective", Outcome: evidence.OutcomeAnswered, Command: []byte(probe.Run), Stdout: []byte("permitrootlogin no\nmaxauthtries 6\n")}
	tests := []struct {
		name    string
		change  func(*evidence.Item)
		kind    fact.ProblemKind
		problem string
	}{
		{"answered", func(*evidence.Item) {}, fact.ProblemNone, ""},
		{"another status that answers", func(i *evidence.Item) { i.Exit = 3 }, fact.ProblemNone, ""},
		{"by the hash of its command", func(i *evidence.Item) { i.Command, i.CommandSHA256 = nil, hash(probe.Run) }, fact.ProblemNone, ""},
		{"not permitted", func(i *evidence.Item) { i.Outcome, i.Exit = evidence.OutcomeNotPermitted, -1 }, fact.ProblemNotPermitted, "it needs root"},
		{"timeout", func(i *evidence.Item) { i.Outcome = evidence.OutcomeTimeout }, fact.ProblemTimeout, "ended after 5s"},
		{"lost", func(i *evidence.Item) { i.Outcome = evidence.OutcomeLost }, fact.ProblemFailed, "the connection ended before the answer was complete"},
		{"an outcome of tomorrow", func(i *evidence.Item) { i.Outcome = "dreamt" }, fact.ProblemFailed, `outcome "dreamt" is not known`},
		{"no outcome", func(i *evidence.Item) { i.Outcome = "" }, fact.ProblemFailed, `outcome "" is not known`},
		{"truncated", func(i *evidence.Item) { i.Truncated, i.Exit = true, 141 }, fact.ProblemTruncated, "more than 1024 bytes"},
		{"pipe failed", func(i *evidence.Item) { i.PipeFail = 1; i.Stderr = []byte("\n  sshd: no hostkeys \n more\n") }, fact.ProblemFailed, "a command in it ended with status 1: sshd: no hostkeys"},
		{"status", func(i *evidence.Item) { i.Exit = 127 }, fact.ProblemFailed, "exit status 127"},
		{"killed", func(i *evidence.Item) { i.Exit = 137; i.Stderr = []byte("Killed\x1b[0m\n") }, fact.ProblemFailed, "exit status 137: Killed\uFFFD[0m"},
		{"no status", func(i *evidence.Item) { i.Exit = -1 }, fact.ProblemFailed, "exit status -1"},
		{"long stderr", func(i *evidence.Item) { i.Exit = 1; i.Stderr = []byte(strings.Repeat("x", 500)) }, fact.ProblemFailed, "exit status 1: " + strings.Repeat("x", 144) + "…"},
		{"not understood", func(i *evidence.Item) { i.Stdout = []byte("garbage\n") }, fact.ProblemNotUnderstood, ""},
		{"earlier form of the probe", func(i *evidence.Item) { i.Command = []byte("sshd -T\n") }, fact.ProblemNotAsked, "the run asked an earlier form of sshd.effective"},
		{"no command", func(i *evidence.Item) { i.Command = nil }, fact.ProblemNotAsked, "the run asked an earlier form of sshd.effective"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			it := good
			tt.change(&it)
			a := evidence.Answer{Host: evidence.HostRecord{ID: "0123456789abcdef", Platform: "linux"}, Items: []evidence.Item{it}}
			got := Facts(catalog, &a)["sshd.effective"]
			if got.ProblemKind != tt.kind || tt.problem != "" && got.Problem != tt.problem {
				t.Errorf("got %q %q\nwant %q %q", got.ProblemKind, got.Problem, tt.kind, tt.problem)
			}
			if (got.Value != nil) != (tt.kind == fact.ProblemNone) {
				t.Errorf("value %v", got.Value)
			}
			if got.Evidence != "0123456789abcdef-007" {
				t.Errorf("evidence %q", got.Evidence)
			}
		})
	}
}

func TestFactsNotAsked(t *testing.T) {
	t.Parallel()
	catalog, _ := askedProbe(t)
	a := evidence.Answer{Host: evidence.HostRecord{Platform: "linux"}}
	if got := Facts(catalog, &a)["sshd.effective"]; got.ProblemKind != fact.ProblemNotAsked || got.Problem != "sshd.effective is not in this run" || got.Evidence != "" {
		t.Errorf("got %+v", got)
	}
	a.Host.State, a.Host.Reason, a.Host.Detail = evidence.StatePartial, "connection lost", "after 3 of 40 answers"
	if got := Facts(catalog, &a)["sshd.effective"]; got.Problem != "sshd.effective: connection lost: after 3 of 40 answers" {
		t.Errorf("got %+v", got)
	}
}

func TestFactsFieldNotUnderstood(t *testing.T) {
	t.Parallel()
	catalog, probe := askedProbe(t)
	a := evidence.Answer{Host: evidence.HostRecord{Platform: "linux"}, Items: []evidence.Item{
		{Probe: "sshd.effective", Outcome: evidence.OutcomeLost, Command: []byte(probe.Run)},
		{Probe: "sshd.effective", Outcome: evidence.OutcomeAnswered, Command: []byte(probe.Run), Stdout: []byte("permitrootlogin no\nmaxauthtries six\n")},
	}}
	got := Facts(catalog, &a)["sshd.effective"]
	if got.ProblemKind != fact.ProblemNone || got.Fields["maxauthtries"] == "" || !reflect.DeepEqual(got.Value, any(map[string]any{"permitrootlogin": "no"})) {
		t.Errorf("got %+v", got)
	}
}

func TestSubjectOf(t *testing.T) {
	t.Parallel()
	r := evidence.HostRecord{
		Name: "db1", Platform: "linux", Zone: "clinical", System: "EHR", Env: "prod", Roles: []string{"database"}, State: evidence.StatePartial, Reason: "connection lost",
		Header: &evidence.Header{OSRelease: map[string]string{"id": "amzn", "id_like": "fedora", "version_id": "2023"}, Kernel: "6.1", Arch: "x86_64", Clock: time.Unix(0, 0)},
	}
	s := SubjectOf(&r)
	want := map[string]any{
		"host.name": "db1", "host.zone": "clinical", "host.system": "EHR", "host.env": "prod",
		"host.roles": []string{"database"}, "host.data": []string{}, "host.groups": []string{},
		"platform.id": "amzn", "platform.id_like": "fedora", "platform.version": "2023", "platform.family": "amazon",
		"platform.kernel": "6.1", "platform.arch": "x86_64", "platform.container": "",
	}
	if s.Unreached != "" || s.Platform != inventory.PlatformLinux || !reflect.DeepEqual(s.Values, want) {
		t.Errorf("got %+v", s)
	}
	r.Header.OSRelease = nil
	if _, known := SubjectOf(&r).Values["platform.family"]; known {
		t.Error("the family is known without os-release")
	}
	for _, tt := range []struct{ reason, detail, want string }{
		{"timeout", "no answer in 3s", "timeout: no answer in 3s"}, {"refused", "", "refused"}, {"", "odd", "odd"}, {"", "", "the host gave no answer"},
	} {
		failed := evidence.HostRecord{State: evidence.StateFailed, Reason: tt.reason, Detail: tt.detail}
		if got := SubjectOf(&failed); got.Unreached != tt.want {
			t.Errorf("got %q, want %q", got.Unreached, tt.want)
		}
	}
}

func TestFamily(t *testing.T) {
	t.Parallel()
	tests := []struct{ id, like, want string }{
		{"debian", "", "debian"}, {"ubuntu", "debian", "debian"}, {"linuxmint", "ubuntu debian", "debian"}, {"raspbian", "debian", "debian"},
		{"rhel", "fedora", "rhel"}, {"centos", "rhel fedora", "rhel"}, {"almalinux", "rhel centos fedora", "rhel"}, {"rocky", "rhel centos fedora", "rhel"},
		{"ol", "fedora", "rhel"}, {"fedora", "", "rhel"}, {"sles", "suse", "suse"}, {"opensuse-leap", "suse opensuse", "suse"}, {"opensuse-tumbleweed", "", "suse"},
		{"sle-micro", "", "suse"}, {"amzn", "fedora", "amazon"}, {"amzn", "centos rhel fedora", "amazon"}, {"alpine", "", "alpine"},
		{"arch", "", "other"}, {"", "", "other"}, {"slackware", "", "other"}, {"newdistro", "debian", "debian"}, {"miracle", "rhel", "rhel"},
	}
	for _, tt := range tests {
		if got := Family(tt.id, tt.like); got != tt.want {
			t.Errorf("%s (%s) gives %s, want %s", tt.id, tt.like, got, tt.want)
		}
	}
}

// TestUnreachedHost: every check yields a row, whichever platform the host was thought to be.
func TestUnreachedHost(t *testing.T) {
	t.Parallel()
	lib, err := Load(testSources(t, map[string]string{"checks/linux/good.yaml": goodCheck, "checks/windows/good.yaml": strings.ReplaceAll(goodCheck, "good.tries", "good.other")}))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		platform string
		rows     int
	}{{"linux", 1}, {"windows", 1}, {"", 2}, {"plan9", 0}} {
		got := lib.Evaluate(SubjectOf(&evidence.HostRecord{Platform: tt.platform, State: evidence.StateFailed, Reason: "refused"}), nil)
		if len(got) != tt.rows {
			t.Errorf("platform %q: %d rows, want %d", tt.platform, len(got), tt.rows)
		}
		for _, f := range got {
			if f.Result != NotTested || f.Reason != "refused" || f.Expected == "" || f.Observed != "" {
				t.Errorf("got %+v", f)
			}
		}
	}
}

func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}
