package inventory_test

import (
	"fmt"

	"github.com/fleetaudit/fleetaudit/inventory"
)

func Example() {
	inv, err := inventory.Load("fleet.yaml", []byte(`
defaults: {user: audit, jump: bastion.example.org}
zones: {clinical: [10.1.0.0/16]}
groups:
  ehr: {system: EHR database, roles: [database], hosts: ["ehr-db[01:03].example.org"]}
hosts:
  - {name: mdm01, address: 10.1.4.7, port: 2222, jump: none}
`))
	if err != nil {
		fmt.Println(err)
		return
	}
	for h := range inv.Hosts() {
		fmt.Printf("%s@%s:%d %q %q\n", h.User, h.Address, h.Port, h.System, h.Zone)
	}
	some, err := inv.Select("ehr:!ehr-db02*")
	fmt.Println(some.Len(), err)
	// Output:
	// audit@ehr-db01.example.org:22 "EHR database" ""
	// audit@ehr-db02.example.org:22 "EHR database" ""
	// audit@ehr-db03.example.org:22 "EHR database" ""
	// audit@10.1.4.7:2222 "" "clinical"
	// 2 <nil>
}

func ExampleLoad_faults() {
	_, err := inventory.Load("fleet.yaml", []byte(`
defaults: {user: audit, password: hunter2}
hosts:
  - {name: db01, adress: 10.1.4.7}
  - "web[1:"
`))
	fmt.Println(err)
	// Output:
	// fleet.yaml:2:35: password: a secret must not be written here: use a reference to it (env:NAME, file:PATH, command:TEXT or prompt:LABEL)
	// fleet.yaml:4:18: host: unknown key "adress": did you mean "address"?
	// fleet.yaml:5:5: hosts: '[' without ']'
}
