package inventory

import (
	"strings"
	"testing"
)

const selectFleet = `
groups:
  web: {hosts: ["web[01:03].example.org", "fd00::7"]}
  db: {hosts: ["db[1:2]"]}
  prod: {children: [db], hosts: [web01.example.org, "fd00::7"]}
  dc-1: {hosts: [db1]}
hosts: [lone, fd00::8, "::1", "10.0.0.1"]
`

func names(inv *Inventory) string {
	var all []string
	for h := range inv.Hosts() {
		all = append(all, h.Name)
	}
	return strings.Join(all, " ")
}

func TestSelect(t *testing.T) {
	t.Parallel()
	inv := mustLoad(t, selectFleet)
	tests := []struct{ pattern, want string }{
		{"db", "db1 db2"},
		{"db1", "db1"},
		{"all", names(inv)},
		{"*", names(inv)},
		{"ungrouped", "10.0.0.1 ::1 fd00::8 lone"},
		{"web:&prod", "fd00::7 web01.example.org"},
		{"web:&prod:!fd00::7", "web01.example.org"},
		{"!db,web", "fd00::7 web01.example.org web02.example.org web03.example.org"},
		{"!web", "10.0.0.1 ::1 db1 db2 fd00::8 lone"},
		{"&prod:!web", "db1 db2"},
		{" db , lone ", "db1 db2 lone"},
		{"db::lone,", "db1 db2 lone"},
		{"web0[1-2]*", "web01.example.org web02.example.org"},
		{"web0[!1]*", "web02.example.org web03.example.org"},
		{"web0?.example.org:!web03*", "web01.example.org web02.example.org"},
		{"d*", "db1 db2"},
		{"pro*", "db1 db2 fd00::7 web01.example.org"},
		{"web[02:03].example.org", "web02.example.org web03.example.org"},
		{"db[1:2]", "db2"},
		{"db[0]", "db1"},
		{"db[-1]", "db2"},
		{"web[1:]", "web01.example.org web02.example.org web03.example.org"},
		{"web[0-1]", "fd00::7 web01.example.org"},
		{"all[0:1]:!::1", "10.0.0.1"},
		{"~web0[12]", "web01.example.org web02.example.org"},
		{"~(web0(1|3)|lo(?:ne)).*", "lone web01.example.org web03.example.org"},
		{`~db\d{1,2}$:lone`, "db1 db2 lone"},
		{"~^d:!~.*2", "db1"},
		{"~eb01:lone", ""},
		{"fd00::7", "fd00::7"},
		{"[fd00::7]", "fd00::7"},
		{"FD00:0:0::7", "fd00::7"},
		{"fd00::7:fd00::8", "fd00::7 fd00::8"},
		{"fd00::7:db", "db1 db2 fd00::7"},
		{"::1:lone", "::1 lone"},
		{"lone:::1", "::1 lone"},
		{"web:!fd00::7:!web01*", "web02.example.org web03.example.org"},
		{"10.0.0.1:dc-1", "10.0.0.1 db1"},
	}
	for _, tt := range tests {
		t.Run(tt.pattern, func(t *testing.T) {
			t.Parallel()
			got, err := inv.Select(tt.pattern)
			if tt.want == "" {
				if err == nil {
					t.Errorf("got %s, expected an error", names(got))
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if names(got) != tt.want {
				t.Errorf("got %s, want %s", names(got), tt.want)
			}
		})
	}
}

func TestSelectErrors(t *testing.T) {
	t.Parallel()
	inv := mustLoad(t, selectFleet)
	tests := []struct{ pattern, want string }{
		{"", `expected a word`},
		{" , : ", `expected a word`},
		{"web:!", `expected a word after '!' or '&'`},
		{"web:&prd", `"prd" matches no group and no host`},
		{"web:!prdo", `"prdo" matches no group and no host: did you mean "prod"?`},
		{"db3", `"db3" matches no group and no host: did you mean "db"?`},
		{"fd00::9", `"fd00::9" matches no group and no host`},
		{"x*", `"x*" matches no group and no host`},
		{"~x", `"~x" matches no group and no host`},
		{"~(", `"~(" is no regular expression`},
		{"[z-", `is no glob`},
		{"db[7]", `"db[7]" matches no group and no host`},
		{"web[01:09].example.org", `there is no host "web04.example.org"`},
		{"h[0:9999999]", `more than 100000 hosts`},
		{"db:&web", `together they leave no host`},
		{"nope1:nope2", "\"nope1\" matches no group and no host\npattern \"nope1:nope2\": \"nope2\""},
	}
	for _, tt := range tests {
		t.Run(tt.pattern, func(t *testing.T) {
			t.Parallel()
			got, err := inv.Select(tt.pattern)
			if err == nil {
				t.Fatalf("got %s, expected an error", names(got))
			}
			if !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
}

func TestSelectIsACopy(t *testing.T) {
	t.Parallel()
	inv := mustLoad(t, selectFleet)
	before := names(inv)
	narrow, err := inv.Select("prod")
	if err != nil {
		t.Fatal(err)
	}
	narrower, err := narrow.Select("db:!db2")
	if err != nil {
		t.Fatal(err)
	}
	if names(inv) != before || names(narrower) != "db1" || narrower.SHA256 != inv.SHA256 {
		t.Errorf("inventory %s, narrowed to %s", names(inv), names(narrower))
	}
	if _, err := narrow.Select("ungrouped"); err == nil {
		t.Error("a host that was left out is still there")
	}
}

func FuzzSelect(f *testing.F) {
	for _, s := range []string{"web:&prod:!db", "all,~x[:,]", "fd00::7:db[0:1]", "web[01:02].example.org", "[!a]*", "~(?:a", "::::", "!:&,["} {
		f.Add(s)
	}
	inv := mustLoad(f, selectFleet)
	f.Fuzz(func(t *testing.T, pattern string) {
		got, err := inv.Select(pattern)
		if (got == nil) == (err == nil) {
			t.Fatalf("got %v and %v", got, err)
		}
		if err != nil {
			return
		}
		if got.Len() == 0 || got.Len() > inv.Len() {
			t.Errorf("%d hosts", got.Len())
		}
		for h := range got.Hosts() {
			if _, ok := inv.Lookup(h.Name); !ok {
				t.Errorf("host %q from nowhere", h.Name)
			}
		}
	})
}
