package inventory

import (
	"maps"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// group is hosts that share settings.
type group struct {
	entry
	parents []int32
	above   []uint64 // all ancestors, one bit a group
	state   visit
}

// visit is how far the search for ancestors has come.
type visit uint8

const (
	unvisited visit = iota
	visiting
	visited
)

// groupSection decodes the groups and the hosts they list.
func (d *decoder) groupSection(n ast.Node) {
	for _, p := range d.pairs(n, "groups") {
		if err := checkGroupName(p.key); err != nil {
			d.errorf(p.at, "groups: the name of a group %v", err)
			continue
		}
		g := group{entry: entry{name: p.key, at: p.at}}
		d.object(p.value, "group "+p.key, d.keys.group, &g.entry)
		d.groupOf[p.key] = int32(len(d.groups))
		d.groups = append(d.groups, g)
	}
	for i := range d.groups {
		d.listed(int32(i))
		d.adopt(int32(i))
	}
	for i := range d.groups {
		d.ancestors(int32(i), nil)
	}
	d.groupNames()
}

// listed notes the group on its hosts, adding those that nothing else declares.
func (d *decoder) listed(g int32) {
	seen := make(map[int32]place)
	for _, w := range d.groups[g].hosts {
		again, first := 0, int32(0)
		for _, name := range d.expand(w) {
			i, _ := d.draft(name, w.at)
			if i < 0 {
				return
			}
			if known := &d.drafts[i]; known.name != name {
				d.errorf(w.at, "host %q is spelled %q at %s: a name has one spelling", name, known.name, d.position(known.at))
				continue
			}
			if _, ok := seen[i]; ok {
				if again++; again == 1 {
					first = i
				}
				continue
			}
			seen[i] = w.at
			d.drafts[i].groups = append(d.drafts[i].groups, g)
		}
		if again > 0 {
			d.errorf(w.at, "host %q is in group %s already, at %s", d.drafts[first].name, d.groups[g].name, d.position(seen[first]))
		}
	}
}

// adopt makes the group a parent of its children.
func (d *decoder) adopt(g int32) {
	for _, w := range d.groups[g].children {
		child, ok := d.groupOf[w.text]
		if ok {
			d.groups[child].parents = append(d.groups[child].parents, g)
			continue
		}
		if meant := nearest(w.text, slices.Sorted(maps.Keys(d.groupOf))); meant != "" {
			d.errorf(w.at, "children: %q is no group: did you mean %q?", w.text, meant)
			continue
		}
		d.errorf(w.at, "children: %q is no group: expected the name of one", w.text)
	}
}

// ancestors fills in all groups above g. The path is how the search came here, for the message about a circle.
func (d *decoder) ancestors(g int32, path []string) {
	node := &d.groups[g]
	path = append(path, node.name)
	switch node.state {
	case visited:
		return
	case visiting:
		from := slices.Index(path, node.name)
		circle := slices.Clone(path[from:])
		slices.Reverse(circle)
		d.errorf(node.at, "group %s is its own child: %s", node.name, strings.Join(circle, " > "))
		return
	default:
	}
	node.state = visiting
	node.above = make([]uint64, len(d.groups)/64+1)
	for _, parent := range node.parents {
		d.ancestors(parent, path)
		setBit(node.above, parent)
		for i, bits := range d.groups[parent].above {
			node.above[i] |= bits
		}
	}
	node.state = visited
}

func setBit(set []uint64, i int32)      { set[i/64] |= 1 << (i % 64) }
func hasBit(set []uint64, i int32) bool { return set[i/64]&(1<<(i%64)) != 0 }

// groupNames refuses groups called like a host: a pattern could mean either.
func (d *decoder) groupNames() {
	for i := range d.groups {
		g := &d.groups[i]
		if h, ok := d.draftOf[strings.ToLower(g.name)]; ok {
			d.errorf(g.at, "group %s has the name of a host, declared at %s: a pattern could mean either", g.name, d.position(d.drafts[h].at))
		}
	}
}
