package inventory

import (
	"encoding/binary"
	"slices"
)

// shared is what all hosts in the same groups inherit from them. Fleets have thousands of hosts and few of these.
type shared struct {
	groups      []string // with all ancestors, sorted
	roles, data []string
	settings    []setting // one for a field at most
	conflicts   []*conflict
}

// conflict is a field to which two unrelated groups give different values.
type conflict struct {
	a, b   setting
	ga, gb string
	told   bool
}

// offer is a group's value for a field.
type offer struct {
	group int32
	setting
}

// inherited gives what hosts in exactly these groups inherit, worked out once.
func (d *decoder) inherited(groups []int32) *shared {
	id := make([]byte, 0, 16)
	for _, g := range groups {
		id = binary.AppendUvarint(id, uint64(g))
	}
	if s, ok := d.shared[string(id)]; ok {
		return s
	}
	s := d.merge(groups)
	d.shared[string(id)] = s
	return s
}

func (d *decoder) merge(direct []int32) *shared {
	all := make([]uint64, len(d.groups)/64+1)
	for _, g := range direct {
		setBit(all, g)
		for i, bits := range d.groups[g].above {
			all[i] |= bits
		}
	}
	s := &shared{}
	offers := make(map[field][]offer)
	var names, roles, data []string
	for i := range d.groups {
		g := &d.groups[i]
		if !hasBit(all, int32(i)) {
			continue
		}
		names = append(names, g.name)
		roles, data = append(roles, g.roles...), append(data, g.data...)
		for _, v := range g.settings {
			offers[v.field] = append(offers[v.field], offer{int32(i), v})
		}
	}
	s.groups, s.roles, s.data = d.list(names), d.list(roles), d.list(data)
	for f := fieldAddress; f <= fieldEnv; f++ {
		if len(offers[f]) > 0 {
			d.choose(s, offers[f])
		}
	}
	return s
}

// choose takes the value of the group that is nearest to the host: one that is above another which also gives a value yields to it.
func (d *decoder) choose(s *shared, offers []offer) {
	nearest := slices.DeleteFunc(slices.Clone(offers), func(o offer) bool {
		return slices.ContainsFunc(offers, func(other offer) bool { return hasBit(d.groups[other.group].above, o.group) })
	})
	if len(nearest) == 0 { // the groups are each other's ancestors, which is reported
		return
	}
	first := nearest[0]
	s.settings = append(s.settings, first.setting)
	for _, o := range nearest[1:] {
		if !o.same(first.setting) {
			s.conflicts = append(s.conflicts, &conflict{
				a: first.setting, b: o.setting, ga: d.groups[first.group].name, gb: d.groups[o.group].name,
			})
			return
		}
	}
}

// conflicting reports the conflicts that a host does not settle by a value of its own, each once for all hosts in those groups.
func (d *decoder) conflicting(dr *draft, s *shared) {
	for _, c := range s.conflicts {
		f := c.a.field
		if _, own := dr.find(f); own || c.told {
			continue
		}
		if _, own := dr.find(fieldIdentity); own && (f == fieldCertificate || f == fieldPassphrase) {
			continue
		}
		c.told = true
		d.errorf(c.b.at, "host %q gets %s %s from group %s (%s) and %s from group %s: give the host its own, or make one group a child of the other",
			dr.name, f, c.a.shown(), c.ga, d.position(c.a.at), c.b.shown(), c.gb)
	}
}
