package inventory

import (
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// draft is a host before its inherited values are known.
type draft struct {
	entry
	groups []int32 // that list it, ascending
}

// hostSection decodes the hosts that stand by themselves.
func (d *decoder) hostSection(n ast.Node) {
	for _, item := range d.items(n, "hosts") {
		switch item.(type) {
		case *ast.MappingNode, *ast.MappingValueNode:
			d.hostEntry(item)
		default:
			d.hostWord(item)
		}
	}
}

// hostEntry decodes a host that is a mapping.
func (d *decoder) hostEntry(n ast.Node) {
	var e entry
	before := len(d.faults)
	d.object(n, "host", d.keys.host, &e)
	if e.name == "" {
		if e.at == (place{}) && len(d.faults) == before {
			d.errorf(d.at(n), "host: expected a name")
		}
		return
	}
	d.declare([]string{e.name}, e)
}

// hostName reads the name of a host.
func hostName(d *decoder, e *entry, n ast.Node) {
	e.at = d.at(n)
	text, ok := d.text(n, "name")
	if !ok {
		return
	}
	name := canonicalAddress(text)
	if err := checkHostName(name); err != nil {
		if strings.Contains(name, "[") {
			d.errorf(e.at, "name: a range is not possible here: write it as a word (- %q) or under hosts of a group", text)
			return
		}
		d.errorf(e.at, "name: %v", err)
		return
	}
	e.name = name
}

// hostWord decodes hosts in the short form, [user@]host[:port], in which host may hold ranges.
func (d *decoder) hostWord(n ast.Node) {
	text, ok := d.text(n, "hosts")
	if !ok {
		return
	}
	at := d.at(n)
	short, err := parseEndpoint(text)
	if err != nil {
		d.errorf(at, "hosts: %v", err)
		return
	}
	e := entry{at: at}
	if short.user != "" {
		e.settings = append(e.settings, setting{field: fieldUser, at: at, text: d.word(short.user)})
	}
	if short.port != 0 {
		e.settings = append(e.settings, setting{field: fieldPort, at: at, port: short.port})
	}
	d.declare(d.expand(word{short.host, at}), e)
}

// expand gives the names that a word with ranges stands for, nil after a fault.
func (d *decoder) expand(w word) []string {
	text := canonicalAddress(w.text)
	if isIP(text) {
		return []string{text}
	}
	rs, err := parseRanges(text)
	if err != nil {
		d.errorf(w.at, "hosts: %v", err)
		return nil
	}
	count := rs.count(d.maxHosts)
	if count > d.maxHosts {
		d.errorf(w.at, "hosts: the range stands for more than %d hosts, which is as many as an inventory may hold", d.maxHosts)
		return nil
	}
	names := make([]string, 0, count)
	for name := range rs.all() {
		name = canonicalAddress(name)
		if err := checkHostName(name); err != nil {
			d.errorf(w.at, "hosts: the host name %v", err)
			return nil
		}
		names = append(names, name)
	}
	return names
}

// declare adds hosts that share the settings of e. A name that was declared before is a fault, told once for a word.
func (d *decoder) declare(names []string, e entry) {
	again, first := 0, ""
	var firstAt place
	for _, name := range names {
		i, added := d.draft(name, e.at)
		if i < 0 {
			return
		}
		if !added {
			if again++; again == 1 {
				first, firstAt = name, d.drafts[i].at
			}
			continue
		}
		d.drafts[i].settings = e.settings
		d.drafts[i].roles, d.drafts[i].data = e.roles, e.data
	}
	switch {
	case again == 1:
		d.errorf(e.at, "host %q is declared a second time; the first is at %s", first, d.position(firstAt))
	case again > 1:
		d.errorf(e.at, "host %q and %d more are declared a second time; the first is at %s", first, again-1, d.position(firstAt))
	}
}

// draft finds or adds the host of a name. It gives -1 when the inventory is full.
func (d *decoder) draft(name string, at place) (i int32, added bool) {
	id := strings.ToLower(name)
	if i, ok := d.draftOf[id]; ok {
		return i, false
	}
	if len(d.drafts) >= d.maxHosts {
		if !d.full {
			d.full = true
			d.errorf(at, "more than %d hosts: an inventory may not hold more", d.maxHosts)
		}
		return -1, false
	}
	i = int32(len(d.drafts))
	d.draftOf[id] = i
	d.drafts = append(d.drafts, draft{entry: entry{name: name, at: at}})
	return i, true
}
