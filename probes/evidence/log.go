package evidence

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"iter"
	"os"
	"sync"
	"time"
)

// Events that the bundle itself puts into its log. Collecting adds its own.
const (
	EventPack  = "pack stored"   // detail: sha256 of the pack
	EventClose = "bundle closed" // the last line
)

// Limits of the log, so that reading it needs no trust in it.
const (
	maxDetail  = 4 << 10  // bytes of an event's detail; longer ones are cut
	maxLogLine = 64 << 10 // bytes of a line
)

// LogEntry is one line of log.jsonl.
type LogEntry struct {
	N      int       `json:"n"` // 1-based
	T      time.Time `json:"t"` // controller clock, UTC
	Event  string    `json:"event"`
	Host   string    `json:"host,omitempty"`
	Detail string    `json:"detail,omitempty"`
	Prev   string    `json:"prev"` // sha256 of the line before with its line feed; empty in the first
}

// chain appends to log.jsonl. Each line carries the hash of the line before it, so no line can be changed, dropped or moved without
// breaking all that follow.
type chain struct {
	file *os.File

	mu    sync.Mutex
	n     int    // lines written
	prev  string // hash of the last line
	whole hash.Hash

	syncMu sync.Mutex
	synced int // lines known to be on disk
}

func newChain(root *os.Root) (*chain, error) {
	f, err := root.OpenFile(logName, os.O_WRONLY|os.O_CREATE|os.O_EXCL|os.O_APPEND, fileMode)
	if err != nil {
		return nil, fmt.Errorf("write %s: %w", logName, err)
	}
	return &chain{file: f, whole: sha256.New()}, nil
}

// add appends a line and gives its number.
func (c *chain) add(e LogEntry) (int, error) {
	if len(e.Detail) > maxDetail {
		e.Detail = e.Detail[:maxDetail] + "... (cut)"
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	e.N, e.Prev = c.n+1, c.prev
	line, err := jsonLine(e)
	if err != nil {
		return 0, fmt.Errorf("write %s: %w", logName, err)
	}
	if _, err := c.file.Write(line); err != nil {
		return 0, fmt.Errorf("write %s: %w", logName, err)
	}
	c.n, c.prev = e.N, sha256Hex(line)
	c.whole.Write(line)
	return e.N, nil
}

// sync flushes the log at least up to line n. Hosts that end together share one flush: whoever comes first flushes for all that
// wrote their line before.
func (c *chain) sync(n int) error {
	c.syncMu.Lock()
	defer c.syncMu.Unlock()
	if c.synced >= n {
		return nil
	}
	c.mu.Lock()
	upto := c.n
	c.mu.Unlock()
	if err := c.file.Sync(); err != nil {
		return fmt.Errorf("flush %s: %w", logName, err)
	}
	c.synced = upto
	return nil
}

// close flushes and closes the file, and gives its number of lines, the hash of the last one, and the hash of the whole.
func (c *chain) close() (lines int, last, whole string, err error) {
	err = c.sync(c.n)
	err = errors.Join(err, c.file.Close())
	return c.n, c.prev, hex.EncodeToString(c.whole.Sum(nil)), err
}

// ChainError says at which line of log.jsonl the chain breaks.
type ChainError struct {
	Line   int // 1-based
	Detail string
}

// Error names the line.
func (e *ChainError) Error() string { return fmt.Sprintf("%s:%d: %s", logName, e.Line, e.Detail) }

// logLine is a line of the log with its own hash.
type logLine struct {
	LogEntry
	hash string
}

// readLog yields the lines of a log and checks the chain as it goes. It ends at the first error, which is a *ChainError or the reader's.
func readLog(r io.Reader) iter.Seq2[logLine, error] {
	return func(yield func(logLine, error) bool) {
		br, prev, n := bufio.NewReaderSize(r, maxLogLine), "", 0
		for {
			line, err := br.ReadSlice('\n')
			if errors.Is(err, io.EOF) && len(line) == 0 {
				return
			}
			n++
			var e logLine
			if err == nil {
				e.hash = sha256Hex(line)
				e.LogEntry, err = chainedEntry(line, n, prev)
			} else if errors.Is(err, io.EOF) || errors.Is(err, bufio.ErrBufferFull) {
				err = &ChainError{n, "the line does not end: the file was cut, or is not a log"}
			}
			if !yield(e, err) || err != nil {
				return
			}
			prev = e.hash
		}
	}
}

// chainedEntry decodes line n, which must carry the hash prev.
func chainedEntry(line []byte, n int, prev string) (LogEntry, error) {
	var e LogEntry
	if err := json.Unmarshal(line, &e); err != nil {
		return e, &ChainError{n, "not a log line: " + err.Error()}
	}
	switch {
	case e.N != n:
		return e, &ChainError{n, fmt.Sprintf("has number %d, expected %d: lines were removed, added or moved", e.N, n)}
	case e.Prev != prev && n == 1:
		return e, &ChainError{n, "the first line names a line before it: lines were removed"}
	case e.Prev != prev:
		return e, &ChainError{n, fmt.Sprintf("does not carry the sha256 of line %d: one of the two was changed", n-1)}
	}
	return e, nil
}

// jsonLine encodes v as one line, leaving < > & as they are: people read these files.
func jsonLine(v any) ([]byte, error) {
	var b bytes.Buffer
	err := lineEncoder(&b).Encode(v)
	return b.Bytes(), err
}

func lineEncoder(w io.Writer) *json.Encoder {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return enc
}

// jsonText encodes v indented, for files that people read first.
func jsonText(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := lineEncoder(&b)
	enc.SetIndent("", "  ")
	err := enc.Encode(v)
	return b.Bytes(), err
}
