package xlsx

import "slices"

// Looks of pages that are no tables.
var (
	headingLook = look{Size: 12, Bold: true, Edge: edgeHead}
	labelLook   = look{Color: grey, Edge: edgeBelow}
	factLook    = look{Edge: edgeBelow, Wrap: true, Align: "left", Quoted: true}
	signLook    = look{Edge: edgeBox, Fill: noteGround, Unlocked: true, Wrap: true, Align: "left", Indent: 1}
	noticeLook  = look{Size: 11, Bold: true, Fill: untestedTint, Edge: edgeFrame, Wrap: true, Align: "left", Indent: 1}
)

// coverWidths are those of label and text.
var coverWidths = []float64{30, 88}

// cover writes the first sheet: whose evidence this is, where it comes from, what must not be missed, cells to sign, contents.
func (b *book) cover(s *sheet) error {
	p, err := b.open(s, coverWidths, 0)
	if err != nil {
		return err
	}
	p.skip(1)
	p.line(38, []any{p.value(fill(s.Title, b.e.facts), look{Size: 26, Bold: true})})
	for _, about := range s.About {
		p.line(22, []any{p.value(fill(about, b.e.facts), look{Size: 13, Color: grey})})
	}
	p.skip(1)
	p.notices()
	p.facts(s)
	p.signOff(s)
	p.contentsList()
	p.try(b.printArea(s.Tab, len(coverWidths), p.row, 0))
	return p.close()
}

// notices writes the sentences that must be seen, each in a frame, across the page.
func (p *page) notices() {
	all := p.b.e.notices()
	for _, n := range all {
		p.spans(24, span{1, len(p.widths), "NOTICE: " + n, noticeLook})
	}
	if len(all) > 0 {
		p.skip(1)
	}
}

func (p *page) facts(s *sheet) {
	p.section(s, "Engagement")
	for _, f := range s.Facts {
		l := factLook
		if f.Mono {
			l.Font, l.Size = monoFont, 9
		}
		p.spans(18, span{1, 1, f.Label, labelLook}, span{2, 2, fill(f.Text, p.b.e.facts), l})
	}
	p.skip(1)
}

func (p *page) section(s *sheet, name string) {
	p.spans(21, span{1, 1, or(s.Headings[name], name), headingLook}, span{2, len(p.widths), nil, headingLook})
}

// signOff writes the cells that the assessor fills in.
func (p *page) signOff(s *sheet) {
	if len(s.SignOff) == 0 {
		return
	}
	p.section(s, "For the assessor to complete")
	for _, x := range s.SignOff {
		l := signLook
		if x.Date {
			l.Format = fmtDate
		}
		p.spans(20, span{1, 1, x.Label, labelLook}, span{2, 2, nil, l})
		p.validate(cellName(2, p.row), x)
	}
	p.skip(1)
}

// contentsList leads to every other sheet.
func (p *page) contentsList() {
	p.spans(21, span{1, 1, "Contents", headingLook}, span{2, 2, nil, headingLook})
	for _, other := range p.b.e.layout.sheets {
		if other.Tab == p.tab {
			continue
		}
		to := target{other.Tab, place(other.Tab, 1, 1), "Go to " + other.Tab}
		p.spans(18, span{1, 1, to, look{Edge: edgeBelow}}, span{2, 2, fill(other.Contents, p.b.e.facts), factLook})
	}
}

// notices are the sentences about the run that a reader must not miss.
func (e *env) notices() []string {
	out := e.a.Run.Notices
	if e.openOnly {
		out = append(slices.Clip(out), "Results lists "+number(resultCount(e))+" of "+number(e.a.Totals.Total())+
			" results: PASS and N/A do not fit into a sheet and are left out there, and counted everywhere else. All are in the csv and jsonl reports.")
	}
	return out
}
