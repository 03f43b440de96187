package check

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/fleetaudit/fleetaudit/probes/fact"
)

// A small catalogue: a record, a list of rows, a map, a scalar.
func testTypes() map[string]fact.Type {
	str, num, boolean := fact.Type{Kind: fact.String}, fact.Type{Kind: fact.Int}, fact.Type{Kind: fact.Bool}
	row := fact.Type{Kind: fact.Record, Fields: []fact.Field{
		{Name: "user", Type: str}, {Name: "uid", Type: num}, {Name: "shell", Type: str}, {Name: "locked", Type: boolean},
		{Name: "keys", Type: fact.Type{Kind: fact.List, Elem: &fact.Type{Kind: fact.Record, Fields: []fact.Field{{Name: "bits", Type: num}}}}},
	}}
	return map[string]fact.Type{
		"sshd.effective": {Kind: fact.Record, Fields: []fact.Field{
			{Name: "permitrootlogin", Type: str}, {Name: "maxauthtries", Type: num}, {Name: "usepam", Type: boolean},
			{Name: "allowusers", Type: fact.Type{Kind: fact.List, Elem: &str}},
			{Name: "since", Type: fact.Type{Kind: fact.Timestamp}},
		}},
		"accounts.passwd":  {Kind: fact.List, Elem: &row},
		"kernel.sysctl":    {Kind: fact.Map, Elem: &str},
		"accounts.by_name": {Kind: fact.Map, Elem: &row},
		"kernel.release":   str,
		"disk.load":        {Kind: fact.Double},
	}
}

func testLanguage(t testing.TB) *language {
	t.Helper()
	l, err := newLanguage(testTypes(), map[string]any{"root_login": []string{"no"}, "max_tries": int64(4), "ports": []int64{22}, "flag": true})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// passwd is the list of rows that the tests loop over. The row of "svc" lacks its shell.
func passwd() []any {
	return []any{
		map[string]any{"user": "root", "uid": int64(0), "shell": "/bin/bash", "locked": false, "keys": []any{map[string]any{"bits": int64(256)}}},
		map[string]any{"user": "svc", "uid": int64(900), "locked": true},
	}
}

// TestPartialEvaluation pins what the verdicts rest on: how CEL settles an expression of which a part is not known.
func TestPartialEvaluation(t *testing.T) {
	t.Parallel()
	const a, b = "sshd.effective.permitrootlogin", "sshd.effective.maxauthtries"
	known := map[string]any{
		"accounts.passwd": passwd(), "kernel.sysctl": map[string]any{"net.ipv4.ip_forward": "0"}, "kernel.release": "6.1",
		"accounts.by_name":   map[string]any{"root": passwd()[0]},
		"baseline.max_tries": int64(4), "baseline.root_login": []string{"no"}, "host.roles": []string{"db"},
	}
	tests := []struct{ name, expr, want string }{
		{"unknown alone", a + ` == "no"`, "unknown " + a},
		{"unknown in list", a + ` in baseline.root_login`, "unknown " + a},
		{"unknown and false", a + ` == "no" && kernel.release == "5"`, "false"},
		{"false and unknown", `kernel.release == "5" && ` + a + ` == "no"`, "false"},
		{"unknown and true", a + ` == "no" && kernel.release == "6.1"`, "unknown " + a},
		{"unknown or true", a + ` == "no" || kernel.release == "6.1"`, "true"},
		{"true or unknown", `kernel.release == "6.1" || ` + a + ` == "no"`, "true"},
		{"unknown or false", a + ` == "no" || kernel.release == "5"`, "unknown " + a},
		{"two unknowns are both named", a + ` == "no" && ` + b + ` <= 4`, "unknown " + b + "," + a},
		{"two unknowns or", a + ` == "no" || ` + b + ` <= 4`, "unknown " + b + "," + a},
		{"two unknowns in one call", a + ` == string(` + b + `)`, "unknown " + b + "," + a},
		{"unknown twice", a + ` == "no" && ` + a + ` != "yes"`, "unknown " + a},
		{"not unknown", `!sshd.effective.usepam`, "unknown sshd.effective.usepam"},
		{"ternary on unknown names only the condition", `sshd.effective.usepam ? ` + b + ` <= 4 : true`, "unknown sshd.effective.usepam"},
		{"ternary with equal known branches", `sshd.effective.usepam ? true : true`, "unknown sshd.effective.usepam"},
		{"ternary that takes the unknown", `kernel.release == "6.1" ? ` + b + ` <= 4 : true`, "unknown " + b},
		{"ternary that leaves the unknown", `kernel.release == "5" ? ` + b + ` <= 4 : true`, "true"},
		{"unknown range", `sshd.effective.allowusers.all(u, u != "*")`, "unknown sshd.effective.allowusers"},
		{"unknown in body", `accounts.passwd.all(u, u.uid > ` + b + `)`, "unknown " + b},
		{"unknown in body, settled by another row", `accounts.passwd.exists(u, u.uid == 900 || u.uid == ` + b + `)`, "true"},
		{"unknown in body, all settled false", `accounts.passwd.all(u, u.uid != 900 && u.uid != ` + b + `)`, "false"},
		{"unknown in filter", `accounts.passwd.filter(u, u.uid == ` + b + `).size() == 0`, "unknown " + b},
		{"unknown in map", `accounts.passwd.map(u, u.uid == ` + b + `).size() == 2`, "unknown " + b},
		{"unknown in exists_one", `accounts.passwd.exists_one(u, u.uid == ` + b + `)`, "unknown " + b},
		{"size of unknown", `size(sshd.effective.allowusers) > 0`, "unknown sshd.effective.allowusers"},
		{"index of unknown", `sshd.effective.allowusers[0] == "x"`, "unknown sshd.effective.allowusers"},
		{"sets", `sets.contains(["a"], sshd.effective.allowusers)`, "unknown sshd.effective.allowusers"},
		{"unknown in list literal", `"x" in [` + a + `, "x"]`, "unknown " + a},
		{"map key", `kernel.sysctl["net.ipv4.ip_forward"] == "0"`, "true"},
		{"missing map key is an error", `kernel.sysctl["nope"] == "0"`, "error no such key: nope"},
		{"in asks a map", `"nope" in kernel.sysctl`, "false"},
		{"has on a row", `accounts.passwd.all(u, has(u.shell))`, "false"},
		{"has on a map entry", `has(accounts.by_name.root)`, "true"},
		{"field missing in a row is an error", `accounts.passwd.all(u, u.shell != "")`, "error no such key: shell"},
		{"field missing, settled by another row", `accounts.passwd.exists(u, u.shell == "/bin/bash")`, "true"},
		{"field missing, settled false", `accounts.passwd.all(u, u.shell == "/bin/false")`, "false"},
		{"nested rows", `accounts.passwd.exists(u, has(u.keys) && u.keys.all(k, k.bits >= 256))`, "true"},
		{"map of rows", `accounts.by_name.all(n, v, v.uid == 0)`, "true"},
		{"map of rows, entry", `accounts.by_name["root"].uid == 0`, "true"},
		{"unknown hides an error", a + ` == "no" && kernel.sysctl["nope"] == "0"`, "unknown " + a + " hidden no such key: nope"},
		{"error hides no unknown", `kernel.sysctl["nope"] == "0" || ` + a + ` == "no"`, "unknown " + a + " hidden no such key: nope"},
		{"error in strict call wins over unknown", `kernel.sysctl["nope"] == ` + a, "error no such key: nope"},
		{"cost", `accounts.passwd.map(u, u.uid).all(x, accounts.passwd.all(u, u.uid >= 0))`, "true"},
		{"host", `"db" in host.roles`, "true"},
	}
	l := testLanguage(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			x, err := l.condition(l.all, tt.expr, true)
			if err != nil {
				t.Fatal(err)
			}
			got := describe(x.eval(func(v *variable) (any, bool) { val, ok := known[v.name]; return val, ok }))
			if got != tt.want {
				t.Errorf("%s\n got %s\nwant %s", tt.expr, got, tt.want)
			}
		})
	}
}

