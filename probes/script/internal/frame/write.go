package frame

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
)

// column is the length of a line of encoded payload, as base64 of coreutils and busybox makes it.
const column = 76

// Writer writes the same form, as a host does. Its first error sticks; Err gives it.
type Writer struct {
	dst   io.Writer
	nonce string
	err   error
}

// NewWriter writes frames of the session with that nonce.
func NewWriter(dst io.Writer, nonce string) *Writer { return &Writer{dst: dst, nonce: nonce} }

// Err gives the first error of the destination.
func (w *Writer) Err() error { return w.err }

// Frame writes one frame: a verb and its arguments, joined by blanks.
func (w *Writer) Frame(words ...any) {
	w.print("\n@%s %s", w.nonce, fmt.Sprintln(words...))
}

// Mark writes one mark.
func (w *Writer) Mark(text string) { w.print("<%s>\n", text) }

// Payload writes bytes as lines of base64.
func (w *Writer) Payload(b []byte) {
	var out bytes.Buffer
	for line := range Lines(b) {
		out.WriteString(line + "\n")
	}
	w.print("%s", out.Bytes())
}

// Lines encodes bytes as base64 and gives it line by line.
func Lines(b []byte) func(yield func(string) bool) {
	text := base64.StdEncoding.EncodeToString(b)
	return func(yield func(string) bool) {
		for len(text) > 0 {
			n := min(len(text), column)
			if !yield(text[:n]) {
				return
			}
			text = text[n:]
		}
	}
}

func (w *Writer) print(format string, args ...any) {
	if w.err == nil {
		_, w.err = fmt.Fprintf(w.dst, format, args...)
	}
}

// Encoding is how payload is encoded. The host says which one it has.
type Encoding string

// The encodings, by the name that stands on the wire.
const (
	Base64 Encoding = "64"
	Hex    Encoding = "16"
)

// Decode gives the bytes that text, without blanks and line ends, stands for. It gives nothing together with an error.
func (e Encoding) Decode(text []byte) ([]byte, error) {
	switch e {
	case Base64:
		out := make([]byte, base64.StdEncoding.DecodedLen(len(text)))
		n, err := base64.StdEncoding.Strict().Decode(out, text)
		if err != nil {
			return nil, fmt.Errorf("not base64: %w", err)
		}
		return out[:n], nil
	case Hex:
		out := make([]byte, hex.DecodedLen(len(text)))
		if _, err := hex.Decode(out, text); err != nil {
			return nil, fmt.Errorf("not hexadecimal: %w", err)
		}
		return out, nil
	default:
		return nil, fmt.Errorf("unknown encoding %q", string(e))
	}
}

// Size gives the length of the encoded form of n bytes, without blanks and line ends.
func (e Encoding) Size(n int64) int64 {
	if e == Hex {
		return 2 * n
	}
	return (n + 2) / 3 * 4
}
