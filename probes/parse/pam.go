package parse

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/fleetaudit/fleetaudit/probes/fact"
)

// Limits of a PAM stack: libpam's own on nesting, and one on the rows that includes can make of small files.
const (
	maxPAMDepth = 16
	maxPAMRows  = 20000
)

// pamType is what a stack is made of: one row a module, in the order in which it is called.
var pamType = mustType("list({service: string, kind: string, pos: int, control: string, module: string, args: map(string, string), file: string, line: int, substack: bool, optional: bool})")

// pamSyntax is an answer with files of /etc/pam.d as blocks (==> /etc/pam.d/NAME <==): those of the services, and those that they include.
// @include, include and substack are resolved, so that a row stands for each module in each service's stack. A file that is included
// and not there, or that includes itself, makes the whole answer not understood: half a stack must not look like a whole one. A service without a
// file has no rows. An argument without "=" has the value "true"; kind and the words of control are in lower case.
var pamSyntax = syntax{
	name:    "pam",
	options: map[string]option{"services": {}}, // names with commas between; default: every file in the answer
	build: func(o options, t fact.Type) (Parser, error) {
		if err := partOf(t, pamType); err != nil {
			return nil, err
		}
		p := pamParser{typ: t}
		for name := range strings.SplitSeq(o["services"], ",") {
			if name = strings.TrimSpace(name); name != "" {
				p.services = append(p.services, name)
			}
		}
		return p, nil
	},
}

type pamParser struct {
	typ      fact.Type
	services []string
}

func (p pamParser) Parse(stdout []byte) (fact.Value, map[string]string, error) {
	s, err := text(stdout, false)
	if err != nil {
		return nil, nil, err
	}
	blocks, err := splitBlocks(s)
	if err != nil {
		return nil, nil, err
	}
	r := pamResolver{files: map[string][]pamLine{}, blocks: blocks}
	services := p.services
	if services == nil {
		for _, b := range blocks {
			if name := path.Base(b.path); !slices.Contains(services, name) {
				services = append(services, name)
			}
		}
	}
	out := []any{}
	for _, service := range services {
		rows, err := r.service(service)
		if err != nil {
			return nil, nil, errorf(0, "service %s: %s", service, err)
		}
		out = append(out, rows...)
		if len(out) > maxPAMRows {
			return nil, nil, errorf(0, "the stacks have more than %d modules", maxPAMRows)
		}
	}
	return keep(out, p.typ), nil, nil
}

// pamLine is one line of a file: a module, or the inclusion of another file (module is then its name; kind "" means every kind).
type pamLine struct {
	no       int
	optional bool
	kind     string
	control  string // include and substack for inclusions
	module   string
	args     map[string]any
}

// pamFolders are where libpam looks for a file, first found first.
var pamFolders = []string{"/etc/pam.d/", "/usr/lib/pam.d/", "/usr/etc/pam.d/"}

// pamResolver follows includes through the files of an answer.
type pamResolver struct {
	blocks []block
	files  map[string][]pamLine // by path, once they are read
	pos    map[string]int       // by kind, within the service at hand
	rows   []any
}

// find gives the block of a name or path.
func (r *pamResolver) find(name string) (block, bool) {
	for _, folder := range pamFolders {
		if strings.HasPrefix(name, "/") {
			folder = ""
		}
		i := slices.IndexFunc(r.blocks, func(b block) bool { return b.path == folder+name })
		if i >= 0 {
			return r.blocks[i], true
		}
	}
	return block{}, false
}

func (r *pamResolver) service(name string) ([]any, error) {
	b, ok := r.find(name)
	if !ok {
		return nil, nil
	}
	r.pos, r.rows = map[string]int{}, nil
	if err := r.file(name, b, "", pamWithin{}); err != nil {
		return nil, err
	}
	return r.rows, nil
}

// pamWithin is how deep the file at hand is included.
type pamWithin struct {
	depth    int
	substack bool
}

// file adds the rows of a file, only those of one kind when it is not "".
func (r *pamResolver) file(service string, b block, kind string, in pamWithin) error { //nolint:gocognit // the grammar of a PAM file, top to bottom
	if in.depth > maxPAMDepth {
		return fmt.Errorf("%s is included more than %d levels deep", b.path, maxPAMDepth)
	}
	lines, read := r.files[b.path]
	if !read {
		var err error
		if lines, err = pamLines(b); err != nil {
			return err
		}
		r.files[b.path] = lines
	}
	for _, l := range lines {
		if kind != "" && l.kind != "" && l.kind != kind {
			continue
		}
		if l.control != "include" && l.control != "substack" {
			r.add(service, b, l, in)
			if len(r.rows) > maxPAMRows {
				return fmt.Errorf("the stack has more than %d modules", maxPAMRows)
			}
			continue
		}
		inner, ok := r.find(l.module)
		if !ok {
			return fmt.Errorf("%s line %d includes %s, which is not in the answer", b.path, l.no, quote(l.module))
		}
		next := kind
		if l.kind != "" {
			next = l.kind
		}
		if err := r.file(service, inner, next, pamWithin{in.depth + 1, in.substack || l.control == "substack"}); err != nil {
			return err
		}
	}
	return nil
}

