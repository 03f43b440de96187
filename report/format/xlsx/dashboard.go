package xlsx

import (
	"fmt"
	"slices"
	"strings"

	"github.com/fleetaudit/fleetaudit/report"
	"github.com/fleetaudit/fleetaudit/report/control"
	"github.com/fleetaudit/fleetaudit/report/format"
)

// The dashboard stands on a grid of equal columns: seven tiles of two columns, two charts of seven.
const (
	dashboardTiles   = 7
	dashboardColumns = 2 * dashboardTiles
	dashboardWidth   = 9.8
)

// dashboardHeadings are the texts that a dashboard's layout gives.
var dashboardHeadings = []string{"systems", "categories", "gaps", "objectives"}

// Looks of the dashboard.
var (
	figureLook  = look{Size: 20, Bold: true, Align: "center", Edge: edgeTop}
	captionLook = look{Size: 9, Color: grey, Align: "center", Wrap: true, Top: true}
	headLook    = look{Size: 9, Bold: true, Color: white, Fill: ink, Align: "left", Indent: 1, Wrap: true}
	headNumber  = look{Size: 9, Bold: true, Color: white, Fill: ink, Align: "right", Wrap: true}
	cellLook    = look{Edge: edgeBelow, Align: "left", Indent: 1, Quoted: true, Wrap: true}
	strongLook  = look{Edge: edgeBelow, Align: "left", Indent: 1, Quoted: true, Wrap: true, Bold: true}
	intLook     = look{Edge: edgeBelow, Align: "right", Format: fmtInt}
	shareLook   = look{Edge: edgeBelow, Align: "right", Format: fmtPercent}
	ndLook      = look{Edge: edgeBelow, Align: "left", Indent: 1, Color: grey, Size: 9, Quoted: true, Wrap: true}
)

// group is a bar of a chart and a line of its table.
type group struct {
	name   string
	hosts  int // or references
	counts control.Counts
}

// dashboard writes the page for those who read one page: figures, charts with the tables that they show, what was not tested, and what
// the objectives guard against.
func (b *book) dashboard(s *sheet) error {
	p, err := b.open(s, slices.Repeat([]float64{dashboardWidth}, dashboardColumns), 0)
	if err != nil {
		return err
	}
	p.heading(s, "")
	p.skip(1)
	p.notices()
	p.tiles(s.Tiles)
	systems, categories := systemGroups(b.e), categoryGroups(b.e)
	p.skip(1)
	anchor := p.row + 1
	high := chartHeight(max(len(systems), len(categories)))
	p.skip(int(high/(defaultHeight*4/3)) + 1) // a pixel is 3/4 of a point
	p.pageBreak()
	left := p.groupTable(s.Headings["systems"], "System", "Hosts", systems)
	right := p.groupTable(s.Headings["categories"], "CSF category", "Refs", categories)
	p.chart(chartSpec{title: s.Headings["systems"], anchor: cellName(1, anchor), high: high, rows: left, groups: systems})
	p.chart(chartSpec{title: s.Headings["categories"], anchor: cellName(dashboardTiles+1, anchor), high: high, rows: right, groups: categories})
	p.gaps(s.Headings["gaps"])
	p.objectives(s.Headings["objectives"])
	p.try(b.printArea(s.Tab, dashboardColumns, p.row, 0))
	return p.close()
}

func (p *page) tiles(tiles []tile) {
	var figures, captions []span
	for i, t := range tiles {
		from := 2*i + 1
		figures = append(figures, span{from, from + 1, fill(t.Figure, p.b.e.facts), figureLook})
		captions = append(captions, span{from, from + 1, fill(t.Caption, p.b.e.facts), captionLook})
	}
	p.spans(38, figures...)
	p.spans(30, captions...)
}

// heading2 writes a heading across the page.
func (p *page) heading2(text string) {
	p.skip(1)
	p.spans(22, span{1, dashboardColumns, fill(text, p.b.e.facts), headingLook})
}

// pageBreak begins a new page of print with the next row.
func (p *page) pageBreak() {
	if p.err == nil {
		p.try(p.sw.InsertPageBreak(cellName(1, p.row+1)))
	}
}

