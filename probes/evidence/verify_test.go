package evidence

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// edit changes one file of a bundle.
func edit(tb testing.TB, dir, name string, change func([]byte) []byte) {
	tb.Helper()
	path := filepath.Join(dir, filepath.FromSlash(name))
	data, err := os.ReadFile(path)
	must(tb, err)
	must(tb, os.WriteFile(path, change(data), 0o600))
}

func flip(at int) func([]byte) []byte {
	return func(b []byte) []byte { b[(at+len(b))%len(b)] ^= 0x20; return b }
}

func replace(old, new string) func([]byte) []byte {
	return func(b []byte) []byte { return bytes.Replace(b, []byte(old), []byte(new), 1) }
}

// relist makes the manifest fit the files again, as someone would who edits a bundle with sha256sum at hand.
func relist(tb testing.TB, dir string, gone ...string) {
	tb.Helper()
	sums := map[string]string{}
	must(tb, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		must(tb, err)
		rel, err := filepath.Rel(dir, path)
		must(tb, err)
		name := filepath.ToSlash(rel)
		if d.IsDir() || isSeal(name) || isDerived(name) {
			return nil
		}
		data, err := os.ReadFile(path)
		must(tb, err)
		sums[name] = sha256Hex(data)
		return nil
	}))
	for _, name := range gone {
		delete(sums, name)
	}
	must(tb, os.WriteFile(filepath.Join(dir, manifestName), formatSums(sums), 0o600))
}

// tampering is the table of what is done to a bundle, and of what Verify must say.
var tampering = map[string]struct {
	do   func(tb testing.TB, dir string)
	file string // that a difference must name
	what string // part of that difference
}{
	"flip in run.json":      {func(tb testing.TB, d string) { edit(tb, d, runName, flip(40)) }, runName, "sha256"},
	"flip in run-end.json":  {func(tb testing.TB, d string) { edit(tb, d, endName, flip(20)) }, endName, "sha256"},
	"flip in hosts.jsonl":   {func(tb testing.TB, d string) { edit(tb, d, indexName, flip(30)) }, indexName, "sha256"},
	"flip in VERIFY.txt":    {func(tb testing.TB, d string) { edit(tb, d, verifyName, flip(3)) }, verifyName, "sha256"},
	"flip in catalog.json":  {func(tb testing.TB, d string) { edit(tb, d, "catalog.json", flip(0)) }, "catalog.json", "sha256"},
	"flip in manifest hash": {func(tb testing.TB, d string) { edit(tb, d, manifestName, replace("0", "1")) }, "", "sha256"},
	"flip in manifest name": {func(tb testing.TB, d string) { edit(tb, d, manifestName, flip(-3)) }, "", ""},
	"flip in a pack":        {func(tb testing.TB, d string) { edit(tb, d, pack0, flip(200)) }, pack0, ""},
	"edit run.json":         {func(tb testing.TB, d string) { edit(tb, d, runName, replace("2026", "2025")) }, runName, "sha256"},
	"truncate a pack":       {func(tb testing.TB, d string) { edit(tb, d, pack0, func(b []byte) []byte { return b[:len(b)/2] }) }, pack0, "sha256"},
	"empty pack":            {func(tb testing.TB, d string) { edit(tb, d, pack0, func([]byte) []byte { return nil }) }, pack0, "sha256"},
	"truncate the log":      {func(tb testing.TB, d string) { edit(tb, d, logName, func(b []byte) []byte { return b[:len(b)-9] }) }, logName, "line 4: the line does not end"},
	"change a log line":     {func(tb testing.TB, d string) { edit(tb, d, logName, replace("run started", "run begun")) }, logName, "line 2: does not carry the sha256 of line 1"},
	"reorder log lines":     {func(tb testing.TB, d string) { edit(tb, d, logName, swapLines(1, 2)) }, logName, "line 2: has number 3"},
	"remove a pack":         {func(tb testing.TB, d string) { remove(tb, d, pack0) }, pack0, "missing"},
	"remove a file":         {func(tb testing.TB, d string) { remove(tb, d, "inventory.yaml") }, "inventory.yaml", "missing"},
	"remove the log":        {func(tb testing.TB, d string) { remove(tb, d, logName) }, logName, "missing"},
	"remove the manifest":   {func(tb testing.TB, d string) { remove(tb, d, manifestName) }, manifestName, "missing"},
	"add a file":            {func(tb testing.TB, d string) { add(tb, d, "notes.txt") }, "notes.txt", "in no list"},
	"add below hosts":       {func(tb testing.TB, d string) { add(tb, d, pack0+".bak") }, pack0 + ".bak", "in no list"},
	"add a report":          {func(tb testing.TB, d string) { add(tb, d, "reports/better.xlsx") }, "reports/better.xlsx", "in no list"},
	"add with odd name":     {func(tb testing.TB, d string) { add(tb, d, "a b") }, `"a b"`, "in no list"},
	"swap two packs":        {swapPacks, pack0, "sha256"},
	"pack is a link":        {func(tb testing.TB, d string) { link(tb, d, pack0) }, pack0, "not a plain file"},
	"derived file changed":  {func(tb testing.TB, d string) { edit(tb, d, resultsName, flip(0)) }, resultsName, "sha256"},
	"derived file removed":  {func(tb testing.TB, d string) { remove(tb, d, resultsName) }, resultsName, "missing"},
	"derived list changed":  {func(tb testing.TB, d string) { edit(tb, d, derivedName, flip(64)) }, derivedName, "two blanks"},

	// From here on the manifest is made to fit again.
	"relisted: edited pack": {func(tb testing.TB, d string) { repack(tb, d, true); relist(tb, d) }, pack0, "have different hashes"},
	"relisted: inner hash":  {func(tb testing.TB, d string) { repack(tb, d, false); relist(tb, d) }, pack0, "001.out in it: sha256"},
	"relisted: swap":        {func(tb testing.TB, d string) { swapPacks(tb, d); relist(tb, d) }, pack0, "packs were exchanged"},
	"relisted: log cut":     {func(tb testing.TB, d string) { edit(tb, d, logName, cutLines(3)); relist(tb, d) }, logName, "last line"},
	"relisted: end edited": {func(tb testing.TB, d string) {
		edit(tb, d, endName, replace(`"complete": 2`, `"complete": 3`))
		relist(tb, d)
	}, endName, "counts 3 hosts"},
	"relisted: log hash": {func(tb testing.TB, d string) {
		edit(tb, d, endName, replace(`"log_lines": 4`, `"log_lines": 5`))
		relist(tb, d)
	}, endName, "log lines"},
	"relisted: inventory": {func(tb testing.TB, d string) { edit(tb, d, "inventory.yaml", flip(0)); relist(tb, d) }, "inventory.yaml", "not the file whose sha256"},
	"relisted: host gone": {func(tb testing.TB, d string) { remove(tb, d, pack0); relist(tb, d) }, pack0, "not in the manifest"},
	"relisted: host hidden": {func(tb testing.TB, d string) {
		remove(tb, d, pack0)
		edit(tb, d, indexName, cutFirstLine)
		relist(tb, d)
	}, indexName, `lacks host "h00"`},
	"relisted: index state": {func(tb testing.TB, d string) { edit(tb, d, indexName, replace("complete", "partial")); relist(tb, d) }, pack0, "name, state or reason"},
	"relisted: without end": {func(tb testing.TB, d string) { remove(tb, d, endName); relist(tb, d) }, manifestName, "does not list run-end.json"},
	"relisted: with report": {func(tb testing.TB, d string) {
		edit(tb, d, manifestName, func(b []byte) []byte { return append(b, []byte(strings.Repeat("0", 64)+"  results.jsonl\n")...) })
	}, manifestName, ""},
}

