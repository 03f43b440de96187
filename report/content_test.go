package report_test

import (
	"io/fs"
	"strings"
	"testing"

	"github.com/fleetaudit/fleetaudit/probes"
	"github.com/fleetaudit/fleetaudit/probes/catalog"
	"github.com/fleetaudit/fleetaudit/report/check"
	"github.com/fleetaudit/fleetaudit/report/control"
	"github.com/fleetaudit/fleetaudit/templates"
)

// The mapping that is shipped names checks that are shipped, and nothing else.
func TestShippedMappingNamesChecks(t *testing.T) {
	t.Parallel()
	probeCatalog, err := probes.LoadCatalog(catalog.FS)
	if err != nil {
		t.Fatal(err)
	}
	baseline, err := check.LoadBaseline(templates.FS, "baselines/default.yaml")
	if err != nil {
		t.Fatal(err)
	}
	library, err := check.Load(check.Sources{Checks: []fs.FS{templates.FS}, Facts: probeCatalog.Types(), Baseline: baseline})
	if err != nil {
		t.Fatal(err)
	}
	framework, err := control.Load(templates.FS)
	if err != nil {
		t.Fatal(err)
	}
	unmapped, err := framework.Validate(library.Checks())
	if err != nil {
		t.Error(err)
	}
	if len(unmapped) > 0 {
		t.Logf("%d of %d checks speak to no control reference: %s", len(unmapped), len(library.Checks()), strings.Join(unmapped, ", "))
	}
}
