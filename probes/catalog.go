package probes

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/fleetaudit/fleetaudit/inventory"
	"github.com/fleetaudit/fleetaudit/probes/fact"
)

// platforms are the folders of a catalogue.
var platforms = []inventory.Platform{inventory.PlatformLinux, inventory.PlatformWindows}

// Catalog is a set of probes with unique ids. It does not change once it is loaded.
type Catalog struct {
	probes []*Probe // by id
	byID   map[string]*Probe
}

// LoadCatalog reads every <platform>/<topic>.yaml of the file systems given; later ones add to earlier ones. Probes are checked in
// full: strict YAML, syntax against type, and the read-only lint. What is wrong is returned all at once, each fault an *Error. The catalogue that comes
// with an error holds the probes without a fault, so that a lint can go on; it must not be asked of hosts.
func LoadCatalog(fsys ...fs.FS) (*Catalog, error) {
	c := &Catalog{byID: map[string]*Probe{}}
	var errs []error
	files := 0
	for _, f := range fsys {
		n, fileErrs := c.load(f)
		files += n
		errs = append(errs, fileErrs...)
	}
	if files == 0 && len(errs) == 0 {
		errs = append(errs, errors.New("no probes: expected files <platform>/<topic>.yaml, such as linux/ssh_server.yaml"))
	}
	slices.SortFunc(c.probes, func(a, b *Probe) int { return cmp.Compare(a.ID, b.ID) })
	return c, joinSorted(errs)
}

// load adds the probes of one file system and gives the number of files.
func (c *Catalog) load(fsys fs.FS) (int, []error) {
	var errs []error
	files := 0
	for _, platform := range platforms {
		names, err := fs.Glob(fsys, string(platform)+"/*.yaml")
		if err != nil {
			errs = append(errs, err)
		}
		for _, name := range names {
			files++
			data, err := fs.ReadFile(fsys, name)
			if err != nil {
				errs = append(errs, fmt.Errorf("probes: %w", err))
				continue
			}
			errs = append(errs, c.add(name, platform, data)...)
		}
	}
	return files, errs
}

func (c *Catalog) add(name string, platform inventory.Platform, data []byte) []error {
	d := decoder{yamlReader: yamlReader{file: name}, platform: platform, topic: strings.TrimSuffix(path.Base(name), ".yaml")}
	if !idPart(d.topic) {
		return []error{&Error{inventory.Position{File: name}, "the name of the file is the topic: use a-z, 0-9 and _"}}
	}
	for _, p := range d.probes(data) {
		if other, ok := c.byID[p.ID]; ok {
			d.errs = append(d.errs, &Error{p.Pos, fmt.Sprintf("id %s is taken by the probe at %s", p.ID, other.Pos)})
			continue
		}
		c.byID[p.ID] = p
		c.probes = append(c.probes, p)
	}
	return d.errs
}

// Probes gives the probes of a platform in the order of their ids. The slice is the caller's; the probes are shared and must not be changed.
func (c *Catalog) Probes(platform inventory.Platform) []*Probe {
	var out []*Probe
	for _, p := range c.probes {
		if p.Platform == platform {
			out = append(out, p)
		}
	}
	return out
}

// Lookup gives a probe by its id, which is unique over all platforms.
func (c *Catalog) Lookup(id string) (*Probe, bool) {
	p, ok := c.byID[id]
	return p, ok
}

// Types gives the type of each probe's answer by probe id.
func (c *Catalog) Types() map[string]fact.Type {
	types := make(map[string]fact.Type, len(c.probes))
	for _, p := range c.probes {
		types[p.ID] = p.Facts
	}
	return types
}

// Digest is the SHA-256 in hex over everything that decides what hosts are asked and how answers are read: not titles, notes or cases.
// It does not depend on the order of files or on the layout of the YAML.
func (c *Catalog) Digest() string {
	h := sha256.New()
	enc := json.NewEncoder(h)
	for _, p := range c.probes {
		asked := []any{p.ID, p.Platform, p.Run, p.Timeout, p.MaxBytes, p.Exit, p.Slow, p.Parse, p.Options, p.Facts.String()}
		if err := enc.Encode(asked); err != nil {
			return "" // cannot be: these are strings and numbers, and a hash takes every write
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}
