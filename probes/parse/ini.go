package parse

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/fleetaudit/fleetaudit/probes/fact"
)

// iniSyntax is an answer with [section] lines and a key and its value on the lines below. It yields a map or a record of sections,
// each itself a map or a record of keys as with keyvalue. Keys above the first section are under "" (which a record cannot declare). A section
// that comes twice is one section. In a record, a section with a key that is not understood is not understood as a whole.
var iniSyntax = syntax{name: "ini", options: keyvalueOptions("# ;"), build: buildIni}

type iniParser struct {
	typ      fact.Type
	opts     options
	comments []string
	sections map[string]fields // by name; "" for every section of a map
}

func buildIni(o options, t fact.Type) (Parser, error) {
	p := iniParser{typ: t, opts: o, comments: commentPrefixes(o["comment"]), sections: map[string]fields{}}
	switch t.Kind {
	case fact.Map:
		f, err := newFields(o, *t.Elem)
		if err != nil {
			return nil, fmt.Errorf("section: %w", err)
		}
		p.sections[""] = f
	case fact.Record:
		for _, field := range t.Fields {
			f, err := newFields(o, field.Type)
			if err != nil {
				return nil, fmt.Errorf("section %s: %w", field.Name, err)
			}
			p.sections[field.Name] = f
		}
	default:
		return nil, wrongType(t, "a map or record of sections")
	}
	return p, nil
}

// fieldsOf gives what is declared for a section.
func (p iniParser) fieldsOf(section string) (fields, bool) {
	if p.typ.Kind == fact.Map {
		section = ""
	} else if section == "" {
		return fields{}, false
	}
	f, ok := p.sections[section]
	return f, ok
}

func (p iniParser) Parse(stdout []byte) (fact.Value, map[string]string, error) {
	s, err := text(stdout, p.opts["invalid_utf8"] == "escape")
	if err != nil {
		return nil, nil, err
	}
	pairs, err := p.read(s)
	if err != nil {
		return nil, nil, err
	}
	out, bad := map[string]any{}, map[string]string{}
	for _, section := range slices.Sorted(maps.Keys(pairs)) {
		f, _ := p.fieldsOf(section)
		v, reasons, err := f.value(pairs[section])
		if err == nil {
			err = firstReason(reasons)
		}
		switch {
		case err == nil:
			out[section] = v
		case p.typ.Kind == fact.Map:
			return nil, nil, errorf(0, "section %s: %s", quote(section), err)
		default:
			bad[section] = err.Error()
		}
	}
	return out, bad, nil
}

// read collects the pairs of every declared section.
func (p iniParser) read(s string) (map[string][]pair, error) { //nolint:gocognit // one line after the other, with its own rule each
	pairs := map[string][]pair{}
	section := ""
	for _, l := range splitLines(s, p.comments...) {
		trimmed := strings.TrimSpace(l.text)
		if trimmed[0] == '[' {
			name, ok := strings.CutSuffix(trimmed[1:], "]")
			if !ok {
				return nil, errorf(l.no, "a section without ]: %s", quote(trimmed))
			}
			section = strings.TrimSpace(name)
			if section == "" {
				return nil, errorf(l.no, "a section without a name")
			}
			if p.opts["case"] == "lower" {
				section = strings.ToLower(section)
			}
			if _, ok := p.fieldsOf(section); ok {
				pairs[section] = append(pairs[section], nil...) // there, even if it has no keys
			}
			continue
		}
		f, ok := p.fieldsOf(section)
		if !ok {
			f = fields{typ: fact.Type{Kind: fact.Record}, opts: p.opts}
		}
		kv, ok, err := f.pair(l)
		if err != nil {
			return nil, err
		}
		if ok {
			pairs[section] = append(pairs[section], kv)
		}
	}
	return pairs, nil
}

func firstReason(reasons map[string]string) error {
	for _, key := range slices.Sorted(maps.Keys(reasons)) {
		return fmt.Errorf("key %s: %s", key, reasons[key])
	}
	return nil
}