func describe(o outcome) string {
	switch {
	case o.err != nil:
		return "error " + strings.TrimSpace(o.err.Error())
	case o.unknown != nil && o.hidden != nil:
		return "unknown " + strings.Join(o.unknown, ",") + " hidden " + o.hidden.Error()
	case o.unknown != nil:
		return "unknown " + strings.Join(o.unknown, ",")
	}
	return fmt.Sprint(o.value)
}

func TestCompileErrors(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, expr string
		want       []string
	}{
		{"unknown fact", `sshd.effective.permitrootlogn == "no"`, []string{"^", `'sshd.effective.permitrootlogn' (did you mean 'sshd.effective.permitrootlogin'?)`}},
		{"unknown threshold", `sshd.effective.maxauthtries <= baseline.max_trys`, []string{"^", `did you mean 'baseline.max_tries'?`}},
		{"unknown topic", `sshdd.effective.maxauthtries <= 4`, []string{"^", "did you mean"}},
		{"unknown row field", `accounts.passwd.exists(u, u.udi == 0)`, []string{"^", "undefined field 'udi'", `(did you mean "uid"?)`}},
		{"unknown nested field", `accounts.passwd.exists(u, u.keys.exists(k, k.bit == 0))`, []string{"undefined field 'bit'"}},
		{"unknown field in map of rows", `accounts.by_name["root"].udi == 0`, []string{"undefined field 'udi'", `"uid"`}},
		{"type", `sshd.effective.maxauthtries == "4"`, []string{"^", "no matching overload"}},
		{"int and double", `disk.load < 4`, []string{"no matching overload"}},
		{"not bool", `sshd.effective.maxauthtries`, []string{"a bool is expected, this is int"}},
		{"dyn", `dyn(sshd.effective.maxauthtries) == "x"`, []string{"undeclared reference to 'dyn'"}},
		{"type()", `type(sshd.effective.maxauthtries) == int`, []string{"undeclared reference to 'type'"}},
		{"json", `{"a": 1}.a == 1 ? [1, "a"][0] : true`, []string{""}},
		{"regex", `sshd.effective.permitrootlogin.matches("(")`, []string{"invalid matches argument"}},
		{"has on a fact", `has(sshd.effective.permitrootlogin)`, []string{"undeclared reference"}},
		{"syntax", `sshd.effective.permitrootlogin ==`, []string{"Syntax error"}},
		{"mixed list", `sshd.effective.permitrootlogin in ["no", 1]`, []string{""}},
		{"row literal", `accounts.passwd.row{uid: 1}.uid == 1 && accounts.passwd.size() == "a"`, []string{""}},
		{"optional", `accounts.passwd[?0].orValue(1) == 1`, []string{"unsupported syntax"}},
	}
	l := testLanguage(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := l.condition(l.all, tt.expr, false)
			if err == nil {
				t.Fatalf("%s compiles", tt.expr)
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%s\n got %s\nwant %s", tt.expr, err, want)
				}
			}
		})
	}
}

func TestNative(t *testing.T) {
	t.Parallel()
	l := testLanguage(t)
	x, _, err := l.compile(l.all, "accounts.passwd", false)
	if err != nil {
		t.Fatal(err)
	}
	got := x.eval(func(*variable) (any, bool) { return passwd(), true })
	if !reflect.DeepEqual(got.value, any(passwd())) {
		t.Errorf("got %#v", got.value)
	}
}
