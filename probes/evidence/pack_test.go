package evidence

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

// tarOf writes a pack's archive again with its files changed, and with the standard library's gzip.
func tarOf(tb testing.TB, data []byte, change func(name string, b []byte) []byte) []byte {
	tb.Helper()
	gz, err := gzip.NewReader(bytes.NewReader(data))
	must(tb, err)
	var out bytes.Buffer
	zw := gzip.NewWriter(&out)
	tr, tw := tar.NewReader(gz), tar.NewWriter(zw)
	for {
		h, err := tr.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		must(tb, err)
		b, err := io.ReadAll(tr)
		must(tb, err)
		b = change(h.Name, b)
		h.Size = int64(len(b))
		must(tb, tw.WriteHeader(h))
		_, err = tw.Write(b)
		must(tb, err)
	}
	must(tb, errors.Join(tw.Close(), zw.Close()))
	return out.Bytes()
}

// rawPack makes an archive of the given headers, each with size bytes of zero unless it says otherwise.
func rawPack(tb testing.TB, headers ...tar.Header) []byte {
	tb.Helper()
	var out bytes.Buffer
	zw := gzip.NewWriter(&out)
	tw := tar.NewWriter(zw)
	for _, h := range headers {
		must(tb, tw.WriteHeader(&h))
		_, err := io.CopyN(tw, zeros{}, h.Size)
		must(tb, err)
	}
	must(tb, errors.Join(tw.Close(), zw.Close()))
	return out.Bytes()
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// TestTarHeaders compares the archive with what package tar makes of the same files.
func TestTarHeaders(t *testing.T) {
	t.Parallel()
	a := sampleAnswer("h00", 3)
	a.Items[0].Stdout = nil
	a.Items[1].Stdout = bytes.Repeat([]byte("x"), 1024)
	a.Items[2].Stderr = bytes.Repeat([]byte("y"), MaxFileBytes)
	files, err := packFiles(a)
	must(t, err)
	var want bytes.Buffer
	tw := tar.NewWriter(&want)
	for _, f := range files {
		must(t, tw.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: f.name, Size: int64(len(f.data)), Mode: 0o600, ModTime: time.Unix(0, 0), Format: tar.FormatUSTAR}))
		_, err := tw.Write(f.data)
		must(t, err)
	}
	must(t, tw.Close())
	p := newPacker()
	for range 2 { // the second time into used buffers
		_, err = p.pack(a)
		must(t, err)
		if !bytes.Equal(p.tar, want.Bytes()) {
			t.Error("the archive differs from that of package tar")
		}
	}
}

func TestUnpackRefuses(t *testing.T) {
	t.Parallel()
	good, err := newPacker().pack(sampleAnswer("h00", 2))
	must(t, err)
	good = bytes.Clone(good)
	swap := func(in, old, new string) []byte {
		return tarOf(t, good, func(name string, b []byte) []byte {
			if name == in {
				return bytes.Replace(b, []byte(old), []byte(new), 1)
			}
			return b
		})
	}
	for name, tc := range map[string]struct {
		data []byte
		want string
	}{
		"empty":           {nil, "not a gzip file"},
		"no gzip":         {[]byte("permitrootlogin no\n"), "not a gzip file"},
		"cut":             {good[:len(good)-20], "EOF"},
		"bytes behind":    {append(bytes.Clone(good), 0), "bytes after the end"},
		"second member":   {append(bytes.Clone(good), good...), "bytes after the end"},
		"long file":       {rawPack(t, tar.Header{Name: "001.out", Size: MaxFileBytes + 1, Typeflag: tar.TypeReg}), "001.out in it"},
		"path":            {rawPack(t, tar.Header{Name: "../../etc/passwd", Size: 1, Typeflag: tar.TypeReg}), "no such file belongs"},
		"other name":      {rawPack(t, tar.Header{Name: "1.out", Size: 1, Typeflag: tar.TypeReg}), "no such file belongs"},
		"link":            {rawPack(t, tar.Header{Name: "001.out", Linkname: "/etc/shadow", Typeflag: tar.TypeSymlink}), "no such file belongs"},
		"twice":           {rawPack(t, tar.Header{Name: "001.out", Typeflag: tar.TypeReg}, tar.Header{Name: "001.out", Typeflag: tar.TypeReg}), "there twice"},
		"no sums":         {rawPack(t, tar.Header{Name: "001.out", Typeflag: tar.TypeReg}), "SHA256SUMS in it: is missing"},
		"changed answer":  {swap("001.out", "key0", "key9"), "001.out in it: sha256 differs"},
		"changed command": {swap("002.cmd", "asroot", "asrooT"), "002.cmd in it: sha256 differs"},
		"changed sums":    {swap(packSums, "  001.cmd", "  001.cme"), "001.cme"},
		"changed record":  {swap(packHost, "10.1.4.7", "10.1.4.8"), "host.json in it: sha256 differs"},
	} {
		_, err := unpack(pack0, tc.data)
		var pe *PackError
		if !errors.As(err, &pe) || pe.Pack != pack0 || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v, want %q", name, err, tc.want)
		}
	}
	if _, err := unpack(PackPath(HostID("h01")), good); err == nil || !strings.Contains(err.Error(), "exchanged") {
		t.Errorf("pack of another host: %v", err)
	}
	if _, err := unpack(pack0, tarOf(t, good, func(_ string, b []byte) []byte { return b })); err != nil {
		t.Errorf("written by another gzip: %v", err)
	}
}

