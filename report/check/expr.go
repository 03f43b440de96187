package check

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/env"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/ext"

	"github.com/fleetaudit/fleetaudit/probes/fact"
)

// The language of expressions is pinned, so that a newer library cannot change what existing content means. LanguageVersion
// stands in the digest of the content.
const (
	LanguageVersion = "cel/1 strings/4 lists/3 sets/0 comprehensions/0"

	// costLimit bounds one evaluation, in CEL's own units (about one a visited node). A loop over 10,000 rows costs some 100,000, a
	// loop in a loop over 1,000 rows each some 8,000,000. It is a count, not a time, so that the same evidence always gives the same result.
	costLimit = 10_000_000

	expressionSize = 2_000 // characters of one expression
	regexSize      = 2_000 // instructions of a compiled pattern
)

// variable is a name that expressions may use.
type variable struct {
	name  string
	root  string // "host", "platform" or "baseline"; empty for a fact
	probe string // of a fact: the probe id
	field string // of a fact: the field of the probe's record, empty when the probe's fact is no record
	typ   *cel.Type
	unk   *cel.AttributePatternType // what makes it unknown in an evaluation
}

// language compiles expressions: the environment with its variables and their types.
type language struct {
	all, subject *cel.Env // subject: host.* and platform.* alone, for "applies"
	vars         map[string]*variable
	names        []string // of vars, sorted
	rows         *rowTypes
}

// newLanguage declares the facts of probes (by id), the thresholds of a baseline and what is known of a host.
func newLanguage(facts map[string]fact.Type, thresholds map[string]any) (*language, error) {
	l := &language{vars: map[string]*variable{}}
	registry, err := types.NewRegistry()
	if err != nil {
		return nil, fmt.Errorf("CEL types: %w", err)
	}
	l.rows = &rowTypes{Provider: registry, rows: map[string]rowType{}}
	l.declareSubject()
	for name, value := range thresholds {
		typ, err := thresholdType(value)
		if err != nil {
			return nil, fmt.Errorf("baseline.%s: %w", name, err)
		}
		l.declare(&variable{name: "baseline." + name, root: "baseline", typ: typ})
	}
	for id, typ := range facts {
		if err := l.declareFact(id, typ); err != nil {
			return nil, err
		}
	}
	for name := range l.vars {
		l.names = append(l.names, name)
	}
	slices.Sort(l.names)
	if l.subject, err = l.environment(registry, func(v *variable) bool { return v.root == "host" || v.root == "platform" }); err != nil {
		return nil, err
	}
	l.all, err = l.environment(registry, func(*variable) bool { return true })
	return l, err
}

func (l *language) declare(v *variable) {
	v.unk = cel.AttributePattern(v.name)
	l.vars[v.name] = v
}

// declareFact declares one variable for a probe, or one for each field when its fact is a record: then a field that is absent or not
// understood is unknown by itself, and has() cannot be used to turn it into a value.
func (l *language) declareFact(id string, t fact.Type) error {
	if t.Kind != fact.Record {
		typ, err := l.rows.celType(id, t)
		l.declare(&variable{name: id, probe: id, typ: typ})
		return err
	}
	for _, f := range t.Fields {
		name := id + "." + f.Name
		typ, err := l.rows.celType(name, f.Type)
		if err != nil {
			return err
		}
		l.declare(&variable{name: name, probe: id, field: f.Name, typ: typ})
	}
	return nil
}

func (l *language) declareSubject() {
	for name, list := range subjectFields {
		typ := cel.StringType
		if list {
			typ = cel.ListType(cel.StringType)
		}
		root, _, _ := strings.Cut(name, ".")
		l.declare(&variable{name: name, root: root, typ: typ})
	}
}

