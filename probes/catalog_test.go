package probes_test

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/fleetaudit/fleetaudit/inventory"
	"github.com/fleetaudit/fleetaudit/probes"
)

const good = `
- id: demo.list
  title: A list of rows
  run: |
    asroot cat /etc/demo
  timeout: 30s
  max_bytes: 1MiB
  exit: [0, 1]
  slow: true
  parse: table
  options: {separator: ":", rest: true}
  facts: [{name: string, ids: [int]}]
  notes: |
    What it shows.
  cases:
    - name: two
      stdout: "a:1,2\nb:\n"
      exit: 1
      facts: [{name: a, ids: [1, 2]}, {name: b, ids: []}]
    - {name: cut, stdout: "a\n", error: expected 2 columns}
    - {name: failed, stdout: "", exit: 3, error: exit status 3}
- id: demo.record
  title: A record
  run: echo a=1
  parse: keyvalue
  facts: {a: int, b: string, when: timestamp}
  cases:
    - {stdout: "a=1\nb=yes\nwhen=0\n", facts: {a: 1, b: "yes", when: 1970-01-01T00:00:00Z}}
    - {stdout: "a=x\n", facts: {}, not_understood: [a]}
`

func load(t testing.TB, name, content string) (*probes.Catalog, error) {
	t.Helper()
	return probes.LoadCatalog(fstest.MapFS{name: {Data: []byte(content)}})
}

func TestLoad(t *testing.T) {
	t.Parallel()
	c, err := load(t, "linux/demo.yaml", good)
	if err != nil {
		t.Fatal(err)
	}
	p, ok := c.Lookup("demo.list")
	if !ok {
		t.Fatal("demo.list is not there")
	}
	want := probes.Probe{
		ID: "demo.list", Title: "A list of rows", Platform: inventory.PlatformLinux, Run: "asroot cat /etc/demo\n", Privileged: true,
		Timeout: 30 * time.Second, MaxBytes: 1 << 20, Slow: true, Parse: "table", Notes: "What it shows.",
		Pos: inventory.Position{File: "linux/demo.yaml", Line: 2, Column: 7},
	}
	got := *p
	if got.ID != want.ID || got.Title != want.Title || got.Platform != want.Platform || got.Run != want.Run || !got.Privileged || got.Timeout != want.Timeout ||
		got.MaxBytes != want.MaxBytes || !got.Slow || got.Parse != want.Parse || got.Notes != want.Notes || got.Pos != want.Pos {
		t.Errorf("got %+v", got)
	}
	if !slices.Equal(p.Exit, []int{0, 1}) || p.Options["rest"] != "true" || p.Parser() == nil || p.Topic() != "demo" {
		t.Errorf("got %+v", got)
	}
	r, _ := c.Lookup("demo.record")
	if r.Privileged || r.Timeout != probes.DefaultTimeout || r.MaxBytes != probes.DefaultMaxBytes || !slices.Equal(r.Exit, []int{0}) {
		t.Errorf("defaults: %+v", r)
	}
	for _, p := range c.Probes(inventory.PlatformLinux) {
		for _, err := range p.RunCases() {
			t.Error(err)
		}
	}
	if s := c.Types()["demo.list"].String(); s != "list({name: string, ids: list(int)})" || len(c.Probes(inventory.PlatformWindows)) != 0 {
		t.Errorf("types: %s", s)
	}
}

func TestRunCasesTells(t *testing.T) {
	t.Parallel()
	for change, want := range map[string]string{
		`"a:1,2\nb:\n"|"a:1,3\nb:\n"`:                 `linux/demo.yaml:16:7: demo.list: case "two": got  [{"ids":[1,3]`,
		`"a:1,2\nb:\n"|"a:x\n"`:                       `case "two": line 1: column ids`,
		"error: expected 2 columns|error: other":      `case "cut": expected an error with "other"`,
		"not_understood: [a]|not_understood: []":      "fields not understood: [a]",
		`stdout: "a\n", error|stdout: "a:1\n", error`: "got facts",
		"max_bytes: 1MiB|max_bytes: 8":                "would be cut at 8",
	} {
		from, to, _ := strings.Cut(change, "|")
		c, err := load(t, "linux/demo.yaml", strings.Replace(good, from, to, 1))
		if err != nil {
			t.Fatal(err)
		}
		var all []string
		for _, p := range c.Probes(inventory.PlatformLinux) {
			for _, err := range p.RunCases() {
				all = append(all, err.Error())
			}
		}
		if len(all) != 1 || !strings.Contains(all[0], want) {
			t.Errorf("%s: %q, expected %q", change, all, want)
		}
	}
}

