// Package parse turns the bytes that a probe's command printed into typed facts. Each syntax (keyvalue, table, json, ...) is one
// file with one variable of type syntax, listed in the registry; what a syntax accepts is declared there and checked when content is
// loaded, so that no combination of syntax, options and type can first fail on a host's answer.
//
// Output of hosts is hostile data: what is not understood is an error or a field "not understood", never a default, and every value
// that is returned conforms to the declared type. The package imports fact and nothing else of this program.
package parse

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/fleetaudit/fleetaudit/probes/fact"
)

// Parser turns one answer into a value of its declared type. It is safe for concurrent use and keeps no state between answers.
type Parser interface {
	// Parse reads stdout. For a record notUnderstood names the fields that were there and could not be read, each with the reason; they
	// are not in v. An error (an *Error where a line is to blame) means that the whole answer was not understood; v is nil then.
	Parse(stdout []byte) (v fact.Value, notUnderstood map[string]string, err error)
}

// Error is an answer that is not of the declared syntax or type.
type Error struct {
	Line int // 1-based line of the answer, 0 when it is about the whole
	Msg  string
}

// Error gives the line and the message.
func (e *Error) Error() string {
	if e.Line == 0 {
		return e.Msg
	}
	return fmt.Sprintf("line %d: %s", e.Line, e.Msg)
}

func errorf(line int, format string, args ...any) error {
	return &Error{Line: line, Msg: fmt.Sprintf(format, args...)}
}

// syntax is one form of output: its name, the options that it takes and how a parser is made.
type syntax struct {
	name    string
	options map[string]option
	// build makes a parser, or says why the type or a combination of options does not fit the syntax. Options are checked and
	// complete when it is called.
	build func(o options, t fact.Type) (Parser, error)
}

// option declares an option of a syntax.
type option struct {
	value  string   // used when it is not given
	one    []string // the values it may have; nil for any text that is not empty
	needed bool     // must be given
}

// options are the checked options of one parser, with defaults filled in.
type options map[string]string

func (o options) on(name string) bool { return o[name] == "true" }

// flag is an option that is "true" or "false".
var flag = option{value: "false", one: []string{"true", "false"}}

// registry lists every syntax there is.
var registry = []syntax{
	valueSyntax,
	linesSyntax,
	keyvalueSyntax,
	tableSyntax,
	iniSyntax,
	jsonSyntax,
	blocksSyntax,
	pamSyntax,
	sudoersSyntax,
	auditrulesSyntax,
}

// Names lists the syntaxes in alphabetical order.
func Names() []string {
	names := make([]string, len(registry))
	for i, s := range registry {
		names[i] = s.name
	}
	slices.Sort(names)
	return names
}

// New makes a parser for a syntax. The error names everything that does not fit: an unknown syntax or option, an option's value, a
// type that the syntax cannot yield.
func New(name string, given map[string]string, t fact.Type) (Parser, error) {
	i := slices.IndexFunc(registry, func(s syntax) bool { return s.name == name })
	if i < 0 {
		return nil, fmt.Errorf("no syntax %q: expected one of %s", name, strings.Join(Names(), ", "))
	}
	s := registry[i]
	opts, err := s.check(given)
	if typeErr := t.Check(); typeErr != nil {
		err = errors.Join(err, typeErr)
	}
	if err != nil {
		return nil, err
	}
	p, err := s.build(opts, t)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return p, nil
}

func (s syntax) check(given map[string]string) (options, error) {
	out := options{}
	for name, o := range s.options {
		out[name] = o.value
	}
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(given)) {
		o, ok := s.options[name]
		value := given[name]
		switch {
		case !ok:
			errs = append(errs, fmt.Errorf("%s has no option %q: expected %s", s.name, name, s.optionNames()))
		case value == "":
			errs = append(errs, fmt.Errorf("option %s is empty: leave it out for its default", name))
		case o.one != nil && !slices.Contains(o.one, value):
			errs = append(errs, fmt.Errorf("option %s: %q is not one of %s", name, value, strings.Join(o.one, ", ")))
		default:
			out[name] = value
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.options)) {
		if s.options[name].needed && given[name] == "" {
			errs = append(errs, fmt.Errorf("%s needs option %s", s.name, name))
		}
	}
	return out, errors.Join(errs...)
}

func (s syntax) optionNames() string {
	if len(s.options) == 0 {
		return "none"
	}
	return strings.Join(slices.Sorted(maps.Keys(s.options)), ", ")
}

// wrongType is the error for a type that a syntax cannot yield.
func wrongType(t fact.Type, want string) error {
	return fmt.Errorf("yields %s, not %s", want, t)
}
