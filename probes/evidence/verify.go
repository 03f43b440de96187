package evidence

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// maxDifferences limits how many differences a report holds; all are counted.
const maxDifferences = 100

// Difference is one thing that is not as the bundle's own lists say.
type Difference struct {
	File   string `json:"file"`   // path inside the bundle
	What   string `json:"what"`   // what is wrong with it
	Advice string `json:"advice"` // what to make of it
}

// String gives file and finding in one line.
func (d Difference) String() string { return d.File + ": " + d.What }

// VerifyReport is the outcome of Verify.
type VerifyReport struct {
	OK          bool         `json:"ok"`
	Files       int          `json:"files"`             // of evidence, hashed and as listed in the manifest
	Hosts       int          `json:"hosts"`             // packs that were read whole with every hash in them right
	Items       int          `json:"items"`             // answers in them
	LogLines    int          `json:"log_lines"`         // lines of the log whose chain holds
	Derived     int          `json:"derived"`           // derived files as listed
	Manifest    string       `json:"manifest_sha256"`   // stands for the whole bundle: compare it with a copy from elsewhere
	Count       int          `json:"differences_count"` // of all differences
	Differences []Difference `json:"differences"`       // the first 100, in the order in which they were found
}

// First gives the first difference, or the zero value when there is none.
func (r VerifyReport) First() Difference {
	if len(r.Differences) == 0 {
		return Difference{}
	}
	return r.Differences[0]
}

// What to make of a difference.
const (
	adviceChanged    = "it was changed after the run, or the disk failed: do not rely on it, take the copy that was made at hand-over"
	adviceMissing    = "it was removed, or the copy is not complete: copy the bundle again"
	adviceExtra      = "it was added after the run and is no evidence: find out who put it there, or remove it"
	adviceUnfinished = "the run was killed before it could close the bundle: the packs are whole, but nothing says that all are there; run it again"
	adviceTampered   = "the parts of the bundle contradict each other although their hashes fit: it was put together afterwards, do not rely on any of it"
	adviceDerived    = "the evidence is not affected: make the results and reports again from it"
)

// verifier checks one bundle and collects what differs.
type verifier struct {
	root     *os.Root
	report   VerifyReport
	listed   map[string]string    // the manifest
	derived  map[string]bool      // names in DERIVED.sha256
	bad      map[string]bool      // files that differ from the manifest or are missing: not looked into for contradictions
	index    map[string]HostEntry // by pack path
	logPacks map[string]string    // sha256 of the pack by host name, from the log
	lastLog  string               // sha256 of the log's last line
}

// Verify checks everything that a bundle says of itself: each file against the manifest, missing and added files, the chain of the log,
// each pack's own hashes, and whether index, log, end and packs agree. What differs is in the report; the error is for a folder that
// could not be read at all. When the report is OK, so are "sha256sum -c MANIFEST.sha256" and, in each pack, "sha256sum -c SHA256SUMS".
func Verify(dir string) (VerifyReport, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return VerifyReport{}, fmt.Errorf("verify: %w", err)
	}
	defer func() { _ = root.Close() }() // it was only read
	v := &verifier{root: root, listed: map[string]string{}, derived: map[string]bool{}, bad: map[string]bool{}}
	if err := v.run(); err != nil {
		return VerifyReport{}, fmt.Errorf("verify %s: %w", dir, err)
	}
	v.report.OK = v.report.Count == 0
	return v.report, nil
}

func (v *verifier) run() error {
	text, err := readBounded(v.root, manifestName, maxSmallFile)
	if errors.Is(err, fs.ErrNotExist) {
		if err := notABundle(v.root); !errors.Is(err, ErrUnfinished) {
			return err
		}
		v.differ(manifestName, "is missing", adviceUnfinished)
		return nil
	}
	if err != nil {
		return err
	}
	v.report.Manifest = sha256Hex(text)
	sums, err := parseSums(text)
	if err != nil {
		v.differ(manifestName, err.Error(), adviceChanged)
		return nil
	}
	v.checkListed(sums)
	v.checkLog()
	v.checkIndex()
	v.checkPacks(sums)
	v.checkEnd()
	v.checkSources()
	v.checkDerived()
	return v.checkExtra()
}

