package inventory

import (
	"errors"
	"net/netip"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

var testLoader = Loader{Home: func() (string, error) { return filepath.FromSlash("/home/op"), nil }}

func mustLoad(t testing.TB, text string) *Inventory {
	t.Helper()
	inv, err := testLoader.Load(filepath.FromSlash("fleet/inventory.yaml"), []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return inv
}

func mustHost(t testing.TB, inv *Inventory, name string) Host {
	t.Helper()
	h, ok := inv.Lookup(name)
	if !ok {
		t.Fatalf("there is no host %q", name)
	}
	return h
}

func mustRef(t testing.TB, s string) SecretRef {
	t.Helper()
	r, err := ParseSecretRef(s)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

const fingerprint = "SHA256:PEd2xl0n0PBuYS0U+2S2TTgrbNB4JCIHL+7pW24rYjE"

// TestHostValues checks all values of one host in one comparison, so that nothing unexpected is set either.
func TestHostValues(t *testing.T) {
	t.Parallel()
	inv := mustLoad(t, `
defaults: {user: audit, port: 2222, identity: ~/.ssh/id, certificate: id-cert.pub, passphrase: "prompt:key", become: sudo}
zones: {clinical: [10.1.0.0/16]}
jumps:
  bastion: {address: "[fd00::1]", port: 2200, host_key: "`+fingerprint+`"}
groups:
  all-db: {env: production, children: [ehr], data: [ephi], become: none}
  ehr: {system: EHR database, roles: [database], hosts: [db01]}
hosts:
  - {name: db01, address: 10.1.4.7, roles: [reporting, database], password: file:secret.txt, jump: bastion, platform: linux, host_key: "`+fingerprint+`"}
`)
	want := Host{
		Access: Access{
			Address: "10.1.4.7", Port: 2222, User: "audit", Identity: filepath.FromSlash("/home/op/.ssh/id"),
			Certificate: filepath.FromSlash("fleet/id-cert.pub"), Passphrase: mustRef(t, "prompt:key"),
			Password: newSecretRef(schemeFile, filepath.FromSlash("fleet/secret.txt")), HostKey: fingerprint,
		},
		Name: "db01", Platform: PlatformLinux, Connection: ConnectionSSH, Become: BecomeNone,
		Jump: &Access{
			Address: "fd00::1", Port: 2200, User: "audit", Identity: filepath.FromSlash("/home/op/.ssh/id"),
			Certificate: filepath.FromSlash("fleet/id-cert.pub"), Passphrase: mustRef(t, "prompt:key"), HostKey: fingerprint,
		},
		Zone: "clinical", System: "EHR database", Env: "production",
		Roles: []string{"database", "reporting"}, Data: []string{"ephi"}, Groups: []string{"all-db", "ehr"},
		Pos: Position{filepath.FromSlash("fleet/inventory.yaml"), 10, 12},
	}
	if got := mustHost(t, inv, "db01"); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\njump %+v\nwant %+v\njump %+v", got, got.Jump, want, want.Jump)
	}
}

// TestPrecedence checks which value of a field wins.
func TestPrecedence(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, text string
		get        func(Host) any
		want       any
	}{
		{"nothing said: port", `hosts: [h]`, func(h Host) any { return h.Port }, 22},
		{"nothing said: become", `hosts: [h]`, func(h Host) any { return h.Become }, BecomeNone},
		{"nothing said: connection", `hosts: [h]`, func(h Host) any { return h.Connection }, ConnectionSSH},
		{"nothing said: platform", `hosts: [h]`, func(h Host) any { return h.Platform }, PlatformUnknown},
		{"nothing said: address", `hosts: [h]`, func(h Host) any { return h.Address }, "h"},
		{"defaults", `{defaults: {user: d}, hosts: [h]}`, func(h Host) any { return h.User }, "d"},
		{"group over defaults", `{defaults: {user: d}, groups: {g: {user: g, hosts: [h]}}}`, func(h Host) any { return h.User }, "g"},
		{"host over group", `{groups: {g: {user: g, hosts: [h]}}, hosts: [{name: h, user: h}]}`, func(h Host) any { return h.User }, "h"},
		{"short form over group", `{groups: {g: {user: g, hosts: [h]}}, hosts: [x@h]}`, func(h Host) any { return h.User }, "x"},
		{"child over parent", `{groups: {p: {user: p, children: [g]}, g: {user: g, hosts: [h]}}}`, func(h Host) any { return h.User }, "g"},
		{"child over parent that lists the host, too", `{groups: {p: {user: p, children: [g], hosts: [h]}, g: {user: g, hosts: [h]}}}`, func(h Host) any { return h.User }, "g"},
		{"grandparent", `{groups: {a: {user: a, children: [b]}, b: {children: [c]}, c: {hosts: [h]}}}`, func(h Host) any { return h.User }, "a"},
		{"two groups agree", `{groups: {a: {user: x, hosts: [h]}, b: {user: x, hosts: [h]}}}`, func(h Host) any { return h.User }, "x"},
		{"host settles a conflict", `{groups: {a: {user: x, hosts: [h]}, b: {user: y, hosts: [h]}}, hosts: [{name: h, user: z}]}`, func(h Host) any { return h.User }, "z"},
		{"common child settles a conflict", `{groups: {a: {user: x, children: [c]}, b: {user: y, children: [c]}, c: {user: z, hosts: [h]}}}`, func(h Host) any { return h.User }, "z"},
		{"roles unite", `{groups: {a: {roles: [x, z], hosts: [h]}, b: {roles: [y], hosts: [h]}}, hosts: [{name: h, roles: [w, x]}]}`, func(h Host) any { return strings.Join(h.Roles, " ") }, "w x y z"},
		{"groups hold ancestors", `{groups: {z: {children: [m]}, m: {children: [a]}, a: {hosts: [h]}}}`, func(h Host) any { return strings.Join(h.Groups, " ") }, "a m z"},
		{"own identity drops inherited passphrase", `{defaults: {identity: /d, passphrase: env:D, certificate: /c}, hosts: [{name: h, identity: /h}]}`, func(h Host) any { return h.Identity + h.Certificate + h.Passphrase.String() }, filepath.Clean("/h")},
		{"own passphrase for inherited identity", `{defaults: {identity: /d, passphrase: env:D}, hosts: [{name: h, passphrase: env:H}]}`, func(h Host) any { return h.Passphrase.String() }, "env:H"},
		{"own identity settles a conflict of passphrases", `{groups: {a: {passphrase: env:A, hosts: [h]}, b: {passphrase: env:B, hosts: [h]}}, hosts: [{name: h, identity: /h}]}`, func(h Host) any { return h.Passphrase.IsZero() }, true},
		{"local host has no jump", `{defaults: {jump: b.example.org}, hosts: [{name: h, connection: local}]}`, func(h Host) any { return h.Jump == nil }, true},
		{"jump none", `{defaults: {jump: b.example.org}, hosts: [{name: h, jump: none}]}`, func(h Host) any { return h.Jump == nil }, true},
		{"windows has no sudo", `{defaults: {become: sudo}, groups: {w: {platform: windows, hosts: [h]}}}`, func(h Host) any { return h.Become }, BecomeNone},
		{"local name need not be an address", `{hosts: [{name: hä, connection: local}, h]}`, func(h Host) any { return h.Address }, "h"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := tt.get(mustHost(t, mustLoad(t, tt.text), "h")); got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

func TestShortForm(t *testing.T) {
	t.Parallel()
	tests := []struct{ text, name, address, user, port string }{
		{"web01", "web01", "web01", "audit", "22"},
		{"web01:2222", "web01", "web01", "audit", "2222"},
		{"ops@web01.example.org:2222", "web01.example.org", "web01.example.org", "ops", "2222"},
		{"ops@corp@web01", "web01", "web01", "ops@corp", "22"},
		{`CORP\ops@web01`, "web01", "web01", `CORP\ops`, "22"},
		{"10.1.4.7", "10.1.4.7", "10.1.4.7", "audit", "22"},
		{"10.1.4.7:23", "10.1.4.7", "10.1.4.7", "audit", "23"},
		{"fd00::7", "fd00::7", "fd00::7", "audit", "22"},
		{"FD00:0::7", "fd00::7", "fd00::7", "audit", "22"},
		{"[fd00::7]", "fd00::7", "fd00::7", "audit", "22"},
		{"[fd00::7]:2222", "fd00::7", "fd00::7", "audit", "2222"},
		{"ops@[fd00::7]:2222", "fd00::7", "fd00::7", "ops", "2222"},
		{"::1", "::1", "::1", "audit", "22"},
		{"fe80::1%eth0", "fe80::1%eth0", "fe80::1%eth0", "audit", "22"},
		{"fd00::[7:7]", "fd00::7", "fd00::7", "audit", "22"},
		{"[a:a]7:2222", "a7", "a7", "audit", "2222"},
	}
	for _, tt := range tests {
		t.Run(tt.text, func(t *testing.T) {
			t.Parallel()
			inv := mustLoad(t, "{defaults: {user: audit}, hosts: ['"+tt.text+"']}")
			h := mustHost(t, inv, tt.name)
			if h.Address != tt.address || h.User != tt.user || setting.shown(setting{field: fieldPort, port: h.Port}) != tt.port || inv.Len() != 1 {
				t.Errorf("got %+v", h)
			}
		})
	}
}

func TestJump(t *testing.T) {
	t.Parallel()
	inv := mustLoad(t, `
defaults: {user: audit, port: 2022, identity: /d, passphrase: env:D, password: env:P, jump: ops@gate.example.org:2200}
jumps:
  gate: {user: j, identity: /j}
hosts:
  - inline
  - {name: same, jump: "ops@gate.example.org:2200"}
  - {name: named, jump: gate}
  - {name: v6, jump: "[fd00::1]:23"}
  - {name: bare, jump: fd00::2}
`)
	slash := func(a Access) Access { a.Identity = filepath.ToSlash(a.Identity); return a }
	want := map[string]Access{
		"inline": {Address: "gate.example.org", Port: 2200, User: "ops", Identity: "/d", Passphrase: mustRef(t, "env:D")},
		"named":  {Address: "gate", Port: 22, User: "j", Identity: "/j"},
		"v6":     {Address: "fd00::1", Port: 23, User: "audit", Identity: "/d", Passphrase: mustRef(t, "env:D")},
		"bare":   {Address: "fd00::2", Port: 22, User: "audit", Identity: "/d", Passphrase: mustRef(t, "env:D")},
	}
	for name, w := range want {
		if got := mustHost(t, inv, name).Jump; got == nil || slash(*got) != w {
			t.Errorf("%s: got %+v, want %+v", name, got, w)
		}
	}
	if mustHost(t, inv, "inline").Jump != mustHost(t, inv, "same").Jump {
		t.Error("hosts with one jump host do not share it")
	}
}

func TestZoneFromAddress(t *testing.T) {
	t.Parallel()
	inv := mustLoad(t, `
zones:
  wide: [10.0.0.0/8, "fd00::/16"]
  narrow: [10.9.0.0/16, "fd00:1::/32"]
  one: [10.9.1.1/32]
  dmz: []
hosts: [10.1.1.1, 10.9.2.2, 10.9.1.1, fd00:1::1, fd00:2::1, 192.0.2.1, name, "::ffff:10.9.1.1", {name: given, address: 10.9.1.1, zone: dmz}]
`)
	for name, want := range map[string]string{
		"10.1.1.1": "wide", "10.9.2.2": "narrow", "10.9.1.1": "one", "fd00:1::1": "narrow", "fd00:2::1": "wide",
		"192.0.2.1": "", "name": "", "::ffff:10.9.1.1": "one", "given": "dmz",
	} {
		if got := mustHost(t, inv, name).Zone; got != want {
			t.Errorf("%s is in zone %q, want %q", name, got, want)
		}
	}
	if want := []netip.Prefix{netip.MustParsePrefix("10.9.0.0/16"), netip.MustParsePrefix("fd00:1::/32")}; !slices.Equal(inv.Zones["narrow"], want) {
		t.Errorf("ranges of narrow are %v", inv.Zones["narrow"])
	}
}

func TestEngagement(t *testing.T) {
	t.Parallel()
	inv := mustLoad(t, `
engagement: {entity: Example Health, assessor: A, authority: Letter, operator: J. Doe, fieldwork: {from: 2026-11-01, to: 2027-01-29}}
population: {file: lists/cmdb.csv, source: CMDB, created: "2026-11-20T10:30:00+01:00", by: R. Roe}
hosts: [h]
`)
	day := func(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 0, 0, 0, 0, time.UTC) }
	if want := (Engagement{"Example Health", "A", "Letter", "J. Doe", day(2026, 11, 1), day(2027, 1, 29)}); inv.Engagement != want {
		t.Errorf("got %+v, want %+v", inv.Engagement, want)
	}
	want := Population{filepath.FromSlash("fleet/lists/cmdb.csv"), "CMDB", time.Date(2026, 11, 20, 9, 30, 0, 0, time.UTC), "R. Roe"}
	if inv.Population != want {
		t.Errorf("got %+v, want %+v", inv.Population, want)
	}
}

func TestHostsAreInOrderOfName(t *testing.T) {
	t.Parallel()
	inv := mustLoad(t, `{hosts: [c, {name: a}, "b[1:2]", b10]}`)
	var names []string
	for h := range inv.Hosts() {
		names = append(names, h.Name)
	}
	if got := strings.Join(names, " "); got != "a b1 b10 b2 c" {
		t.Errorf("got %s", got)
	}
	for h := range inv.Hosts() { // stops when told
		if h.Name != "a" {
			t.Errorf("first is %s", h.Name)
		}
		break
	}
	if _, ok := inv.Lookup("A"); ok {
		t.Error("Lookup found another spelling")
	}
	if len(inv.SHA256) != 64 || inv.File != filepath.FromSlash("fleet/inventory.yaml") {
		t.Errorf("file %s, digest %s", inv.File, inv.SHA256)
	}
}

// TestText checks what a file may look like beside its content.
func TestText(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"byte order mark": "\ufeffhosts: [h]\n",
		"CRLF":            "# x\r\nhosts:\r\n  - name: h\r\n    user: 'u'\r\n",
		"document marker": "---\nhosts: [h]\n...\n",
		"folded":          "hosts:\n  - name: h\n    system: >-\n      EHR\n      database\n",
		"comments":        "hosts: # all\n  # one\n  - h # two\n# end",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mustHost(t, mustLoad(t, text), "h")
		})
	}
	deep := strings.Repeat("[", 10_000)
	if _, err := Load("a.yaml", []byte("hosts: "+deep)); err == nil || !strings.Contains(err.Error(), "levels deep") {
		t.Errorf("deep nesting: %.200v", err)
	}
	if _, err := Load("a.yaml", []byte(strings.Repeat("- ", 10_000))); err == nil || !strings.Contains(err.Error(), "levels deep") {
		t.Errorf("deep nesting: %.200v", err)
	}
}

