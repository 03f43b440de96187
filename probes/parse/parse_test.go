package parse_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/fleetaudit/fleetaudit/probes/fact"
	"github.com/fleetaudit/fleetaudit/probes/parse"
	"github.com/fleetaudit/fleetaudit/probes/parse/parsetest"
)

// subjects has at least one parser of each syntax.
var subjects = map[string]parsetest.Subject{
	"value string":  {Syntax: "value", Type: "string", Sample: "enforcing\n", Empty: true},
	"value int":     {Syntax: "value", Type: "int", Sample: "42\n"},
	"lines":         {Syntax: "lines", Options: map[string]string{"comment": "#"}, Type: "list(string)", Sample: "# head\na b\n\n c \n", Empty: true},
	"lines escaped": {Syntax: "lines", Options: map[string]string{"invalid_utf8": "escape"}, Type: "list(string)", Sample: "a\nb\n", Empty: true},
	"keyvalue":      {Syntax: "keyvalue", Type: "{a: int, b: list(string), c: bool}", Sample: "a=1\nb=x\nb=y\nc=yes\nd=?\n", Empty: true},
	"keyvalue map":  {Syntax: "keyvalue", Options: map[string]string{"separator": " ", "case": "lower", "repeat": "last"}, Type: "map(string, string)", Sample: "A 1\nB 2 3\n", Empty: true},
	"table":         {Syntax: "table", Options: map[string]string{"separator": ":"}, Type: "list({user: string, uid: int, groups: list(string)})", Sample: "root:0:\nal::a,b\n", Empty: true},
	"table of blanks": {Syntax: "table", Options: map[string]string{"header": "skip", "rest": "true", "columns": "pid,-,cmd"},
		Type: "list({pid: int, cmd: string})", Sample: "PID TT CMD\n1 ? /sbin/init splash\n"},
	"ini":             {Syntax: "ini", Type: "map(string, map(string, string))", Sample: "x=1\n[Journal]\nStorage=auto\n; note\n[Empty]\n", Empty: true},
	"ini record":      {Syntax: "ini", Type: "{Journal: {Storage: string, MaxUse: int}}", Sample: "[Journal]\nStorage=auto\nMaxUse=3\nOther=1\n[More]\nx=1\n", Empty: true},
	"json":            {Syntax: "json", Type: "{a: list({b: int, c: bool}), d: double, t: timestamp}", Sample: "{\"a\": [{\"b\": 1, \"c\": true}],\n \"d\": 1.5, \"t\": \"2026-01-02T03:04:05Z\", \"x\": [[]]}\n"},
	"blocks":          {Syntax: "blocks", Type: "map(string, string)", Sample: "==> /a <==\nx\n\ny\n==> /b <==\n", Empty: true},
	"blocks of lines": {Syntax: "blocks", Options: map[string]string{"comment": "#", "key": "base"}, Type: "map(string, list(string))", Sample: "==> /a <==\n# c\nx\n==> /b/c <==\n", Empty: true},
	"pam":             {Syntax: "pam", Type: pamType, Sample: pamDebian, Empty: true},
	"sudoers":         {Syntax: "sudoers", Type: sudoersType, Sample: sudoersSample, Empty: true},
	"auditrules":      {Syntax: "auditrules", Type: auditType, Sample: auditSample, Empty: true},
}

func TestContract(t *testing.T) {
	t.Parallel()
	tested := map[string]bool{}
	for name, s := range subjects {
		tested[s.Syntax] = true
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			parsetest.Run(t, s)
		})
	}
	for _, name := range parse.Names() {
		if !tested[name] {
			t.Errorf("syntax %s has no subject in this test", name)
		}
	}
	if !slices.IsSorted(parse.Names()) || len(parse.Names()) < 10 {
		t.Errorf("names: %v", parse.Names())
	}
}

// one is a parse with what it must give: a value in JSON, fields not understood, or part of an error.
type one struct {
	syntax  string
	options string // "name=value; name=value"
	typ     string
	stdout  string
	want    string
	fields  string // names with commas between
	err     string
}

