package parse

import (
	"path"
	"strings"

	"github.com/fleetaudit/fleetaudit/probes/fact"
)

// blocksSyntax is an answer with several files, each under a line "==> /path/of/file <==" as head(1) prints it. It yields the text of
// each file by its path, or its lines that are neither blank nor comments. No output is an empty map.
var blocksSyntax = syntax{
	name: "blocks",
	options: map[string]option{
		"key":          {value: "path", one: []string{"path", "base"}}, // of the map: the path, or its last part
		"comment":      {value: "none"},                                // prefixes of lines to drop
		"invalid_utf8": invalidUTF8,
	},
	build: func(o options, t fact.Type) (Parser, error) {
		if t.Kind != fact.Map || t.Elem.Kind != fact.String && (t.Elem.Kind != fact.List || t.Elem.Elem.Kind != fact.String) {
			return nil, wrongType(t, "map(string, string) or map(string, list(string))")
		}
		return blocksParser{t.Elem.Kind == fact.List, o["key"] == "base", commentPrefixes(o["comment"]), o["invalid_utf8"] == "escape"}, nil
	},
}

// block is one file of an answer with the lines below its head. Lines are numbered within the file.
type block struct {
	path  string
	line  int // of its head in the answer
	lines []line
}

// splitBlocks takes an answer apart. Text above the first head, and a file that comes twice, are errors.
func splitBlocks(s string) ([]block, error) {
	var out []block
	seen := map[string]bool{}
	no := 0
	for l := range strings.SplitSeq(s, "\n") {
		no++
		inner, head := strings.CutPrefix(l, "==> ")
		name, end := strings.CutSuffix(strings.TrimRight(inner, " \t"), " <==")
		switch {
		case head && end && name != "":
			if seen[name] {
				return nil, errorf(no, "file %s is there twice", quote(name))
			}
			seen[name] = true
			out = append(out, block{path: name, line: no})
		case len(out) > 0:
			b := &out[len(out)-1]
			b.lines = append(b.lines, line{no - b.line, l})
		case strings.TrimSpace(l) != "":
			return nil, errorf(no, "expected a line ==> FILE <== first, not %s", quote(l))
		}
	}
	return out, nil
}

type blocksParser struct {
	lists    bool
	base     bool
	comments []string
	escape   bool
}

func (p blocksParser) Parse(stdout []byte) (fact.Value, map[string]string, error) {
	s, err := text(stdout, p.escape)
	if err != nil {
		return nil, nil, err
	}
	blocks, err := splitBlocks(s)
	if err != nil {
		return nil, nil, err
	}
	out := map[string]any{}
	for _, b := range blocks {
		key := b.path
		if p.base {
			key = path.Base(key)
		}
		if _, twice := out[key]; twice {
			return nil, nil, errorf(b.line, "two files have the name %s", quote(key))
		}
		out[key] = p.content(b)
	}
	return out, nil, nil
}

// content gives a file's text without blank lines at its end, or its lines.
func (p blocksParser) content(b block) any {
	list := []any{}
	var all []string
	for _, l := range b.lines {
		trimmed := strings.TrimSpace(l.text)
		if hasAnyPrefix(trimmed, p.comments) {
			continue
		}
		all = append(all, l.text)
		if trimmed != "" {
			list = append(list, trimmed)
		}
	}
	if p.lists {
		return list
	}
	return strings.TrimRight(strings.Join(all, "\n"), " \t\n")
}
