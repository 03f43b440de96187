package inventory

import (
	"slices"
	"strings"
)

// resolve makes hosts of the drafts: inherited values are filled in, and the whole is sorted by name.
func (d *decoder) resolve() []Host {
	d.resolveJumps(d.base.settings)
	for i := range d.groups {
		d.resolveJumps(d.groups[i].settings)
	}
	hosts := make([]Host, 0, len(d.drafts))
	var local *draft
	for i := range d.drafts {
		dr := &d.drafts[i]
		d.resolveJumps(dr.settings)
		h := d.host(dr)
		if h.Connection == ConnectionLocal {
			if local != nil {
				d.errorf(dr.at, "host %q has connection: local, and so has %q (%s): there is only one machine that this runs on",
					dr.name, local.name, d.position(local.at))
			}
			local = dr
		}
		hosts = append(hosts, h)
	}
	slices.SortFunc(hosts, func(a, b Host) int { return strings.Compare(a.Name, b.Name) })
	return hosts
}

// host overlays defaults, groups and own values, in this order.
func (d *decoder) host(dr *draft) Host {
	h := Host{Name: dr.name, Connection: ConnectionSSH, Become: BecomeNone, Pos: d.position(dr.at)}
	h.Port = defaultPort
	s := d.inherited(dr.groups)
	d.conflicting(dr, s)
	h.apply(d.base.settings)
	h.apply(s.settings)
	h.apply(dr.settings)
	h.Groups = s.groups
	h.Roles, h.Data = d.union(s.roles, dr.roles), d.union(s.data, dr.data)
	if h.Address == "" {
		d.nameAsAddress(&h, dr)
	}
	if h.Zone == "" {
		h.Zone = d.zoneOf(h.Address)
	}
	d.fit(&h, dr)
	return h
}

func (d *decoder) union(a, b []string) []string {
	switch {
	case len(a) == 0:
		return b
	case len(b) == 0:
		return a
	default:
		return d.list(slices.Concat(a, b))
	}
}

// nameAsAddress is for hosts that give no address.
func (d *decoder) nameAsAddress(h *Host, dr *draft) {
	if err := checkAddress(h.Name); err == nil {
		h.Address = canonicalAddress(h.Name)
	} else if h.Connection != ConnectionLocal {
		d.errorf(dr.at, "host %q: expected an address, since its name cannot be one: %v", h.Name, err)
	}
}

// fit drops inherited values that a host has no use for. Given on the host itself they are faults.
func (d *decoder) fit(h *Host, dr *draft) {
	if h.Connection == ConnectionLocal && h.Jump != nil {
		if s, own := dr.find(fieldJump); own {
			d.errorf(s.at, "jump: a host with connection: local has no jump host")
		}
		h.Jump = nil
	}
	if h.Platform == PlatformWindows && h.Become == BecomeSudo {
		if s, own := dr.find(fieldBecome); own {
			d.errorf(s.at, "become: there is no sudo on windows: log in with an account that is an administrator")
		}
		h.Become = BecomeNone
	}
}
