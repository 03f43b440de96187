package inventory

import (
	"time"

	"github.com/goccy/go-yaml/ast"
)

// engagement decodes who is assessed, by whom and when.
func (d *decoder) engagement(n ast.Node, e *Engagement) {
	d.object(n, "engagement", []key{
		label("entity", &e.Entity),
		label("assessor", &e.Assessor),
		label("authority", &e.Authority),
		label("operator", &e.Operator),
		{"fieldwork", func(d *decoder, _ *entry, n ast.Node) { d.fieldwork(n, e) }},
	}, &entry{})
}

// fieldwork decodes the window in which evidence is gathered. Both ends are needed: half a window bounds nothing.
func (d *decoder) fieldwork(n ast.Node, e *Engagement) {
	before := len(d.faults)
	d.object(n, "fieldwork", []key{
		date("from", &e.FieldworkFrom, time.DateOnly),
		date("to", &e.FieldworkTo, time.DateOnly),
	}, &entry{})
	switch {
	case len(d.faults) > before:
	case e.FieldworkFrom.IsZero() || e.FieldworkTo.IsZero():
		d.errorf(d.at(n), "fieldwork: expected both from and to")
	case e.FieldworkTo.Before(e.FieldworkFrom):
		d.errorf(d.at(n), "fieldwork: ends (%s) before it begins (%s)", e.FieldworkTo.Format(time.DateOnly), e.FieldworkFrom.Format(time.DateOnly))
	}
}

// population decodes where the independent list of hosts is and came from.
func (d *decoder) population(n ast.Node, p *Population) {
	before := len(d.faults)
	d.object(n, "population", []key{
		{"file", func(d *decoder, _ *entry, n ast.Node) {
			s := setting{at: d.at(n)}
			text, ok := d.text(n, "file")
			if !ok {
				return
			}
			err := checkLabel(text)
			if err == nil {
				p.File, err = d.resolvePath(text)
			}
			if err != nil {
				d.errorf(s.at, "file: %v", err)
			}
		}},
		label("source", &p.Source),
		date("created", &p.Created, time.DateOnly, time.RFC3339),
		label("by", &p.By),
	}, &entry{})
	if p.File == "" && len(d.faults) == before {
		d.errorf(d.at(n), "population: expected file, the list of what should be there")
	}
}

// label is a key whose value is a line of text.
func label(name string, into *string) key {
	return key{name, func(d *decoder, _ *entry, n ast.Node) {
		text, ok := d.text(n, name)
		if !ok {
			return
		}
		if err := checkLabel(text); err != nil {
			d.errorf(d.at(n), "%s: %v", name, err)
			return
		}
		*into = text
	}}
}

// date is a key whose value is a time in one of the layouts, in UTC where it names no zone.
func date(name string, into *time.Time, layouts ...string) key {
	return key{name, func(d *decoder, _ *entry, n ast.Node) {
		text, ok := d.text(n, name)
		if !ok {
			return
		}
		for _, layout := range layouts {
			if t, err := time.Parse(layout, text); err == nil && t.Year() > 0 {
				*into = t.UTC()
				return
			}
		}
		wanted := "a day of the calendar, such as 2026-11-01"
		if len(layouts) > 1 {
			wanted += ", or a time, such as 2026-11-01T09:30:00Z"
		}
		d.errorf(d.at(n), "%s: expected %s, got %q", name, wanted, text)
	}}
}
