package readonly

import (
	"path"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// wrappers are looked through: the command is the word after them.
var wrappers = []string{"need", "asroot", "command"}

// systemFolders are where commands may be called by their full path.
var systemFolders = strings.Fields("/bin /sbin /usr/bin /usr/sbin /usr/local/bin /usr/local/sbin /usr/lib/systemd /lib/systemd /usr/libexec /usr/lib/update-notifier")

// call checks one command with its arguments.
func (l *linter) call(c *syntax.CallExpr) {
	words := c.Args
	if len(words) == 0 {
		return
	}
	at := c.Pos()
	name, ok := literal(words[0])
	for ok && slices.Contains(wrappers, name) && (name != "command" || len(words) <= 1 || words[1].Lit() != "-v") {
		if words = words[1:]; len(words) == 0 {
			l.errorf(at, "%s without a command", name)
			return
		}
		before := name
		name, ok = literal(words[0])
		if before != "need" && !l.program(name) {
			l.errorf(at, "%s cannot run %s, which is no program but part of the shell: mark the commands within it", before, name)
			return
		}
	}
	if !ok {
		l.errorf(at, "the name of a command must be written out: it cannot come from a variable")
		return
	}
	if name == "timeout" || name == "nice" || name == "ionice" {
		l.limited(at, name, words)
		return
	}
	r := l.ruleOf(at, name)
	if r == nil {
		return
	}
	lists := l.argLists(words[1:])
	for _, args := range lists {
		if msg := r(args); msg != "" {
			l.errorf(at, "%s: %s", path.Base(name), msg)
			break
		}
	}
	for _, args := range lists {
		if msg := l.secret(path.Base(name), args); msg != "" {
			l.errorf(at, "%s", msg)
			break
		}
	}
}

// limited looks through timeout, nice and ionice, whose own arguments must be known: timeout 20 COMMAND, nice -n 19 COMMAND,
// ionice -c3 COMMAND.
func (l *linter) limited(at syntax.Pos, name string, words []*syntax.Word) {
	i := 1
	for i < len(words) {
		text, ok := literal(words[i])
		if !ok || text == "" || text[0] != '-' && strings.Trim(text, "0123456789.smh") != "" {
			break
		}
		i++
	}
	if i == len(words) || i == 1 {
		l.errorf(at, "%s: expected its numbers and then a command, as in timeout 20 ls", name)
		return
	}
	if inner, _ := literal(words[i]); !l.program(inner) {
		l.errorf(at, "%s cannot run %s, which is no program but part of the shell: write need %s ... in front", name, inner, name)
		return
	}
	l.call(&syntax.CallExpr{Args: words[i:]})
}

// builtins are commands that only the shell itself has.
var builtins = strings.Fields("need asroot : read shift local return exit break continue type set cd umask unset command")

// program says whether a name can be that of a program: neither a function of the text nor a builtin.
func (l *linter) program(name string) bool {
	return !l.functions[name] && !slices.Contains(builtins, name)
}

// ruleOf gives the rule of a command, or nil after saying why there is none.
func (l *linter) ruleOf(at syntax.Pos, name string) rule {
	if l.functions[name] {
		return free
	}
	if r, ok := commands[name]; ok && (!strings.Contains(name, "/") || strings.HasPrefix(name, "/")) {
		return r
	}
	base := path.Base(name)
	if strings.Contains(name, "/") && !slices.Contains(systemFolders, path.Dir(name)) {
		l.errorf(at, "command %s is not in a folder of the system: expected one of %s, or a line for the whole path in probes/readonly/commands.go", name, strings.Join(systemFolders, " "))
		return nil
	}
	if why, ok := refusals[base]; ok {
		l.errorf(at, "%s %s", base, why)
		return nil
	}
	r, ok := commands[base]
	if !ok {
		l.errorf(at, "command %s is not on the allow-list: if it only reads, add a line with a rule for its arguments to probes/readonly/commands.go", base)
	}
	return r
}

// argLists gives every combination of the values that arguments can have.
func (l *linter) argLists(words []*syntax.Word) [][]arg {
	lists := [][]arg{nil}
	for _, w := range words {
		var next [][]arg
		values := l.values(w)
		if len(lists)*len(values) > 4*maxValues {
			values = []arg{{open: true, split: anySplit(values)}}
			lists = lists[:1]
		}
		for _, list := range lists {
			for _, v := range values {
				next = append(next, append(slices.Clip(list), v))
			}
		}
		lists = next
	}
	return lists
}
