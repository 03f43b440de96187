package xlsx

import (
	"fmt"
	"strings"

	"github.com/xuri/excelize/v2"

	"github.com/fleetaudit/fleetaudit/report/format"
	"github.com/fleetaudit/fleetaudit/report/format/cell"
)

// chartSpec is a chart of stacked bars over a table of groups: each bar is a whole, its parts are shares of results.
type chartSpec struct {
	title  string
	anchor string // its upper left cell
	high   float64
	rows   [2]int // first and last row of the table
	groups []group
}

// series are the parts of a bar in the order of the bar, each darker than the one before: the order is in the lightness, not in the hue.
var series = []struct {
	name, color string
	col         int // of the table
}{
	{"PASS", "DCE3EB", 6},
	{"EXCEPTION", "B3C7DE", 7},
	{"MANUAL", "C2A46B", 8},
	{"NOT TESTED", "6B7887", 9},
	{"FAIL", failGround, 10},
}

// Sizes of a chart in pixels.
const (
	chartWidth = 505
	barHeight  = 27
	chartFrame = 120 // title, axis and legend
	leastBars  = 8
)

func chartHeight(bars int) float64 { return float64(chartFrame + barHeight*max(bars, leastBars)) }

// chart adds a chart to the page. A chart of nothing is left out.
func (p *page) chart(c chartSpec) {
	if len(c.groups) == 0 || p.err != nil {
		return
	}
	at := func(col, row int) string { return place(p.tab, col, row) }
	span := func(col int) string { return absolute(p.tab, col, c.rows[0], c.rows[1]) }
	gap, overlap, least, most := uint(max(45, 240/len(c.groups))), 100, 0.0, 1.0 // few bars stay slim
	small := excelize.Font{Family: bodyFont, Size: 9, Color: ink}
	chart := &excelize.Chart{
		Type:      excelize.BarPercentStacked,
		Title:     excelize.ChartTitle{Paragraph: []excelize.RichTextRun{{Text: cell.Line(fill(c.title, p.b.e.facts), 80), Font: &excelize.Font{Family: bodyFont, Size: 11, Bold: true, Color: ink}}}},
		Legend:    excelize.ChartLegend{Position: "bottom", Font: &small},
		Dimension: excelize.ChartDimension{Width: chartWidth, Height: uint(c.high)},
		XAxis:     excelize.ChartAxis{ReverseOrder: true, Font: small},
		YAxis:     excelize.ChartAxis{MajorGridLines: true, MajorUnit: 0.25, Minimum: &least, Maximum: &most, Font: small, NumFmt: excelize.ChartNumFmt{CustomNumFmt: "0%"}},
		GapWidth:  &gap,
		Overlap:   &overlap,
		Border:    excelize.LineOptions{Type: excelize.LineSolid, Fill: excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{hairline}}, Width: 0.75},
		Format:    excelize.GraphicOptions{Name: cell.Line(fill(c.title, p.b.e.facts), 80), AltText: c.text(), Positioning: "oneCell"},
	}
	for _, s := range series {
		chart.Series = append(chart.Series, excelize.ChartSeries{
			Name: at(s.col, c.rows[0]-1), Categories: span(1), Values: span(s.col),
			Fill: excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{s.color}},
		})
	}
	p.try(p.b.f.AddChart(p.tab, c.anchor, chart))
}

// text says in words what the chart shows.
func (c chartSpec) text() string {
	var parts []string
	for _, g := range c.groups {
		parts = append(parts, fmt.Sprintf("%s: %s pass, %d fail, %d not tested", cell.Line(g.name, 60), format.ResultShare(g.counts).Percent(), g.counts.Fail, g.counts.NotTested))
	}
	return cut("Bars of 100 % by share of results. "+strings.Join(parts, ". ")+". The table below holds the numbers.", 2000)
}

// absolute names a part of a column as charts want it.
func absolute(tab string, col, from, to int) string {
	name, err := excelize.ColumnNumberToName(col)
	if err != nil {
		name = "A"
	}
	return fmt.Sprintf("'%s'!$%s$%d:$%s$%d", strings.ReplaceAll(tab, "'", "''"), name, from, name, to)
}
