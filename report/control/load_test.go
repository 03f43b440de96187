package control

import (
	"io/fs"
	"os"
	"path"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/fleetaudit/fleetaudit/report/check"
)

// content is the shipped content, copied so that a test may damage it.
func content(t testing.TB) fstest.MapFS {
	t.Helper()
	root := os.DirFS("../../templates")
	files, err := fs.Glob(root, "csf/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	mapping, err := fs.Glob(root, "csf/mapping/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 5 || len(mapping) < 4 {
		t.Fatalf("found %d files and %d mapping files of the CSF content, want at least 5 and 4", len(files), len(mapping))
	}
	out := fstest.MapFS{}
	for _, f := range append(files, mapping...) {
		data, err := fs.ReadFile(root, f)
		if err != nil {
			t.Fatal(err)
		}
		out[f] = &fstest.MapFile{Data: data}
	}
	return out
}

func load(t testing.TB, fsys ...fs.FS) *Framework {
	t.Helper()
	fw, err := Load(fsys...)
	if err != nil {
		t.Fatal(err)
	}
	return fw
}

func TestLoadShipped(t *testing.T) {
	t.Parallel()
	fw := load(t, content(t))
	if len(fw.crosswalk) < 1000 || len(fw.Sources) != 5 {
		t.Errorf("crosswalk has %d rows of %d frameworks", len(fw.crosswalk), len(fw.Sources))
	}
	published := 0
	for _, r := range fw.Crosswalk() {
		if r.Confidence == Published {
			published++
		}
	}
	if published != 16 {
		t.Errorf("%d published crosswalk rows, want 16", published)
	}
	perCategory := map[string]int{}
	for _, r := range fw.Controls {
		_, c := fw.parents(r)
		perCategory[c.ID]++
	}
	want := map[string]int{"0.0": 1, "01.0": 25, "02.0": 9, "03.0": 4, "04.0": 2, "05.0": 11, "06.0": 10, "07.0": 5, "08.0": 13,
		"09.0": 32, "10.0": 13, "11.0": 5, "12.0": 5, "13.0": 21}
	for id, n := range want {
		if perCategory[id] != n {
			t.Errorf("category %s has %d references, want %d", id, perCategory[id], n)
		}
	}
	if len(fw.Digest) != 64 {
		t.Errorf("digest %q", fw.Digest)
	}
}

// The objectives that the tool is made for say which threat they answer and show an incident; unverified titles stay marked.
func TestObjectiveTexts(t *testing.T) {
	t.Parallel()
	fw := load(t, content(t))
	for _, id := range []string{"01.02", "01.04", "01.07", "09.02", "09.06", "09.07", "09.10", "10.03", "10.05", "10.06"} {
		o := fw.Objectives[fw.objectives[id]]
		if o.Threat == "" || o.Incident == "" {
			t.Errorf("objective %s: threat %q, incident %q", id, o.Threat, o.Incident)
		}
		if root := fw.Categories[fw.categories[o.Category]].Root; !strings.Contains(root, "45 CFR 164.") {
			t.Errorf("category %s: root %q", o.Category, root)
		}
	}
	unverified := 0
	for _, o := range fw.Objectives {
		if o.TitleSource == TitleUnverified {
			unverified++
		}
	}
	if unverified != 29 {
		t.Errorf("%d objectives with unverified titles, want 29", unverified)
	}
}

// Sentences for a person are whole sentences, and files hold the categories that their name says.
func TestShippedMapping(t *testing.T) {
	t.Parallel()
	fw := load(t, content(t))
	for _, m := range fw.Mappings {
		for _, s := range m.Manual {
			if !strings.HasSuffix(s, ".") || len(s) < 30 || len(s) > 220 {
				t.Errorf("%s: %s: sentence %q", m.Pos, m.Reference, s)
			}
		}
		want := map[string]string{"01": "01.yaml", "09": "09.yaml", "10": "10.yaml"}[before(m.Reference)]
		if want == "" {
			want = "others.yaml"
		}
		if got := path.Base(m.Pos.File); got != want {
			t.Errorf("reference %s is mapped in %s, want %s", m.Reference, got, want)
		}
		if r, _ := fw.Reference(m.Reference); len(m.Domains) == 0 && m.Reference != "13.g" {
			t.Errorf("reference %s %s has no assessment domain", r.ID, r.Title)
		}
	}
}

func TestLoadMistakes(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ file, old, new, want string }{
		"unknown key":        {"references.yaml", `title: "User Registration"`, `titel: "User Registration"`, `csf/references.yaml:6:36: unknown key "titel"; known are id, objective`},
		"missing key":        {"references.yaml", `title: "User Registration"`, `titel: "User Registration"`, `csf/references.yaml:6:3: key "title" is missing`},
		"parent":             {"references.yaml", `"01.b", objective: "01.02"`, `"01.b", objective: "01.12"`, `csf/references.yaml:6:27: objective "01.12" is not declared`},
		"other parent":       {"references.yaml", `"01.b", objective: "01.02"`, `"01.b", objective: "02.02"`, `csf/references.yaml:6:27: 01.b cannot belong to objective 02.02`},
		"form":               {"references.yaml", `"01.b"`, `"01-b"`, `csf/references.yaml:6:8: id: "01-b" has not the form`},
		"twice":              {"references.yaml", `"01.b"`, `"01.a"`, `csf/references.yaml:6:3: reference 01.a is already declared at csf/references.yaml:5:3`},
		"testable":           {"references.yaml", `"partly", domains`, `"perhaps", domains`, `host_testable: "perhaps" is not one of yes, partly, no`},
		"domain":             {"references.yaml", `domains: [11, 19]`, `domains: [11, 20]`, `csf/references.yaml:7:103: domains: "20" is no assessment domain; they are 1 to 19`},
		"lost reference":     {"references.yaml", `- {id: "13.u"`, `# - {id: "13.u"`, `csf/references.yaml: 155 control references: the CSF has 156`},
		"lost category":      {"categories.yaml", `- {id: "13.0"`, `# - {id: "13.0"`, `csf/categories.yaml: 13 categories: the CSF has 14`},
		"lost domain":        {"domains.yaml", `- {number: 19`, `# - {number: 19`, `csf/domains.yaml: 18 assessment domains: the CSF has 19`},
		"domain number":      {"domains.yaml", `number: 19`, `number: 91`, `assessment domain number 91: expected 19`},
		"title source":       {"objectives.yaml", `title_source: unverified`, `title_source: perhaps`, `title_source: "perhaps" is not one of unverified`},
		"empty":              {"objectives.yaml", `title: "User Responsibilities"`, `title: ""`, `title is empty`},
		"not YAML":           {"domains.yaml", `{number: 3`, `{number: [3`, `csf/domains.yaml:4:`},
		"citation":           {"crosswalk.yaml", `[AC-1, AC-2, AC-3]`, `[AC-1, AC2, AC-3]`, `csf/crosswalk.yaml:26:33: NIST SP 800-53 r5: citation "AC2" has not the form`},
		"citation twice":     {"crosswalk.yaml", `[AC-1, AC-2, AC-3]`, `[AC-1, AC-2, AC-1]`, `citation "AC-1" is already given at csf/crosswalk.yaml:26:27`},
		"published twice":    {"crosswalk.yaml", `[GV.PO-01, PR.AA-05]`, `[GV.PO-01, ID.AM-05]`, `citation "ID.AM-05" is already given`},
		"framework":          {"crosswalk.yaml", "      CIS Controls v8: [", "      CIS Controls v7: [", `framework "CIS Controls v7" is not declared under frameworks`},
		"bad form":           {"crosswalk.yaml", `'\d{1,2}\.\d{1,2}'`, `'(\d{1,2}'`, `citation: error parsing regexp`},
		"crosswalk to none":  {"crosswalk.yaml", `  - reference: "01.b"`, `  - reference: "01.zz"`, `reference "01.zz" is not declared`},
		"no sentence":        {"mapping/10.yaml", `    - "See tests of output for a sample of applications."` + "\n", "", `expected`},
		"unmapped":           {"mapping/10.yaml", `- reference: "10.e"`, `- reference: "10.d"`, `csf/references.yaml:120:3: reference 10.e is in no file of csf/mapping`},
		"mapped twice":       {"mapping/10.yaml", `- reference: "10.e"`, `- reference: "10.d"`, `reference 10.d is already mapped at csf/mapping/10.yaml`},
		"coverage word":      {"mapping/10.yaml", `coverage: manual`, `coverage: full`, `coverage: "full" is not one of automated, partial, manual`},
		"coverage too high":  {"mapping/others.yaml", `coverage: manual`, `coverage: partial`, `csf/mapping/others.yaml:3:3: reference 0.a: coverage is partial without a single check; say manual`},
		"coverage too low":   {"mapping/others.yaml", `checks: []`, `checks: [a.b]`, `reference 0.a: coverage is manual, yet checks speak to it`},
		"check twice":        {"mapping/others.yaml", `checks: []`, `checks: [a.b, a.b]`, `csf/mapping/others.yaml:5:17: check a.b is already given at csf/mapping/others.yaml:5:12`},
		"checks not a list":  {"mapping/others.yaml", `checks: []`, `checks: none`, `csf/mapping/others.yaml:5:11: checks: expected a list, found String`},
		"mapping to nothing": {"mapping/others.yaml", `"0.a"`, `"0.b"`, `reference "0.b" is not declared in csf/references.yaml`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fsys := content(t)
			file := fsys["csf/"+c.file]
			text := string(file.Data)
			damaged := strings.Replace(text, c.old, c.new, 1)
			if damaged == text {
				t.Fatalf("%s holds no %q", c.file, c.old)
			}
			file.Data = []byte(damaged)
			_, err := Load(fsys)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error:\n%v\nwant it to hold %q", err, c.want)
			}
		})
	}
}

