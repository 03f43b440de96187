package inventory

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"

	"github.com/goccy/go-yaml/ast"
)

// MaxHosts is how many hosts an inventory may hold. Past it a range is more likely a slip than a fleet.
const MaxHosts = 100_000

// Loader reads inventories. Its zero value is ready for use.
type Loader struct {
	// Home gives the folder that "~" stands for; nil means os.UserHomeDir.
	Home func() (string, error)

	maxHosts int // tests lower it; 0 means MaxHosts
}

// LoadFile reads the native inventory at path. Its faults are all reported at once, each an *Error.
func LoadFile(path string) (*Inventory, error) { return Loader{}.LoadFile(path) }

// Load reads a native inventory from data. The name stands in positions, and relative paths are resolved against its folder.
func Load(name string, data []byte) (*Inventory, error) { return Loader{}.Load(name, data) }

// LoadFile is like the function of this name.
func (l Loader) LoadFile(path string) (*Inventory, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("inventory: %w", err)
	}
	return l.Load(path, data)
}

// Load is like the function of this name.
func (l Loader) Load(name string, data []byte) (*Inventory, error) {
	d := newDecoder(name, l)
	inv := &Inventory{File: name}
	digest := sha256.Sum256(data)
	inv.SHA256 = hex.EncodeToString(digest[:])

	if root := d.parse(data); root != nil {
		d.document(root, inv)
	}
	if err := join(d.faults); err != nil {
		return nil, err
	}
	return inv, nil
}

// document decodes the sections, in the order in which they build upon each other rather than that of the file.
func (d *decoder) document(root ast.Node, inv *Inventory) {
	sections := []struct {
		name   string
		decode func(ast.Node)
	}{
		{"engagement", func(n ast.Node) { d.engagement(n, &inv.Engagement) }},
		{"population", func(n ast.Node) { d.population(n, &inv.Population) }},
		{"zones", d.zoneSection},
		{"defaults", d.defaultsSection},
		{"jumps", d.jumpSection},
		{"hosts", d.hostSection},
		{"groups", d.groupSection},
	}
	var names []string
	for _, s := range sections {
		names = append(names, s.name)
	}
	pairs := d.pairs(root, "the inventory")
	for _, p := range pairs {
		if !slices.Contains(names, p.key) {
			d.unknownKey(p, "the inventory", names)
		}
	}
	for _, s := range sections {
		for _, p := range pairs {
			if p.key == s.name {
				s.decode(p.value)
			}
		}
	}
	inv.Zones = d.zones
	inv.hosts = d.resolve()
	if len(inv.hosts) == 0 && len(d.faults) == 0 {
		d.errorf(d.at(root), "no host is declared: list some under hosts, or under hosts of a group")
	}
}

// decoder holds what is known while a file is read.
type decoder struct {
	file     string
	dir      string // relative paths start here
	home     func() (string, error)
	maxHosts int
	faults   []*Error
	full     bool // that there are too many hosts was said
	words    map[string]string
	lists    map[string][]string
	shared   map[string]*shared // by the groups of hosts
	keys     keyTables

	zones   map[string][]netip.Prefix
	ranges  map[netip.Prefix]zoned
	widths  []int // prefix lengths in use, longest first
	base    entry // defaults
	jumps   map[string]*Access
	inline  map[string]*Access // jump hosts written as [user@]host[:port], by that text
	groups  []group
	groupOf map[string]int32
	drafts  []draft
	draftOf map[string]int32 // by lower-case name, since names of machines do not differ by case
}

func newDecoder(name string, l Loader) *decoder {
	d := &decoder{
		file: name, dir: filepath.Dir(name), home: l.Home, maxHosts: l.maxHosts,
		words: make(map[string]string), lists: make(map[string][]string), shared: make(map[string]*shared), keys: newKeyTables(),
		zones: make(map[string][]netip.Prefix), ranges: make(map[netip.Prefix]zoned),
		jumps: make(map[string]*Access), inline: make(map[string]*Access),
		groupOf: make(map[string]int32), draftOf: make(map[string]int32),
	}
	if d.home == nil {
		d.home = os.UserHomeDir
	}
	if d.maxHosts == 0 {
		d.maxHosts = MaxHosts
	}
	return d
}

// word gives one copy of a text for all that repeat it: fleets repeat users, roles and systems thousands of times.
func (d *decoder) word(s string) string {
	if w, ok := d.words[s]; ok {
		return w
	}
	d.words[s] = s
	return s
}
