package xlsx

import (
	"context"
	"fmt"
	"strings"

	"github.com/xuri/excelize/v2"

	"github.com/fleetaudit/fleetaudit/report/format/cell"
)

// table writes a sheet of rows.
func (b *book) table(ctx context.Context, s *sheet) error {
	cols := matrixHeader(b.e, s)
	widths := make([]float64, len(cols))
	for i := range cols {
		widths[i] = cols[i].Width
	}
	p, err := b.open(s, widths, s.Freeze)
	if err != nil {
		return err
	}
	p.heading(s, b.notice(s))
	header := make([]any, len(cols))
	for i := range cols {
		header[i] = p.value(cols[i].Title, cols[i].header())
	}
	p.line(headerHeight, header)
	if err := p.data(ctx, s, cols); err != nil {
		return err
	}
	p.finish(s, cols)
	return p.close()
}

// notice is what a sheet says in its fourth row.
func (b *book) notice(s *sheet) string {
	all := b.e.notices()
	if !s.Notices || len(all) == 0 {
		return ""
	}
	if len(all) == 1 {
		return all[0]
	}
	return fmt.Sprintf("%s (and %s on the cover)", all[0], plural(len(all)-1, "more notice"))
}

// data writes the rows of a table.
func (p *page) data(ctx context.Context, s *sheet, cols []column) error {
	src := sources()[s.Rows]
	w := newRowWriter(p, s, cols)
	n := 0
	for v, err := range src.each(p.b.e, w.fields) {
		if err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if n++; n > p.b.opts.Limits.Rows {
			return &LimitError{What: "rows", N: n, Limit: p.b.opts.Limits.Rows}
		}
		p.b.e.remember(s.Rows, v.key, p.row+1)
		if w.write(v.cells); p.err != nil {
			return p.err
		}
	}
	return nil
}

// rowWriter writes the rows of one table. What does not change from row to row is worked out once.
type rowWriter struct {
	p           *page
	cols        []column
	fields      []string
	single, top []look // of rows with one line, and of taller ones
	shown       []any
	cells       []any
	most        int // lines that a row may show, 0 for any number
}

func newRowWriter(p *page, s *sheet, cols []column) *rowWriter {
	w := &rowWriter{p: p, cols: cols, shown: make([]any, len(cols)), cells: make([]any, len(cols)), most: s.TallestRow}
	for i := range cols {
		w.single = append(w.single, cols[i].look(false))
		w.top = append(w.top, cols[i].look(true))
		if i < len(s.Columns) {
			w.fields = append(w.fields, cols[i].Field)
		}
	}
	return w
}

// write writes one row. Texts stand in the middle of a row of one line, and at the top of a taller one.
func (w *rowWriter) write(values []any) {
	tall := 0.0
	for i, v := range values {
		v = w.p.show(w.link(i, v))
		w.shown[i] = v
		text, ok := textOf(v)
		switch {
		case ok && w.cols[i].Wrap:
			tall = max(tall, w.height(i, text))
		case ok && strings.Contains(text, "\n"):
			w.shown[i] = oneLine(v) // a cell that does not wrap would run lines into each other
		}
	}
	looks := w.single
	if tall > 0 {
		looks = w.top
	}
	for i := range values {
		w.cells[i] = w.p.cell(w.shown[i], looks[i])
	}
	w.p.line(tall, w.cells)
}

// height is what a text needs in its column. One that is cut ends with a whole line.
func (w *rowWriter) height(col int, text string) float64 {
	l := w.single[col]
	n := lines(text, pixels(w.cols[col].Width), l)
	if w.most > 0 && n > w.most {
		return height(w.most, l) - padding
	}
	return height(n, l)
}

// oneLine shows the line breaks of a text instead of making them.
func oneLine(v any) any {
	switch v := v.(type) {
	case string:
		return strings.ReplaceAll(v, "\n", " ¶ ")
	case link:
		v.shown = oneLine(v.shown)
		return v
	}
	return v
}

