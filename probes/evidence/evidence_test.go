package evidence

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"
)

// at is the time of everything in these tests.
var at = time.Date(2026, 11, 25, 14, 5, 0, 0, time.UTC)

// sampleAnswer is a host with n answers, shaped like real ones.
func sampleAnswer(name string, n int) *Answer {
	a := &Answer{Host: HostRecord{
		ID: HostID(name), Name: name, Address: "10.1.4.7", Port: 22, User: "audit", Platform: "linux", Become: "sudo",
		State: StateComplete, HostKey: "SHA256:abc", Tries: 1, Execs: 1, Start: at, End: at.Add(time.Second),
		Header: &Header{Hostname: name, OSRelease: map[string]string{"id": "debian", "version_id": "12"}, Kernel: "6.1.0", Clock: at},
	}}
	for i := range n {
		a.Items = append(a.Items, Item{
			Seq: i + 1, Probe: fmt.Sprintf("topic.probe_%02d", i), Outcome: OutcomeAnswered, Start: at, Duration: 7 * time.Millisecond,
			Command: fmt.Appendf(nil, "asroot /usr/sbin/thing --number %d | need awk '{print $1}'\n", i),
			Stdout:  []byte(strings.Repeat(fmt.Sprintf("key%d=value %s\n", i, name), 40)),
		})
	}
	return a
}

// sampleRun describes the runs of these tests.
func sampleRun() RunInfo {
	return RunInfo{ID: "run-20261125-140500-7f3a", Started: at, Args: []string{"audit", "-i", "fleet.yaml"}, Inventory: SourceFile{"fleet.yaml", sha256Hex([]byte("hosts: []\n"))}}
}

// newBundle writes a bundle of hosts h00, h01, ... and gives its folder.
func newBundle(tb testing.TB, hosts, items int) string {
	tb.Helper()
	dir := filepath.Join(tb.TempDir(), "run")
	w, err := Create(dir, sampleRun())
	must(tb, err)
	w.Now = func() time.Time { return at }
	must(tb, w.AddFile("catalog.json", []byte("{}\n")))
	must(tb, w.AddFile("inventory.yaml", []byte("hosts: []\n")))
	must(tb, w.Log("run started", "", ""))
	for i := hosts - 1; i >= 0; i-- {
		must(tb, w.Put(sampleAnswer(fmt.Sprintf("h%02d", i), items)))
	}
	must(tb, w.Close(EndInfo{Ended: at.Add(time.Minute)}))
	return dir
}

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

func openBundle(tb testing.TB, dir string) *Bundle {
	tb.Helper()
	b, err := Open(dir)
	must(tb, err)
	tb.Cleanup(func() { _ = b.Close() })
	return b
}

func TestBundleRoundTrip(t *testing.T) {
	t.Parallel()
	b := openBundle(t, newBundle(t, 5, 3))
	if b.Run().ID != sampleRun().ID || b.End().Hosts[StateComplete] != 5 || b.End().Interrupted {
		t.Errorf("run %+v, end %+v", b.Run(), b.End())
	}
	n := 0
	for a, err := range b.Answers() {
		must(t, err)
		want := sampleAnswer(fmt.Sprintf("h%02d", n), 3)
		for i := range want.Items {
			want.Items[i] = want.Items[i].sealed()
			want.Items[i].Stderr = nil
		}
		if !reflect.DeepEqual(a, want) {
			t.Errorf("answer %d:\n got %+v\nwant %+v", n, a, want)
		}
		n++
	}
	if n != 5 {
		t.Errorf("%d answers, want 5", n)
	}
	lines := 0
	for e, err := range b.Log() {
		must(t, err)
		lines++
		if e.N != lines {
			t.Errorf("line %d has number %d", lines, e.N)
		}
	}
	if lines != 7 || b.End().LogLines != 7 {
		t.Errorf("%d log lines, run-end.json says %d, want 7", lines, b.End().LogLines)
	}
	if data, err := b.File("catalog.json"); err != nil || string(data) != "{}\n" {
		t.Errorf("catalog.json: %q, %v", data, err)
	}
	if _, err := b.File("waivers.yaml"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file that the run has not: %v", err)
	}
}

