package formattest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/fleetaudit/fleetaudit/report"
	"github.com/fleetaudit/fleetaudit/report/format"
)

// errBroken is what the broken streams of the contract fail with.
var errBroken = errors.New("stream broken on purpose")

// Contract tests what every format keeps: it is deterministic, takes any assessment, gives every error on, and leaves no half-written
// file.
func Contract(t *testing.T, f format.Format) {
	t.Helper()
	t.Run("deterministic", func(t *testing.T) {
		t.Parallel()
		for name, make := range all() {
			if a, b := Written(t, f.Writer, make()), Written(t, f.Writer, make()); !bytes.Equal(a, b) {
				t.Errorf("%s: two writings of the same assessment differ", name)
			}
		}
	})
	t.Run("broken stream", func(t *testing.T) {
		t.Parallel()
		brokenStreams(t, f)
	})
	t.Run("cancelled", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := f.Writer.Write(ctx, Fixture(), io.Discard); !errors.Is(err, context.Canceled) {
			t.Errorf("error %v, want that of the context", err)
		}
	})
	t.Run("full disk", func(t *testing.T) {
		t.Parallel()
		if err := f.Writer.Write(t.Context(), Fixture(), &fullDisk{room: 100}); !errors.Is(err, errFull) {
			t.Errorf("error %v, want that of the writer", err)
		}
	})
	t.Run("file", func(t *testing.T) {
		t.Parallel()
		writesFile(t, f)
	})
}

// all lists the assessments that every format takes.
func all() map[string]func() *report.Assessment {
	return map[string]func() *report.Assessment{"fixture": Fixture, "empty": Empty, "unreachable": Unreachable, "hostile": Hostile}
}

// Written gives what a format writes.
func Written(tb testing.TB, w format.Writer, a *report.Assessment) []byte {
	tb.Helper()
	var buf bytes.Buffer
	if err := w.Write(tb.Context(), a, &buf); err != nil {
		tb.Fatal(err)
	}
	return buf.Bytes()
}

// brokenStreams checks that an error of a stream that the format reads is the format's error. Every format reads results.
func brokenStreams(t *testing.T, f format.Format) {
	t.Helper()
	for _, stream := range Streams() {
		dir := t.TempDir()
		path := filepath.Join(dir, "report"+f.Suffix)
		err := format.WriteFile(t.Context(), path, f.Writer, Broken(stream, errBroken))
		if err == nil && stream != "results" {
			continue // it does not read this one
		}
		if !errors.Is(err, errBroken) {
			t.Errorf("%s: error %v, want that of the stream", stream, err)
		}
		if left := names(t, dir); len(left) > 0 {
			t.Errorf("%s: left %v behind", stream, left)
		}
	}
}

// Streams lists the streams of an assessment by the names that Broken takes.
func Streams() []string { return []string{"hosts", "results", "evidence", "log", "files"} }

// writesFile checks that a file appears whole, for its owner alone, and that a failed writing leaves the file before it as it was.
func writesFile(t *testing.T, f format.Format) {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "report"+f.Suffix)
	if err := format.WriteFile(t.Context(), path, f.Writer, Fixture()); err != nil {
		t.Fatal(err)
	}
	if err := format.WriteFile(t.Context(), path, f.Writer, Broken("results", errBroken)); err == nil {
		t.Fatal("a broken stream gave no error")
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, Written(t, f.Writer, Fixture())) {
		t.Error("the file is not what the format writes")
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if mode := info.Mode().Perm(); os.PathSeparator == '/' && mode != 0o600 {
		t.Errorf("mode %o, want 600", mode)
	}
	if left := names(t, dir); len(left) != 1 {
		t.Errorf("folder holds %v, want the report alone", left)
	}
}

func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return out
}

var errFull = errors.New("disk full on purpose")

// fullDisk takes some bytes and then none.
type fullDisk struct{ room int }

func (d *fullDisk) Write(b []byte) (int, error) {
	if d.room -= len(b); d.room < 0 {
		return 0, errFull
	}
	return len(b), nil
}