// groupTable writes the table that a chart shows and gives its first and last row.
func (p *page) groupTable(title, label, size string, groups []group) [2]int {
	p.heading2(title)
	p.spans(20, span{1, 4, label, headLook}, span{5, 5, size, headNumber}, span{6, 6, "PASS", headNumber}, span{7, 7, "EXCEPTION", headNumber},
		span{8, 8, "MANUAL", headNumber}, span{9, 9, "NOT TESTED", headNumber}, span{10, 10, "FAIL", headNumber}, span{11, 11, "N/A", headNumber},
		span{12, 12, "PASS share", headNumber}, span{13, 14, "of judged results", headLook})
	first := p.row + 1
	for _, g := range groups {
		share := format.ResultShare(g.counts)
		p.spans(18, span{1, 4, g.name, cellLook}, span{5, 5, g.hosts, intLook}, span{6, 6, g.counts.Pass, intLook}, span{7, 7, g.counts.Exception, intLook},
			span{8, 8, g.counts.Manual, intLook}, span{9, 9, g.counts.NotTested, intLook}, span{10, 10, g.counts.Fail, intLook},
			span{11, 11, g.counts.NA, intLook}, span{12, 12, known(share), shareLook}, span{13, 14, share.Text(), ndLook})
	}
	return [2]int{first, p.row}
}

// gaps says what was not tested and why.
func (p *page) gaps(title string) {
	p.heading2(title)
	if len(p.b.e.a.Gaps) == 0 {
		p.spans(18, span{1, dashboardColumns, "Nothing: every check that applies has a verdict or waits for a person.", cellLook})
		return
	}
	p.spans(20, span{1, 7, "Why", headLook}, span{8, 8, "Hosts", headNumber}, span{9, 9, "Results", headNumber}, span{10, 14, "For example", headLook})
	for _, g := range p.b.e.a.Gaps {
		p.spans(18, span{1, 7, g.Reason, strongLook}, span{8, 8, g.Hosts, intLook}, span{9, 9, g.Results, intLook}, span{10, 14, g.Example, cellLook})
	}
}

// objectives says what the tested objectives guard against, and how the fleet stands.
func (p *page) objectives(title string) {
	all := p.b.e.a.Objectives
	if len(all) == 0 {
		return
	}
	p.heading2(title)
	p.spans(20, span{1, 3, "Control objective", headLook}, span{4, 8, "What it guards against", headLook}, span{9, 12, "Seen in public", headLook},
		span{13, 13, "PASS share", headNumber}, span{14, 14, "of judged", headLook})
	told := map[string]string{} // incident -> the first objective that it illustrates
	for i := range all {
		o := &all[i]
		share := format.ResultShare(o.Counts)
		incident := or(o.Objective.Incident, "–")
		if first := told[o.Objective.Incident]; first != "" {
			incident = "As for " + first + "."
		} else if o.Objective.Incident != "" {
			told[o.Objective.Incident] = o.Objective.ID
		}
		name := fmt.Sprintf("%s %s", o.Objective.ID, titled(o.Objective.Title, o.Objective.TitleSource))
		p.spans(20, span{1, 3, name, strongLook}, span{4, 8, or(o.Objective.Threat, "–"), cellLook}, span{9, 12, incident, cellLook},
			span{13, 13, known(share), shareLook}, span{14, 14, share.Text(), ndLook})
	}
}

// systemGroups are the systems, at most as many as the chart can show: those with the most results that do not pass, in name order, and
// the sum of all others.
func systemGroups(e *env) []group {
	systems := slices.Clone(e.a.Systems)
	var rest []report.Group
	if most := e.limits.Bars; len(systems) > most {
		slices.SortStableFunc(systems, func(a, b report.Group) int { return open(b.Counts) - open(a.Counts) })
		systems, rest = systems[:most-1], systems[most-1:]
		slices.SortFunc(systems, func(a, b report.Group) int { return strings.Compare(a.Name, b.Name) })
	}
	out := make([]group, 0, len(systems)+1)
	for _, s := range systems {
		out = append(out, group{s.Name, s.Hosts, s.Counts})
	}
	if len(rest) > 0 {
		sum := group{name: plural(len(rest), "other system")}
		for _, s := range rest {
			sum.hosts += s.Hosts
			sum.counts.Merge(s.Counts)
		}
		out = append(out, sum)
	}
	return out
}

func open(c control.Counts) int { return c.Fail + c.NotTested + c.Exception }

func categoryGroups(e *env) []group {
	out := make([]group, 0, len(e.a.Categories))
	for i := range e.a.Categories {
		c := &e.a.Categories[i]
		out = append(out, group{c.Category.ID + " " + c.Category.Title, c.References, c.Counts})
	}
	return out
}
