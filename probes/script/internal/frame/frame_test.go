package frame

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// list reads all tokens as text.
func list(r *Reader) ([]string, error) {
	var all []string
	for {
		t, err := r.Next()
		if err != nil {
			return all, err
		}
		all = append(all, [...]string{Frame: "F:", Mark: "M:", Payload: "P:"}[t.Kind]+string(t.Text))
	}
}

func TestNext(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                                   "",
		"@n B x\n":                           "F:B x",
		"@n B x\r\n":                         "F:B x",
		"@n B x":                             "",
		" @n B x\n":                          "P: @n B x",
		"@m B x\n":                           "P:@m B x",
		"@n\n":                               "P:@n",
		"QUJD\nRA==\n\n@n Z\n":               "P:QUJD P:RA== F:Z",
		"QU<0>\nJD\n@n Z\n":                  "P:QU M:0 P:JD F:Z",
		"<~>@n Z\n":                          "M:~ F:Z",
		"QU<~>@n Z\n":                        "P:QU M:~ P:@n Z",
		"<0\n@n Z\n":                         "P:<0 F:Z",
		"<0":                                 "",
		"<a<b>":                              "M:a<b",
		"a>b\n":                              "P:a>b",
		"<" + strings.Repeat("x", 999) + ">": "M:" + strings.Repeat("x", MaxMark-1),
		"@n " + strings.Repeat("x", 9999) + "\n@n Z\n": "F:" + strings.Repeat("x", MaxFrame-3) + " F:Z",
	} {
		for _, src := range []io.Reader{strings.NewReader(text), iotest.HalfReader(strings.NewReader(text))} {
			got, err := list(NewReader(src, "n", 1<<20))
			if !errors.Is(err, io.EOF) || strings.Join(got, " ") != want {
				t.Errorf("%q: got %q, %v, expected %q", text, got, err, want)
			}
		}
	}
}

func TestBound(t *testing.T) {
	t.Parallel()
	for limit, want := range map[int64]error{9: ErrTooLong, 10: io.EOF, 11: io.EOF, 0: ErrTooLong} {
		if _, err := list(NewReader(strings.NewReader("AAAA\nBBBB\n"), "n", limit)); !errors.Is(err, want) {
			t.Errorf("limit %d: %v", limit, err)
		}
	}
	if _, err := list(NewReader(silent{}, "n", 10)); !errors.Is(err, io.ErrNoProgress) {
		t.Errorf("a source that gives nothing: %v", err)
	}
}

type silent struct{}

func (silent) Read([]byte) (int, error) { return 0, nil }

func TestSkip(t *testing.T) {
	t.Parallel()
	r := NewReader(strings.NewReader("motd <\n@n READ\n@n READY\r\nrest\n"), "n", 1<<20)
	noise, err := r.Skip("READY", 100, 8)
	if err != nil || string(noise) != "motd <\n@" {
		t.Errorf("noise %q, %v", noise, err)
	}
	if got, _ := list(r); strings.Join(got, " ") != "P:rest" {
		t.Errorf("behind it: %q", got)
	}
	if _, err := NewReader(strings.NewReader(strings.Repeat("x\n", 99)+"@n READY\n"), "n", 1<<20).Skip("READY", 50, 8); !errors.Is(err, ErrTooLong) {
		t.Errorf("past the limit: %v", err)
	}
	if noise, err := NewReader(strings.NewReader("gone"), "n", 1<<20).Skip("READY", 50, 8); !errors.Is(err, io.EOF) || string(noise) != "gone" {
		t.Errorf("cut: %q, %v", noise, err)
	}
}

func TestDecode(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		e          Encoding
		text, want string
		ok         bool
	}{
		{Base64, "QUI=", "AB", true}, {Base64, "QUI", "", false}, {Base64, "QU I=", "", false}, {Base64, "QUJ=", "", false}, {Base64, "QQ==QQ==", "", false},
		{Hex, "4142", "AB", true}, {Hex, "414", "", false}, {Hex, "zz", "", false}, {"7", "", "", false}, {Base64, "", "", true},
	} {
		got, err := c.e.Decode([]byte(c.text))
		if (err == nil) != c.ok || string(got) != c.want {
			t.Errorf("%s %q: %q, %v", c.e, c.text, got, err)
		}
	}
}

// FuzzNext checks that any cutting of the stream into reads gives the same tokens, and that none passes its bound.
func FuzzNext(f *testing.F) {
	f.Add([]byte("noise\n@n READY\n@n B a.b\n<0>\nQUJD<~>\n\n@n E a.b 0\n@n Z\n"))
	f.Add([]byte("<@n<\n>@n \r\r\n@"))
	f.Fuzz(func(t *testing.T, text []byte) {
		whole, err1 := list(NewReader(bytes.NewReader(text), "n", 1<<20))
		single, err2 := list(NewReader(iotest.OneByteReader(bytes.NewReader(text)), "n", 1<<20))
		if !errors.Is(err1, io.EOF) || !errors.Is(err2, io.EOF) {
			t.Fatal(err1, err2)
		}
		if a, b := joined(whole), joined(single); a != b {
			t.Fatalf("whole %q\nby bytes %q", a, b)
		}
		for _, token := range whole {
			if token[0] == 'M' && len(token) > MaxMark+2 || token[0] == 'F' && len(token) > MaxFrame+2 {
				t.Fatalf("token of %d bytes", len(token))
			}
		}
	})
}

// joined puts pieces of payload together, which may be cut anywhere.
func joined(tokens []string) string {
	var b strings.Builder
	for _, t := range tokens {
		if rest, ok := strings.CutPrefix(t, "P:"); ok {
			b.WriteString(strings.ReplaceAll(rest, "\r", ""))
		} else {
			b.WriteString("\n" + t + "\n")
		}
	}
	return b.String()
}

func TestWriter(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	w := NewWriter(&out, "n")
	w.Frame("B", "a.b")
	w.Mark("0")
	w.Payload(bytes.Repeat([]byte{'A'}, 60))
	w.Frame("E", "a.b", 0)
	want := "\n@n B a.b\n<0>\n" + strings.Repeat("QUFB", 19) + "\nQUFB\n\n@n E a.b 0\n"
	if out.String() != want || w.Err() != nil {
		t.Errorf("wrote %q, expected %q, %v", out.String(), want, w.Err())
	}
	w = NewWriter(failing{}, "n")
	w.Frame("B")
	w.Frame("E")
	if !errors.Is(w.Err(), io.ErrClosedPipe) {
		t.Errorf("error %v", w.Err())
	}
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }
