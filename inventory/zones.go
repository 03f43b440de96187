package inventory

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// zoned says which zone claimed a range, and where.
type zoned struct {
	zone string
	at   place
}

// zoneSection decodes the network zones: name -> list of CIDR ranges, which may be empty.
func (d *decoder) zoneSection(n ast.Node) {
	for _, p := range d.pairs(n, "zones") {
		if err := checkLabel(p.key); err != nil {
			d.errorf(p.at, "zones: the name %q %v", shownKey(p.key), err)
			continue
		}
		d.zones[p.key] = []netip.Prefix{}
		for _, item := range d.items(p.value, "zone "+p.key) {
			if r, ok := d.cidr(item, p.key); ok {
				d.zones[p.key] = append(d.zones[p.key], r)
			}
		}
	}
	for r := range d.ranges {
		if !slices.Contains(d.widths, r.Bits()) {
			d.widths = append(d.widths, r.Bits())
		}
	}
	slices.Sort(d.widths)
	slices.Reverse(d.widths)
}

// cidr decodes one range of a zone. A range belongs to one zone; a wider one may lie around it.
func (d *decoder) cidr(n ast.Node, zone string) (netip.Prefix, bool) {
	text, ok := d.text(n, "zone "+zone)
	if !ok {
		return netip.Prefix{}, false
	}
	at := d.at(n)
	r, err := netip.ParsePrefix(text)
	if err != nil {
		if a, err := netip.ParseAddr(text); err == nil && a.Zone() == "" {
			d.errorf(at, "zone %s: expected a range, got a single address: write %s", zone, netip.PrefixFrom(a, a.BitLen()))
		} else {
			d.errorf(at, "zone %s: expected a CIDR range such as 10.1.0.0/16, got %q", zone, text)
		}
		return netip.Prefix{}, false
	}
	switch first, taken := d.ranges[r]; {
	case r.Addr().Is4In6():
		d.errorf(at, "zone %s: expected an IPv4 range in IPv4 form, got %q", zone, text)
	case r != r.Masked():
		d.errorf(at, "zone %s: %s is an address inside a range: did you mean %s?", zone, r, r.Masked())
	case taken:
		d.errorf(at, "zone %s: %s belongs to zone %s already (%s)", zone, r, first.zone, d.position(first.at))
	default:
		d.ranges[r] = zoned{zone, at}
		return r, true
	}
	return netip.Prefix{}, false
}

// zoneSetting reads the name of a zone.
func zoneSetting(d *decoder, s *setting, n ast.Node) bool {
	if !checked(checkLabel)(d, s, n) {
		return false
	}
	if _, ok := d.zones[s.text]; ok {
		return true
	}
	names := make([]string, 0, len(d.zones))
	for name := range d.zones {
		names = append(names, name)
	}
	slices.Sort(names)
	switch meant := nearest(s.text, names); {
	case meant != "":
		d.errorf(s.at, "zone: %q is not under zones: did you mean %q?", s.text, meant)
	case len(names) == 0:
		d.errorf(s.at, "zone: %q is not under zones: name it there, with its ranges or with []", s.text)
	default:
		d.errorf(s.at, "zone: %q is not under zones: expected one of %s", s.text, strings.Join(names, ", "))
	}
	return false
}

// zoneOf finds the zone with the longest range that holds address; "" where there is none or it is no IP literal.
func (d *decoder) zoneOf(address string) string {
	if len(d.widths) == 0 {
		return ""
	}
	a, err := netip.ParseAddr(address)
	if err != nil {
		return ""
	}
	a = a.WithZone("").Unmap()
	for _, bits := range d.widths {
		r, err := a.Prefix(bits)
		if err != nil {
			continue // an IPv6 length on an IPv4 address
		}
		if z, ok := d.ranges[r]; ok {
			return z.zone
		}
	}
	return ""
}
