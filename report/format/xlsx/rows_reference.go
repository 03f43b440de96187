package xlsx

import (
	"strings"

	"github.com/fleetaudit/fleetaudit/report"
	"github.com/fleetaudit/fleetaudit/report/control"
	"github.com/fleetaudit/fleetaudit/report/format"
)

// methodRows are the probes, with the command exactly as it is sent.
func methodRows() rowSource {
	type row = report.Method
	return source[row]{
		rows: func(e *env) rowsOf[row] { return slice(e.a.Methods) },
		most: func(e *env) int { return len(e.a.Methods) },
		key:  func(r *row) string { return r.Probe },
		fields: map[string]func(*env, *row) any{
			"probe":     func(_ *env, r *row) any { return r.Probe },
			"title":     func(_ *env, r *row) any { return r.Title },
			"command":   func(_ *env, r *row) any { return long(strings.TrimRight(r.Command, "\n")) },
			"privilege": func(_ *env, r *row) any { return privilege(r.Privileged) },
			"checks":    func(_ *env, r *row) any { return len(r.Checks) },
			"used_by":   func(_ *env, r *row) any { return strings.Join(r.Checks, ", ") },
			"parse":     func(_ *env, r *row) any { return r.Parse },
			"notes":     func(_ *env, r *row) any { return strings.TrimSpace(r.Notes) },
			"sha256":    func(_ *env, r *row) any { return r.SHA256 },
			"key":       func(_ *env, r *row) any { return r.Probe },
		},
	}
}

func privilege(privileged bool) string {
	if privileged {
		return "root"
	}
	return "any account"
}

// crosswalkRows are the citations of other frameworks.
func crosswalkRows() rowSource {
	type row = control.CrosswalkRow
	result := func(e *env, r *row) format.Share {
		if s := e.control[r.Reference]; s != nil {
			return format.ResultShare(s.Counts)
		}
		return format.Share{}
	}
	return source[row]{
		rows: func(e *env) rowsOf[row] { return slice(e.a.Crosswalk) },
		most: func(e *env) int { return len(e.a.Crosswalk) },
		fields: map[string]func(*env, *row) any{
			"reference":  func(_ *env, r *row) any { return r.Reference },
			"title":      func(_ *env, r *row) any { return r.Title },
			"framework":  func(_ *env, r *row) any { return r.Framework },
			"citation":   func(_ *env, r *row) any { return r.Citation },
			"confidence": func(_ *env, r *row) any { return string(r.Confidence) },
			"checks":     func(_ *env, r *row) any { return r.Checks },
			"share":      func(e *env, r *row) any { return known(result(e, r)) },
			"nd":         func(e *env, r *row) any { return crosswalkText(r, result(e, r)) },
			"key":        func(_ *env, r *row) any { return r.Reference + "/" + r.Framework + "/" + r.Citation },
		},
	}
}

func crosswalkText(r *control.CrosswalkRow, s format.Share) string {
	if r.Checks == 0 {
		return "no check"
	}
	return s.Text()
}

// logRows are the entries of the run log.
func logRows() rowSource {
	type row = report.LogRow
	return source[row]{
		rows: func(e *env) rowsOf[row] { return e.a.Streams.Log() },
		most: func(e *env) int { return 0 }, // not known; its rows have no links
		fields: map[string]func(*env, *row) any{
			"n":      func(_ *env, r *row) any { return r.N },
			"time":   func(_ *env, r *row) any { return r.Time },
			"event":  func(_ *env, r *row) any { return r.Event },
			"host":   func(_ *env, r *row) any { return r.Host },
			"detail": func(_ *env, r *row) any { return r.Detail },
			"hash":   func(_ *env, r *row) any { return r.Hash },
			"short":  func(_ *env, r *row) any { return short(r.Hash) },
		},
	}
}

// fileRow is a file of the bundle and how to check it without this tool.
type fileRow struct {
	report.FileRow
	check string
}

// fileRows are the hashes that stand for the run, then the files of the bundle.
func fileRows() rowSource {
	type row = fileRow
	return source[row]{
		rows: func(e *env) rowsOf[row] { return allFiles(e.a) },
		most: func(e *env) int { return 0 }, // not known; its rows have no links
		fields: map[string]func(*env, *row) any{
			"what":   func(_ *env, r *row) any { return r.What },
			"path":   func(_ *env, r *row) any { return r.Path },
			"sha256": func(_ *env, r *row) any { return r.SHA256 },
			"check":  func(_ *env, r *row) any { return r.check },
		},
	}
}

// allFiles yields the files of the bundle, its manifest first, and after that the hashes that stand for what is not a file of it.
func allFiles(a *report.Assessment) rowsOf[fileRow] {
	r := &a.Run
	stand := []fileRow{
		{report.FileRow{What: "Run log: its last entry", Path: "log.jsonl", SHA256: r.LogHash}, "each line names the sha256 of the line before it"},
		{report.FileRow{What: "Probes as they were asked", Path: "(catalogue of the run)", SHA256: r.CatalogSHA256}, "fleetaudit verify " + quoted(r.BundlePath)},
		{report.FileRow{What: "Checks, thresholds and mapping as judged", Path: "(content of the tool)", SHA256: r.ContentSHA256}, "fleetaudit evaluate " + quoted(r.BundlePath)},
	}
	return func(yield func(fileRow, error) bool) {
		first := true
		for f, err := range a.Streams.Files() {
			if !yield(fileRow{f, fileCheck(f.Path)}, err) || err != nil {
				return
			}
			for i := 0; first && i < len(stand); i++ {
				if !yield(stand[i], nil) {
					return
				}
			}
			first = false
		}
	}
}

// fileCheck is the command that checks a file of the bundle, from inside it.
func fileCheck(path string) string {
	if path == "MANIFEST.sha256" {
		return "sha256sum -c MANIFEST.sha256"
	}
	return "sha256sum " + quoted(path)
}

// quoted is a path as a shell takes it, where it needs quotes.
func quoted(p string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("/._-+@", r)
	}
	if p != "" && strings.IndexFunc(p, func(r rune) bool { return !plain(r) }) < 0 {
		return p
	}
	return "'" + strings.ReplaceAll(p, "'", `'\''`) + "'"
}

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