// TestAllSectionKeysDecode checks that each key that a section offers is taken, so that tables and messages cannot drift apart.
func TestAllSectionKeysDecode(t *testing.T) {
	t.Parallel()
	values := map[string]string{
		"port": "22", "become": "none", "platform": "linux", "connection": "ssh", "zone": "z", "roles": "[r]", "data": "[d]",
		"hosts": "[h]", "children": "[]", "passphrase": "env:A", "password": "env:B", "host_key": "'" + fingerprint + "'", "jump": "j",
	}
	body := func(keys []key) string {
		var b strings.Builder
		for _, k := range keys {
			v := values[k.name]
			if v == "" {
				v = "x"
			}
			b.WriteString(k.name + ": " + v + ", ")
		}
		return "{" + b.String() + "}"
	}
	k := newKeyTables()
	inv := mustLoad(t, "zones: {z: []}\ndefaults: "+body(k.defaults)+"\njumps: {j: "+body(k.jump)+"}\ngroups: {g: "+body(k.group)+"}\nhosts: ["+body(k.host)+"]\n")
	if inv.Len() != 2 {
		t.Errorf("got %d hosts, want x and h", inv.Len())
	}
}

func TestHomeFolder(t *testing.T) {
	t.Parallel()
	broken := Loader{Home: func() (string, error) { return "", errors.New("no home") }}
	if _, err := broken.Load("a.yaml", []byte("{defaults: {identity: /abs}, hosts: [h]}")); err != nil {
		t.Errorf("an absolute path needs no home folder: %v", err)
	}
}

func TestMaxHosts(t *testing.T) {
	t.Parallel()
	l := Loader{maxHosts: 10}
	if _, err := l.Load("a.yaml", []byte(`hosts: ["a[0:9]"]`)); err != nil {
		t.Error(err)
	}
	for _, text := range []string{`hosts: ["a[0:10]"]`, `hosts: ["a[0:9]", b]`, `{hosts: ["a[0:4]"], groups: {g: {hosts: ["b[0:5]"]}}}`} {
		if _, err := l.Load("a.yaml", []byte(text)); err == nil || !strings.Contains(err.Error(), "more than 10 hosts") {
			t.Errorf("%s: got %v", text, err)
		}
	}
}

// TestExample loads the commented example that comes with the program.
func TestExample(t *testing.T) {
	t.Parallel()
	inv, err := LoadFile(filepath.FromSlash("../templates/inventory/example.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if inv.Len() != 26 || len(inv.Groups()) != 4 || inv.Population.File == "" || inv.Engagement.FieldworkTo.IsZero() {
		t.Errorf("%d hosts, groups %v, %+v", inv.Len(), inv.Groups(), inv.Engagement)
	}
}
