package parse

import (
	"strings"

	"github.com/fleetaudit/fleetaudit/probes/fact"
)

// valueSyntax is an answer that is one scalar: all of stdout without the blanks around it. No output is the empty string, and not
// understood for every other type.
var valueSyntax = syntax{
	name:    "value",
	options: map[string]option{"invalid_utf8": invalidUTF8},
	build: func(o options, t fact.Type) (Parser, error) {
		if !t.Scalar() {
			return nil, wrongType(t, "a scalar")
		}
		return valueParser{t, o["invalid_utf8"] == "escape"}, nil
	},
}

type valueParser struct {
	typ    fact.Type
	escape bool
}

func (p valueParser) Parse(stdout []byte) (fact.Value, map[string]string, error) {
	s, err := text(stdout, p.escape)
	if err != nil {
		return nil, nil, err
	}
	v, err := fact.Convert(strings.TrimSpace(s), p.typ)
	if err != nil {
		return nil, nil, errorf(0, "%s", err)
	}
	return v, nil, nil
}
