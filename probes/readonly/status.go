package readonly

import (
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// place says what becomes of the status of a command.
type place int

const (
	kept      place = iota // it is that of the probe
	condition              // the text decides by it
	lost                   // nobody looks at it
	piped                  // nobody can: the command stands in a pipeline or $(...), and its output goes on without it
)

// quiet are commands that answer nothing from the host by themselves, so that their status may be lost.
var quiet = strings.Fields("need asroot printf echo test [ : true false read shift set unset local return exit break continue umask type sleep date basename dirname uname")

// readers are commands whose status does not tell "no match" from "cannot be read".
var readers = strings.Fields("grep egrep fgrep zgrep awk gawk mawk sed cmp diff")

// statuses holds the rule that a failed command must never look like an empty answer: a command whose status is lost must be
// marked need or asroot.
func (l *linter) statuses(file *syntax.File) { l.stmts(file.Stmts, kept) }

func (l *linter) stmts(list []*syntax.Stmt, at place) {
	for i, s := range list {
		where := at
		if i < len(list)-1 && at != piped {
			where = lost
		}
		l.stmt(s, where)
	}
}

func (l *linter) stmt(s *syntax.Stmt, at place) {
	switch c := s.Cmd.(type) {
	case *syntax.CallExpr:
		l.status(c, at)
	case *syntax.BinaryCmd:
		l.binary(c, at)
	case *syntax.Block:
		l.stmts(c.Stmts, at)
	case *syntax.Subshell:
		l.stmts(c.Stmts, at)
	case *syntax.IfClause:
		l.ifClause(c, at)
	case *syntax.WhileClause:
		l.conditions(c.Cond, at)
		l.stmts(c.Do, loseWithin(at))
	case *syntax.ForClause:
		if iter, ok := c.Loop.(*syntax.WordIter); ok {
			for _, w := range iter.Items {
				l.substitutions(w, piped)
			}
		}
		l.stmts(c.Do, loseWithin(at))
	case *syntax.CaseClause:
		l.substitutions(c.Word, piped)
		for _, item := range c.Items {
			l.stmts(item.Stmts, at)
		}
	case *syntax.FuncDecl:
		l.stmt(c.Body, lost)
	case *syntax.DeclClause:
		for _, a := range c.Args {
			if a.Value != nil {
				l.substitutions(a.Value, piped)
			}
		}
	}
	for _, r := range s.Redirs {
		if r.Hdoc != nil {
			l.substitutions(r.Hdoc, piped)
		}
	}
}

// loseWithin is the place of the commands in a loop: only the last turn's status is that of the loop.
func loseWithin(at place) place {
	if at == piped {
		return piped
	}
	return lost
}

func (l *linter) ifClause(c *syntax.IfClause, at place) {
	for ; c != nil; c = c.Else {
		l.conditions(c.Cond, at)
		l.stmts(c.Then, at)
	}
}

// conditions are the commands between if and then: the last one's status decides.
func (l *linter) conditions(list []*syntax.Stmt, at place) {
	for i, s := range list {
		if i == len(list)-1 {
			l.stmt(s, condition)
			continue
		}
		l.stmt(s, loseWithin(at))
	}
}

func (l *linter) binary(c *syntax.BinaryCmd, at place) {
	switch c.Op {
	case syntax.AndStmt:
		l.stmt(c.X, condition)
		l.stmt(c.Y, at)
	case syntax.OrStmt:
		l.stmt(c.X, condition)
		l.stmt(c.Y, at)
		if name := callName(c.Y); name == "true" || name == ":" {
			l.errorf(c.Y.Pos(), "|| %s makes every failure look like an empty answer: say which status is one, as in COMMAND || [ $? -eq 1 ] || need false", name)
		}
	case syntax.Pipe, syntax.PipeAll:
		l.pipeline(c)
	}
}

// pipeline checks the parts of a | b | c, which the parser nests to the left.
func (l *linter) pipeline(c *syntax.BinaryCmd) {
	if inner, ok := c.X.Cmd.(*syntax.BinaryCmd); ok && (inner.Op == syntax.Pipe || inner.Op == syntax.PipeAll) {
		l.pipeline(inner)
	} else if call, ok := c.X.Cmd.(*syntax.CallExpr); ok {
		name := callName(c.X)
		if !slices.Contains([]string{"need", "asroot", "printf", "echo"}, name) && !l.functions[name] {
			l.errorf(c.X.Pos(), "the first command of a pipeline must be marked: need %s (or asroot), or a failure looks like an empty answer", name)
		}
		l.within(call, piped)
	} else {
		l.stmt(c.X, piped)
	}
	if call, ok := c.Y.Cmd.(*syntax.CallExpr); ok {
		l.within(call, piped) // a filter; what it reads is what the first command gave
		return
	}
	l.stmt(c.Y, piped)
}

// status checks one command.
func (l *linter) status(c *syntax.CallExpr, at place) {
	inner := piped
	if len(c.Args) == 0 && (at == kept || at == condition) {
		inner = at // x=$(command): its status is that of the assignment
	}
	l.within(c, inner)
	name, _ := firstWord(c)
	switch {
	case name == "exit" && at == piped:
		l.errorf(c.Pos(), "exit in a pipeline or $(...) ends only that part: write need false to fail the probe")
	case len(c.Args) == 0, slices.Contains(quiet, name), l.functions[name], name == "command" && len(c.Args) > 1 && c.Args[1].Lit() == "-v":
	case name == "" || refusals[name] != "": // already refused
	case at == condition && slices.Contains(readers, name) && len(c.Args) > 2:
		l.errorf(c.Pos(), "the status of %s does not tell \"no match\" from \"cannot be read\": write need cat FILE | %s ..., or let awk print the answer", name, name)
	case at == lost || at == piped:
		l.errorf(c.Pos(), "a failure of %s would go unnoticed here: write need %s (or asroot), or decide by its status with if or ||", name, name)
	}
}

// within checks the command substitutions in a command's words.
func (l *linter) within(c *syntax.CallExpr, at place) {
	for _, a := range c.Assigns {
		if a.Value != nil {
			l.substitutions(a.Value, at)
		}
	}
	for _, w := range c.Args {
		l.substitutions(w, piped)
	}
}

func (l *linter) substitutions(w *syntax.Word, at place) {
	syntax.Walk(w, func(n syntax.Node) bool {
		sub, ok := n.(*syntax.CmdSubst)
		if ok {
			l.stmts(sub.Stmts, at)
		}
		return !ok
	})
}

// callName gives the name of a statement's command, "" when it is no plain command.
func callName(s *syntax.Stmt) string {
	c, ok := s.Cmd.(*syntax.CallExpr)
	if !ok {
		return ""
	}
	name, _ := firstWord(c)
	return name
}

func firstWord(c *syntax.CallExpr) (string, bool) {
	if len(c.Args) == 0 {
		return "", false
	}
	return literal(c.Args[0])
}