func TestReadItem(t *testing.T) {
	t.Parallel()
	b := openBundle(t, newBundle(t, 2, 3))
	host, item, err := b.ReadItem(ItemID(HostID("h01"), 2))
	must(t, err)
	if host.Name != "h01" || item.Probe != "topic.probe_01" || !bytes.Contains(item.Stdout, []byte("key1=value h01")) {
		t.Errorf("host %q, item %+v", host.Name, item)
	}
	for id, want := range map[string]string{
		"h01-002":                      "is not an evidence id",
		ItemID(HostID("h01"), 9):       "has no item 9",
		ItemID(HostID("elsewhere"), 1): "no host has the id",
	} {
		if _, _, err := b.ReadItem(id); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", id, err, want)
		}
	}
}

func TestIDs(t *testing.T) {
	t.Parallel()
	id := HostID("ehr-db01.example.org")
	if !validHostID(id) || id == HostID("ehr-db02.example.org") {
		t.Errorf("hostid %q", id)
	}
	host, seq, err := ParseItemID(ItemID(id, 7))
	if host != id || seq != 7 || err != nil {
		t.Errorf("%q %d %v", host, seq, err)
	}
	for _, bad := range []string{"", "-", id, id + "-", id + "-7", id + "-000", id + "-+07", id + "-0007", "../../../etc/pass-001", strings.ToUpper(id) + "-001"} {
		if _, _, err := ParseItemID(bad); err == nil {
			t.Errorf("%q was taken for an evidence id", bad)
		}
	}
	if got := PackPath("3f0c9a1be2d45678"); got != "hosts/3f/3f0c9a1be2d45678.tar.gz" {
		t.Errorf("path %q", got)
	}
	if got, ok := hostIDOfPack(PackPath(id)); !ok || got != id {
		t.Errorf("hostid of its own path: %q %v", got, ok)
	}
}

func TestCreateRefusesFullFolder(t *testing.T) {
	t.Parallel()
	dir := newBundle(t, 1, 1)
	_, err := Create(dir, sampleRun())
	if err == nil || !strings.Contains(err.Error(), "not empty") {
		t.Errorf("got %v", err)
	}
}

func TestModes(t *testing.T) {
	t.Parallel()
	dir := newBundle(t, 1, 1)
	n := 0
	must(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		must(t, err)
		info, err := d.Info()
		must(t, err)
		want := fileMode
		if d.IsDir() {
			want = dirMode
		}
		if os.PathSeparator == '/' && info.Mode().Perm() != want {
			t.Errorf("%s has mode %v, want %v", path, info.Mode().Perm(), want)
		}
		n++
		return nil
	}))
	if n < 11 {
		t.Errorf("%d files and folders, want at least 11", n)
	}
}

func TestPutRefuses(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "run")
	w, err := Create(dir, sampleRun())
	must(t, err)
	must(t, w.Put(sampleAnswer("h00", 1)))
	for name, tc := range map[string]struct {
		change func(*Answer)
		want   string
	}{
		"again":       {func(*Answer) {}, "has a pack already"},
		"wrong id":    {func(a *Answer) { a.Host.Name = "h99" }, "its id is"},
		"no state":    {func(a *Answer) { *a = *sampleAnswer("h98", 1); a.Host.State = "" }, "no state"},
		"bad number":  {func(a *Answer) { *a = *sampleAnswer("h97", 2); a.Items[1].Seq = 1 }, "must ascend"},
		"too large":   {func(a *Answer) { *a = *sampleAnswer("h96", 1); a.Items[0].Stdout = make([]byte, MaxFileBytes+1) }, "over the limit"},
		"number 1000": {func(a *Answer) { *a = *sampleAnswer("h95", 1); a.Items[0].Seq = 1000 }, "must ascend"},
	} {
		a := sampleAnswer("h00", 1)
		tc.change(a)
		if err := w.Put(a); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v, want %q", name, err, tc.want)
		}
	}
	must(t, w.Put(sampleAnswer("h96", 1))) // what was refused may come again in a better form
	for _, name := range []string{"run.json", "log.jsonl", "hosts.jsonl", "run-end.json", "MANIFEST.sha256", "VERIFY.txt", "results.jsonl", "reports/x", "../x", "a b", "", ".hidden"} {
		if err := w.AddFile(name, nil); err == nil {
			t.Errorf("file %q was taken", name)
		}
	}
	must(t, w.Close(EndInfo{Ended: at}))
	if err := w.Put(sampleAnswer("h01", 1)); !errors.Is(err, ErrClosed) {
		t.Errorf("Put after Close: %v", err)
	}
	if err := errors.Join(w.Close(EndInfo{}), w.Log("x", "", ""), w.AddFile("waivers.yaml", nil)); !errors.Is(err, ErrClosed) {
		t.Errorf("use after Close: %v", err)
	}
	if r, err := Verify(dir); err != nil || !r.OK || r.Hosts != 2 {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestDeterministicPacks(t *testing.T) {
	t.Parallel()
	a, b := openBundle(t, newBundle(t, 3, 5)), openBundle(t, newBundle(t, 3, 5))
	if !reflect.DeepEqual(a.Files(), b.Files()) || a.ManifestSHA256() != b.ManifestSHA256() {
		t.Errorf("two bundles of the same answers differ:\n%v\n%v", a.Files(), b.Files())
	}
}

// TestAbandonedWriter leaves a run in the middle, as a kill does.
func TestAbandonedWriter(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "run")
	w, err := Create(dir, sampleRun())
	must(t, err)
	must(t, w.Put(sampleAnswer("h00", 4)))
	must(t, w.Put(sampleAnswer("h01", 4)))
	t.Cleanup(func() { _ = w.Abort() })
	for _, name := range []string{"h00", "h01"} {
		path := PackPath(HostID(name))
		data, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(path)))
		must(t, err)
		if _, err := unpack(path, data); err != nil {
			t.Error(err)
		}
	}
	if _, err := Open(dir); !errors.Is(err, ErrUnfinished) {
		t.Errorf("Open: %v", err)
	}
	r, err := Verify(dir)
	must(t, err)
	if r.OK || r.First().File != manifestName || !strings.Contains(r.First().Advice, "killed") {
		t.Errorf("Verify: %+v", r)
	}
	if _, err := Verify(t.TempDir()); err == nil || !strings.Contains(err.Error(), "not a bundle") {
		t.Errorf("an empty folder: %v", err)
	}
}