func (o one) parser(t testing.TB) (parse.Parser, error) {
	t.Helper()
	typ, err := fact.ParseType(o.typ)
	if err != nil {
		t.Fatal(err)
	}
	options := map[string]string{}
	for pair := range strings.SplitSeq(o.options, "; ") {
		if name, value, ok := strings.Cut(pair, "="); ok {
			options[name] = value
		}
	}
	return parse.New(o.syntax, options, typ)
}

func check(t *testing.T, tests []one) {
	t.Helper()
	for _, o := range tests {
		p, err := o.parser(t)
		if err != nil {
			t.Errorf("%+v: %v", o, err)
			continue
		}
		v, fields, err := p.Parse([]byte(o.stdout))
		var bad []string
		for name := range fields {
			bad = append(bad, name)
		}
		slices.Sort(bad)
		switch {
		case o.err != "" && (err == nil || !strings.Contains(err.Error(), o.err)):
			t.Errorf("%s %q: error %v, expected %q", o.syntax, o.stdout, err, o.err)
		case o.err == "" && err != nil:
			t.Errorf("%s %q: %v", o.syntax, o.stdout, err)
		case o.err == "" && (fact.Text(v) != o.want || strings.Join(bad, ",") != o.fields):
			t.Errorf("%s %q\ngot  %s %v\nwant %s %s", o.syntax, o.stdout, fact.Text(v), fields, o.want, o.fields)
		}
	}
}

func TestSimple(t *testing.T) {
	t.Parallel()
	check(t, []one{
		{syntax: "value", typ: "string", stdout: " Enforcing \n", want: `"Enforcing"`},
		{syntax: "value", typ: "int", stdout: "0x10\n", want: `16`},
		{syntax: "value", typ: "int", stdout: "", err: "not an int"},
		{syntax: "value", typ: "bool", stdout: "maybe", err: "not a bool"},
		{syntax: "value", typ: "timestamp", stdout: "1700000000\n", want: `"2023-11-14T22:13:20Z"`},
		{syntax: "lines", typ: "[int]", stdout: "1\n\n 2\n", want: `[1,2]`},
		{syntax: "lines", typ: "[int]", stdout: "1\nx\n", err: "line 2: "},
		{syntax: "lines", typ: "[string]", stdout: "caf\xe9\n", err: "line 1: bytes that are not UTF-8"},
		{syntax: "lines", typ: "[string]", options: "invalid_utf8=escape", stdout: "caf\xe9\n", want: `["caf\\xe9"]`},
		{syntax: "lines", typ: "[string]", options: "comment=# ;", stdout: "#a\n;b\nc\n", want: `["c"]`},
	})
}

