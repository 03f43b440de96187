package probes

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"

	"github.com/fleetaudit/fleetaudit/inventory"
	"github.com/fleetaudit/fleetaudit/probes/fact"
	"github.com/fleetaudit/fleetaudit/probes/parse"
	"github.com/fleetaudit/fleetaudit/probes/readonly"
)

// maxTitle is the longest title of a probe, in characters: one line of a report.
const maxTitle = 75

// decoder reads the probes of one file.
type decoder struct {
	yamlReader

	platform inventory.Platform
	topic    string
}

// probes reads the whole file. A probe with a fault is left out, and its faults are kept.
func (d *decoder) probes(data []byte) []*Probe {
	body := d.parse(data)
	if body == nil {
		return nil
	}
	elements, _ := d.elements(body)
	var out []*Probe
	for _, n := range elements {
		before := len(d.errs)
		p := d.probe(n)
		if len(d.errs) == before {
			out = append(out, p)
		}
	}
	return out
}

func (d *decoder) probe(n ast.Node) *Probe {
	keys, ok := d.known(n, "id", "title", "run", "timeout", "max_bytes", "exit", "slow", "sensitive", "parse", "options", "facts", "notes", "cases")
	if !ok {
		return nil
	}
	p := &Probe{Platform: d.platform, Timeout: DefaultTimeout, MaxBytes: DefaultMaxBytes, Exit: []int{0}, Pos: d.pos(n)}
	for _, key := range []string{"id", "title", "run", "parse", "facts", "cases"} {
		if keys[key] == nil {
			d.errorf(n, "a probe needs the key %s", key)
		}
	}
	d.identity(p, keys)
	d.asking(p, keys)
	if run := keys["run"]; run != nil {
		d.run(p, run)
	}
	d.parser(p, n, keys)
	if cases := keys["cases"]; cases != nil && p.parser != nil {
		d.cases(p, cases)
	}
	return p
}

// identity reads what names and describes the probe.
func (d *decoder) identity(p *Probe, keys map[string]ast.Node) {
	if n := keys["id"]; n != nil {
		id, ok := d.text(n)
		topic, name, dot := strings.Cut(id, ".")
		switch {
		case !ok:
		case !dot || !idPart(topic) || !idPart(name):
			d.errorf(n, "id %q: expected topic.name of a-z, 0-9 and _", id)
		case topic != d.topic:
			d.errorf(n, "id %q: its topic must be that of the file, %s", id, d.topic)
		default:
			p.ID, p.Pos = id, d.pos(n)
		}
	}
	if n := keys["title"]; n != nil {
		p.Title, _ = d.text(n)
		if length := len([]rune(p.Title)); length == 0 || length > maxTitle || strings.Contains(p.Title, "\n") {
			d.errorf(n, "title has %d characters: expected one line of 1 to %d", length, maxTitle)
		}
	}
	if n := keys["notes"]; n != nil {
		p.Notes, _ = d.text(n)
		p.Notes = strings.TrimSpace(p.Notes)
	}
}

func idPart(s string) bool {
	return s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789_") == ""
}

// asking reads the limits and manner of asking.
func (d *decoder) asking(p *Probe, keys map[string]ast.Node) {
	if n := keys["timeout"]; n != nil {
		s, ok := d.word(n)
		t, err := time.ParseDuration(s)
		if ok && (err != nil || t < time.Second || t > MaxTimeout) {
			d.errorf(n, "timeout %q: expected a time from 1s to %s, such as 30s", s, MaxTimeout)
		}
		p.Timeout = t
	}
	if n := keys["max_bytes"]; n != nil {
		s, ok := d.word(n)
		size, err := parseSize(s)
		if ok && (err != nil || size < 1 || size > MaxMaxBytes) {
			d.errorf(n, "max_bytes %q: expected a size up to %d MiB, such as 64KiB or 1MiB", s, MaxMaxBytes>>20)
		}
		p.MaxBytes = size
	}
	if n := keys["exit"]; n != nil {
		d.exit(p, n)
	}
	if n := keys["slow"]; n != nil {
		p.Slow, _ = d.bool(n)
	}
	if n := keys["sensitive"]; n != nil {
		s, ok := d.text(n)
		if ok && s != "reduced" {
			d.errorf(n, "sensitive: %q: the one value there is is reduced (awk on the host leaves the secrets out)", s)
		}
		p.Reduced = s == "reduced"
	}
}