func TestConcurrentPuts(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "run")
	w, err := Create(dir, sampleRun())
	must(t, err)
	var wg sync.WaitGroup
	var twice sync.Map
	for i := range 200 {
		wg.Go(func() {
			// Every host comes twice; one of the two must win.
			name := fmt.Sprintf("h%03d", i/2)
			if err := w.Put(sampleAnswer(name, 2)); err != nil {
				if _, second := twice.LoadOrStore(name, true); second {
					t.Errorf("%s was refused twice: %v", name, err)
				}
			}
			if err := w.Log("noise", name, ""); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	must(t, w.Close(EndInfo{Ended: at, Interrupted: true}))
	r, err := Verify(dir)
	if err != nil || !r.OK || r.Hosts != 100 || r.Items != 200 || r.LogLines != 301 {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestWriteDerived(t *testing.T) {
	t.Parallel()
	dir := newBundle(t, 1, 1)
	b := openBundle(t, dir)
	before := b.ManifestSHA256()
	text := func(s string) func(io.Writer) error {
		return func(w io.Writer) error { _, err := io.WriteString(w, s); return err }
	}
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			if err := b.WriteDerived(fmt.Sprintf("reports/r%02d.csv", i/2), text(fmt.Sprint("row ", i))); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	must(t, b.WriteDerived("results.jsonl", text("one\n")))
	must(t, b.WriteDerived("results.jsonl", text("two\n")))
	list, err := b.Derived()
	must(t, err)
	if len(list) != 11 || list[10] != (FileSum{"results.jsonl", sha256Hex([]byte("two\n"))}) {
		t.Errorf("list %v", list)
	}
	r, err := Verify(dir)
	if err != nil || !r.OK || r.Derived != 11 || r.Manifest != before {
		t.Errorf("%+v, %v", r, err)
	}
	if err := b.WriteDerived("results.jsonl", func(io.Writer) error { return errors.New("disk full") }); err == nil || !strings.Contains(err.Error(), "disk full") {
		t.Errorf("a failed write: %v", err)
	}
	for _, name := range []string{"run.json", "hosts/x", "reports/../run.json", "/etc/passwd", "reports/"} {
		if err := b.WriteDerived(name, text("")); err == nil {
			t.Errorf("derived file %q was taken", name)
		}
	}
	if r, err := Verify(dir); err != nil || !r.OK {
		t.Errorf("after refused writes: %+v, %v", r, err)
	}
}

func TestNewRunID(t *testing.T) {
	t.Parallel()
	id := NewRunID(at.In(time.FixedZone("x", 3600)))
	if !strings.HasPrefix(id, "run-20261125-140500-") || len(id) != len("run-20261125-140500-7f3a") || checkName(id) != nil {
		t.Errorf("id %q", id)
	}
}
