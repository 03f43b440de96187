package catalog_test

import (
	"io/fs"
	"path"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/fleetaudit/fleetaudit/inventory"
	"github.com/fleetaudit/fleetaudit/probes"
	"github.com/fleetaudit/fleetaudit/probes/catalog"
)

// The least that the catalogue must hold: a pattern that matches nothing must not pass.
const (
	minTopics = 4
	minProbes = 15
)

// TestTopics loads each file by itself, so that a fault in one topic does not hide another's, and runs the recorded answers of its
// probes: go test ./probes/catalog -run TestTopics/ssh_server
func TestTopics(t *testing.T) {
	t.Parallel()
	files, err := fs.Glob(catalog.FS, "*/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < minTopics {
		t.Fatalf("%d topics, expected at least %d", len(files), minTopics)
	}
	for _, name := range files {
		t.Run(topic(name), func(t *testing.T) {
			t.Parallel()
			data, err := fs.ReadFile(catalog.FS, name)
			if err != nil {
				t.Fatal(err)
			}
			c, err := probes.LoadCatalog(fstest.MapFS{name: {Data: data}})
			if err != nil {
				t.Error(err)
			}
			for _, p := range append(c.Probes(inventory.PlatformLinux), c.Probes(inventory.PlatformWindows)...) {
				for _, err := range p.RunCases() {
					t.Error(err)
				}
			}
		})
	}
}

// topic makes "ssh_server" of "linux/ssh_server.yaml", and "windows_ssh_server" of a topic of another platform.
func topic(file string) string {
	dir, name := path.Split(strings.TrimSuffix(file, ".yaml"))
	if dir == string(inventory.PlatformLinux)+"/" {
		return name
	}
	return strings.TrimSuffix(dir, "/") + "_" + name
}

func TestWholeCatalogue(t *testing.T) {
	t.Parallel()
	c, err := probes.LoadCatalog(catalog.FS)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(c.Probes(inventory.PlatformLinux)); n < minProbes {
		t.Errorf("%d Linux probes, expected at least %d", n, minProbes)
	}
	again, err := probes.LoadCatalog(catalog.FS)
	if err != nil {
		t.Fatal(err)
	}
	if c.Digest() != again.Digest() || len(c.Digest()) != 64 {
		t.Errorf("the digest is not stable: %q and %q", c.Digest(), again.Digest())
	}
}
