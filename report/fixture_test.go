package report

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/fleetaudit/fleetaudit/inventory"
	"github.com/fleetaudit/fleetaudit/probes"
	"github.com/fleetaudit/fleetaudit/probes/evidence"
	"github.com/fleetaudit/fleetaudit/report/check"
	"github.com/fleetaudit/fleetaudit/report/control"
)

// The content of the tests: three probes, five checks, two thresholds, and a mapping of four checks to three references.
const (
	testProbes = `
- id: door.settings
  title: How the door is set
  run: cat /etc/door
  parse: keyvalue
  facts: {lock: string, tries: int}
  cases:
    - {name: shut, stdout: "lock=shut\ntries=3\n", facts: {lock: shut, tries: 3}}
- id: door.secret
  title: What only root may see
  run: asroot cat /etc/door.secret
  parse: keyvalue
  facts: {scheme: string}
  cases:
    - {name: good, stdout: "scheme=yescrypt\n", facts: {scheme: yescrypt}}
`
	testChecks = `
- id: door.lock
  title: The door is shut
  severity: high
  assert: door.settings.lock in baseline.door_lock
  observe: door.settings.lock
  expect: "one of {baseline.door_lock}"
  why: Because an open door lets anybody in.
  remediate: Shut it.
  impact: Nobody comes in who did before.
  standards: [NIST AC-3]
  cases:
    - {facts: {door.settings: {lock: shut}}, result: PASS}
    - {facts: {door.settings: {lock: open}}, result: FAIL}
- id: door.tries
  title: Few tries are allowed
  severity: medium
  assert: door.settings.tries <= baseline.door_tries
  observe: door.settings.tries
  expect: "at most {baseline.door_tries}"
  why: Because many tries open any door.
  remediate: Set it lower.
  impact: People who mistype are locked out sooner.
  standards: [NIST AC-7]
  cases:
    - {facts: {door.settings: {tries: 3}}, result: PASS}
    - {facts: {door.settings: {tries: 30}}, result: FAIL}
- id: door.scheme
  title: Secrets are kept hashed
  severity: critical
  assert: door.secret.scheme == "yescrypt"
  observe: door.secret.scheme
  expect: yescrypt
  why: Because others are guessed.
  remediate: Use it.
  impact: Old clients may not know it.
  standards: [NIST IA-5]
  cases:
    - {facts: {door.secret: {scheme: yescrypt}}, result: PASS}
    - {facts: {door.secret: {scheme: md5}}, result: FAIL}
- id: door.debian
  title: The door is in a Debian house
  severity: low
  applies: platform.family == "debian"
  not_applies: only Debian houses have such a door
  assert: door.settings.lock == "shut"
  observe: door.settings.lock
  expect: shut
  why: Because it is so there.
  remediate: Shut it.
  impact: None.
  standards: [NIST AC-3]
  cases:
    - {facts: {door.settings: {lock: shut}}, platform: {family: debian}, result: PASS}
    - {facts: {door.settings: {lock: open}}, platform: {family: debian}, result: FAIL}
    - {facts: {door.settings: {lock: open}}, platform: {family: rhel}, result: N/A}
- id: door.look
  title: A person looks at the door
  severity: low
  manual: true
  observe: door.settings.lock
  expect: a door that a person is content with
  why: Because some things only people see.
  remediate: Look.
  impact: None.
  standards: [NIST CA-7]
  cases:
    - {facts: {door.settings: {lock: shut}}, result: MANUAL}
`
	testBaseline = `
name: default
title: Thresholds of the tests
values:
  door_lock: {value: [shut, bolted], source: a standard}
  door_tries: {value: 5, source: a standard, note: per person}
`
	strictBaseline = `
name: strict
title: A stricter engagement
values:
  door_lock: {value: [bolted], source: the entity's policy}
  door_tries: {value: 3, source: the entity's policy}
`
)

// mappedChecks is the mapping of the tests; door.look is mapped to nothing.
var mappedChecks = map[string]string{"01.b": "door.lock, door.debian", "01.c": "door.scheme", "10.f": "door.scheme, door.tries"}

var judgedAt = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// framework is the shipped structure of the CSF with the mapping of the tests.
func framework(t testing.TB) *control.Framework {
	t.Helper()
	root := os.DirFS("../templates")
	files := fstest.MapFS{}
	for _, name := range must(fs.Glob(root, "csf/*.yaml"))(t) {
		files[name] = &fstest.MapFile{Data: must(fs.ReadFile(root, name))(t)}
	}
	var mapping []byte
	for _, r := range must(control.Load(root))(t).Controls {
		coverage := "manual"
		if mappedChecks[r.ID] != "" {
			coverage = "partial"
		}
		mapping = fmt.Appendf(mapping, "- {reference: %q, coverage: %s, checks: [%s], manual: [Look.]}\n", r.ID, coverage, mappedChecks[r.ID])
	}
	files["csf/mapping/all.yaml"] = &fstest.MapFile{Data: mapping}
	return must(control.Load(files))(t)
}