// TestBomb unpacks a small file that grows beyond the limit, with sizes that it states and with one that it does not.
func TestBomb(t *testing.T) {
	t.Parallel()
	var bomb []tar.Header
	for i := 1; i <= 20; i++ {
		bomb = append(bomb, tar.Header{Name: itemFile(i, "out"), Size: 1 << 16, Typeflag: tar.TypeReg})
	}
	if _, file, err := untar(rawPack(t, bomb...), 1<<20); !errors.Is(err, ErrLimit) || file != "017.out" {
		t.Errorf("%s: %v", file, err)
	}
	long := rawPack(t, tar.Header{Name: "001.out", Size: MaxFileBytes, Typeflag: tar.TypeReg, PAXRecords: map[string]string{"comment": strings.Repeat("x", 1<<20-100)}, Format: tar.FormatPAX})
	if _, _, err := untar(long, 1<<20); err == nil {
		t.Error("a comment of 1 MiB was taken")
	}
}

// FuzzUnpack: whatever the bytes, unpacking ends, stays within its limits, and gives back only what packs to an equal answer.
func FuzzUnpack(f *testing.F) {
	for _, n := range []int{0, 1, 3} {
		data, err := newPacker().pack(sampleAnswer("h00", n))
		must(f, err)
		f.Add(bytes.Clone(data))
		f.Add(bytes.Clone(data[:len(data)/2]))
	}
	f.Add(rawPack(f, tar.Header{Name: "001.out", Size: 1 << 20, Typeflag: tar.TypeReg}))
	f.Fuzz(func(t *testing.T, data []byte) {
		a, err := unpack(pack0, data)
		if err != nil {
			if pe := (*PackError)(nil); !errors.As(err, &pe) {
				t.Fatalf("not a *PackError: %v", err)
			}
			return
		}
		again, err := newPacker().pack(a)
		if errors.Is(err, ErrLimit) {
			return // what was read may be longer than the writer writes
		}
		if err != nil {
			t.Fatalf("what was read cannot be written: %v", err)
		}
		b, err := unpack(pack0, again)
		if err != nil || !reflect.DeepEqual(a, b) {
			t.Fatalf("%v\n got %+v\nwant %+v", err, b, a)
		}
	})
}

// FuzzSums: what parseSums takes is written back byte for byte.
func FuzzSums(f *testing.F) {
	f.Add([]byte(strings.Repeat("0", 64) + "  run.json\n"))
	f.Add([]byte(strings.Repeat("a", 64) + " *run.json\n"))
	f.Add([]byte("\\" + strings.Repeat("a", 64) + "  a\\nb\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		list, err := parseSums(text)
		if err != nil {
			return
		}
		sums := map[string]string{}
		for _, s := range list {
			sums[s.Name] = s.SHA256
		}
		if got := formatSums(sums); !bytes.Equal(got, text) {
			t.Fatalf("got %q, want %q", got, text)
		}
	})
}

