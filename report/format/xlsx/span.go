package xlsx

// span is a value over some columns of a row, from and to included, counted from 1. Only pages that are no tables merge cells.
type span struct {
	from, to int
	value    any
	look     look
}

// spans writes the next row from its spans, merging the columns of each. A height of 0 is worked out from the texts that wrap.
func (p *page) spans(height float64, all ...span) {
	cells := make([]any, len(p.widths))
	for _, s := range all {
		v := s.value
		if to, ok := v.(target); ok {
			p.link(s.from, to.place, to.tip)
			s.look.Color, s.look.Underline, v = linkBlue, true, to.text
		}
		for col := s.from; col <= s.to; col++ {
			cells[col-1] = p.value(nil, s.look)
		}
		c := p.value(v, s.look)
		cells[s.from-1] = c
		if text, ok := c.Value.(string); ok && s.look.Wrap && height >= 0 {
			height = max(height, p.fits(text, s))
		}
		if s.to > s.from && p.err == nil {
			p.try(p.sw.MergeCell(cellName(s.from, p.row+1), cellName(s.to, p.row+1)))
		}
	}
	p.line(max(height, 0), cells)
}

// fits is the height that a text needs in the columns of its span.
func (p *page) fits(text string, s span) float64 {
	width := 0.0
	for col := s.from; col <= s.to; col++ {
		width += p.widths[col-1]
	}
	return height(lines(text, width, s.look), s.look)
}

// target is a text of a page that leads to a place.
type target struct{ text, place, tip string }
