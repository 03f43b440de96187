package format

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"strings"

	"github.com/fleetaudit/fleetaudit/report"
	"github.com/fleetaudit/fleetaudit/report/format/cell"
)

// CSV writes the rows of the Results sheet as CSV: RFC 4180 with CR LF and a header, UTF-8 without a byte order mark. Texts are made
// inert and cut in the same way as in the workbook, so that a spreadsheet can open the file without running anything in it.
type CSV struct{}

// csvHeader names the columns. They are the fields of a JSONL row in the same order.
var csvHeader = []string{
	"host", "system", "check", "title", "severity", "result", "reason", "csf", "expected", "observed", "evidence", "collected_utc", "key",
}

// Write implements Writer.
func (CSV) Write(ctx context.Context, a *report.Assessment, w io.Writer) error {
	out := csv.NewWriter(w)
	out.UseCRLF = true
	if err := out.Write(csvHeader); err != nil {
		return fmt.Errorf("csv: %w", err)
	}
	record := make([]string, 0, len(csvHeader))
	for row, err := range a.Streams.Results() {
		if err != nil {
			return fmt.Errorf("csv: results: %w", err)
		}
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("csv: %w", err)
		}
		record = csvRecord(record[:0], &row)
		if err := out.Write(record); err != nil {
			return fmt.Errorf("csv: %w", err)
		}
	}
	out.Flush()
	if err := out.Error(); err != nil {
		return fmt.Errorf("csv: %w", err)
	}
	return nil
}

// csvRecord appends the fields of a row in the order of csvHeader.
func csvRecord(to []string, row *report.ResultRow) []string {
	for _, s := range []string{
		row.Host, row.System, row.Check, row.Title, string(row.Severity), string(row.Result), row.Reason, strings.Join(row.References, " "),
		row.Expected, row.Observed, strings.Join(row.Evidence, " "), utc(row.Collected), row.Key,
	} {
		to = append(to, cell.Text(s, cell.MaxCharacters))
	}
	return to
}