// environment is the pinned language with the variables that pass. dyn() and type() are left out: they would let a misspelt field
// through until a host is judged. Optional values are left out because orValue() is a default, and a fact never has one.
func (l *language) environment(registry *types.Registry, pass func(*variable) bool) (*cel.Env, error) {
	subset := env.NewLibrarySubset().AddExcludedFunctions(env.NewFunction("dyn"), env.NewFunction("type"))
	opts := []cel.EnvOption{
		cel.StdLib(cel.StdLibSubset(subset)),
		cel.CustomTypeAdapter(registry), cel.CustomTypeProvider(l.rows),
		cel.DefaultUTCTimeZone(true), cel.EnableHiddenAccumulatorName(true), cel.CrossTypeNumericComparisons(false),
		cel.ParserExpressionSizeLimit(expressionSize), cel.RegexProgramSizeLimit(regexSize),
		cel.ASTValidators(cel.ValidateRegexLiterals(), cel.ValidateTimestampLiterals(), cel.ValidateDurationLiterals(),
			cel.ValidateHomogeneousAggregateLiterals(), cel.ValidateComprehensionNestingLimit(4)),
		ext.Strings(ext.StringsVersion(4)), ext.Lists(ext.ListsVersion(3)), ext.Sets(ext.SetsVersion(0)),
		ext.TwoVarComprehensions(ext.TwoVarComprehensionsVersion(0)),
	}
	for _, name := range l.names {
		if v := l.vars[name]; pass(v) {
			opts = append(opts, cel.Variable(v.name, v.typ))
		}
	}
	e, err := cel.NewCustomEnv(opts...)
	if err != nil {
		return nil, fmt.Errorf("CEL environment: %w", err)
	}
	return e, nil
}

// expression is compiled CEL. It is safe for concurrent use.
type expression struct {
	source  string
	program cel.Program
	vars    []*variable // that it refers to, in name order
	only    *variable   // set when the expression is a fact and nothing else, as most observations are
	loops   bool        // a fact is named inside the body of a loop
	pool    *sync.Pool  // of *activation
}

// compile checks and plans an expression. tracked keeps the values of its parts, so that an error which an unknown hides is seen.
func (l *language) compile(e *cel.Env, source string, tracked bool) (*expression, *cel.Ast, error) {
	checked, issues := e.Compile(source)
	if issues.Err() != nil {
		return nil, nil, l.explain(source, issues)
	}
	opts := []cel.EvalOption{cel.OptPartialEval, cel.OptOptimize}
	if tracked {
		opts = append(opts, cel.OptTrackState)
	}
	program, err := e.Program(checked, cel.EvalOptions(opts...), cel.CostLimit(costLimit))
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", source, err)
	}
	x := &expression{source: source, program: program}
	refs := checked.NativeRep().ReferenceMap()
	for _, ref := range refs {
		if v, ok := l.vars[ref.Name]; ok && !slices.Contains(x.vars, v) {
			x.vars = append(x.vars, v)
		}
	}
	slices.SortFunc(x.vars, func(a, b *variable) int { return strings.Compare(a.name, b.name) })
	root := checked.NativeRep().Expr()
	x.loops = l.factInLoop(root, refs)
	if ref, ok := refs[root.ID()]; ok && len(x.vars) == 1 && x.vars[0].probe != "" && ref.Name == x.vars[0].name {
		x.only = x.vars[0]
	}
	x.pool = &sync.Pool{New: func() any { return &activation{vars: x.vars, values: make([]any, len(x.vars))} }}
	return x, checked, nil
}

// condition compiles an expression that must be a boolean, known when it is compiled.
func (l *language) condition(e *cel.Env, source string, tracked bool) (*expression, error) {
	x, checked, err := l.compile(e, source, tracked)
	if err != nil {
		return nil, err
	}
	if typ := checked.OutputType(); !typ.IsExactType(cel.BoolType) {
		return nil, fmt.Errorf("a bool is expected, this is %s", typ)
	}
	return x, nil
}

// factInLoop reports whether the body of a comprehension names a fact, which then may be unknown in some rounds and not in others.
func (l *language) factInLoop(root ast.Expr, refs map[int64]*ast.ReferenceInfo) bool {
	found := false
	body := ast.NewExprVisitor(func(e ast.Expr) {
		if ref, ok := refs[e.ID()]; ok {
			if v, ok := l.vars[ref.Name]; ok && v.root == "" {
				found = true
			}
		}
	})
	ast.PreOrderVisit(root, ast.NewExprVisitor(func(e ast.Expr) {
		if e.Kind() == ast.ComprehensionKind {
			c := e.AsComprehension()
			ast.PreOrderVisit(c.LoopCondition(), body)
			ast.PreOrderVisit(c.LoopStep(), body)
			ast.PreOrderVisit(c.Result(), body)
		}
	}))
	return found
}

var (
	celPrefix      = regexp.MustCompile(`(?m)^ERROR: <input>:\d+:\d+: `)
	undeclared     = regexp.MustCompile(`undeclared reference to '([^']*)'`)
	celNearest     = regexp.MustCompile(` \(did you mean '([^']*)'[^)]*\)`)
	undefinedField = regexp.MustCompile(`undefined field '([^']*)'`)
)