// link makes the cell of a link lead where it should; it becomes plain text where links do not fit or there is nothing to lead to.
func (w *rowWriter) link(i int, v any) any {
	to, ok := v.(link)
	if !ok {
		return v
	}
	at := w.p.b.e.target(w.p.source, to)
	if at == "" || to.shown == "" {
		return to.shown
	}
	tab, _, _ := strings.Cut(strings.TrimPrefix(at, "'"), "'!")
	w.p.link(i+1, at, "Go to "+cell.Line(to.key, 80)+" on "+tab)
	return to
}

// finish adds to the rows what the reader works with: the table, what stands out, what an assessor may enter, what is printed.
func (p *page) finish(s *sheet, cols []column) {
	last := max(p.row, firstRow)
	noStripes := false
	p.try(p.sw.AddTable(&excelize.Table{
		Range: cellName(1, headerRow) + ":" + cellName(len(cols), last), Name: s.Table, StyleName: "TableStyleLight1", ShowRowStripes: &noStripes,
	}))
	p.rules(cols, last)
	// Host text that looks like a number is meant to be text: no triangle in the corner of each such cell.
	p.try(p.b.f.AddIgnoredErrors(p.tab, cellName(1, firstRow)+":"+cellName(len(cols), last), excelize.IgnoredErrorsNumberStoredAsText))
	printed := len(cols)
	for i := range cols {
		if cols[i].Screen {
			printed = min(printed, i)
		}
		if cols[i].Assessor {
			p.validate(cellName(i+1, firstRow)+":"+cellName(i+1, last), signed{Label: cols[i].Title, Date: cols[i].Date, List: cols[i].List, Prompt: cols[i].Prompt})
		}
	}
	p.try(p.b.printArea(p.tab, printed, last, headerRow))
}

// rules makes words stand out: one set of rules for all columns of a style.
func (p *page) rules(cols []column, last int) {
	styles := columnStyles()
	for _, name := range sortedKeys(styles) {
		if len(styles[name].rules) == 0 {
			continue
		}
		var ranges []string
		for i := 0; i < len(cols); i++ {
			from := i
			for i < len(cols) && cols[i].style() == name {
				i++
			}
			if i > from {
				ranges = append(ranges, cellName(from+1, firstRow)+":"+cellName(i, last))
			}
		}
		if len(ranges) > 0 {
			p.try(p.b.f.SetConditionalFormat(p.tab, strings.Join(ranges, " "), p.conditions(styles[name].rules)))
		}
	}
}

func (p *page) conditions(rules []rule) []excelize.ConditionalFormatOptions {
	out := make([]excelize.ConditionalFormatOptions, 0, len(rules))
	for _, r := range rules {
		id, err := p.b.st.rule(r.look)
		p.try(err)
		c := excelize.ConditionalFormatOptions{Type: "cell", Criteria: "==", Value: `"` + r.word + `"`, Format: &id, StopIfTrue: true}
		if r.prefix {
			c.Type, c.Criteria, c.Value = "text", "begins with", r.word
		}
		out = append(out, c)
	}
	return out
}

// validate limits what can be entered into an assessor's cells, and says so when it is something else.
func (p *page) validate(cells string, s signed) {
	dv := excelize.NewDataValidation(true)
	dv.SetSqref(cells)
	title := cut(s.Label, 32) // Excel's limit of a message's title
	if s.Prompt != "" {
		dv.SetInput(title, cut(s.Prompt, 255))
	}
	switch {
	case len(s.List) > 0:
		p.try(dv.SetDropList(s.List))
		dv.SetError(excelize.DataValidationErrorStyleStop, title, cut("Choose one of: "+strings.Join(s.List, "; ")+".", 255))
	case s.Date:
		p.try(dv.SetRange(36526, 73050, excelize.DataValidationTypeDate, excelize.DataValidationOperatorBetween)) // 2000 to 2099
		dv.SetError(excelize.DataValidationErrorStyleStop, title, "Enter a date between 2000 and 2099, such as 2026-11-24.")
	case s.Prompt == "":
		return // anything may be entered
	}
	if p.err == nil {
		p.try(p.b.f.AddDataValidation(p.tab, dv))
	}
}
