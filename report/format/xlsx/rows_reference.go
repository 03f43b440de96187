package xlsx

import (
	"strings"

	"github.com/fleetaudit/fleetaudit/report"
	"github.com/fleetaudit/fleetaudit/report/control"
	"github.com/fleetaudit/fleetaudit/report/format"
)

// methodRow is a probe, or what of its command does not fit into one row.
type methodRow struct {
	*report.Method
	part    int // 0 for the first
	command string
}

// methodRows are the probes, with the command exactly as it is sent.
func methodRows() rowSource {
	type row = methodRow
	first := func(get func(m *report.Method) any) func(*env, *row) any {
		return func(_ *env, r *row) any {
			if r.part > 0 {
				return nil
			}
			return get(r.Method)
		}
	}
	return source[row]{
		rows: func(e *env) rowsOf[row] { return slice(methodParts(e.a.Methods)) },
		most: func(e *env) int { return len(methodParts(e.a.Methods)) },
		key:  methodKey,
		fields: map[string]func(*env, *row) any{
			"probe":     func(_ *env, r *row) any { return r.Probe },
			"title":     func(_ *env, r *row) any { return methodTitle(r) },
			"command":   func(_ *env, r *row) any { return long(r.command) },
			"privilege": first(func(m *report.Method) any { return privilege(m.Privileged) }),
			"checks":    first(func(m *report.Method) any { return len(m.Checks) }),
			"used_by":   first(func(m *report.Method) any { return strings.Join(m.Checks, ", ") }),
			"parse":     first(func(m *report.Method) any { return m.Parse }),
			"notes":     first(func(m *report.Method) any { return strings.TrimSpace(m.Notes) }),
			"sha256":    first(func(m *report.Method) any { return m.SHA256 }),
			"key":       func(_ *env, r *row) any { return r.Probe },
		},
	}
}

// methodKey names the first row of a probe, which links lead to.
func methodKey(r *methodRow) string {
	if r.part > 0 {
		return ""
	}
	return r.Probe
}

func methodTitle(r *methodRow) string {
	if r.part > 0 {
		return "(command, continued)"
	}
	return r.Title
}

// What of a command stands in one row: Excel's highest row shows about so many lines, of about so many characters in the column.
const (
	partLines     = 30
	partCharacter = 85
)

// methodParts splits commands that one row cannot show, at the ends of lines.
func methodParts(methods []report.Method) []methodRow {
	var out []methodRow
	for i := range methods {
		m := &methods[i]
		part, used := methodRow{Method: m}, 0
		for n, line := range strings.Split(strings.TrimRight(m.Command, "\n"), "\n") {
			need := 1 + len(line)/partCharacter
			if n > 0 && used+need > partLines {
				out = append(out, part)
				part, used = methodRow{Method: m, part: part.part + 1}, 0
			}
			if used > 0 {
				part.command += "\n"
			}
			part.command += line
			used += need
		}
		out = append(out, part)
	}
	return out
}

func privilege(privileged bool) string {
	if privileged {
		return "root"
	}
	return "any account"
}

// crosswalkRows are the citations of other frameworks: a row for each reference, framework and confidence.
func crosswalkRows() rowSource {
	type row = control.CrosswalkRow
	result := func(e *env, r *row) format.Share {
		if s := e.control[r.Reference]; s != nil {
			return format.ResultShare(s.Counts)
		}
		return format.Share{}
	}
	return source[row]{
		rows: func(e *env) rowsOf[row] { return slice(crosswalkGroups(e.a.Crosswalk)) },
		most: func(e *env) int { return len(e.a.Crosswalk) },
		fields: map[string]func(*env, *row) any{
			"reference":  func(_ *env, r *row) any { return r.Reference },
			"title":      func(_ *env, r *row) any { return r.Title },
			"framework":  func(_ *env, r *row) any { return r.Framework },
			"citations":  func(_ *env, r *row) any { return r.Citation },
			"confidence": func(_ *env, r *row) any { return string(r.Confidence) },
			"checks":     func(_ *env, r *row) any { return r.Checks },
			"share":      func(e *env, r *row) any { return known(result(e, r)) },
			"nd":         func(e *env, r *row) any { return crosswalkText(r, result(e, r)) },
			"key":        func(_ *env, r *row) any { return r.Reference + "/" + r.Framework + "/" + string(r.Confidence) },
		},
	}
}

// crosswalkGroups joins the citations of a reference in one framework that are equally sure, in their order.
func crosswalkGroups(rows []control.CrosswalkRow) []control.CrosswalkRow {
	type key struct {
		reference, framework string
		confidence           control.Confidence
	}
	at := map[key]int{}
	var out []control.CrosswalkRow
	for _, r := range rows {
		k := key{r.Reference, r.Framework, r.Confidence}
		if i, ok := at[k]; ok {
			out[i].Citation += ", " + r.Citation
			continue
		}
		at[k] = len(out)
		out = append(out, r)
	}
	return out
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
		most: func(*env) int { return 0 }, // not known; its rows have no links
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
		most: func(*env) int { return 0 }, // not known; its rows have no links
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
