package xlsx

// span is a value over some columns of a row, from and to included, counted from 1. Only pages that are no tables merge cells.
type span struct {
	from, to int
	value    any
	look     look
}

// spans writes the next row from its spans, merging the columns of each. The row is at least as high as given, and as high as its texts
// need; those stand at the top of a row that is higher for them.
func (p *page) spans(least float64, all ...span) {
	tall := least
	for _, s := range all {
		if text, ok := textOf(p.show(s.value)); ok && s.look.Wrap {
			tall = max(tall, p.fits(text, s))
		}
	}
	cells := make([]any, len(p.widths))
	for _, s := range all {
		v := s.value
		if to, ok := v.(target); ok {
			p.link(s.from, to.place, to.tip)
			v = link{shown: to.text}
		}
		s.look.Top = s.look.Top || tall > least && s.look.Edge == edgeBelow
		for col := s.from; col <= s.to; col++ {
			cells[col-1] = p.value(nil, s.look)
		}
		cells[s.from-1] = p.value(v, s.look)
		if s.to > s.from && p.err == nil {
			p.try(p.sw.MergeCell(cellName(s.from, p.row+1), cellName(s.to, p.row+1)))
		}
	}
	p.line(tall, cells)
}

// fits is the height that a text needs in the columns of its span.
func (p *page) fits(text string, s span) float64 {
	return height(lines(text, pixels(p.widths[s.from-1:s.to]...), s.look), s.look)
}

// target is a text of a page that leads to a place.
type target struct{ text, place, tip string }
