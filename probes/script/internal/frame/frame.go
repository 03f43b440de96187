// Package frame reads and writes the wire form in which a script's answers travel: lines that begin with a nonce, payload
// between them, and short marks anywhere.
//
//	@<nonce> <verb> <arguments>     a frame, always a whole line
//	<text>                          a mark: anywhere but inside a frame, so that it can be written while payload is on its way
//	anything else                   payload of the frame before it
//
// It knows bytes and bounds only, not probes. What a host sends is data: no length is taken from it, everything is bounded.
package frame

import (
	"bytes"
	"errors"
	"io"
)

// Kind is what a Token is.
type Kind int

// The kinds of token.
const (
	Frame   Kind = iota + 1 // Text is the verb and its arguments
	Mark                    // Text is what stands between "<" and ">"
	Payload                 // Text is a piece of payload without line ends
)

// Token is the next thing on the wire. Text is valid until the next call.
type Token struct {
	Kind Kind
	Text []byte
}

// Bounds of what is kept of a frame and of a mark, in bytes. The longest real ones hold an id and a line of base64.
const (
	MaxFrame = 1024
	MaxMark  = 256
)

const (
	chunk    = 32 << 10 // bytes asked of the source at once
	maxEmpty = 100      // reads without bytes or error before the source counts as broken
)

// ErrTooLong means that the host sent more than the bound of the whole stream.
var ErrTooLong = errors.New("the host sent more than the bound of its whole answer")

// Reader splits a stream into tokens.
type Reader struct {
	src    io.Reader
	prefix []byte // "@nonce "
	budget int64  // bytes that may still come
	buf    []byte // unread bytes are buf[pos:end]
	pos    int
	end    int
	err    error  // of src; it counts once the buffer is empty
	start  bool   // the next byte begins a line
	text   []byte // the frame or mark that is being put together
}

// NewReader reads tokens of the session with that nonce. It reads no more than limit bytes of src, and one to see whether there are more.
func NewReader(src io.Reader, nonce string, limit int64) *Reader {
	return &Reader{src: src, prefix: []byte("@" + nonce + " "), budget: limit, buf: make([]byte, chunk), start: true}
}

// Skip reads lines up to the frame that is that verb alone; it must come within limit bytes. It gives the first keep bytes
// of what stood before it. The error is that of the source, io.EOF when the stream ended first, ErrTooLong past the limit.
func (r *Reader) Skip(verb string, limit int64, keep int) (noise []byte, err error) {
	rest := max(r.budget-limit, 0)
	r.budget -= rest
	defer func() { r.budget += rest }()
	want := string(r.prefix) + verb
	for {
		r.text = r.text[:0]
		_, err := r.until('\n', 0, MaxFrame)
		if err == nil && string(bytes.TrimRight(r.text, "\r")) == want {
			return noise, nil
		}
		noise = append(noise, r.text...)
		if err == nil {
			noise = append(noise, '\n')
			r.pos++
		}
		noise = noise[:min(len(noise), keep)]
		if err != nil {
			return noise, err
		}
	}
}

// Next gives the next token. At the end of the stream it gives the error of the source, io.EOF for a plain end; a frame or
// mark without its end is not given. ErrTooLong means that the bound was passed.
func (r *Reader) Next() (Token, error) {
	for {
		if r.pos == r.end {
			if err := r.fill(); err != nil {
				return Token{}, err
			}
		}
		switch c := r.buf[r.pos]; {
		case c == '\n' || c == '\r':
			r.pos++
			r.start = r.start || c == '\n'
		case c == '<':
			return r.mark()
		case c == '@' && r.start:
			return r.line()
		default:
			r.start = false
			return r.payload(), nil
		}
	}
}

// payload gives the bytes up to the next line end or mark, as far as they are in the buffer.
func (r *Reader) payload() Token {
	b := r.buf[r.pos:r.end]
	if n := bytes.IndexByte(b, '\n'); n >= 0 {
		b = b[:n]
	}
	if n := bytes.IndexByte(b, '<'); n >= 0 {
		b = b[:n]
	}
	r.pos += len(b)
	return Token{Payload, bytes.TrimRight(b, "\r")}
}

// mark reads a mark. What begins like one and does not end on its line is payload.
func (r *Reader) mark() (Token, error) {
	r.text = r.text[:0]
	end, err := r.until('>', '\n', MaxMark)
	if err != nil {
		return Token{}, err
	}
	if end == '\n' {
		r.start = false
		return Token{Payload, r.text}, nil
	}
	r.pos++
	return Token{Mark, r.text[1:]}, nil
}

// line reads a line that begins with "@". One without the nonce is payload.
func (r *Reader) line() (Token, error) {
	r.text = r.text[:0]
	if _, err := r.until('\n', 0, MaxFrame); err != nil {
		return Token{}, err
	}
	rest, ours := bytes.CutPrefix(r.text, r.prefix)
	if !ours {
		r.start = false
		return Token{Payload, r.text}, nil
	}
	return Token{Frame, bytes.TrimRight(rest, "\r")}, nil
}

// until adds what comes before byte a or b (0 for none) to r.text, as much as limit allows, stops there and says which it was.
func (r *Reader) until(a, b byte, limit int) (end byte, err error) {
	for {
		for i, c := range r.buf[r.pos:r.end] {
			if c == a || c == b && b != 0 {
				r.add(r.buf[r.pos:r.pos+i], limit)
				r.pos += i
				return c, nil
			}
		}
		r.add(r.buf[r.pos:r.end], limit)
		r.pos = r.end
		if err := r.fill(); err != nil {
			return 0, err
		}
	}
}

func (r *Reader) add(b []byte, limit int) {
	r.text = append(r.text, b[:min(len(b), limit-len(r.text))]...)
}

// fill reads the next bytes. The buffer must be empty.
func (r *Reader) fill() error {
	r.pos, r.end = 0, 0
	for empty := 0; r.err == nil && r.end == 0; empty++ {
		size := min(int64(len(r.buf)), r.budget)
		if size <= 0 {
			size = 1 // tells a full stream from one that is too long
		}
		n, err := r.src.Read(r.buf[:size])
		switch {
		case n > 0 && r.budget <= 0:
			n, err = 0, ErrTooLong
		case n == 0 && err == nil && empty == maxEmpty:
			err = io.ErrNoProgress
		}
		r.end, r.err = n, err
		r.budget -= int64(n)
	}
	if r.end > 0 {
		return nil
	}
	return r.err
}
