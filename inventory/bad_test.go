package inventory

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the wanted messages in testdata/bad")

const wantPrefix = "# want: "

// TestBad loads every inventory in testdata/bad. The lines "# want: line:column: message" at its top are all of its faults, in order.
func TestBad(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/bad/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 40 {
		t.Fatalf("testdata/bad holds %d files, expected at least 40", len(files))
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) {
			t.Parallel()
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var want []string
			for line := range strings.Lines(string(data)) {
				if w, ok := strings.CutPrefix(line, wantPrefix); ok {
					want = append(want, strings.TrimSuffix(w, "\n"))
				}
			}
			name := filepath.Base(file)
			loader := Loader{Home: func() (string, error) { return "", errors.New("no home folder") }}
			_, err = loader.Load(name, data)
			got := faultLines(t, name, err)
			if *update {
				writeWants(t, file, loader)
				return
			}
			if strings.Contains(strings.Join(got, " "), "hunter2") {
				t.Error("a message shows a password")
			}
			if len(got) == 0 {
				t.Fatal("it loads, expected faults")
			}
			if g, w := strings.Join(got, "\n"), strings.Join(want, "\n"); g != w {
				t.Errorf("faults:\n%s\nwant:\n%s", g, w)
			}
		})
	}
}

// faultLines gives each fault without the name of the file.
func faultLines(t *testing.T, name string, err error) []string {
	t.Helper()
	if err == nil {
		return nil
	}
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		t.Fatalf("error is %T, expected joined errors", err)
	}
	var lines []string
	for _, e := range joined.Unwrap() {
		var fault *Error
		if !errors.As(e, &fault) {
			t.Fatalf("%v is %T, expected *Error", e, e)
		}
		if fault.Pos.File != name || fault.Pos.Line < 1 || fault.Pos.Column < 1 {
			t.Errorf("%v: position is %+v", e, fault.Pos)
		}
		lines = append(lines, strings.TrimPrefix(e.Error(), name+":"))
	}
	return lines
}

// writeWants puts the faults of today at the top of the file. The lines are part of the file, so they are counted first.
func writeWants(t *testing.T, file string, loader Loader) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var body strings.Builder
	for line := range strings.Lines(string(data)) {
		if !strings.HasPrefix(line, wantPrefix) {
			body.WriteString(line)
		}
	}
	name := filepath.Base(file)
	_, err = loader.Load(name, []byte(body.String()))
	n := len(faultLines(t, name, err))
	_, err = loader.Load(name, []byte(strings.Repeat(wantPrefix+"\n", n)+body.String()))
	var out strings.Builder
	for _, line := range faultLines(t, name, err) {
		out.WriteString(wantPrefix + line + "\n")
	}
	out.WriteString(body.String())
	if err := os.WriteFile(file, []byte(out.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestErrorsCanBeTold(t *testing.T) {
	t.Parallel()
	_, err := Load("a.yaml", []byte("hosts: [{name: a, port: x}]"))
	var fault *Error
	if !errors.As(err, &fault) || fault.Pos != (Position{"a.yaml", 1, 25}) {
		t.Errorf("got %v with position %+v", err, fault)
	}
	if _, err := LoadFile(filepath.Join(t.TempDir(), "none.yaml")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v, expected that the file does not exist", err)
	}
}