// pack0 is the pack of host h00.
var pack0 = PackPath(HostID("h00"))

func remove(tb testing.TB, dir, name string) {
	tb.Helper()
	must(tb, os.Remove(filepath.Join(dir, filepath.FromSlash(name))))
}

func add(tb testing.TB, dir, name string) {
	tb.Helper()
	path := filepath.Join(dir, filepath.FromSlash(name))
	must(tb, os.MkdirAll(filepath.Dir(path), 0o700))
	must(tb, os.WriteFile(path, []byte("x"), 0o600))
}

func link(tb testing.TB, dir, name string) {
	tb.Helper()
	path := filepath.Join(dir, filepath.FromSlash(name))
	other := filepath.Join(tb.TempDir(), "elsewhere")
	must(tb, os.Rename(path, other))
	must(tb, os.Symlink(other, path))
}

func swapPacks(tb testing.TB, dir string) {
	tb.Helper()
	a, b := filepath.Join(dir, pack0), filepath.Join(dir, PackPath(HostID("h01")))
	must(tb, os.Rename(a, a+"x"))
	must(tb, os.Rename(b, a))
	must(tb, os.Rename(a+"x", b))
}

func swapLines(i, j int) func([]byte) []byte {
	return func(b []byte) []byte {
		lines := bytes.SplitAfter(b, []byte("\n"))
		lines[i], lines[j] = lines[j], lines[i]
		return bytes.Join(lines, nil)
	}
}

func cutLines(n int) func([]byte) []byte {
	return func(b []byte) []byte { return bytes.Join(bytes.SplitAfter(b, []byte("\n"))[:n], nil) }
}

func cutFirstLine(b []byte) []byte { return b[bytes.IndexByte(b, '\n')+1:] }

