package check_test

import (
	"io/fs"
	"maps"
	"path"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/fleetaudit/fleetaudit/probes"
	"github.com/fleetaudit/fleetaudit/probes/catalog"
	"github.com/fleetaudit/fleetaudit/probes/fact"
	"github.com/fleetaudit/fleetaudit/report/check"
	"github.com/fleetaudit/fleetaudit/templates"
)

// The least that the content must hold: a pattern that matches nothing must not pass.
const (
	minTopics = 3
	minChecks = 60
)

const baselineFile = "baselines/default.yaml"

// TestContent reads each topic of the checks by itself, so that a fault in one does not hide another's, compiles it against the
// catalogue of probes and judges its cases: go test ./report/check -run TestContent/ssh_server
func TestContent(t *testing.T) {
	t.Parallel()
	baseline, err := check.LoadBaseline(templates.FS, baselineFile)
	if err != nil {
		t.Fatal(err)
	}
	types := catalogTypes(t)
	files, err := fs.Glob(templates.FS, "checks/*/*.yaml")
	if err != nil || len(files) < minTopics {
		t.Fatalf("%d topics, expected at least %d (%v)", len(files), minTopics, err)
	}
	for _, name := range files {
		t.Run(topicName(name), func(t *testing.T) {
			t.Parallel()
			data, err := fs.ReadFile(templates.FS, name)
			if err != nil {
				t.Fatal(err)
			}
			lib, err := check.Load(check.Sources{Checks: []fs.FS{fstest.MapFS{name: {Data: data}}}, Facts: types, Baseline: baseline})
			if err != nil {
				t.Fatalf("content:\n%v", err)
			}
			if len(lib.Checks()) == 0 {
				t.Error("the file holds no check")
			}
			for _, err := range lib.RunCases() {
				t.Error(err)
			}
		})
	}
}

// TestContentTogether loads all topics into one library, as a run does, and looks for thresholds that nothing uses.
func TestContentTogether(t *testing.T) {
	t.Parallel()
	lib := contentLibrary(t)
	if n := len(lib.Checks()); n < minChecks {
		t.Fatalf("%d checks, expected at least %d", n, minChecks)
	}
	used := map[string]bool{}
	name := regexp.MustCompile(`baseline\.([a-z0-9_]+)`)
	for _, c := range lib.Checks() {
		for _, m := range name.FindAllStringSubmatch(c.Assert+" "+c.Observe+" "+c.Expect, -1) {
			used[m[1]] = true
		}
	}
	for _, th := range lib.Baseline().Thresholds() {
		if !used[th.Name] {
			t.Errorf("%s: baseline.%s is used by no check", th.Pos, th.Name)
		}
	}
}

func contentLibrary(t testing.TB) *check.Library {
	t.Helper()
	baseline, err := check.LoadBaseline(templates.FS, baselineFile)
	if err != nil {
		t.Fatal(err)
	}
	lib, err := check.Load(check.Sources{Checks: []fs.FS{templates.FS}, Facts: catalogTypes(t), Baseline: baseline})
	if err != nil {
		t.Fatalf("content:\n%v", err)
	}
	return lib
}

// catalogTypes gives the facts of all probes that load. A topic that does not is shown by the catalogue's own test.
func catalogTypes(t testing.TB) map[string]fact.Type {
	t.Helper()
	files, err := fs.Glob(catalog.FS, "*/*.yaml")
	if err != nil || len(files) < minTopics {
		t.Fatalf("%d topics of probes, expected at least %d (%v)", len(files), minTopics, err)
	}
	types := map[string]fact.Type{}
	for _, name := range files {
		data, err := fs.ReadFile(catalog.FS, name)
		if err != nil {
			t.Fatal(err)
		}
		c, err := probes.LoadCatalog(fstest.MapFS{name: {Data: data}})
		if err != nil {
			t.Logf("probes of %s left out: %v", name, err)
			continue
		}
		maps.Copy(types, c.Types())
	}
	return types
}

// topicName makes "ssh_server" of "checks/linux/ssh_server.yaml", and "windows_ssh_server" of a topic of another platform.
func topicName(file string) string {
	name := strings.TrimSuffix(path.Base(file), ".yaml")
	if platform := path.Base(path.Dir(file)); platform != "linux" {
		return platform + "_" + name
	}
	return name
}
