package xlsx

import (
	"strings"
	"time"

	"github.com/xuri/excelize/v2"

	"github.com/fleetaudit/fleetaudit/report/format/cell"
)

// Rows and heights that all sheets share. Heights are in points.
const (
	headerRow     = 5 // rows 1 to 4 are the title, what the sheet is, and the way back
	firstRow      = headerRow + 1
	defaultHeight = 16.5
	headerHeight  = 33.0
	maxHeight     = 409.0 // Excel's limit
	padding       = 5.0   // above and below the lines of a wrapped row
)

// page is a sheet being written: rows go out in order, none can be changed later. The first error stays and stops everything after it.
type page struct {
	b      *book
	tab    string
	source string // whose rows it holds
	sw     *excelize.StreamWriter
	widths []float64
	row    int // the last one written
	err    error
}

// open begins a sheet with columns of the given widths, the first freeze of which stay in sight, with the rows down to the header.
func (b *book) open(s *sheet, widths []float64, freeze int) (*page, error) {
	if len(widths) > excelize.MaxColumns {
		return nil, &LimitError{What: "columns", N: len(widths), Limit: excelize.MaxColumns}
	}
	if err := b.setUp(s); err != nil {
		return nil, err
	}
	sw, err := b.f.NewStreamWriter(s.Tab)
	if err != nil {
		return nil, err
	}
	p := &page{b: b, tab: s.Tab, source: s.Rows, sw: sw, widths: widths}
	for i, w := range widths {
		p.try(sw.SetColWidth(i+1, i+1, w))
	}
	if s.Kind == kindTable || s.Kind == kindMatrix {
		p.try(sw.SetPanes(&excelize.Panes{
			Freeze: true, XSplit: freeze, YSplit: headerRow, TopLeftCell: cellName(freeze+1, firstRow), ActivePane: pane(freeze),
		}))
	}
	return p, p.err
}

func pane(freeze int) string {
	if freeze == 0 {
		return "bottomLeft"
	}
	return "bottomRight"
}

// try keeps the first error.
func (p *page) try(err error) {
	if p.err == nil {
		p.err = err
	}
}

// close ends the sheet and gives the first error of everything done to it.
func (p *page) close() error {
	if p.err == nil {
		p.err = p.sw.Flush()
	}
	return p.err
}

// style gives the number of a look.
func (p *page) style(l look) int {
	id, err := p.b.st.cell(l)
	p.try(err)
	return id
}

// line writes the next row. A height of 0 lets it be the default one, and grow when someone writes into it.
func (p *page) line(height float64, cells []any) {
	p.row++
	if p.err != nil {
		return
	}
	p.try(p.sw.SetRow(cellName(1, p.row), cells, excelize.RowOpts{Height: min(height, maxHeight)}))
}

// skip leaves rows empty.
func (p *page) skip(rows int) { p.row += rows }

// show makes the texts among values fit for a cell. Every text of a workbook passes through package cell here.
func (p *page) show(v any) any {
	switch v := v.(type) {
	case string:
		return cell.Text(v, cell.MaxCharacters)
	case long:
		return cell.Text(string(v), longest)
	case link:
		v.shown = p.show(v.shown)
		return v
	case time.Time:
		switch {
		case v.IsZero():
			return nil
		case v.Year() < 1900: // before the first day that a spreadsheet knows
			return v.UTC().Format(time.DateTime)
		}
		return v.UTC().Truncate(time.Second)
	}
	return v
}

// textOf gives the text of a shown value, if it is one.
func textOf(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case link:
		return textOf(v.shown)
	}
	return "", false
}

// cell makes a cell of a shown value.
func (p *page) cell(v any, l look) excelize.Cell {
	if to, ok := v.(link); ok {
		l.Color, l.Underline, v = linkBlue, true, to.shown
	}
	switch text, _ := v.(string); {
	case v == "":
		v = nil
	case strings.HasPrefix(text, "'"):
		l.Quoted = true // guarded: it must stay text when its cell is edited
	}
	return excelize.Cell{StyleID: p.style(l), Value: v}
}

// value makes a cell of any value.
func (p *page) value(v any, l look) excelize.Cell { return p.cell(p.show(v), l) }

// link makes the cell in the given column of the next row lead to a place in this workbook.
func (p *page) link(col int, to, tip string) {
	if p.err != nil {
		return
	}
	p.try(p.b.f.SetCellHyperLink(p.tab, cellName(col, p.row+1), to, "Location", excelize.HyperlinkOpts{Tooltip: &tip}))
}

// heading writes rows 1 to 4: title, up to two lines on what the sheet is, the way back, and beside it a notice where there is one.
func (p *page) heading(s *sheet, notice string) {
	f := p.b.e.facts
	p.line(26, []any{p.value(fill(s.Title, f), look{Size: 16, Bold: true})})
	for i := range 2 {
		if i < len(s.About) {
			p.line(0, []any{p.value(fill(s.About[i], f), look{Color: grey})})
		} else {
			p.skip(1)
		}
	}
	cells := make([]any, len(p.widths))
	if p.contents() {
		cells[0] = p.value("◄ Contents", look{Color: linkBlue, Underline: true})
	}
	if notice != "" {
		for i := 1; i < len(cells); i++ {
			cells[i] = p.value("", look{Bold: true, Fill: untestedTint})
		}
		cells[min(1, len(cells)-1)] = p.value(notice, look{Bold: true, Fill: untestedTint, Indent: 1, Align: "left"})
	}
	p.line(18, cells)
}

// contents links the first cell of the next row to the cover, where there is one.
func (p *page) contents() bool {
	for _, s := range p.b.e.layout.sheets {
		if s.Kind == kindCover {
			p.link(1, place(s.Tab, 1, 1), "Go to the contents on "+s.Tab)
			return true
		}
	}
	return false
}