// repack changes an answer in a pack, with the hashes inside made to fit or not.
func repack(tb testing.TB, dir string, sealed bool) {
	tb.Helper()
	edit(tb, dir, pack0, func(data []byte) []byte {
		a, err := unpack(pack0, data)
		must(tb, err)
		a.Items[0].Stdout = []byte("permitrootlogin no\n")
		if sealed {
			data, err = newPacker().pack(a)
			must(tb, err)
			return data
		}
		return tarOf(tb, data, func(name string, b []byte) []byte {
			if name == "001.out" {
				return a.Items[0].Stdout
			}
			return b
		})
	})
}

func TestTampering(t *testing.T) {
	t.Parallel()
	for name, tc := range tampering {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := newBundle(t, 2, 2)
			b := openBundle(t, dir)
			must(t, b.WriteDerived(resultsName, func(w io.Writer) error { _, err := io.WriteString(w, "{}\n"); return err }))
			if r, err := Verify(dir); err != nil || !r.OK || r.Derived != 1 || r.Items != 4 || r.Files != 9 {
				t.Fatalf("untouched: %+v, %v", r, err)
			}
			tc.do(t, dir)
			r, err := Verify(dir)
			must(t, err)
			if r.OK || r.Count == 0 || r.First().Advice == "" {
				t.Fatalf("not found: %+v", r)
			}
			if !names(r, tc.file, tc.what) {
				t.Errorf("no difference in %q has %q:\n%v", tc.file, tc.what, r.Differences)
			}
			if _, err := json.Marshal(r); err != nil {
				t.Error(err)
			}
		})
	}
}

func names(r VerifyReport, file, what string) bool {
	for _, d := range r.Differences {
		if (file == "" || d.File == file) && strings.Contains(d.What, what) {
			return true
		}
	}
	return false
}

// TestTamperedPackIsNotJudged reads bundles whose packs were touched: the hosts come as errors that name the pack, never as answers.
func TestTamperedPackIsNotJudged(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"flip in a pack", "swap two packs", "remove a pack", "truncate a pack", "pack is a link", "relisted: edited pack", "relisted: inner hash"} {
		dir := newBundle(t, 2, 2)
		tampering[name].do(t, dir)
		b := openBundle(t, dir)
		_, err := b.Answer(HostID("h00"))
		if err == nil || !strings.Contains(err.Error(), pack0) {
			t.Errorf("%s: %v", name, err)
		}
		n := 0
		for range b.Answers() {
			n++
		}
		if n != 2 {
			t.Errorf("%s: %d hosts, want 2", name, n)
		}
	}
}

func TestOpenRefusesTampered(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"flip in run.json", "flip in run-end.json", "flip in hosts.jsonl", "relisted: without end"} {
		dir := newBundle(t, 2, 1)
		tampering[name].do(t, dir)
		if b, err := Open(dir); err == nil {
			t.Errorf("%s: opened", name)
			_ = b.Close()
		}
	}
}

// TestAgreesWithSha256sum runs the commands of VERIFY.txt.
func TestAgreesWithSha256sum(t *testing.T) {
	t.Parallel()
	for _, tool := range []string{"sha256sum", "tar", "sh"} {
		if _, err := exec.LookPath(tool); err != nil {
			if os.Getenv("FLEETAUDIT_CI") == "1" {
				t.Fatalf("%s is not installed", tool)
			}
			t.Skipf("%s is not installed", tool)
		}
	}
	dir := newBundle(t, 3, 4)
	extract := fmt.Sprintf("mkdir %[1]s && tar -xzf %[2]s -C %[1]s && cd %[1]s && sha256sum -c SHA256SUMS", "'"+t.TempDir()+"/x'", pack0)
	logCheck := `for n in 2 3 4 5; do
		want=$(sed -n "$((n - 1))p" log.jsonl | sha256sum | cut -d' ' -f1)
		sed -n "${n}p" log.jsonl | grep -q "\"prev\":\"$want\"" || exit 1
	done; last=$(tail -n 1 log.jsonl | sha256sum | cut -d' ' -f1); grep -q "\"log_sha256\": \"$last\"" run-end.json`
	extra := `find . -type f ! -name 'MANIFEST.sha256*' | sed 's,^\./,,' | LC_ALL=C sort >../have; cut -c67- MANIFEST.sha256 | LC_ALL=C sort >../listed; diff ../listed ../have`
	for _, command := range []string{"sha256sum -c MANIFEST.sha256", "sha256sum --strict -c MANIFEST.sha256", extra, extract, logCheck} {
		cmd := exec.CommandContext(t.Context(), "sh", "-c", command)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		if err != nil || bytes.Contains(out, []byte("old time stamp")) {
			t.Errorf("%s: %v\n%s", command, err, out)
		}
	}
	edit(t, dir, "catalog.json", flip(0))
	cmd := exec.CommandContext(t.Context(), "sha256sum", "-c", manifestName)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err == nil {
		t.Errorf("sha256sum takes a changed file:\n%s", out)
	}
}
