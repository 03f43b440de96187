// Command fleetaudit audits fleets of hosts over SSH without installing or changing anything on them, and writes CSF-mapped
// evidence workbooks.
//
// Each verb is a file of this package: it turns flags into options and makes one call. What the verbs do lives in the
// packages that the folders name: inventory, probes, report, templates.
package main

import "os"

func main() {
	os.Exit(run(os.Args, os.Stdin, os.Stdout, os.Stderr))
}
