package parse

import (
	"slices"
	"strings"

	"github.com/fleetaudit/fleetaudit/probes/fact"
)

// auditType is one row a rule.
var auditType = mustType("list({kind: string, path: string, perms: string, list: string, action: string, arch: string, syscalls: list(string), fields: list(string), key: string, option: string, value: string, file: string, line: int})")

// auditrulesSyntax is an answer of "auditctl -l", or rules files of auditd, the latter with or without ==> FILE <== lines.
// Kinds are watch (a file or folder with its permissions, however it is written: -w, or -F path= or dir= without system calls), syscall, and
// control (option and value: -e 2, -D, --loginuid-immutable). Spellings of the same thing become one: an unset auid is -1, arch is b32 or b64,
// the list stands apart from the action, keys are joined by commas. "No rules" is an empty list. A line that is not understood makes the answer not understood.
var auditrulesSyntax = syntax{
	name: "auditrules",
	build: func(_ options, t fact.Type) (Parser, error) {
		if err := partOf(t, auditType); err != nil {
			return nil, err
		}
		return auditParser{t}, nil
	},
}

type auditParser struct{ typ fact.Type }

func (p auditParser) Parse(stdout []byte) (fact.Value, map[string]string, error) {
	s, err := text(stdout, false)
	if err != nil {
		return nil, nil, err
	}
	blocks := []block{{lines: splitLines(s)}}
	if strings.HasPrefix(strings.TrimLeft(s, "\n"), "==> ") {
		if blocks, err = splitBlocks(s); err != nil {
			return nil, nil, err
		}
	}
	out := []any{}
	for _, b := range blocks {
		for _, l := range b.lines {
			trimmed := strings.TrimSpace(l.text)
			if trimmed == "" || trimmed[0] == '#' || trimmed == "No rules" {
				continue
			}
			row, err := auditRow(trimmed)
			if err != nil {
				return nil, nil, errorf(b.line+l.no, "%s", err)
			}
			row["file"], row["line"] = b.path, int64(l.no)
			out = append(out, row)
		}
	}
	return keep(out, p.typ), nil, nil
}

// auditRule is a rule as it is read, option by option.
type auditRule struct {
	kind, path, perms, list, action, arch string
	syscalls, fields, keys                []string
}

// auditFlags are the controls that take no value, and auditValues those that take one.
var (
	auditFlags  = strings.Fields("-D -c -i -R -q -t --loginuid-immutable --reset-lost --reset_backlog_wait_time_actual")
	auditValues = strings.Fields("-e -b -f -r --backlog_wait_time --signal -d -W -m")
)

func auditRow(s string) (map[string]any, error) {
	words := strings.Fields(s)
	if slices.Contains(auditFlags, words[0]) || slices.Contains(auditValues, words[0]) {
		if slices.Contains(auditValues, words[0]) && len(words) < 2 {
			return nil, errorf(0, "a control without a value: %s", quote(s))
		}
		return auditRule{kind: "control"}.row(words[0], strings.Join(words[1:], " ")), nil
	}
	var r auditRule
	for i := 0; i < len(words); i += 2 {
		if i+1 >= len(words) {
			return nil, errorf(0, "option %s has no value: %s", quote(words[i]), quote(s))
		}
		if !r.option(words[i], words[i+1]) {
			return nil, errorf(0, "option %s %s is not understood", quote(words[i]), quote(words[i+1]))
		}
	}
	if r.kind == "" {
		return nil, errorf(0, "neither a watch nor a rule: %s", quote(s))
	}
	r.fileRule()
	return r.row("", ""), nil
}

// option takes one option with its value.
func (r *auditRule) option(name, value string) bool {
	switch name {
	case "-w":
		r.kind, r.path, r.list, r.action = "watch", value, "exit", "always"
		if r.perms == "" {
			r.perms = "rwxa" // what the kernel watches when -p is not given
		}
	case "-p":
		r.perms = sortLetters(value)
	case "-a", "-A":
		return r.listAction(value)
	case "-S":
		r.syscalls = append(r.syscalls, strings.Split(value, ",")...)
	case "-k":
		r.keys = append(r.keys, value)
	case "-F", "-C":
		return r.field(value)
	default:
		return false
	}
	return true
}

func (r *auditRule) listAction(value string) bool {
	a, b, ok := strings.Cut(value, ",")
	actions, lists := []string{"always", "never", "possible"}, []string{"task", "exit", "user", "exclude", "filesystem", "entry", "io_uring"}
	if slices.Contains(actions, b) {
		a, b = b, a
	}
	r.kind, r.action, r.list = "syscall", a, b
	return ok && slices.Contains(actions, a) && slices.Contains(lists, b)
}

// field takes a field such as auid>=1000, and those that have a column of their own.
func (r *auditRule) field(value string) bool {
	at := strings.IndexAny(value, "=!<>&")
	if at <= 0 {
		return false
	}
	name, rest := value[:at], value[at:]
	bare := strings.TrimLeft(rest, "=!<>&")
	if bare == "" {
		return false
	}
	op := rest[:len(rest)-len(bare)]
	switch {
	case name == "arch" && op == "=":
		r.arch = auditArch(bare)
		return true
	case name == "key" && op == "=":
		r.keys = append(r.keys, bare)
		return true
	case (name == "auid" || name == "loginuid" || name == "sessionid") && (bare == "unset" || bare == "4294967295"):
		bare = "-1"
	case name == "perm" && op == "=":
		bare = sortLetters(bare)
	}
	r.fields = append(r.fields, name+op+bare)
	return true
}

// fileRule makes a watch of a rule that is one: always,exit on a path or folder, for no or all system calls.
func (r *auditRule) fileRule() {
	all := len(r.syscalls) == 0 || len(r.syscalls) == 1 && r.syscalls[0] == "all"
	if r.kind != "syscall" || r.list != "exit" || r.action != "always" || !all {
		return
	}
	var path, perms string
	for _, f := range r.fields {
		name, value, _ := strings.Cut(f, "=")
		switch {
		case (name == "path" || name == "dir") && path == "":
			path = value
		case name == "perm" && perms == "":
			perms = value
		default:
			return // narrowed by something else: no plain watch
		}
	}
	if path != "" && perms != "" {
		r.kind, r.path, r.perms, r.fields, r.syscalls = "watch", path, perms, nil, nil
	}
}

func (r auditRule) row(option, value string) map[string]any {
	return map[string]any{
		"kind": r.kind, "path": r.path, "perms": r.perms, "list": r.list, "action": r.action, "arch": r.arch,
		"syscalls": texts(r.syscalls), "fields": texts(r.fields), "key": strings.Join(r.keys, ","), "option": option, "value": value,
	}
}

// auditArch gives b32 or b64 for the numbers of the x86 machines.
func auditArch(s string) string {
	switch strings.TrimPrefix(strings.ToLower(s), "0x") {
	case "c000003e", "x86_64", "c00000b7", "aarch64":
		return "b64"
	case "40000003", "i386", "i686":
		return "b32"
	}
	return s
}

// sortLetters puts permissions in the order r, w, x, a.
func sortLetters(s string) string {
	var out strings.Builder
	for _, c := range "rwxa" {
		if strings.ContainsRune(s, c) {
			out.WriteRune(c)
		}
	}
	if out.Len() != len(s) {
		return s
	}
	return out.String()
}
