package parse

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/fleetaudit/fleetaudit/probes/fact"
)

// Limits on what aliases and lists can make of a small file.
const (
	maxSudoRules = 20000
	maxSudoDepth = 32 // of aliases within aliases, and of files that include files
)

var sudoersType = mustType("{rules: list({who: string, hosts: string, runas: string, nopasswd: bool, tags: list(string), commands: list(string), file: string, line: int}), " +
	"defaults: list({scope: string, name: string, op: string, value: string, negated: bool, file: string, line: int}), files: list(string), unparsed: list(string)}")

// sudoersSyntax is an answer with sudoers files as blocks (==> /etc/sudoers <==): first the main file, then those of its include folders.
// Only files that the main file includes count, in the order in which sudo reads them; of a folder, names with a dot or with ~ at the end do not.
//
// Rules are one row for a user and a run of commands with the same tags, with aliases written out. runas is "root" when it is not given, and
// "user:group" as it stands otherwise. Flags of Defaults have the value "". What is not understood, and every include whose file is not in the
// answer, is in unparsed as "file:line: text": a check must not pass while it is not empty. No output is a record without fields.
var sudoersSyntax = syntax{
	name: "sudoers",
	options: map[string]option{
		"folders": {value: "/etc/sudoers.d,/usr/etc/sudoers.d"}, // include folders of which all files are in the answer
	},
	build: func(o options, t fact.Type) (Parser, error) {
		if err := partOf(t, sudoersType); err != nil {
			return nil, err
		}
		if _, ok := t.Field("unparsed"); !ok {
			return nil, fmt.Errorf("the field unparsed is needed: a check must be able to see what was not understood")
		}
		return sudoersParser{t, strings.Split(o["folders"], ",")}, nil
	},
}

type sudoersParser struct {
	typ     fact.Type
	folders []string
}

func (p sudoersParser) Parse(stdout []byte) (fact.Value, map[string]string, error) {
	s, err := text(stdout, false)
	if err != nil {
		return nil, nil, err
	}
	blocks, err := splitBlocks(s)
	if err != nil {
		return nil, nil, err
	}
	if len(blocks) == 0 {
		return map[string]any{}, nil, nil
	}
	if path.Base(blocks[0].path) != "sudoers" {
		return nil, nil, errorf(1, "expected the main file, sudoers, first, not %s", quote(blocks[0].path))
	}
	policy := sudoPolicy{blocks: blocks, folders: p.folders, aliases: map[string]map[string][]string{}}
	policy.file(blocks[0], 0)
	out := policy.value()
	if len(policy.rules) > maxSudoRules {
		return nil, nil, errorf(0, "there are more than %d rules once aliases are written out", maxSudoRules)
	}
	return keep(out, p.typ), nil, nil
}

// sudoPolicy collects what the files say.
type sudoPolicy struct {
	blocks   []block
	folders  []string
	specs    []sudoSpec
	aliases  map[string]map[string][]string // kind (User, Host, Runas, Cmnd) -> name -> members
	defaults []any
	rules    []any
	files    []string
	unparsed []string
}

// sudoSpec is a user specification before aliases are written out, which sudo too does last.
type sudoSpec struct {
	file   string
	line   int
	text   string
	users  []string
	hosts  []string
	groups []sudoCommands
}

// sudoCommands is a run of commands with the same tags and the same target user.
type sudoCommands struct {
	runas    string
	tags     []string
	commands []string
}

func (p *sudoPolicy) skip(b block, l line, why string) {
	p.unparsed = append(p.unparsed, fmt.Sprintf("%s:%d: %s: %s", b.path, l.no, why, clip(l.text)))
}

func clip(s string) string {
	const most = 200
	if len(s) > most {
		return strings.ToValidUTF8(s[:most], "") + "..."
	}
	return s
}

// file reads one file and those that it includes.
func (p *sudoPolicy) file(b block, depth int) {
	if slices.Contains(p.files, b.path) || depth > maxSudoDepth {
		p.unparsed = append(p.unparsed, fmt.Sprintf("%s: is included twice, or too deep", b.path))
		return
	}
	p.files = append(p.files, b.path)
	for _, l := range joinLines(b.lines, sudoComment) {
		word, rest, _ := strings.Cut(l.text, " ")
		if i := strings.IndexAny(l.text, " \t"); i >= 0 {
			word, rest = l.text[:i], strings.TrimSpace(l.text[i:])
		}
		switch {
		case word == "@include" || word == "#include":
			p.include(b, l, sudoPath(rest), depth)
		case word == "@includedir" || word == "#includedir":
			p.includeDir(b, l, sudoPath(rest), depth)
		case word == "User_Alias" || word == "Host_Alias" || word == "Runas_Alias" || word == "Cmnd_Alias" || word == "Cmd_Alias":
			p.alias(b, l, strings.TrimSuffix(strings.Replace(word, "Cmd_", "Cmnd_", 1), "_Alias"), rest)
		case strings.HasPrefix(word, "Defaults"):
			p.setting(b, l)
		default:
			p.spec(b, l)
		}
	}
}