func TestKeyValue(t *testing.T) {
	t.Parallel()
	check(t, []one{
		{syntax: "keyvalue", typ: "{a: int, b: string}", stdout: "# c\na = 1\nb=\nz=2\n", want: `{"a":1,"b":""}`},
		{syntax: "keyvalue", typ: "{a: int}", stdout: "a=x\n", want: `{}`, fields: "a"},
		{syntax: "keyvalue", typ: "{a: int}", stdout: "a=\n", want: `{}`, fields: "a"},
		{syntax: "keyvalue", typ: "{a: int}", options: "empty=absent", stdout: "a=\n", want: `{}`},
		{syntax: "keyvalue", typ: "{a: int, b: int}", stdout: "a=1\na=2\nb=1\n", want: `{"b":1}`, fields: "a"},
		{syntax: "keyvalue", typ: "{a: int}", options: "repeat=first", stdout: "a=1\na=2\n", want: `{"a":1}`},
		{syntax: "keyvalue", typ: "{a: int}", options: "repeat=last", stdout: "a=1\na=2\n", want: `{"a":2}`},
		{syntax: "keyvalue", typ: "{a: [int]}", stdout: "a=1\na=2\n", want: `{"a":[1,2]}`},
		{syntax: "keyvalue", typ: "{a: [string]}", options: "split=,", stdout: "a=x, y\na=z\n", want: `{"a":["x","y","z"]}`},
		{syntax: "keyvalue", typ: "{a: [string]}", options: "split= ", stdout: "a=x  y\n", want: `{"a":["x","y"]}`},
		{syntax: "keyvalue", typ: "{a: [string]}", options: "split=,", stdout: "a=x,,y\n", want: `{}`, fields: "a"},
		{syntax: "keyvalue", typ: "{a: [string]}", options: "split=,", stdout: "a=\n", want: `{"a":[]}`},
		{syntax: "keyvalue", typ: "map(string, int)", stdout: "a=1\nb=x\n", err: `line 2: "b"`},
		{syntax: "keyvalue", typ: "{a: string}", stdout: "no separator\n", err: "line 1: expected a key and a value"},
		{syntax: "keyvalue", typ: "{silent: bool, deny: int}", options: "bare=true", stdout: "silent\ndeny=3\n", want: `{"deny":3,"silent":true}`},
		{syntax: "keyvalue", typ: "{a: string}", options: "separator= ; bare=error", stdout: "a\tb  c\n", want: `{"a":"b  c"}`},
		{syntax: "keyvalue", typ: "{a: string}", options: "unquote=true", stdout: "a=\"x y\"\n", want: `{"a":"x y"}`},
		{syntax: "keyvalue", typ: "{a: string}", options: "unquote=true", stdout: "a=\"x\n", err: "quotes do not match"},
		{syntax: "keyvalue", typ: "{a: string}", options: "case=lower", stdout: "A=X\n", want: `{"a":"X"}`},
		{syntax: "keyvalue", typ: "{a: string}", options: "comment=none", stdout: "#a=1\na=2\n", want: `{"a":"2"}`},
		{syntax: "keyvalue", typ: "{a: string}", stdout: "=x\n", err: "without a key"},
	})
}

func TestTable(t *testing.T) {
	t.Parallel()
	check(t, []one{
		{syntax: "table", typ: "[{a: string, b: int}]", stdout: "x 1\ny  2\n", want: `[{"a":"x","b":1},{"a":"y","b":2}]`},
		{syntax: "table", typ: "[{a: string, b: int}]", stdout: "x 1\ny\n", err: "line 2: expected 2 columns, not 1"},
		{syntax: "table", typ: "[{a: string, b: int}]", stdout: "x 1 2\n", err: "expected 2 columns, not 3"},
		{syntax: "table", typ: "[{a: string, b: int}]", stdout: "x y\n", err: "line 1: column b"},
		{syntax: "table", typ: "[{a: string, b: int, c: [string], d: string}]", options: "separator=:", stdout: "x:::\n", want: `[{"a":"x","c":[],"d":""}]`},
		{syntax: "table", typ: "[{a: string, b: [int]}]", options: "separator=tab", stdout: "x y\t1,2\n", want: `[{"a":"x y","b":[1,2]}]`},
		{syntax: "table", typ: "[{a: string, b: [string]}]", options: "split= ; separator=|", stdout: "x|1 2\n", want: `[{"a":"x","b":["1","2"]}]`},
		{syntax: "table", typ: "[{a: string}]", options: "columns=-,a,-; separator=:", stdout: "1:2:3\n", want: `[{"a":"2"}]`},
		{syntax: "table", typ: "[{a: string, b: string}]", options: "rest=true", stdout: "x y z  w\n", want: `[{"a":"x","b":"y z  w"}]`},
		{syntax: "table", typ: "[{a: string, b: string}]", options: "rest=true", stdout: "x\n", err: "expected 2 columns, not 1"},
		{syntax: "table", typ: "[{a: string, b: string}]", options: "rest=true; separator=:", stdout: "x:y:z\n", want: `[{"a":"x","b":"y:z"}]`},
		{syntax: "table", typ: "[{a: string}]", options: "header=skip", stdout: "A\nx\n", want: `[{"a":"x"}]`},
		{syntax: "table", typ: "[{a: string}]", options: "header=skip", stdout: "", err: "not even the header"},
	})
}

