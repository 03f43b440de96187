package inventory

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// FuzzInventory checks that whatever is read gives either faults with places or hosts that hold their promises, and that hosts
// written out in full, without defaults, groups or ranges to inherit from, are read as the same hosts.
func FuzzInventory(f *testing.F) {
	files, err := filepath.Glob("testdata/bad/*.yaml")
	if err != nil || len(files) < 40 {
		f.Fatalf("%d seeds, %v", len(files), err)
	}
	for _, file := range append(files, filepath.FromSlash("../templates/inventory/example.yaml")) {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte(selectFleet))
	loader := Loader{Home: testLoader.Home, maxHosts: 100}
	f.Fuzz(func(t *testing.T, data []byte) {
		inv, err := loader.Load("fuzz.yaml", data)
		if err != nil {
			checkFaults(t, err)
			return
		}
		for h := range inv.Hosts() {
			checkHost(t, inv, h)
		}
		full := writeFull(inv)
		again, err := loader.Load("fuzz.yaml", full)
		if err != nil {
			t.Fatalf("%v\nwritten out in full:\n%s", err, full)
		}
		if a, b := facts(inv), facts(again); !reflect.DeepEqual(a, b) {
			t.Fatalf("written out in full:\n%s\ngot  %+v\nwant %+v", full, b, a)
		}
	})
}

func checkFaults(t *testing.T, err error) {
	t.Helper()
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		t.Fatalf("error is %T", err)
	}
	last := Position{}
	for _, e := range joined.Unwrap() {
		var fault *Error
		if !errors.As(e, &fault) {
			t.Fatalf("%v is %T", e, e)
		}
		p := fault.Pos
		if p.Line < 1 || p.Column < 1 || p.Line < last.Line || p.Line == last.Line && p.Column < last.Column {
			t.Errorf("%v comes after %v", p, last)
		}
		last = p
	}
}

// checkHost asserts what those who use a host rely on.
func checkHost(t *testing.T, inv *Inventory, h Host) {
	t.Helper()
	if checkHostName(h.Name) != nil || h.Port < 1 || h.Port > 65535 {
		t.Errorf("host %q, port %d", h.Name, h.Port)
	}
	for _, a := range []*Access{&h.Access, h.Jump} {
		if a == nil {
			continue
		}
		if checkAddress(a.Address) != nil && h.Connection == ConnectionSSH || a.User != "" && checkUser(a.User) != nil {
			t.Errorf("host %q: address %q, user %q", h.Name, a.Address, a.User)
		}
		if a.HostKey != "" && checkFingerprint(a.HostKey) != nil {
			t.Errorf("host %q: key %q", h.Name, a.HostKey)
		}
	}
	if _, ok := inv.Zones[h.Zone]; h.Zone != "" && !ok {
		t.Errorf("host %q: zone %q", h.Name, h.Zone)
	}
	if !slices.IsSorted(h.Groups) || !slices.IsSorted(h.Roles) || !slices.IsSorted(h.Data) {
		t.Errorf("host %q: groups %q, roles %q, data %q", h.Name, h.Groups, h.Roles, h.Data)
	}
}

// known is what an inventory says, without where it says so.
type known struct {
	Engagement Engagement
	Population Population
	Zones      any
	Hosts      []Host
	Jumps      []Access
}

func facts(inv *Inventory) known {
	k := known{Engagement: inv.Engagement, Population: inv.Population, Zones: inv.Zones}
	for h := range inv.Hosts() {
		var jump Access
		if h.Jump != nil {
			jump = *h.Jump
		}
		h.Pos, h.Jump = Position{}, nil
		k.Hosts, k.Jumps = append(k.Hosts, h), append(k.Jumps, jump)
	}
	return k
}

