package format

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/fleetaudit/fleetaudit/report"
	"github.com/fleetaudit/fleetaudit/report/format/cell"
)

// JSONL writes the rows of the Results sheet as JSON, one Row a line.
type JSONL struct{}

// Row is one result as JSONL writes it: one host and one check. Every field is in every row, so that a reader needs no defaults.
// Texts are whole, and what no reader would see (control characters, bidirectional overrides, bytes that are not UTF-8) is shown
// as \x1B or \u202E, as everywhere in reports; the exact bytes are in the bundle.
type Row struct {
	Host       string   `json:"host"`       // name as declared in the inventory
	System     string   `json:"system"`     // business component of the host, may be empty
	Check      string   `json:"check"`      // check id
	Title      string   `json:"title"`      // what the check asserts
	Severity   string   `json:"severity"`   // low, medium, high or critical
	Result     string   `json:"result"`     // PASS, FAIL, NOT TESTED, N/A, MANUAL or EXCEPTION
	Reason     string   `json:"reason"`     // why it is NOT TESTED or N/A, else empty
	References []string `json:"references"` // CSF control references, may be empty, never null
	Expected   string   `json:"expected"`
	Observed   string   `json:"observed"`
	Evidence   []string `json:"evidence"`  // ids of the evidence items, may be empty, never null
	Collected  *string  `json:"collected"` // RFC 3339 in UTC, of the first evidence; null when there is none
	Key        string   `json:"key"`       // check@host: the same row in every run
}

// Write implements Writer.
func (JSONL) Write(ctx context.Context, a *report.Assessment, w io.Writer) error {
	buf := bufio.NewWriter(w)
	enc := json.NewEncoder(buf)
	enc.SetEscapeHTML(false)
	for row, err := range a.Streams.Results() {
		if err != nil {
			return fmt.Errorf("jsonl: results: %w", err)
		}
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("jsonl: %w", err)
		}
		if err := enc.Encode(jsonRow(&row)); err != nil {
			return fmt.Errorf("jsonl: %w", err)
		}
	}
	if err := buf.Flush(); err != nil {
		return fmt.Errorf("jsonl: %w", err)
	}
	return nil
}

func jsonRow(r *report.ResultRow) *Row {
	row := &Row{
		Host: cell.Show(r.Host), System: cell.Show(r.System), Check: r.Check, Title: cell.Show(r.Title),
		Severity: string(r.Severity), Result: string(r.Result), Reason: cell.Show(r.Reason),
		References: append([]string{}, r.References...),
		Expected:   cell.Show(r.Expected), Observed: cell.Show(r.Observed),
		Evidence: append([]string{}, r.Evidence...), Key: cell.Show(r.Key),
	}
	if t := utc(r.Collected); t != "" {
		row.Collected = &t
	}
	return row
}

// utc gives t as RFC 3339 in UTC with seconds, and nothing for the zero time.
func utc(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