func TestIniAndJSON(t *testing.T) {
	t.Parallel()
	check(t, []one{
		{syntax: "ini", typ: "map(string, map(string, string))", stdout: "a=0\n[s]\na=1\n[t]\n[s]\nb=2\n", want: `{"":{"a":"0"},"s":{"a":"1","b":"2"},"t":{}}`},
		{syntax: "ini", typ: "{s: {a: int}}", stdout: "[s]\na=x\n", want: `{}`, fields: "s"},
		{syntax: "ini", typ: "map(string, {a: int})", stdout: "[s]\na=x\n", err: `section "s"`},
		{syntax: "ini", typ: "{s: {a: int}}", stdout: "[s\na=1\n", err: "without ]"},
		{syntax: "ini", typ: "{s: {a: int}}", stdout: "[x]\nrubbish\n", err: "line 2"},
		{syntax: "ini", typ: "{login: {x: [string]}}", options: "case=lower; split= ", stdout: "[Login]\nX=a b\n", want: `{"login":{"x":["a","b"]}}`},
		{syntax: "json", typ: "[{a: int}]", stdout: `{"a": 1, "b": 2}`, want: `[{"a":1}]`},
		{syntax: "json", typ: "{a: int, b: [string]}", stdout: `{"a": "x", "b": "y"}`, want: `{"b":["y"]}`, fields: "a"},
		{syntax: "json", typ: "{a: int, b: string}", stdout: `{"a": 3.0, "b": 4}`, want: `{"a":3,"b":"4"}`},
		{syntax: "json", typ: "{a: int}", stdout: `{"a": null}`, want: `{}`},
		{syntax: "json", typ: "{a: int}", stdout: `{"a": 3.5}`, want: `{}`, fields: "a"},
		{syntax: "json", typ: "{a: int}", stdout: `{"a": 1, "a": 2}`, err: "is there twice"},
		{syntax: "json", typ: "{a: int}", stdout: `{"a": 1} x`, err: "more follows"},
		{syntax: "json", typ: "{a: int}", stdout: "{\"a\":\n", err: "not complete"},
		{syntax: "json", typ: "[int]", stdout: "[" + strings.Repeat("[", 100), err: "deeper than"},
		{syntax: "json", typ: "map(string, int)", stdout: `{"a": null}`, err: `"a": expected int, not nothing`},
		{syntax: "blocks", typ: "map(string, string)", stdout: "x\n", err: "expected a line ==> FILE <== first"},
		{syntax: "blocks", typ: "map(string, string)", stdout: "==> a <==\n==> a <==\n", err: "there twice"},
	})
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct {
		one
		want string
	}{
		{one{syntax: "tabel", typ: "int"}, `no syntax "tabel": expected one of auditrules, blocks`},
		{one{syntax: "value", typ: "[int]"}, "yields a scalar, not list(int)"},
		{one{syntax: "lines", typ: "[{a: int}]"}, "yields a list of scalars"},
		{one{syntax: "keyvalue", typ: "{a: {b: int}}"}, "yields a record or map of scalars"},
		{one{syntax: "keyvalue", typ: "{A: int}", options: "case=lower"}, "can never be there"},
		{one{syntax: "keyvalue", typ: "{a: int}", options: "seperator=x"}, `no option "seperator": expected bare`},
		{one{syntax: "keyvalue", typ: "{a: int}", options: "repeat=both"}, "not one of error, first, last"},
		{one{syntax: "table", typ: "[int]"}, "yields a list of records"},
		{one{syntax: "table", typ: "[{a: int}]", options: "columns=a,b"}, `column "b" is no field`},
		{one{syntax: "table", typ: "[{a: int, b: int}]", options: "columns=a"}, "field b is no column"},
		{one{syntax: "table", typ: "[{a: {b: int}}]"}, "column a"},
		{one{syntax: "ini", typ: "{a: int}"}, "section a"},
		{one{syntax: "blocks", typ: "map(string, int)"}, "map(string, string)"},
		{one{syntax: "pam", typ: "[{service: int}]"}, "field service"},
		{one{syntax: "sudoers", typ: "{rules: [{who: string}]}"}, "unparsed is needed"},
		{one{syntax: "auditrules", typ: "[{kid: string}]"}, "has no field kid"},
	}
	for _, tt := range tests {
		if _, err := tt.parser(t); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s %s %s: %v, expected %q", tt.syntax, tt.typ, tt.options, err, tt.want)
		}
	}
}