// differ takes down a difference.
func (v *verifier) differ(file, what, advice string) {
	v.report.Count++
	if len(v.report.Differences) < maxDifferences {
		v.report.Differences = append(v.report.Differences, Difference{file, what, advice})
	}
}

// checkListed hashes every file of the manifest.
func (v *verifier) checkListed(sums []FileSum) {
	for _, s := range sums {
		v.listed[s.Name] = s.SHA256
		if isSeal(s.Name) || isDerived(s.Name) {
			v.differ(manifestName, fmt.Sprintf("lists %s, which does not belong in it", s.Name), adviceTampered)
		}
		if v.checkHash(s, adviceChanged) {
			v.report.Files++
		} else {
			v.bad[s.Name] = true
		}
	}
	for _, name := range []string{runName, logName, indexName, endName, verifyName} {
		if v.listed[name] == "" {
			v.bad[name] = true
			v.differ(manifestName, fmt.Sprintf("does not list %s, which every bundle has", name), adviceTampered)
		}
	}
}

// checkHash compares one file with its hash.
func (v *verifier) checkHash(s FileSum, advice string) bool {
	got, err := hashFile(v.root, s.Name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if advice == adviceChanged {
			advice = adviceMissing
		}
		v.differ(s.Name, "is missing", advice)
	case err != nil:
		v.differ(s.Name, "cannot be read: "+err.Error(), advice)
	case got != s.SHA256:
		v.differ(s.Name, ErrMismatch.Error(), advice)
	}
	return err == nil && got == s.SHA256
}

// hashFile gives the sha256 of a plain file.
func hashFile(root *os.Root, name string) (sum string, err error) {
	f, _, err := openRegular(root, name)
	if err != nil {
		return "", err
	}
	h := sha256.New()
	_, err = io.Copy(h, f)
	return hex.EncodeToString(h.Sum(nil)), errors.Join(err, f.Close())
}

// checkExtra looks for files that no list has.
func (v *verifier) checkExtra() error {
	return fs.WalkDir(v.root.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() || v.listed[name] != "" || v.derived[name] || isSeal(name) && d.Type().IsRegular() {
			return nil
		}
		advice := adviceExtra
		if isDerived(name) {
			advice = "it stands among the reports but is in no list: it was added, or its writing was cut off; make the reports again"
		}
		v.differ(printable(name), "is in no list of the bundle", advice)
		return nil
	})
}

// checkDerived compares results and reports with their own list.
func (v *verifier) checkDerived() {
	text, err := readBounded(v.root, derivedName, maxSmallFile)
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	var sums []FileSum
	if err == nil {
		sums, err = parseSums(text)
	}
	if err != nil {
		v.differ(derivedName, err.Error(), adviceDerived)
	}
	for _, s := range sums {
		v.derived[s.Name] = true
		if !isDerived(s.Name) {
			v.differ(derivedName, fmt.Sprintf("lists %s, which is no derived file", s.Name), adviceDerived)
		}
		if v.checkHash(s, adviceDerived) {
			v.report.Derived++
		}
	}
}

// checkSources compares inventory and population, as they are kept in the bundle, with the hashes that run.json has of them.
func (v *verifier) checkSources() {
	var run RunInfo
	if !v.decode(runName, &run) {
		return
	}
	for _, f := range []struct{ name, want string }{{"inventory.yaml", run.Inventory.SHA256}, {"population.csv", run.Population.SHA256}} {
		if got := v.listed[f.name]; got != "" && f.want != "" && got != f.want {
			v.differ(f.name, "is not the file whose sha256 is in "+runName, adviceTampered)
		}
	}
}

// decode reads a JSON file of the bundle, unless it is already known to differ.
func (v *verifier) decode(name string, to any) bool {
	if v.bad[name] {
		return false
	}
	text, err := readBounded(v.root, name, maxSmallFile)
	if err == nil {
		err = json.Unmarshal(text, to)
	}
	if err != nil {
		v.differ(name, err.Error(), adviceTampered)
	}
	return err == nil
}