// writeFull writes an inventory in which each host gives all of its values itself.
func writeFull(inv *Inventory) []byte {
	var b strings.Builder
	e, p := inv.Engagement, inv.Population
	if e != (Engagement{}) {
		b.WriteString("engagement:\n" + fields("  ", "entity", e.Entity, "assessor", e.Assessor, "authority", e.Authority, "operator", e.Operator))
		if !e.FieldworkFrom.IsZero() {
			fmt.Fprintf(&b, "  fieldwork: {from: %s, to: %s}\n", e.FieldworkFrom.Format(time.DateOnly), e.FieldworkTo.Format(time.DateOnly))
		}
	}
	if p.File != "" {
		b.WriteString("population:\n" + fields("  ", "file", p.File, "source", p.Source, "by", p.By))
		if !p.Created.IsZero() {
			b.WriteString(fields("  ", "created", p.Created.Format(time.RFC3339Nano)))
		}
	}
	b.WriteString("zones:\n")
	if len(inv.Zones) == 0 {
		b.WriteString("  {}\n")
	}
	for name, ranges := range inv.Zones {
		fmt.Fprintf(&b, "  %s:\n", quote(name))
		for _, r := range ranges {
			fmt.Fprintf(&b, "    - %s\n", quote(r.String()))
		}
		if len(ranges) == 0 {
			b.WriteString("    []\n")
		}
	}
	writeJumps(&b, inv)
	writeGroups(&b, inv)
	b.WriteString("hosts:\n")
	for h := range inv.Hosts() {
		b.WriteString("  - name: " + quote(h.Name) + "\n" + access("    ", h.Access) + fields("    ",
			"platform", string(h.Platform), "connection", string(h.Connection), "zone", h.Zone, "system", h.System, "env", h.Env))
		if h.Become == BecomeSudo {
			b.WriteString("    become: sudo\n")
		}
		if h.Jump != nil {
			b.WriteString("    jump: " + quote("j-"+jumpID(inv, h.Jump)) + "\n")
		}
		b.WriteString(list("    ", "roles", h.Roles) + list("    ", "data", h.Data))
	}
	return []byte(b.String())
}

func writeJumps(b *strings.Builder, inv *Inventory) {
	b.WriteString("jumps:\n")
	seen := make(map[*Access]bool)
	for h := range inv.Hosts() {
		if h.Jump != nil && !seen[h.Jump] {
			seen[h.Jump] = true
			b.WriteString("  " + quote("j-"+jumpID(inv, h.Jump)) + ":\n" + access("    ", *h.Jump))
		}
	}
	if len(seen) == 0 {
		b.WriteString("  {}\n")
	}
}

// jumpID is the first host that goes through a jump host, in letters that a name may hold.
func jumpID(inv *Inventory, jump *Access) string {
	n := 0
	for h := range inv.Hosts() {
		if h.Jump == jump {
			break
		}
		n++
	}
	return fmt.Sprint(n)
}

func writeGroups(b *strings.Builder, inv *Inventory) {
	b.WriteString("groups:\n")
	for _, g := range inv.Groups() {
		b.WriteString("  " + quote(g) + ":\n    hosts:\n")
		for h := range inv.Hosts() {
			if slices.Contains(h.Groups, g) {
				b.WriteString("      - " + quote(h.Name) + "\n")
			}
		}
	}
	if len(inv.Groups()) == 0 {
		b.WriteString("  {}\n")
	}
}

func access(indent string, a Access) string {
	s := fields(indent, "address", a.Address, "user", a.User, "identity", a.Identity, "certificate", a.Certificate, "host_key", a.HostKey)
	for i, r := range []SecretRef{a.Passphrase, a.Password} {
		if scheme, arg := r.parts(); scheme != "" {
			s += fields(indent, []string{"passphrase", "password"}[i], scheme+":"+arg)
		}
	}
	return s + fmt.Sprintf("%sport: %d\n", indent, a.Port)
}

func fields(indent string, pairs ...string) string {
	var b strings.Builder
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			b.WriteString(indent + pairs[i] + ": " + quote(pairs[i+1]) + "\n")
		}
	}
	return b.String()
}

func list(indent, name string, words []string) string {
	if len(words) == 0 {
		return ""
	}
	s := indent + name + ":\n"
	for _, w := range words {
		s += indent + "  - " + quote(w) + "\n"
	}
	return s
}

// quote writes text as JSON does, which is YAML, too.
func quote(s string) string {
	q, err := json.Marshal(s)
	if err != nil {
		panic(err) // a string has a JSON form
	}
	return string(q)
}