// options loads the content of the tests. probesYAML and overrides may be left empty.
func options(t testing.TB, b *evidence.Bundle, probesYAML, overrides string) Options {
	t.Helper()
	if probesYAML == "" {
		probesYAML = testProbes
	}
	catalog := must(probes.LoadCatalog(fstest.MapFS{"linux/door.yaml": {Data: []byte(probesYAML)}}))(t)
	content := fstest.MapFS{
		"checks/linux/door.yaml": {Data: []byte(testChecks)},
		"baselines/default.yaml": {Data: []byte(testBaseline)},
	}
	baseline := must(check.LoadBaseline(content, "baselines/default.yaml"))(t)
	if overrides != "" {
		baseline = must(baseline.Override("strict.yaml", []byte(overrides)))(t)
	}
	library := must(check.Load(check.Sources{Checks: []fs.FS{content}, Facts: catalog.Types(), Baseline: baseline}))(t)
	return Options{Bundle: b, Catalog: catalog, Library: library, Framework: framework(t),
		Now: func() time.Time { return judgedAt }, Tool: "fleetaudit test"}
}

// answer is one host that answered; each item is "exit stdout" by the last word of the probe's id, "-" for not permitted.
func answer(name, system, family string, at time.Time, settings, secret string) *evidence.Answer {
	a := &evidence.Answer{Host: evidence.HostRecord{
		ID: evidence.HostID(name), Name: name, Address: "192.0.2.1", Port: 22, User: "audit", Platform: "linux", Become: "sudo", System: system,
		State: evidence.StateComplete, HostKey: "SHA256:abc", KeyType: "ssh-ed25519", KeyTrust: "known_hosts", Connection: "ssh", Tries: 1, Execs: 1,
		Start: at, End: at.Add(2 * time.Second),
		Header: &evidence.Header{Hostname: name, OSRelease: map[string]string{"id": family, "pretty_name": "Test " + family, "version_id": "1"},
			Kernel: "6.1", System: "Linux", Arch: "x86_64", Privilege: "sudo", Init: "systemd", Clock: at.Add(time.Second), Skew: 40 * time.Millisecond},
	}}
	for i, it := range []struct{ probe, run, stdout string }{
		{"door.secret", "asroot cat /etc/door.secret\n", secret}, {"door.settings", "cat /etc/door\n", settings},
	} {
		item := evidence.Item{Seq: i + 1, Probe: it.probe, Outcome: evidence.OutcomeAnswered, Start: at.Add(time.Duration(i) * time.Second),
			Duration: time.Millisecond, Command: []byte(it.run), Stdout: []byte(it.stdout)}
		if it.stdout == "-" {
			item.Outcome, item.Exit, item.Stdout = evidence.OutcomeNotPermitted, -1, nil
			a.Host.State, a.Host.Header.Privilege, a.Host.Header.BecomeErr = evidence.StatePartial, "none", "sudo: a password is required"
		}
		a.Items = append(a.Items, item)
	}
	return a
}

// unreached is one host that never answered.
func unreached(name string, platform inventory.Platform, at time.Time) *evidence.Answer {
	return &evidence.Answer{Host: evidence.HostRecord{ID: evidence.HostID(name), Name: name, Address: "192.0.2.9", Port: 22, User: "audit",
		Platform: string(platform), Become: "sudo", State: evidence.StateFailed, Reason: "unreachable", Detail: "dial 192.0.2.9:22: no route to host",
		Connection: "ssh", Tries: 2, Start: at, End: at.Add(3 * time.Second)}}
}

// bundle writes the answers to a new bundle and opens it.
func bundle(t testing.TB, engagement evidence.Engagement, answers ...*evidence.Answer) *evidence.Bundle {
	t.Helper()
	catalog := must(probes.LoadCatalog(fstest.MapFS{"linux/door.yaml": {Data: []byte(testProbes)}}))(t)
	dir := filepath.Join(t.TempDir(), "run")
	w := must(evidence.Create(dir, evidence.RunInfo{ID: "run-1", Tool: evidence.Tool{Version: "1"}, Operator: "J. Rivera",
		Controller: evidence.Controller{Machine: "laptop", User: "jr"}, Engagement: engagement,
		Inventory: evidence.SourceFile{File: "inventory.yaml", SHA256: strings.Repeat("a", 64)}, Catalogue: catalog.Digest(), Started: judgedAt.Add(-time.Hour)}))(t)
	clock := judgedAt.Add(-time.Hour)
	w.Now = func() time.Time { return clock }
	for _, a := range answers {
		if err := w.Put(a); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(evidence.EndInfo{Ended: judgedAt.Add(-time.Minute)}); err != nil {
		t.Fatal(err)
	}
	b := must(evidence.Open(dir))(t)
	t.Cleanup(func() { _ = b.Close() })
	return b
}

// fleet is the bundle of most tests: every state that a host can be in.
func fleet(t testing.TB) *evidence.Bundle {
	t.Helper()
	at := time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)
	return bundle(t, evidence.Engagement{Entity: "Example Health", FieldworkFrom: "2026-11-01", FieldworkTo: "2026-11-30"},
		unreached("win01", inventory.PlatformWindows, at),
		answer("db01", "EHR", "debian", at, "lock=shut\ntries=3\n", "scheme=yescrypt\n"),
		answer("web01", "Portal", "rhel", at, "lock=open\ntries=9\n", "-"),
		unreached("gone01", inventory.PlatformUnknown, at),
		answer("app01", "EHR", "debian", at, "lock=open\n", "scheme=md5\n"))
}

func readFile(t testing.TB, b *evidence.Bundle, name string) []byte {
	t.Helper()
	return bytes.Clone(must(os.ReadFile(filepath.Join(b.Dir(), name)))(t))
}

func mapFS(name, text string) fs.FS { return fstest.MapFS{name: {Data: []byte(text)}} }