// Every mistake is told at once, and a lost file is told with its name.
func TestLoadAllMistakesAtOnce(t *testing.T) {
	t.Parallel()
	fsys := content(t)
	fsys["csf/mapping/10.yaml"].Data = []byte(regexp.MustCompile(`coverage: manual|coverage: partial`).ReplaceAllString(string(fsys["csf/mapping/10.yaml"].Data), "coverage: x"))
	delete(fsys, "csf/domains.yaml")
	_, err := Load(fsys)
	if err == nil {
		t.Fatal("no error")
	}
	if n := strings.Count(err.Error(), "is not one of automated"); n < 10 {
		t.Errorf("%d of the coverage mistakes told", n)
	}
	if !strings.Contains(err.Error(), "read csf/domains.yaml: ") {
		t.Errorf("lost file not told: %v", err)
	}
	if _, err := Load(); err == nil {
		t.Error("no content is no error")
	}
}

func TestLoadOverlay(t *testing.T) {
	t.Parallel()
	base := content(t)
	more := fstest.MapFS{"csf/mapping/site.yaml": {Data: []byte("- reference: 13.t\n  coverage: partial\n  checks: [site.training]\n  manual: [Ask the site's trainer for the list of the year.]\n")}}
	fw := load(t, base, more)
	m, ok := fw.Mapping("13.t")
	if !ok || m.Coverage != Partial || len(m.Checks) != 1 || len(m.Manual) != 2 {
		t.Errorf("mapping %+v", m)
	}
	if got := fw.References("site.training"); len(got) != 1 || got[0] != "13.t" {
		t.Errorf("references %v", got)
	}
	if fw.Digest == load(t, base).Digest {
		t.Error("an added mapping does not show in the digest")
	}
	unmapped, err := fw.Validate([]*check.Check{{ID: "site.other"}})
	if err == nil || !strings.Contains(err.Error(), `csf/mapping/site.yaml:3:12: reference 13.t: check "site.training" does not exist`) {
		t.Errorf("error %v", err)
	}
	if len(unmapped) != 1 || unmapped[0] != "site.other" {
		t.Errorf("unmapped %v", unmapped)
	}
}
