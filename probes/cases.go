package probes

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"github.com/fleetaudit/fleetaudit/probes/fact"
)

// cases reads the recorded answers. At least one must give facts.
func (d *decoder) cases(p *Probe, n ast.Node) {
	before := len(d.errs)
	elements, _ := d.elements(n)
	names := map[string]bool{}
	good := false
	for i, e := range elements {
		c, ok := d.oneCase(p, e)
		if !ok {
			continue
		}
		if c.Name == "" {
			c.Name = fmt.Sprintf("case %d", i+1)
		}
		if names[c.Name] {
			d.errorf(e, "two cases are called %q", c.Name)
		}
		names[c.Name] = true
		good = good || c.Facts != nil
		p.Cases = append(p.Cases, c)
	}
	if !good && len(d.errs) == before {
		d.errorf(n, "at least one case must give the facts that its stdout yields")
	}
}

func (d *decoder) oneCase(p *Probe, n ast.Node) (Case, bool) {
	before := len(d.errs)
	keys, ok := d.known(n, "name", "stdout", "exit", "facts", "not_understood", "error")
	if !ok {
		return Case{}, false
	}
	c := Case{Pos: d.pos(n)}
	if v := keys["name"]; v != nil {
		c.Name, _ = d.text(v)
	}
	if v := keys["stdout"]; v != nil {
		c.Stdout, _ = d.text(v)
	} else {
		d.errorf(n, "a case needs stdout (\"\" for none)")
	}
	if v := keys["exit"]; v != nil {
		c.Exit, _ = d.int(v)
	}
	if v := keys["error"]; v != nil {
		c.Error, _ = d.text(v)
	}
	if v := keys["not_understood"]; v != nil {
		elements, _ := d.elements(v)
		for _, e := range elements {
			name, _ := d.text(e)
			c.Fields = append(c.Fields, name)
		}
	}
	if v := keys["facts"]; v != nil {
		if raw, ok := d.value(v, 0); ok {
			facts, err := fact.Coerce(raw, p.Facts)
			if err != nil {
				d.errorf(v, "facts: %s", err)
			}
			c.Facts = facts
		}
	}
	if (keys["facts"] == nil) == (keys["error"] == nil) {
		d.errorf(n, "a case gives either facts or the error that is expected")
	}
	return c, len(d.errs) == before
}

// RunCases parses the recorded answers of a probe and gives an *Error for each that does not yield just what it says. It is run by
// "fleetaudit lint" and by the tests of the catalogue.
func (p *Probe) RunCases() []error {
	var errs []error
	for _, c := range p.Cases {
		if msg := p.runCase(c); msg != "" {
			errs = append(errs, &Error{c.Pos, fmt.Sprintf("%s: case %q: %s", p.ID, c.Name, msg)})
		}
	}
	return errs
}

// runCase says how a case differs from what it expects, or gives "".
func (p *Probe) runCase(c Case) string {
	var got fact.Value
	var fields map[string]string
	err := p.exitError(c.Exit)
	if err == nil && int64(len(c.Stdout)) > p.MaxBytes {
		err = fmt.Errorf("stdout has %d bytes and would be cut at %d", len(c.Stdout), p.MaxBytes)
	}
	if p.parser == nil {
		return "the probe has no parser: it did not come from a catalogue"
	}
	if err == nil {
		got, fields, err = p.parser.Parse([]byte(c.Stdout))
	}
	switch {
	case c.Error != "" && err == nil:
		return fmt.Sprintf("expected an error with %q, got facts %s", c.Error, fact.Text(got))
	case c.Error != "" && !strings.Contains(err.Error(), c.Error):
		return fmt.Sprintf("expected an error with %q, not %q", c.Error, err)
	case c.Error != "":
		return ""
	case err != nil:
		return err.Error()
	}
	if err := fact.Conforms(got, p.Facts); err != nil {
		return "the parser broke its promise: " + err.Error()
	}
	want := slices.Sorted(slices.Values(c.Fields))
	bad := slices.Sorted(maps.Keys(fields))
	if !slices.Equal(bad, want) {
		return fmt.Sprintf("fields not understood: %v (%v), expected %v", bad, fields, want)
	}
	if !fact.Equal(got, c.Facts) {
		return fmt.Sprintf("got  %s\n\twant %s", fact.Text(got), fact.Text(c.Facts))
	}
	return ""
}

// exitError says that an exit status is not one that means "answered", or gives nil.
func (p *Probe) exitError(status int) error {
	if slices.Contains(p.Exit, status) {
		return nil
	}
	return fmt.Errorf("exit status %d is no answer (expected %s)", status, strings.Trim(fmt.Sprint(p.Exit), "[]"))
}
