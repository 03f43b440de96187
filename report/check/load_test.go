package check

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/fleetaudit/fleetaudit/probes/fact"
)

const minBadFiles = 6

// TestBadContent loads files that are wrong in known ways. Each says on its first lines which messages are wanted, with their
// places: all of them must come from one load.
func TestBadContent(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/bad/*.yaml")
	if err != nil || len(files) < minBadFiles {
		t.Fatalf("%d files, expected at least %d (%v)", len(files), minBadFiles, err)
	}
	for _, name := range files {
		t.Run(filepath.Base(name), func(t *testing.T) {
			t.Parallel()
			data, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			_, err = Load(testSources(t, map[string]string{"checks/linux/bad.yaml": string(data)}))
			if err == nil {
				t.Fatal("it loads")
			}
			wanted := 0
			for line := range strings.Lines(string(data)) {
				if want, ok := strings.CutPrefix(strings.TrimSpace(line), "# want: "); ok {
					wanted++
					if !strings.Contains(err.Error(), want) {
						t.Errorf("no message %q", want)
					}
				}
			}
			if t.Failed() {
				t.Logf("the messages are\n%v", err)
			}
			if wanted == 0 {
				t.Error("the file wants no message")
			}
			var typed *Error
			if !errors.As(err, &typed) || typed.Pos.File == "" {
				t.Errorf("the errors are no *Error with a place: %v", err)
			}
		})
	}
}

func testBaseline(t testing.TB) *Baseline {
	t.Helper()
	b, err := LoadBaseline(fstest.MapFS{"b.yaml": {Data: []byte(baselineText)}}, "b.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func testSources(t testing.TB, files map[string]string) Sources {
	t.Helper()
	m := fstest.MapFS{}
	for name, text := range files {
		m[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return Sources{Checks: []fs.FS{m}, Facts: testTypes(), Baseline: testBaseline(t)}
}

const goodCheck = `
- id: good.tries
  title: Few login attempts
  severity: medium
  assert: sshd.effective.maxauthtries <= baseline.max_tries
  observe: sshd.effective.maxauthtries
  expect: "at most {baseline.max_tries}; root login: {baseline.root_login}"
  why: w
  remediate: r
  impact: i
  standards: [CIS X]
  cases:
    - {facts: {sshd.effective: {maxauthtries: 4}}, result: PASS, observed: "4"}
    - {facts: {sshd.effective: {maxauthtries: 5}}, result: FAIL}
    - {facts: {sshd.effective: {maxauthtries: 5}}, baseline: {max_tries: 5}, result: PASS}
    - {unread: {sshd.effective.maxauthtries: not understood}, result: NOT TESTED}
`

func TestLoad(t *testing.T) {
	t.Parallel()
	s := testSources(t, map[string]string{"checks/linux/good.yaml": goodCheck})
	own := fstest.MapFS{"checks/linux/own.yaml": {Data: []byte(strings.ReplaceAll(goodCheck, "good.tries", "own.tries"))}}
	s.Checks = append(s.Checks, own)
	lib, err := Load(s)
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range lib.RunCases() {
		t.Error(err)
	}
	if n := len(lib.Checks()); n != 2 || lib.Checks()[0].ID != "good.tries" || lib.Checks()[1].ID != "own.tries" {
		t.Errorf("%d checks", n)
	}
	c, ok := lib.Lookup("own.tries")
	if !ok || c.Pos.String() != "checks/linux/own.yaml:2:3" || len(c.Probes) != 1 || c.Probes[0] != "sshd.effective" {
		t.Errorf("got %+v", c)
	}
	if got := lib.Expected("own.tries"); got != "at most 4; root login: no, prohibit-password" {
		t.Errorf("expected %q", got)
	}
	if _, ok := lib.Lookup("nope"); ok {
		t.Error("a check that does not exist is found")
	}
}

// TestMisplaced: a file of checks that nobody would read is told.
func TestMisplaced(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"checks/own.yaml":             "checks/own.yaml: checks are read from",
		"checks/linux/own.yml":        "checks/linux/own.yml: checks are read from",
		"checks/linux/more/own.yaml":  "checks/linux/more/own.yaml: checks are read from",
		"checks/solaris/own.yaml":     "the folder must be the platform: linux or windows",
		"checks/linux/README.md":      "",
		"probes/linux/anything.yaml":  "",
		"checks/linux/only_text.yaml": "a list is expected, not text",
	} {
		_, err := Load(testSources(t, map[string]string{name: "text"}))
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// TestDigest: another assertion is other content, a comment is not.
func TestDigest(t *testing.T) {
	t.Parallel()
	load := func(text string) string {
		lib, err := Load(testSources(t, map[string]string{"checks/linux/good.yaml": text}))
		if err != nil {
			t.Fatal(err)
		}
		return lib.Digest()
	}
	first := load(goodCheck)
	if again := load("# a comment\n" + goodCheck); again != first {
		t.Error("a comment changes the digest")
	}
	if other := load(strings.Replace(goodCheck, "<= baseline", "< baseline", 1)); other == first {
		t.Error("another assertion has the same digest")
	}
}

// TestCaseFails: a case that comes out otherwise is told with its place.
func TestCaseFails(t *testing.T) {
	t.Parallel()
	lib, err := Load(testSources(t, map[string]string{"checks/linux/good.yaml": strings.Replace(goodCheck, "5}}, result: FAIL", "3}}, result: FAIL", 1)}))
	if err != nil {
		t.Fatal(err)
	}
	errs := lib.RunCases()
	if len(errs) != 1 || errs[0].Error() != "checks/linux/good.yaml:14:7: good.tries: case 2: FAIL is expected, the check gives PASS" {
		t.Errorf("got %v", errs)
	}
}

func TestCaseFacts(t *testing.T) {
	t.Parallel()
	set := caseFacts(Case{
		Facts:  map[string]fact.Value{"a.b": map[string]any{"c": "1"}},
		Unread: map[string]fact.ProblemKind{"a.b.d": fact.ProblemNotUnderstood, "x.y": fact.ProblemTimeout},
	})
	if set["x.y"].ProblemKind != fact.ProblemTimeout || set["a.b"].Fields["d"] == "" || set["a.b"].Value.(map[string]any)["c"] != "1" {
		t.Errorf("got %v", set)
	}
}

// FuzzLoad: whatever stands in a file of checks, loading ends with a library or with errors that have a place.
func FuzzLoad(f *testing.F) {
	f.Add(goodCheck)
	f.Add("- id: x\n  cases: [{facts: {sshd.effective: {a: [1, {b: ~}]}}}]\n")
	f.Add("a: &x\n  <<: *x\n")
	s := testSources(f, nil)
	f.Fuzz(func(t *testing.T, text string) {
		s := s
		s.Checks = []fs.FS{fstest.MapFS{"checks/linux/good.yaml": {Data: []byte(text)}}}
		lib, err := Load(s)
		if err != nil {
			if _, ok := errors.AsType[*Error](err); !ok {
				t.Errorf("no *Error: %v", err)
			}
			return
		}
		lib.RunCases()
	})
}
