package xlsx

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"

	"github.com/fleetaudit/fleetaudit/report"
	"github.com/fleetaudit/fleetaudit/report/control"
	"github.com/fleetaudit/fleetaudit/report/format/cell"
)

// book is a workbook being written.
type book struct {
	f     *excelize.File
	st    *styles
	e     *env
	opts  Options
	parts *parts
}

func newBook(dir string, opts Options, e *env) (*book, error) {
	p, err := newParts(dir)
	if err != nil {
		return nil, err
	}
	f := excelize.NewFile(excelize.Options{TmpDir: dir})
	f.SetZipWriter(func(io.Writer) excelize.ZipWriter { return p })
	b := &book{f: f, st: newStyles(f), e: e, opts: opts, parts: p}
	for i, s := range e.layout.sheets {
		if i == 0 {
			err = f.SetSheetName("Sheet1", s.Tab)
		} else {
			_, err = f.NewSheet(s.Tab)
		}
		if err != nil {
			b.close()
			return nil, err
		}
	}
	if err := b.properties(); err != nil {
		b.close()
		return nil, err
	}
	e.index("controls", keysOf(controlOrder(e.a.Controls), func(s *control.Status) string { return s.Reference.ID }))
	e.index("methods", keysOf(methodParts(e.a.Methods), methodKey))
	e.index("findings", keysOf(e.a.Findings, func(f *report.Finding) string { return f.Check.ID }))
	return b, nil
}

// close gives back what the library and the zip hold. Their files lie in a folder that Write removes, so no error matters here.
func (b *book) close() {
	_ = b.f.Close()
	_ = b.parts.discard()
}

// writeTo writes the finished workbook. The library thinks it writes to the writer that it gives to the zip hook; b.parts keeps the
// parts until all are there, and writes them in order.
func (b *book) writeTo(w io.Writer) error {
	if err := b.f.Write(io.Discard); err != nil {
		return err
	}
	return b.parts.writeTo(w)
}

// properties sets what a file manager and a program can read of the workbook without opening it.
func (b *book) properties() error {
	r := &b.e.a.Run
	made := r.Evaluated.UTC().Format(time.RFC3339)
	err := b.f.SetDocProps(&excelize.DocProperties{
		Title:          cell.Line(fill(b.e.layout.Title, b.e.facts), 200),
		Subject:        cell.Line(fill(b.e.layout.Subject, b.e.facts), 200),
		Creator:        cell.Line(r.Tool, 200),
		LastModifiedBy: cell.Line(r.Tool, 200),
		Identifier:     cell.Line(r.ID, 200),
		Description:    "Technical evidence. No HITRUST score is given or implied.",
		Language:       "en-US",
		Created:        made,
		Modified:       made,
	})
	if err != nil {
		return err
	}
	if err := b.f.SetAppProps(&excelize.AppProperties{Application: "fleetaudit"}); err != nil {
		return err
	}
	for _, p := range []excelize.CustomProperty{
		{Name: "RunID", Value: cell.Line(r.ID, 200)},
		{Name: "BundleSHA256", Value: cell.Line(r.ManifestSHA256, 200)},
		{Name: "Recorded", Value: r.Recorded},
	} {
		if err := b.f.SetCustomProps(p); err != nil {
			return err
		}
	}
	return nil
}

// The library's numbers of paper sizes.
const (
	paperLetter  = 1
	paperTabloid = 3
	paperA3      = 8
	paperA4      = 9
)

func (b *book) paper(s *sheet) int {
	switch wide := s.Paper == "wide"; {
	case b.opts.Paper == A4 && wide:
		return paperA3
	case b.opts.Paper == A4:
		return paperA4
	case wide:
		return paperTabloid
	}
	return paperLetter
}

// matrixPage is how many columns of references a page of the matrix holds and can still be read.
const matrixPage = 34

// pagesWide is how many pages a sheet is spread over from left to right: one, but for a matrix of many references.
func (b *book) pagesWide(s *sheet) int {
	if s.Kind != kindMatrix {
		return 1
	}
	return max(1, (len(matrixColumns(b.e.a))+matrixPage-1)/matrixPage)
}

