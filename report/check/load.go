package check

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/fleetaudit/fleetaudit/inventory"
	"github.com/fleetaudit/fleetaudit/probes/fact"
)

// Sources is what a library is loaded from.
type Sources struct {
	Checks   []fs.FS              // each with checks/<platform>/<topic>.yaml; later ones add to earlier ones
	Facts    map[string]fact.Type // by probe id: probes.Catalog.Types
	Baseline *Baseline
}

// Library is a set of compiled checks with their baseline. It is not changed once loaded and safe for concurrent use.
type Library struct {
	checks   []*compiled
	byID     map[string]*compiled
	baseline *Baseline
	facts    map[string]fact.Type
	values   map[string]any // of the baseline, by variable name
	digest   string
}

// compiled is a check with what its texts were turned into.
type compiled struct {
	*Check
	applies, assert, observe *expression // applies is nil for always, assert for a manual check
	expected                 string      // Expect with the thresholds put in
}

// Load reads, lints and compiles all checks. Every error is reported at once, joined, each an *Error with its place.
func Load(s Sources) (*Library, error) {
	if s.Baseline == nil {
		return nil, errors.New("checks cannot be loaded without a baseline")
	}
	lang, err := newLanguage(s.Facts, s.Baseline.plain())
	if err != nil {
		return nil, err
	}
	lib := &Library{byID: map[string]*compiled{}, baseline: s.Baseline, facts: s.Facts, values: map[string]any{}}
	for name, v := range s.Baseline.plain() {
		lib.values["baseline."+name] = v
	}
	ld := &loader{lib: lib, lang: lang, facts: s.Facts}
	for _, fsys := range s.Checks {
		if err := ld.walk(fsys); err != nil {
			return nil, err
		}
	}
	if len(ld.errs) > 0 {
		return nil, errors.Join(ld.errs...)
	}
	slices.SortFunc(lib.checks, func(a, b *compiled) int { return strings.Compare(a.ID, b.ID) })
	lib.digest = lib.sum()
	return lib, nil
}

// loader reads the files of a library.
type loader struct {
	lib   *Library
	lang  *language
	facts map[string]fact.Type
	errs  []error
}

// walk reads all files of checks. YAML that lies elsewhere under checks/ is an error: it would silently judge nothing.
func (ld *loader) walk(fsys fs.FS) error {
	err := fs.WalkDir(fsys, "checks", func(name string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) && name == "checks" {
			return fs.SkipAll // content that adds no checks
		}
		ext := path.Ext(name)
		if err != nil || entry.IsDir() || ext != ".yaml" && ext != ".yml" {
			return err
		}
		if ext != ".yaml" || strings.Count(name, "/") != 2 {
			ld.errs = append(ld.errs, &Error{Pos: inventory.Position{File: name}, Msg: "checks are read from checks/<platform>/<topic>.yaml only"})
			return nil
		}
		data, err := fs.ReadFile(fsys, name)
		if err != nil {
			return err
		}
		ld.file(name, data)
		return nil
	})
	if err != nil {
		return fmt.Errorf("checks: %w", err)
	}
	return nil
}

func (ld *loader) file(name string, data []byte) {
	d := &document{file: name}
	defer func() { ld.errs = append(ld.errs, d.sorted()...) }()
	root := d.parse(data)
	if root == nil {
		return // syntax error, or a file with nothing but comments
	}
	platform := inventory.Platform(path.Base(path.Dir(name)))
	if platform != inventory.PlatformLinux && platform != inventory.PlatformWindows {
		d.errorAt(inventory.Position{File: name}, "the folder must be the platform: linux or windows")
		return
	}
	topic := strings.TrimSuffix(path.Base(name), ".yaml")
	for _, n := range d.elements(root, "file") {
		c := ld.check(d, n)
		c.Platform = platform
		switch {
		case c.ID == "":
			continue
		case !strings.HasPrefix(c.ID, topic+"."):
			d.errorf(n, "id must begin with the name of the file: %s.", topic)
		}
		if other, ok := ld.lib.byID[c.ID]; ok {
			d.errorf(n, "the id is taken at %s", other.Pos)
			continue
		}
		ld.lib.byID[c.ID] = c
		ld.lib.checks = append(ld.lib.checks, c)
	}
	d.id = ""
}

// Checks lists all checks in id order.
func (lib *Library) Checks() []*Check {
	list := make([]*Check, len(lib.checks))
	for i, c := range lib.checks {
		list[i] = c.Check
	}
	return list
}

// Lookup finds a check by its id.
func (lib *Library) Lookup(id string) (*Check, bool) {
	c, ok := lib.byID[id]
	if !ok {
		return nil, false
	}
	return c.Check, true
}

// Expected gives the expectation of a check as people read it, with the thresholds put in.
func (lib *Library) Expected(id string) string {
	if c, ok := lib.byID[id]; ok {
		return c.expected
	}
	return ""
}

// Baseline gives the thresholds in force.
func (lib *Library) Baseline() *Baseline { return lib.baseline }

// Digest is the SHA-256 over all checks (without their cases), the thresholds and the version of the expression language; hex.
func (lib *Library) Digest() string { return lib.digest }

func (lib *Library) sum() string {
	h := sha256.New()
	fmt.Fprintf(h, "%s\n%s\n", LanguageVersion, lib.baseline.Digest())
	enc := json.NewEncoder(h)
	for _, c := range lib.checks {
		judged := *c.Check
		judged.Pos, judged.Cases = inventory.Position{}, nil
		_ = enc.Encode(judged) // a hash does not fail, and a check holds nothing that JSON cannot hold
	}
	return hex.EncodeToString(h.Sum(nil))
}
