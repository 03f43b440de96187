package fact

import (
	"fmt"
	"strings"
)

// ParseType reads a type as content writes it in text: a scalar name, list(T) or [T], map(string, T), {name: T, ...}.
func ParseType(text string) (Type, error) {
	p := typeParser{rest: text}
	t, err := p.parse(0)
	if err != nil {
		return Type{}, fmt.Errorf("type %q: %w", text, err)
	}
	p.space()
	if p.rest != "" {
		return Type{}, fmt.Errorf("type %q: nothing may follow at %q", text, p.rest)
	}
	if err := t.Check(); err != nil {
		return Type{}, fmt.Errorf("type %q: %w", text, err)
	}
	return t, nil
}

// typeParser reads a type from the front of rest.
type typeParser struct{ rest string }

func (p *typeParser) space() { p.rest = strings.TrimLeft(p.rest, " \t\n") }

// eat takes a token off the front.
func (p *typeParser) eat(token string) bool {
	p.space()
	after, ok := strings.CutPrefix(p.rest, token)
	if ok {
		p.rest = after
	}
	return ok
}

func (p *typeParser) expect(token string) error {
	if !p.eat(token) {
		return fmt.Errorf("expected %q at %q", token, p.rest)
	}
	return nil
}

func (p *typeParser) word() string {
	p.space()
	end := strings.IndexFunc(p.rest, func(r rune) bool { return strings.ContainsRune("()[]{}:, \t\n", r) })
	if end < 0 {
		end = len(p.rest)
	}
	w := p.rest[:end]
	p.rest = p.rest[end:]
	return w
}

func (p *typeParser) parse(depth int) (Type, error) {
	if depth > maxTypeDepth {
		return Type{}, fmt.Errorf("nests deeper than %d levels", maxTypeDepth)
	}
	switch {
	case p.eat("["):
		return p.closing(depth, "]", ListOf)
	case p.eat("{"):
		return p.record(depth)
	}
	name := p.word()
	switch name {
	case "list":
		if err := p.expect("("); err != nil {
			return Type{}, err
		}
		return p.closing(depth, ")", ListOf)
	case "map":
		if err := p.mapHead(); err != nil {
			return Type{}, err
		}
		return p.closing(depth, ")", MapOf)
	}
	for kind, known := range kindNames {
		if name == known {
			return Type{Kind: kind}, nil
		}
	}
	return Type{}, fmt.Errorf("%q is no type: expected %s, list(T), map(string, T) or {name: T}", name, strings.Join(Scalars(), ", "))
}

func (p *typeParser) mapHead() error {
	if err := p.expect("("); err != nil {
		return err
	}
	if key := p.word(); key != "string" {
		return fmt.Errorf("the keys of a map are strings: expected map(string, T), not %q", key)
	}
	return p.expect(",")
}

func (p *typeParser) closing(depth int, token string, of func(Type) Type) (Type, error) {
	elem, err := p.parse(depth + 1)
	if err != nil {
		return Type{}, err
	}
	return of(elem), p.expect(token)
}

func (p *typeParser) record(depth int) (Type, error) {
	t := Type{Kind: Record}
	for {
		name := p.word()
		if err := p.expect(":"); err != nil {
			return Type{}, err
		}
		elem, err := p.parse(depth + 1)
		if err != nil {
			return Type{}, err
		}
		t.Fields = append(t.Fields, Field{Name: name, Type: elem})
		if p.eat(",") {
			continue
		}
		return t, p.expect("}")
	}
}
