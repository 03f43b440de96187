// Package xlsx writes an assessment as an Excel workbook: cover, read-me, dashboard, scope, controls, matrix, findings, results,
// evidence, methods, crosswalk, run log and integrity.
//
// The sheets are described by YAML (templates/workbook): titles, columns, widths, styles, and which field of which rows a column
// shows. This package knows the fields (rows_*.go, matrix.go), the looks (style.go, columns.go) and the four kinds of sheets (table.go,
// matrix.go, cover.go, dashboard.go). All rows are streamed: memory does not grow with the fleet.
//
// Texts from hosts never become formulas, links or names (package cell), there are no formulas and no links out of the workbook, and
// the same assessment gives the same bytes (zip.go). Nothing is decided here: verdicts and roll-ups come from report.
package xlsx

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"

	"github.com/fleetaudit/fleetaudit/report"
	"github.com/fleetaudit/fleetaudit/report/format"
)

// Paper is a size of paper. Wide sheets take the one twice as large: Tabloid with Letter, A3 with A4.
type Paper string

// The papers.
const (
	Letter Paper = "letter"
	A4     Paper = "a4"
)

// Limits are how much goes on a sheet. The zero value of each stands for its default.
type Limits struct {
	Rows        int // rows of data; Excel has 1,048,576 rows, five of which are above the data
	Links       int // links on a sheet; each further one costs the time of all before it
	MatrixHosts int // hosts that the matrix shows one by one; beyond, its rows are systems
	Bars        int // systems in the dashboard's chart and table; the rest are added up
}

// The default limits.
const (
	defaultRows        = 1_048_576 - headerRow - 1
	defaultLinks       = 5_000
	defaultMatrixHosts = 1_500
	defaultBars        = 16
)

// Options are the choices of a Writer.
type Options struct {
	Paper Paper // Letter when empty
	// TempDir is the folder for temporary files, which hold evidence: name the folder of the run. They lie in a folder of their own
	// in it, for the owner alone, and are removed when Write returns. The system's folder when empty.
	TempDir string
	Limits  Limits
}

// Writer writes workbooks. It is safe for concurrent use.
type Writer struct {
	layout *layout
	opts   Options
}

// New makes a writer from the description of the workbook in the folder "workbook" of fsys. Its error joins every mistake of that
// description, each a *LayoutError with its place.
func New(fsys fs.FS, opts Options) (*Writer, error) {
	switch opts.Paper {
	case "":
		opts.Paper = Letter
	case Letter, A4:
	default:
		return nil, fmt.Errorf("paper %q is not one of %s, %s", opts.Paper, Letter, A4)
	}
	l, err := loadLayout(fsys)
	if err != nil {
		return nil, err
	}
	opts.Limits = opts.Limits.orDefaults()
	return &Writer{layout: l, opts: opts}, nil
}

func (l Limits) orDefaults() Limits {
	for _, d := range []struct {
		n       *int
		without int
	}{{&l.Rows, defaultRows}, {&l.Links, defaultLinks}, {&l.MatrixHosts, defaultMatrixHosts}, {&l.Bars, defaultBars}} {
		if *d.n <= 0 {
			*d.n = d.without
		}
	}
	return l
}

// Format gives the writer its place in a registry.
func (w *Writer) Format() format.Format {
	return format.Format{Name: "xlsx", Suffix: ".xlsx", Title: "the workbook for the assessor", Writer: w}
}

// Write implements format.Writer. A part of the fleet that no sheet can hold is a *LimitError.
func (w *Writer) Write(ctx context.Context, a *report.Assessment, out io.Writer) (err error) {
	dir, err := os.MkdirTemp(w.opts.TempDir, "workbook-") // mode 0700
	if err != nil {
		return fmt.Errorf("workbook: %w", err)
	}
	defer func() {
		if rmErr := os.RemoveAll(dir); err == nil && rmErr != nil {
			err = fmt.Errorf("workbook: %w", rmErr)
		}
	}()
	b, err := newBook(dir, w.opts, newEnv(a, w.layout, w.opts.Limits))
	if err != nil {
		return fmt.Errorf("workbook: %w", err)
	}
	defer b.close()
	for _, s := range b.writeOrder() {
		if err := b.sheet(ctx, s); err != nil {
			return fmt.Errorf("workbook: sheet %s: %w", s.Tab, err)
		}
	}
	if err := b.writeTo(out); err != nil {
		return fmt.Errorf("workbook: %w", err)
	}
	return nil
}

// writeOrder puts the sheets that others lead into first, for only then are the numbers of their rows known. The tabs keep their order.
func (b *book) writeOrder() []*sheet {
	rank := func(s *sheet) int {
		if i := slices.Index([]string{"evidence", "results", "hosts"}, s.Rows); i >= 0 {
			return i
		}
		return 3
	}
	order := slices.Clone(b.e.layout.sheets)
	slices.SortStableFunc(order, func(x, y *sheet) int { return rank(x) - rank(y) })
	return order
}

// sheet writes one sheet.
func (b *book) sheet(ctx context.Context, s *sheet) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	switch s.Kind {
	case kindCover:
		return b.cover(s)
	case kindDashboard:
		return b.dashboard(s)
	}
	return b.table(ctx, s)
}

// LimitError says that something does not fit into a workbook. Nothing of it is written: a workbook that lacks rows without saying so
// would be worse than none.
type LimitError struct {
	What     string
	N, Limit int
}

// Error says what does not fit and what to do.
func (e *LimitError) Error() string {
	return fmt.Sprintf("%s: more than %s do not fit; audit or judge the fleet in parts, or write csv or jsonl, which have no limit", e.What, number(e.Limit))
}
