package report

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"time"

	"github.com/fleetaudit/fleetaudit/probes/evidence"
	"github.com/fleetaudit/fleetaudit/report/check"
)

// resultsFile is the derived file of a bundle that holds all results.
const resultsFile = "results.jsonl"

// maxResultLine bounds a line of results.jsonl, so that reading it needs no trust in it.
const maxResultLine = 16 << 20 // bytes

// ErrResultsChanged says that results.jsonl is no longer what the assessment wrote: it was judged again or changed since.
var ErrResultsChanged = errors.New("the file is not what this assessment wrote: the bundle was judged again, or the file was changed")

// resultLine is one line of results.jsonl: the result of one check on one host. Lines come in the order of host names, then check ids.
// Keys that have nothing to say are left out.
type resultLine struct {
	Host       string         `json:"host"` // as declared
	System     string         `json:"system,omitempty"`
	Check      string         `json:"check"`
	Severity   check.Severity `json:"severity"`         // of the check: low, medium, high, critical
	Result     check.Result   `json:"result"`           // PASS, FAIL, NOT TESTED, N/A, MANUAL, EXCEPTION
	Reason     string         `json:"reason,omitempty"` // for NOT TESTED and N/A: class, then ": " and details
	Expected   string         `json:"expected,omitempty"`
	Observed   string         `json:"observed,omitempty"`
	References []string       `json:"references,omitempty"` // control references of the CSF that the check is mapped to
	Evidence   []string       `json:"evidence,omitempty"`   // ids of the items that the result rests on: <hostid>-<NNN>
	Collected  time.Time      `json:"collected,omitzero"`   // when the first of these was asked for; controller clock, UTC
}

// resultLines encodes the findings of one host. asked says when each evidence id was asked for.
func (o Options) resultLines(h *evidence.HostRecord, findings []check.Finding, asked map[string]time.Time) ([]byte, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false) // people read the file
	for _, f := range findings {
		line := resultLine{Host: h.Name, System: h.System, Check: f.Check, Result: f.Result, Reason: f.Reason, Expected: f.Expected,
			Observed: f.Observed, References: o.Framework.References(f.Check), Evidence: f.Evidence}
		if c, ok := o.Library.Lookup(f.Check); ok {
			line.Severity = c.Severity
		}
		for _, id := range f.Evidence {
			if t := asked[id]; !t.IsZero() && (line.Collected.IsZero() || t.Before(line.Collected)) {
				line.Collected = t.UTC()
			}
		}
		if err := enc.Encode(line); err != nil {
			return nil, fmt.Errorf("result of %s on %s: %w", f.Check, h.Name, err)
		}
	}
	return buf.Bytes(), nil
}

// readResults yields the lines of results.jsonl, which must have the given SHA-256 (hex). An error ends it.
func readResults(b *evidence.Bundle, want string) iter.Seq2[resultLine, error] {
	return func(yield func(resultLine, error) bool) {
		name := filepath.Join(b.Dir(), resultsFile)
		f, err := os.Open(name)
		if err != nil {
			yield(resultLine{}, fmt.Errorf("read results: %w", err))
			return
		}
		defer func() { _ = f.Close() }() // it was only read
		digest := sha256.New()
		lines := bufio.NewScanner(io.TeeReader(f, digest))
		lines.Buffer(make([]byte, 0, 64<<10), maxResultLine)
		n := 0
		for lines.Scan() {
			n++
			var line resultLine
			if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
				yield(line, fmt.Errorf("%s:%d: %w", name, n, err))
				return
			}
			if !yield(line, nil) {
				return
			}
		}
		if err := lines.Err(); err != nil {
			yield(resultLine{}, fmt.Errorf("%s:%d: %w", name, n+1, err))
			return
		}
		if hex.EncodeToString(digest.Sum(nil)) != want {
			yield(resultLine{}, fmt.Errorf("%s: %w", name, ErrResultsChanged))
		}
	}
}
