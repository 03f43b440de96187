package readonly

import (
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// constructs looks at every node of a text: redirections, assignments, functions, background jobs and commands.
func (l *linter) constructs(file *syntax.File) {
	syntax.Walk(file, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.Stmt:
			if n.Background || n.Coprocess || n.Disown {
				l.errorf(n.Pos(), "a background command outlives the probe: leave the & out")
			}
		case *syntax.Redirect:
			l.redirect(n)
		case *syntax.FuncDecl:
			l.function(n)
		case *syntax.DeclClause:
			l.declaration(n)
		case *syntax.CallExpr:
			l.assignments(n)
			l.call(n)
		case *syntax.ArithmCmd, *syntax.TestClause, *syntax.LetClause, *syntax.CoprocClause, *syntax.TimeClause, *syntax.ProcSubst:
			l.errorf(n.Pos(), "not POSIX sh: dash and busybox do not know it")
		}
		return true
	})
}

// redirect lets output go to /dev/null or another stream, and input come from /dev/null or a here-document.
func (l *linter) redirect(r *syntax.Redirect) {
	target, known := "", false
	if r.Word != nil {
		target, known = literal(r.Word)
	}
	switch r.Op {
	case syntax.Hdoc, syntax.DashHdoc:
		return
	case syntax.DplOut, syntax.DplIn:
		if known && target != "" && (target == "-" || strings.Trim(target, "0123456789") == "") {
			return
		}
	case syntax.RdrIn:
		if known && target == "/dev/null" {
			return
		}
		l.errorf(r.Pos(), "reading by < goes on without a word when the file cannot be read: write need cat FILE | ...")
		return
	default:
		if known && target == "/dev/null" {
			return
		}
	}
	l.errorf(r.Pos(), "redirection %s%s writes: only /dev/null and &N may be written to", r.Op, target)
}

// function refuses definitions that hide a command of the same name.
func (l *linter) function(f *syntax.FuncDecl) {
	if f.Name == nil {
		return
	}
	name := f.Name.Value
	_, allowed := commands[name]
	_, refused := refusals[name]
	if allowed || refused || slices.Contains(wrappers, name) {
		l.errorf(f.Pos(), "function %s hides the command of that name: choose another name", name)
	}
}

func (l *linter) declaration(d *syntax.DeclClause) {
	if d.Variant.Value != "local" && d.Variant.Value != "readonly" {
		l.errorf(d.Pos(), "%s changes what commands are run in: set LC_ALL and the like for one command (LC_ALL=C command)", d.Variant.Value)
	}
	for _, a := range d.Args {
		if a.Name != nil {
			l.variable(a)
		}
	}
}

// commandVars are the variables that may be set for one command.
var commandVars = strings.Fields("LC_ALL LANG LANGUAGE TZ COLUMNS IFS HOME SYSTEMD_COLORS SYSTEMD_PAGER SYSTEMD_LESS POSIXLY_CORRECT")

// assignments checks the variables that a command line sets, for itself or (without a command) for the rest of the text.
func (l *linter) assignments(c *syntax.CallExpr) {
	for _, a := range c.Assigns {
		if a.Name == nil {
			continue
		}
		if !l.variable(a) || len(c.Args) == 0 {
			continue
		}
		if !slices.Contains(commandVars, a.Name.Value) {
			l.errorf(a.Pos(), "variable %s for a command: only %s may be set so", a.Name.Value, strings.Join(commandVars, ", "))
		}
		if pager := a.Name.Value == "SYSTEMD_PAGER" || a.Name.Value == "SYSTEMD_LESS"; pager && a.Value != nil {
			if text, ok := literal(a.Value); !ok || text != "" && text != "cat" {
				l.errorf(a.Pos(), "%s may be empty or cat", a.Name.Value)
			}
		}
	}
}

// variable refuses variables that decide what a command's name means or what is loaded into it.
func (l *linter) variable(a *syntax.Assign) bool {
	name := a.Name.Value
	bad := strings.HasPrefix(name, "LD_") || slices.Contains(strings.Fields("PATH ENV BASH_ENV SHELLOPTS BASHOPTS PS4 CDPATH PROMPT_COMMAND"), name)
	if bad {
		l.errorf(a.Pos(), "setting %s changes which code is run: use full paths", name)
	}
	return !bad
}
