package main

import (
	"io/fs"
	"strings"
	"testing"

	"github.com/fleetaudit/fleetaudit/inventory"
	"github.com/fleetaudit/fleetaudit/probes"
	"github.com/fleetaudit/fleetaudit/probes/catalog"
	"github.com/fleetaudit/fleetaudit/probes/recorded"
	"github.com/fleetaudit/fleetaudit/templates"
)

// TestDemoAnswersEverything asserts that every recorded host answers every probe it would be asked, and that every answer is asked for.
func TestDemoAnswersEverything(t *testing.T) {
	t.Parallel()
	cat, err := probes.LoadCatalog(catalog.FS)
	if err != nil {
		t.Fatal(err)
	}
	demo, err := fs.Sub(templates.FS, "demo")
	if err != nil {
		t.Fatal(err)
	}
	fleet, err := recorded.Load(demo)
	if err != nil {
		t.Fatal(err)
	}
	if len(fleet.Hosts) < 11 {
		t.Errorf("%d recorded hosts, want at least 11", len(fleet.Hosts))
	}
	if missing := fleet.Missing(cat.Probes(inventory.PlatformLinux)); len(missing) > 0 {
		t.Errorf("%d answers are missing:\n%s", len(missing), strings.Join(missing, "\n"))
	}
	for _, h := range fleet.Hosts {
		for id := range h.Answers {
			if _, ok := cat.Lookup(id); !ok {
				t.Errorf("%s answers %s, which is no probe", h.Name, id)
			}
		}
	}
}
