package parse

import (
	"strings"

	"github.com/fleetaudit/fleetaudit/probes/fact"
)

// linesSyntax is an answer with one scalar a line. Blank lines and lines that begin with a comment prefix are dropped, and so are
// the blanks around a line. No output is an empty list.
var linesSyntax = syntax{
	name:    "lines",
	options: map[string]option{"comment": {value: "none"}, "invalid_utf8": invalidUTF8},
	build: func(o options, t fact.Type) (Parser, error) {
		if t.Kind != fact.List || !t.Elem.Scalar() {
			return nil, wrongType(t, "a list of scalars")
		}
		return linesParser{*t.Elem, commentPrefixes(o["comment"]), o["invalid_utf8"] == "escape"}, nil
	},
}

type linesParser struct {
	elem     fact.Type
	comments []string
	escape   bool
}

func (p linesParser) Parse(stdout []byte) (fact.Value, map[string]string, error) {
	s, err := text(stdout, p.escape)
	if err != nil {
		return nil, nil, err
	}
	out := []any{}
	for _, l := range splitLines(s, p.comments...) {
		v, err := fact.Convert(strings.TrimSpace(l.text), p.elem)
		if err != nil {
			return nil, nil, errorf(l.no, "%s", err)
		}
		out = append(out, v)
	}
	return out, nil, nil
}
