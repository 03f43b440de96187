package xlsx

import (
	"github.com/xuri/excelize/v2"
)

// The palette. Meaning is carried by word, weight and lightness; the hues only help those who see them. Every pair below keeps its
// difference when printed in grey.
const (
	ink      = "1F2A35" // text, header ground
	grey     = "5F6B78" // labels, notes
	hairline = "D9DEE4"
	white    = "FFFFFF"
	linkBlue = "1B4F8F"

	failGround   = "8C2D04" // darkest: FAIL
	untestedTint = "FCD9A8"
	waivedTint   = "CFE0F0"
	partialTint  = "FDEBCF"

	noteHead   = "FFE9A8" // the assessor's columns
	noteGround = "FFFAE6"
	noteEdge   = "9A7B1E"
)

// Fonts. Both come with Excel on every platform.
const (
	bodyFont = "Calibri"
	monoFont = "Consolas"
	bodySize = 10.0 // points
)

// Excel's numbers of border styles.
const (
	thin   = 1
	medium = 2
	dashed = 3
)

// Number formats.
const (
	fmtInt      = "#,##0"
	fmtPercent  = "0.0%"
	fmtDate     = "yyyy-mm-dd"
	fmtDateTime = "yyyy-mm-dd hh:mm:ss"
)

// look is everything a cell style can vary in. It is comparable, so that each look becomes one style of the workbook.
type look struct {
	Font         string // bodyFont when empty
	Size         float64
	Bold, Italic bool
	Underline    bool
	Color        string
	Fill         string
	Align        string // left, center, right
	Indent       int
	Top          bool // vertical alignment; centre otherwise
	Wrap         bool
	Format       string
	Edge         edge
	Unlocked     bool
	Quoted       bool // quotePrefix: text stays text when the cell is edited
}

// edge is which borders a cell has.
type edge int

const (
	edgeNone  edge = iota
	edgeBelow      // a hairline below: rows of tables
	edgeBox        // dashed on all sides: an assessor's cell, known without its colour
	edgeHead       // a strong line below: headings
	edgeTop        // a strong line above: figures of the dashboard
	edgeFrame      // a frame: notices
)

// styles makes the workbook's cell and conditional styles, each once.
type styles struct {
	f     *excelize.File
	cells map[look]int
	rules map[look]int
}

func newStyles(f *excelize.File) *styles {
	return &styles{f: f, cells: map[look]int{}, rules: map[look]int{}}
}

// cell gives the number of the style for a look.
func (s *styles) cell(l look) (int, error) {
	if id, ok := s.cells[l]; ok {
		return id, nil
	}
	id, err := s.f.NewStyle(l.style())
	if err != nil {
		return 0, err
	}
	if l.Quoted {
		id = s.quoted(id)
	}
	s.cells[l] = id
	return id, nil
}

// quoted makes a copy of a style that keeps text as text when its cell is edited. The library has no word for quotePrefix, and setting
// it in the style itself would change every cell of the same look.
func (s *styles) quoted(id int) int {
	xfs := s.f.Styles.CellXfs
	on := true
	xfs.Xf = append(xfs.Xf, xfs.Xf[id])
	last := len(xfs.Xf) - 1
	xfs.Xf[last].QuotePrefix = &on
	xfs.Count = len(xfs.Xf)
	return last
}

// rule gives the number of the conditional style for a look. The library does not look for an equal one itself.
func (s *styles) rule(l look) (int, error) {
	if id, ok := s.rules[l]; ok {
		return id, nil
	}
	st := &excelize.Style{Font: &excelize.Font{Bold: l.Bold, Italic: l.Italic, Color: l.Color}}
	if l.Fill != "" {
		st.Fill = excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{l.Fill}}
	}
	id, err := s.f.NewConditionalStyle(st)
	if err != nil {
		return 0, err
	}
	s.rules[l] = id
	return id, nil
}

func (l look) style() *excelize.Style {
	st := &excelize.Style{
		Font: &excelize.Font{
			Family: or(l.Font, bodyFont), Size: l.Size, Bold: l.Bold, Italic: l.Italic, Color: or(l.Color, ink),
		},
		Alignment:  &excelize.Alignment{Horizontal: l.Align, Vertical: "center", WrapText: l.Wrap, Indent: l.Indent},
		Protection: &excelize.Protection{Locked: !l.Unlocked},
		Border:     l.Edge.borders(),
	}
	if l.Size == 0 {
		st.Font.Size = bodySize
	}
	if l.Underline {
		st.Font.Underline = "single"
	}
	if l.Top {
		st.Alignment.Vertical = "top"
	}
	if l.Fill != "" {
		st.Fill = excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{l.Fill}}
	}
	if l.Format != "" {
		st.CustomNumFmt = &l.Format
	}
	return st
}

func (e edge) borders() []excelize.Border {
	switch e {
	case edgeBelow:
		return []excelize.Border{{Type: "bottom", Color: hairline, Style: thin}}
	case edgeBox:
		var all []excelize.Border
		for _, side := range []string{"left", "right", "top", "bottom"} {
			all = append(all, excelize.Border{Type: side, Color: noteEdge, Style: dashed})
		}
		return all
	case edgeHead:
		return []excelize.Border{{Type: "bottom", Color: ink, Style: medium}}
	case edgeTop:
		return []excelize.Border{{Type: "top", Color: ink, Style: medium}, {Type: "bottom", Color: hairline, Style: thin}}
	case edgeFrame:
		return []excelize.Border{{Type: "top", Color: failGround, Style: medium}, {Type: "bottom", Color: failGround, Style: medium}}
	case edgeNone:
	}
	return nil
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