// explain keeps CEL's message with its caret and, where it names no nearest name, adds one.
func (l *language) explain(source string, issues *cel.Issues) error {
	msg := celPrefix.ReplaceAllString(issues.Err().Error(), "")
	for _, e := range issues.Errors() {
		if m := undefinedField.FindStringSubmatch(e.Message); m != nil {
			msg += "\n " + l.fieldHint(source, m[1])
		} else if m := undeclared.FindStringSubmatch(e.Message); m != nil && !apt(e.Message, m[1]) {
			msg = strings.Replace(msg, celNearest.FindString(e.Message), "", 1)
			msg += "\n " + l.nameHint(source, m[1], e.Location.Line()-1, e.Location.Column())
		}
	}
	at := &positionError{msg: msg}
	if errs := issues.Errors(); len(errs) > 0 {
		at.line, at.column = errs[0].Location.Line(), errs[0].Location.Column()+1
	}
	return at
}

// apt tells whether CEL's own "did you mean" helps: not when it proposes an internal function, nor a fact for a threshold.
func apt(message, name string) bool {
	m := celNearest.FindStringSubmatch(message)
	return m != nil && !strings.Contains(m[1], "@") && strings.HasPrefix(m[1], "baseline.") == strings.HasPrefix(name, "baseline.")
}

var dotted = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.]*`)

// nameHint looks for the nearest name. CEL gives the first part alone of a name of which it knows no part; the whole stands in the source.
func (l *language) nameHint(source, name string, line, column int) string {
	if lines := strings.Split(source, "\n"); line >= 0 && line < len(lines) && column >= 0 && column < len(lines[line]) {
		if whole := dotted.FindString(lines[line][column:]); strings.HasPrefix(whole, name) {
			name = whole
		}
	}
	if threshold, ok := strings.CutPrefix(name, "baseline."); ok {
		return fmt.Sprintf("the baseline has no value %q%s", threshold, didYouMean(name, l.names))
	}
	return fmt.Sprintf("there is no %q here%s", name, didYouMean(name, l.names))
}

func (l *language) fieldHint(source, field string) string {
	var known []string
	for _, name := range l.names {
		if strings.Contains(source, name) {
			known = append(known, l.rows.fieldNames(name)...)
		}
	}
	if len(known) == 0 {
		return fmt.Sprintf("there is no field %q", field)
	}
	slices.Sort(known)
	known = slices.Compact(known)
	return fmt.Sprintf("there is no field %q%s; fields: %s", field, didYouMean(field, known), strings.Join(known, ", "))
}

// positionError is a message about a place in an expression, 1-based.
type positionError struct {
	line, column int
	msg          string
}

func (e *positionError) Error() string { return e.msg }

// outcome is what evaluating an expression gave: a value, or the names of the variables without which it cannot be settled, or
// an error. Hidden is an error in a part that an unknown covered.
type outcome struct {
	value   any
	unknown []string
	hidden  error
	err     error
}

var errNotBool = errors.New("the expression gave no boolean")

// eval evaluates with what is known. A variable whose value lookup gives false is unknown, which is not an error.
func (x *expression) eval(lookup func(*variable) (any, bool)) outcome {
	if x.only != nil {
		if value, ok := lookup(x.only); ok {
			return outcome{value: value}
		}
		return outcome{unknown: []string{x.only.name}}
	}
	a := x.pool.Get().(*activation)
	defer x.pool.Put(a)
	a.bind(lookup)
	value, details, err := x.program.Eval(a)
	if err != nil {
		return outcome{err: err}
	}
	unk, ok := value.(*types.Unknown)
	if !ok {
		return outcome{value: native(value)}
	}
	var out outcome
	for _, id := range unk.IDs() {
		trails, _ := unk.GetAttributeTrails(id)
		for _, t := range trails {
			if !slices.Contains(out.unknown, t.Variable()) {
				out.unknown = append(out.unknown, t.Variable())
			}
		}
	}
	slices.Sort(out.unknown)
	if details != nil && details.State() != nil {
		for _, id := range details.State().IDs() {
			if v, ok := details.State().Value(id); ok && types.IsError(v) {
				out.hidden = v.(*types.Err)
				break
			}
		}
	}
	return out
}
