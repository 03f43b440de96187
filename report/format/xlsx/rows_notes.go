package xlsx

// noteRow is a line of the read-me.
type noteRow struct{ section, topic, text string }

// noteRows are the read-me's entries, then the thresholds that results were judged by.
func noteRows() rowSource {
	return source[noteRow]{
		rows: func(e *env) rowsOf[noteRow] { return slice(notes(e)) },
		most: func(e *env) int { return len(notes(e)) },
		fields: map[string]func(*env, *noteRow) any{
			"section": func(_ *env, r *noteRow) any { return r.section },
			"topic":   func(_ *env, r *noteRow) any { return r.topic },
			"text":    func(_ *env, r *noteRow) any { return long(r.text) },
		},
	}
}

func notes(e *env) []noteRow {
	var out []noteRow
	for _, s := range e.layout.sheets {
		for _, n := range s.Entries {
			out = append(out, noteRow{n.Section, n.Topic, fill(n.Text, e.facts)})
		}
	}
	for _, f := range e.a.Frameworks {
		out = append(out, noteRow{"Crosswalk", f.Name, f.Origin})
	}
	for _, v := range e.a.Run.BaselineValues {
		text := v.Value
		if v.Source != "" {
			text += "\nSource: " + v.Source
		}
		if v.Note != "" {
			text += "\n" + v.Note
		}
		out = append(out, noteRow{"Thresholds", v.Name, text})
	}
	return out
}