// setUp sets everything about a sheet that must be there before its first row: what is set after that is lost without an error.
func (b *book) setUp(s *sheet) error {
	landscape, height, pages := "landscape", 0, b.pagesWide(s)
	if s.Paper == "portrait" {
		landscape, height = "portrait", 1
	}
	size := b.paper(s)
	yes, no, zoom, rowHeight := true, false, 90.0, defaultHeight
	tab := tabColor(s)
	margin, narrow, centred := 0.75, 0.4, s.Kind == kindCover || s.Kind == kindDashboard
	for _, set := range []func() error{
		func() error {
			return b.f.SetSheetProps(s.Tab, &excelize.SheetPropsOptions{FitToPage: &yes, TabColorRGB: &tab, DefaultRowHeight: &rowHeight, CustomHeight: &yes})
		},
		func() error { return b.f.SetSheetDimension(s.Tab, "") }, // not known yet; a wrong one makes some readers stop short
		func() error {
			return b.f.SetPageLayout(s.Tab, &excelize.PageLayoutOptions{Size: &size, Orientation: &landscape, FitToWidth: &pages, FitToHeight: &height})
		},
		func() error {
			return b.f.SetPageMargins(s.Tab, &excelize.PageLayoutMarginsOptions{
				Left: &narrow, Right: &narrow, Top: &margin, Bottom: &margin, Header: &narrow, Footer: &narrow, Horizontally: &centred,
			})
		},
		func() error {
			return b.f.SetSheetView(s.Tab, 0, &excelize.ViewOptions{ShowGridLines: &no, ZoomScale: &zoom})
		},
		func() error { return b.f.SetHeaderFooter(s.Tab, b.headerFooter(s)) },
		func() error {
			return b.f.ProtectSheet(s.Tab, &excelize.SheetProtectionOptions{
				AutoFilter: true, FormatColumns: true, FormatRows: true, Sort: true, SelectLockedCells: true, SelectUnlockedCells: true,
			})
		},
	} {
		if err := set(); err != nil {
			return err
		}
	}
	return nil
}

// tabColor marks the sheets with cells for the assessor. The schema wants eight digits.
func tabColor(s *sheet) string {
	for i := range s.Columns {
		if s.Columns[i].Assessor {
			return "FF" + noteHead
		}
	}
	if len(s.SignOff) > 0 {
		return "FF" + noteHead
	}
	return "FF" + ink
}

// maxHeaderText is the longest text in a third of a page header or footer. Three of them with their fonts and every & doubled stay below
// the 255 characters that Excel takes.
const maxHeaderText = 40

// headerFooter prints on each page whose data it is, what sheet it is and where it comes from.
func (b *book) headerFooter(s *sheet) *excelize.HeaderFooterOptions {
	const font = `&8&"` + bodyFont + `,Regular"` // the font follows the size, so that a text with a leading digit cannot join it
	text := func(t string) string {
		return font + strings.ReplaceAll(cut(cell.Line(t, cell.MaxCharacters), maxHeaderText), "&", "&&")
	}
	r := &b.e.a.Run
	return &excelize.HeaderFooterOptions{
		OddHeader: "&L" + text(orNot(r.Entity)) + "&C" + text(b.e.layout.Handling) + "&R" + text(s.Tab),
		OddFooter: "&L" + text("Run "+r.ID) + strings.ReplaceAll("  bundle sha256 "+short(r.ManifestSHA256), "&", "&&") +
			"&C" + text("generated "+minute(r.Evaluated)) + "&R" + font + "Page &P of &N",
	}
}

// cut shortens a text with an ellipsis.
func cut(s string, limit int) string {
	if r := []rune(s); len(r) > limit {
		return string(r[:limit-1]) + "…"
	}
	return s
}

// place names a cell on a sheet.
func place(tab string, col, row int) string {
	return "'" + strings.ReplaceAll(tab, "'", "''") + "'!" + cellName(col, row)
}

// cellName is the name of a cell. Rows and columns are ours and within Excel's limits, which limits hold; so there is no error to give.
func cellName(col, row int) string {
	name, err := excelize.CoordinatesToCellName(col, row)
	if err != nil {
		return "A1"
	}
	return name
}

// printArea sets what is printed, and the row that every page repeats (0 for none). Pages beside each other repeat the first column too.
func (b *book) printArea(tab string, lastCol, lastRow, titleRow int) error {
	end, err := excelize.CoordinatesToCellName(lastCol, lastRow, true)
	if err != nil {
		return err
	}
	sheet := "'" + strings.ReplaceAll(tab, "'", "''") + "'"
	err = b.f.SetDefinedName(&excelize.DefinedName{Name: "_xlnm.Print_Area", RefersTo: sheet + "!$A$1:" + end, Scope: tab})
	if err != nil || titleRow == 0 {
		return err
	}
	titles := fmt.Sprintf("%s!$%d:$%d", sheet, titleRow, titleRow)
	layout, err := b.f.GetPageLayout(tab)
	if err != nil {
		return err
	}
	if layout.FitToWidth != nil && *layout.FitToWidth > 1 {
		titles = sheet + "!$A:$A," + titles
	}
	return b.f.SetDefinedName(&excelize.DefinedName{Name: "_xlnm.Print_Titles", RefersTo: titles, Scope: tab})
}
