package xlsx

// columnStyle is how the cells of a column look, and which of their words stand out.
type columnStyle struct {
	look  look
	rules []rule
}

// rule makes cells with a certain text stand out. Each differs from its neighbours in weight, slant or lightness, so that a grey print
// or a reader who sees no colours loses nothing.
type rule struct {
	word   string
	prefix bool // the text begins with word; otherwise it is word
	look   look
}

var (
	failLook     = look{Bold: true, Color: white, Fill: failGround}
	untestedLook = look{Bold: true, Color: ink, Fill: untestedTint}
	waivedLook   = look{Bold: true, Italic: true, Color: ink, Fill: waivedTint}
	mutedLook    = look{Italic: true, Color: grey}
)

// columnStyles gives the styles that a column of the layout can name.
func columnStyles() map[string]columnStyle {
	text := look{Align: "left", Indent: 1, Edge: edgeBelow, Quoted: true}
	small := text
	small.Size, small.Color = 9, grey
	mono := text
	mono.Font, mono.Size = monoFont, 9
	fine := mono
	fine.Size = 8
	number := look{Align: "right", Indent: 1, Edge: edgeBelow, Format: fmtInt}
	share := number
	share.Format, share.Indent = fmtPercent, 0
	when := look{Align: "left", Indent: 1, Edge: edgeBelow, Format: fmtDateTime}
	day := when
	day.Format = fmtDate
	mid := text
	mid.Align, mid.Indent = "center", 0
	strong := text
	strong.Bold = true
	return map[string]columnStyle{
		"text":     {look: text},
		"strong":   {look: strong},
		"small":    {look: small},
		"mono":     {look: mono},
		"fine":     {look: fine},
		"center":   {look: mid},
		"int":      {look: number},
		"share":    {look: share},
		"datetime": {look: when},
		"date":     {look: day},
		"result":   {look: text, rules: resultRules()},
		"state":    {look: text, rules: []rule{{word: "not tested", look: untestedLook}, {word: "partial", look: look{Bold: true, Color: ink, Fill: partialTint}}}},
		"severity": {look: text, rules: []rule{{word: "critical", look: look{Bold: true, Color: ink, Fill: "CBD2DA"}}, {word: "high", look: look{Bold: true, Color: ink}}, {word: "low", look: mutedLook}}},
		"muted":    {look: text, rules: []rule{{word: "manual", look: mutedLook}, {word: "inferred", look: mutedLook}}},
		"matrix":   {look: mid, rules: matrixRules()},
	}
}

func resultRules() []rule {
	return []rule{
		{word: "FAIL", look: failLook},
		{word: "NOT TESTED", look: untestedLook},
		{word: "EXCEPTION", look: waivedLook},
		{word: "MANUAL", look: mutedLook},
		{word: "N/A", look: mutedLook},
	}
}

func matrixRules() []rule {
	return []rule{
		{word: markFail, prefix: true, look: failLook},
		{word: markUntested, prefix: true, look: untestedLook},
		{word: markException, prefix: true, look: waivedLook},
		{word: markManual, prefix: true, look: mutedLook},
		{word: markNA, prefix: true, look: mutedLook},
	}
}

// style is the name of the column's style.
func (c *column) style() string {
	switch {
	case c.Style != "":
		return c.Style
	case c.Assessor && c.Date:
		return "date"
	}
	return "text"
}

// look is how the cells of the column look, on a sheet whose rows wrap or not.
func (c *column) look(top bool) look {
	l := columnStyles()[c.style()].look
	l.Wrap, l.Top = c.Wrap, top
	if c.Assessor {
		l.Fill, l.Edge, l.Unlocked, l.Quoted, l.Wrap = noteGround, edgeBox, true, false, true
	}
	return l
}

// header is how the column's header looks.
func (c *column) header() look {
	l := look{Bold: true, Color: white, Fill: ink, Align: "left", Indent: 1, Wrap: true}
	if columnStyles()[c.style()].look.Align == "center" {
		l.Align, l.Indent = "center", 0
	}
	if c.Assessor {
		l.Color, l.Fill, l.Edge = ink, noteHead, edgeBox
	}
	return l
}