func (r *pamResolver) add(service string, b block, l pamLine, in pamWithin) {
	r.pos[l.kind]++
	r.rows = append(r.rows, map[string]any{
		"service": service, "kind": l.kind, "pos": int64(r.pos[l.kind]), "control": l.control, "module": l.module, "args": l.args,
		"file": b.path, "line": int64(l.no), "substack": in.substack, "optional": l.optional,
	})
}

// pamLines reads a file.
func pamLines(b block) ([]pamLine, error) {
	var out []pamLine
	for _, l := range joinLines(b.lines, pamComment) {
		parsed, err := parsePAMLine(l)
		if err != nil {
			return nil, fmt.Errorf("%s line %d: %w", b.path, l.no, err)
		}
		out = append(out, parsed)
	}
	return out, nil
}

// joinLines drops comments and blank lines, and puts lines together that end in a backslash. The number is that of the first.
func joinLines(lines []line, comment func(string) string) []line {
	var out []line
	var open *line
	for _, l := range lines {
		s := comment(l.text)
		part, more := strings.CutSuffix(strings.TrimRight(s, " \t"), `\`)
		if !more {
			part = s
		}
		if open == nil {
			open = &line{no: l.no}
		}
		open.text += part
		if more {
			open.text += " "
			continue
		}
		if strings.TrimSpace(open.text) != "" {
			out = append(out, line{open.no, strings.TrimSpace(open.text)})
		}
		open = nil
	}
	if open != nil && strings.TrimSpace(open.text) != "" {
		out = append(out, line{open.no, strings.TrimSpace(open.text)})
	}
	return out
}

// pamComment cuts a comment off: # up to the end of the line, but not within [brackets].
func pamComment(s string) string {
	bracket := false
	for i := range len(s) {
		switch {
		case s[i] == '[':
			bracket = true
		case s[i] == ']':
			bracket = false
		case s[i] == '#' && !bracket:
			return s[:i]
		}
	}
	return s
}

var (
	pamKinds    = []string{"auth", "account", "password", "session"}
	pamControls = []string{"required", "requisite", "sufficient", "optional", "include", "substack"}
)

func parsePAMLine(l line) (pamLine, error) {
	words, err := pamWords(l.text)
	if err != nil {
		return pamLine{}, err
	}
	if words[0] == "@include" {
		if len(words) != 2 {
			return pamLine{}, fmt.Errorf("expected @include NAME, not %s", quote(l.text))
		}
		return pamLine{no: l.no, control: "include", module: words[1]}, nil
	}
	if len(words) < 3 {
		return pamLine{}, fmt.Errorf("expected kind, control and module, not %s", quote(l.text))
	}
	kind, optional := strings.CutPrefix(strings.ToLower(words[0]), "-")
	control := strings.ToLower(words[1])
	if !slices.Contains(pamKinds, kind) {
		return pamLine{}, fmt.Errorf("%s is no kind of module", quote(words[0]))
	}
	if !slices.Contains(pamControls, control) && !strings.HasPrefix(control, "[") {
		return pamLine{}, fmt.Errorf("%s is no control", quote(words[1]))
	}
	out := pamLine{no: l.no, optional: optional, kind: kind, control: control, module: words[2], args: map[string]any{}}
	if control == "include" || control == "substack" {
		return out, nil
	}
	out.module = strings.TrimSuffix(path.Base(words[2]), ".so")
	for _, w := range words[3:] {
		key, value, ok := strings.Cut(strings.TrimSuffix(strings.TrimPrefix(w, "["), "]"), "=")
		if !ok {
			value = "true"
		}
		if before, twice := out.args[key]; twice && before != value {
			return pamLine{}, fmt.Errorf("argument %s has two values", quote(key))
		}
		out.args[key] = value
	}
	return out, nil
}

// pamWords splits a line at blanks; [brackets] hold a word together, with one blank between its parts.
func pamWords(s string) ([]string, error) {
	var out []string
	for s = strings.TrimSpace(s); s != ""; s = strings.TrimLeft(s, " \t") {
		if s[0] == '[' {
			end := strings.IndexByte(s, ']')
			for end > 0 && s[end-1] == '\\' {
				next := strings.IndexByte(s[end+1:], ']')
				if next < 0 {
					end = -1
					break
				}
				end += 1 + next
			}
			if end < 0 {
				return nil, fmt.Errorf("a [ without ]: %s", quote(s))
			}
			out = append(out, "["+strings.Join(strings.Fields(s[1:end]), " ")+"]")
			s = s[end+1:]
			continue
		}
		end := strings.IndexAny(s, " \t")
		if end < 0 {
			end = len(s)
		}
		out = append(out, s[:end])
		s = s[end:]
	}
	return out, nil
}