// sudoPath takes quotes and backslashes off the path of an include.
func sudoPath(s string) string {
	if len(s) >= 2 && s[0] == '"' && s[len(s)-1] == '"' {
		return s[1 : len(s)-1]
	}
	return strings.ReplaceAll(s, `\`, "")
}

func (p *sudoPolicy) include(b block, l line, name string, depth int) {
	if !strings.HasPrefix(name, "/") {
		name = path.Join(path.Dir(b.path), name)
	}
	i := slices.IndexFunc(p.blocks, func(o block) bool { return o.path == name })
	if i < 0 {
		p.skip(b, l, "the included file was not read")
		return
	}
	p.file(p.blocks[i], depth+1)
}

func (p *sudoPolicy) includeDir(b block, l line, dir string, depth int) {
	if !strings.HasPrefix(dir, "/") {
		dir = path.Join(path.Dir(b.path), dir)
	}
	dir = path.Clean(dir)
	var inner []block
	for _, o := range p.blocks {
		if path.Dir(o.path) == dir {
			inner = append(inner, o)
		}
	}
	if len(inner) == 0 && !slices.Contains(p.folders, dir) {
		p.skip(b, l, "the included folder was not read")
		return
	}
	slices.SortFunc(inner, func(x, y block) int { return strings.Compare(x.path, y.path) })
	for _, o := range inner {
		name := path.Base(o.path)
		if strings.Contains(name, ".") || strings.HasSuffix(name, "~") {
			continue
		}
		p.file(o, depth+1)
	}
}

// alias reads the definitions of one line: NAME = member, member : NAME = ...
func (p *sudoPolicy) alias(b block, l line, kind, s string) {
	for _, def := range sudoSplit(s, ':') {
		name, members, ok := strings.Cut(def, "=")
		name = strings.TrimSpace(name)
		if !ok || !sudoAliasName(name) || strings.TrimSpace(members) == "" {
			p.skip(b, l, "alias not understood")
			return
		}
		if p.aliases[kind] == nil {
			p.aliases[kind] = map[string][]string{}
		}
		if _, twice := p.aliases[kind][name]; twice {
			p.skip(b, l, "alias "+name+" is defined twice")
			return
		}
		p.aliases[kind][name] = sudoList(members)
	}
}

func sudoAliasName(s string) bool {
	return s != "" && s[0] >= 'A' && s[0] <= 'Z' && strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == "" && s != "ALL"
}

// setting reads a Defaults line: Defaults[@host|:user|>runas|!command] name, !name, name=value, name+=value.
func (p *sudoPolicy) setting(b block, l line) {
	s := strings.TrimPrefix(l.text, "Defaults")
	scope := ""
	if s != "" && s[0] != ' ' && s[0] != '\t' {
		if strings.IndexByte("@:>!", s[0]) < 0 {
			p.skip(b, l, "settings not understood")
			return
		}
		scope, s = sudoScope(s)
	}
	list := sudoList(s)
	if len(list) == 0 {
		p.skip(b, l, "settings not understood")
	}
	for _, item := range list {
		name, negated := strings.CutPrefix(item, "!")
		name, op, value := strings.TrimSpace(name), "", ""
		if i := strings.IndexByte(name, '='); i >= 0 {
			op, value = "=", strings.TrimSpace(name[i+1:])
			name = strings.TrimSpace(name[:i])
			if last := len(name) - 1; last >= 0 && (name[last] == '+' || name[last] == '-') {
				op, name = name[last:]+"=", strings.TrimSpace(name[:last])
			}
			if len(value) >= 2 && value[0] == '"' && value[len(value)-1] == '"' {
				value = value[1 : len(value)-1]
			}
		}
		if name == "" || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789_") != "" {
			p.skip(b, l, "setting "+clip(item)+" not understood")
			continue
		}
		p.defaults = append(p.defaults, map[string]any{
			"scope": scope, "name": name, "op": op, "value": value, "negated": negated, "file": b.path, "line": int64(l.no),
		})
	}
}

// sudoScope takes what Defaults are bound to off the front: a list without blanks, but for those after its commas.
func sudoScope(s string) (scope, rest string) {
	for i := range len(s) {
		if s[i] != ' ' && s[i] != '\t' {
			continue
		}
		before, after := strings.TrimRight(s[:i], " \t"), strings.TrimLeft(s[i:], " \t")
		if !strings.HasSuffix(before, ",") && !strings.HasPrefix(after, ",") {
			return strings.Join(strings.Fields(s[:i]), ""), s[i:]
		}
	}
	return s, ""
}
