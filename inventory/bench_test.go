package inventory

import (
	"fmt"
	"strings"
	"testing"
)

// fleet writes an inventory of n hosts as mappings, half of them also in groups.
func fleet(n int) []byte {
	var b strings.Builder
	b.WriteString("defaults: {user: audit, identity: /k/audit, become: sudo, jump: bastion.example.org}\n")
	b.WriteString("zones: {clinical: [10.1.0.0/16], admin: [10.9.0.0/24]}\n")
	fmt.Fprintf(&b, "groups:\n  production: {env: production, children: [web]}\n  web: {system: Portal, roles: [web], hosts: [\"h[00000:%05d].example.org\"]}\nhosts:\n", n/2-1)
	for i := range n {
		fmt.Fprintf(&b, "  - {name: h%05d.example.org, address: 10.1.%d.%d, port: 2222, roles: [mdm, web], data: [fti]}\n", i, i/250, i%250)
	}
	return []byte(b.String())
}

func BenchmarkLoad10000(b *testing.B) {
	data := fleet(10_000)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		inv, err := Load("fleet.yaml", data)
		if err != nil || inv.Len() != 10_000 {
			b.Fatal(err)
		}
	}
}

func BenchmarkLoadRange10000(b *testing.B) {
	data := []byte(`hosts: ["h[00000:09999].example.org"]`)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Load("fleet.yaml", data); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSelect10000(b *testing.B) {
	inv, err := Load("fleet.yaml", fleet(10_000))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := inv.Select("web:&production:!h00[0-4]*"); err != nil {
			b.Fatal(err)
		}
	}
}