// FuzzLog: reading a log ends and never takes a line that does not carry the hash before it.
func FuzzLog(f *testing.F) {
	f.Add([]byte(`{"n":1,"t":"2026-11-25T14:05:00Z","event":"run started","prev":""}` + "\n"))
	f.Add([]byte("{}\n\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		n, rest, prev := 0, text, ""
		for line, err := range readLog(bytes.NewReader(text)) {
			n++
			if err != nil {
				return
			}
			end := bytes.IndexByte(rest, '\n') + 1
			if line.N != n || line.Prev != prev || line.hash != sha256Hex(rest[:end]) {
				t.Fatalf("line %d was taken: %+v", n, line)
			}
			prev, rest = line.hash, rest[end:]
		}
		if len(rest) > 0 {
			t.Fatalf("%d bytes were left out", len(rest))
		}
	})
}

// TestKilledWriter kills a process in the middle of its Puts: every pack that is there is whole, and the bundle is visibly unfinished.
func TestKilledWriter(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "run")
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestWriteUntilKilled$")
	cmd.Env = append(os.Environ(), "EVIDENCE_TEST_KILLED="+dir)
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	sc := bufio.NewScanner(out)
	for n := 0; n < 30 && sc.Scan(); n++ {
	}
	must(t, cmd.Process.Kill())
	_ = cmd.Wait() // it was killed
	packs, err := filepath.Glob(filepath.Join(dir, "hosts", "*", "*.tar.gz"))
	must(t, err)
	if len(packs) < 30 {
		t.Errorf("%d packs, want at least 30", len(packs))
	}
	for _, p := range packs {
		rel, err := filepath.Rel(dir, p)
		must(t, err)
		data, err := os.ReadFile(p)
		must(t, err)
		if _, err := unpack(filepath.ToSlash(rel), data); err != nil {
			t.Error(err)
		}
	}
	if _, err := Open(dir); !errors.Is(err, ErrUnfinished) {
		t.Errorf("Open: %v", err)
	}
}

// TestWriteUntilKilled is the other process of TestKilledWriter.
func TestWriteUntilKilled(t *testing.T) {
	t.Parallel()
	dir := os.Getenv("EVIDENCE_TEST_KILLED")
	if dir == "" {
		return
	}
	w, err := Create(dir, sampleRun())
	must(t, err)
	for n := range 4 {
		go func() {
			for i := n; ; i += 4 {
				if err := w.Put(sampleAnswer(fmt.Sprint("host", i), 20)); err != nil {
					t.Error(err)
				}
				_, _ = os.Stdout.WriteString("stored\n")
			}
		}()
	}
	<-time.After(time.Minute) // the other side kills long before
}

// BenchmarkPack packs a usual host: 60 answers of 1 KB.
func BenchmarkPack(b *testing.B) {
	a := sampleAnswer("ehr-db01.example.org", 60)
	for i := range a.Items {
		a.Items[i].Stdout = bytes.Repeat([]byte("permitrootlogin no\nmaxauthtries 6 "+a.Items[i].Probe+"\n"), 22)[:1000]
	}
	p := newPacker()
	size := 0
	b.ReportAllocs()
	for b.Loop() {
		data, err := p.pack(a)
		must(b, err)
		size = len(data)
	}
	b.ReportMetric(float64(size), "B/pack")
}

// BenchmarkUnpack reads the same pack with every hash checked.
func BenchmarkUnpack(b *testing.B) {
	data, err := newPacker().pack(sampleAnswer("h00", 60))
	must(b, err)
	b.ReportAllocs()
	for b.Loop() {
		_, err := unpack(pack0, data)
		must(b, err)
	}
}

// BenchmarkPut stores hosts from many goroutines, flushes to disk included.
func BenchmarkPut(b *testing.B) {
	w, err := Create(filepath.Join(b.TempDir(), "run"), sampleRun())
	must(b, err)
	b.ReportAllocs()
	b.SetParallelism(64)
	names := make(chan string)
	go func() {
		defer close(names)
		for i := range b.N {
			names <- fmt.Sprint("host", i)
		}
	}()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if err := w.Put(sampleAnswer(<-names, 60)); err != nil {
				b.Error(err)
			}
		}
	})
	must(b, w.Close(EndInfo{}))
}