func (d *decoder) exit(p *Probe, n ast.Node) {
	elements, _ := d.elements(n)
	p.Exit = nil
	for _, e := range elements {
		status, ok := d.int(e)
		if !ok {
			continue
		}
		if status < 0 || status > 123 || slices.Contains(p.Exit, status) {
			d.errorf(e, "exit %d: expected each status from 0 to 123 once (above are the shell's own: not found, killed)", status)
		}
		p.Exit = append(p.Exit, status)
	}
	if len(elements) == 0 {
		d.errorf(n, "exit lists no status")
	}
}

func parseSize(s string) (int64, error) {
	for _, unit := range []struct {
		suffix string
		shift  int
	}{{"KiB", 10}, {"MiB", 20}, {"", 0}} {
		if digits, ok := strings.CutSuffix(s, unit.suffix); ok {
			n, err := strconv.ParseInt(digits, 10, 32)
			return n << unit.shift, err
		}
	}
	return 0, fmt.Errorf("no size")
}

// run reads the text of the command and what follows from it.
func (d *decoder) run(p *Probe, n ast.Node) {
	p.Run, _ = d.text(n)
	p.runPos = d.pos(n)
	if lit, ok := n.(*ast.LiteralNode); ok && strings.HasPrefix(lit.Start.Value, "|") {
		p.runLines = true
		first, _, _ := strings.Cut(strings.TrimLeft(lit.Value.GetToken().Origin, "\n"), "\n")
		p.runIndent = len(first) - len(strings.TrimLeft(first, " "))
	}
	if strings.TrimSpace(p.Run) == "" {
		d.errorf(n, "run is empty")
		return
	}
	if p.Platform == inventory.PlatformLinux {
		d.errs = append(d.errs, CheckReadOnly(p)...)
		p.Privileged = readonly.UsesRoot(p.Run)
	}
}

// parser reads syntax, options and type, and makes the parser.
func (d *decoder) parser(p *Probe, probe ast.Node, keys map[string]ast.Node) {
	ok := true
	at := probe
	if n := keys["parse"]; n != nil {
		p.Parse, ok = d.text(n)
		at = n
	}
	if n := keys["options"]; n != nil {
		entries, _ := d.entries(n)
		p.Options = map[string]string{}
		for _, e := range entries {
			value, valueOK := d.word(e.value)
			p.Options[e.key] = value
			ok = ok && valueOK
		}
	}
	if n := keys["facts"]; n != nil {
		t, typeOK := d.typ(n, 0)
		p.Facts = t
		ok = ok && typeOK
	}
	if !ok || keys["parse"] == nil || keys["facts"] == nil {
		return
	}
	made, err := parse.New(p.Parse, p.Options, p.Facts)
	if err != nil {
		for _, e := range unjoin(err) {
			d.errorf(at, "%s", e)
		}
		return
	}
	p.parser = made
}

// unjoin takes an error of errors.Join apart.
func unjoin(err error) []error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		return joined.Unwrap()
	}
	return []error{err}
}

// typ reads a type: text, a list of one, or a mapping of fields.
func (d *decoder) typ(n ast.Node, depth int) (fact.Type, bool) {
	if depth > maxYAMLDepth {
		d.errorf(n, "nests deeper than %d levels", maxYAMLDepth)
		return fact.Type{}, false
	}
	switch n := n.(type) {
	case *ast.StringNode:
		t, err := fact.ParseType(n.Value)
		if err != nil {
			d.errorf(n, "%s (in quotes if it has commas or braces)", err)
		}
		return t, err == nil
	case *ast.SequenceNode:
		if len(n.Values) != 1 {
			d.errorf(n, "a list type has one element, [T], not %d", len(n.Values))
			return fact.Type{}, false
		}
		elem, ok := d.typ(n.Values[0], depth+1)
		return fact.ListOf(elem), ok
	case *ast.MappingNode, *ast.MappingValueNode:
		entries, all := d.entries(n)
		t := fact.Type{Kind: fact.Record}
		for _, e := range entries {
			elem, ok := d.typ(e.value, depth+1)
			t.Fields = append(t.Fields, fact.Field{Name: e.key, Type: elem})
			all = all && ok
		}
		return t, all
	}
	d.errorf(n, "expected a type, not %s", nodeKind(n))
	return fact.Type{}, false
}