// TestBad loads each file of testdata/bad, whose first lines say what must be said of it.
func TestBad(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/bad/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 10 {
		t.Fatalf("only %d files", len(files))
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) {
			t.Parallel()
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			_, err = load(t, "linux/"+filepath.Base(file), string(data))
			if err == nil {
				t.Fatal("no error")
			}
			wants := 0
			for line := range strings.Lines(string(data)) {
				want, ok := strings.CutPrefix(strings.TrimRight(line, "\n"), "# want: ")
				if !ok {
					continue
				}
				wants++
				if !strings.Contains(err.Error(), want) {
					t.Errorf("expected %q in\n%s", want, err)
				}
			}
			if wants == 0 {
				t.Error("the file does not say what to expect")
			}
			for _, e := range err.(interface{ Unwrap() []error }).Unwrap() {
				var typed *probes.Error
				if !errors.As(e, &typed) || typed.Pos.File != "linux/"+filepath.Base(file) {
					t.Errorf("%v is no *probes.Error with a position", e)
				}
			}
		})
	}
}

func TestOverlay(t *testing.T) {
	t.Parallel()
	base := fstest.MapFS{"linux/demo.yaml": {Data: []byte(good)}}
	more := strings.ReplaceAll(good, "demo.", "site.")
	c, err := probes.LoadCatalog(base, fstest.MapFS{"linux/site.yaml": {Data: []byte(more)}})
	if err != nil || len(c.Probes(inventory.PlatformLinux)) != 4 {
		t.Errorf("%v", err)
	}
	c, err = probes.LoadCatalog(base, base)
	if err == nil || !strings.Contains(err.Error(), "id demo.list is taken by the probe at linux/demo.yaml:2:7") {
		t.Errorf("%v", err)
	}
	if len(c.Probes(inventory.PlatformLinux)) != 2 {
		t.Error("the probes without a fault must be there, for the lint")
	}
	for name, files := range map[string]fs.FS{
		"no probes:":                         fstest.MapFS{"linux/readme.txt": {}},
		"the name of the file is the topic":  fstest.MapFS{"linux/Demo-x.yaml": {Data: []byte(good)}},
		"platform windows cannot be checked": nil,
	} {
		if files == nil {
			continue
		}
		if _, err := probes.LoadCatalog(files); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%v, expected %q", err, name)
		}
	}
}

func TestDigest(t *testing.T) {
	t.Parallel()
	digest := func(content string) string {
		c, err := load(t, "linux/demo.yaml", content)
		if err != nil {
			t.Fatal(err)
		}
		return c.Digest()
	}
	whole := digest(good)
	for _, same := range []string{"title: A record|title: Another", "What it shows.|More.", "name: two|name: three"} {
		from, to, _ := strings.Cut(same, "|")
		if digest(strings.Replace(good, from, to, 1)) != whole {
			t.Errorf("%s changes the digest", same)
		}
	}
	for _, change := range []string{"cat /etc/demo|cat /etc/other", "timeout: 30s|timeout: 31s", "max_bytes: 1MiB|max_bytes: 2MiB", "exit: [0, 1]|exit: [0, 1, 2]",
		"slow: true|slow: false", "rest: true|rest: \"false\"", "b: string|b: string, c: int"} {
		from, to, _ := strings.Cut(change, "|")
		if digest(strings.Replace(good, from, to, 1)) == whole {
			t.Errorf("%s does not change the digest", change)
		}
	}
}

func TestCheckReadOnly(t *testing.T) {
	t.Parallel()
	p := &probes.Probe{ID: "a.b", Platform: inventory.PlatformLinux, Run: "rm x"}
	if errs := probes.CheckReadOnly(p); len(errs) != 1 || errs[0].Error() != "a.b:1:1: rm changes files" {
		t.Errorf("%v", errs)
	}
	p.Platform = inventory.PlatformWindows
	if errs := probes.CheckReadOnly(p); len(errs) != 1 || !strings.Contains(errs[0].Error(), "cannot be checked") {
		t.Errorf("%v", errs)
	}
}

func FuzzLoadCatalog(f *testing.F) {
	f.Add([]byte(good))
	files, err := filepath.Glob("testdata/bad/*.yaml")
	if err != nil || len(files) == 0 {
		f.Fatal("no seeds", err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := probes.LoadCatalog(fstest.MapFS{path.Join("linux", "demo.yaml"): {Data: data}})
		if err != nil && err.Error() == "" {
			t.Error("an error without text")
		}
		for _, p := range c.Probes(inventory.PlatformLinux) {
			p.RunCases()
		}
	})
}
