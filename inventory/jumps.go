package inventory

import (
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// jumpNone is what a host or group says to have no jump host although one is inherited.
const jumpNone = "none"

// defaultPort is that of SSH, RFC 4253 section 4.
const defaultPort = 22

// defaultsSection decodes what holds for all hosts that say nothing else.
func (d *decoder) defaultsSection(n ast.Node) {
	d.object(n, "defaults", d.keys.defaults, &d.base)
}

// jumpSection decodes the jump hosts that have a name.
func (d *decoder) jumpSection(n ast.Node) {
	for _, p := range d.pairs(n, "jumps") {
		if p.key == jumpNone {
			d.errorf(p.at, "jumps: the name %q is taken: it means no jump host", p.key)
			continue
		}
		if err := checkWord(p.key, "._-"); err != nil {
			d.errorf(p.at, "jumps: %q is no name: expected letters, digits and . _ -", shownKey(p.key))
			continue
		}
		e := entry{name: p.key, at: p.at}
		d.object(p.value, "jump host "+p.key, d.keys.jump, &e)
		a := d.jumpDefaults()
		a.apply(e.settings)
		if a.Address == "" {
			if checkAddress(p.key) != nil {
				d.errorf(p.at, "jump host %s: expected an address, since its name cannot be one", p.key)
			}
			a.Address = canonicalAddress(p.key)
		}
		d.jumps[p.key] = a
	}
}

// jumpDefaults is what a jump host inherits. A password for the hosts is none of the jump host's business.
func (d *decoder) jumpDefaults() *Access {
	var all Access
	all.apply(d.base.settings)
	return &Access{Port: defaultPort, User: all.User, Identity: all.Identity, Certificate: all.Certificate, Passphrase: all.Passphrase}
}

// resolveJumps finds the jump hosts that settings name. It runs when all named jump hosts are known.
func (d *decoder) resolveJumps(settings []setting) {
	for i := range settings {
		if s := &settings[i]; s.field == fieldJump && s.text != jumpNone {
			s.jump = d.jump(s)
		}
	}
}

func (d *decoder) jump(s *setting) *Access {
	if a, ok := d.jumps[s.text]; ok {
		return a
	}
	if a, ok := d.inline[s.text]; ok {
		return a
	}
	if len(d.jumps) > 0 && !strings.ContainsAny(s.text, ".:@") {
		d.unknownJump(s)
		return nil
	}
	e, err := parseEndpoint(s.text)
	if err == nil {
		err = checkAddress(e.host)
	}
	if err != nil {
		d.errorf(s.at, "jump: %v", err)
		return nil
	}
	a := d.jumpDefaults()
	a.Address = canonicalAddress(e.host)
	if e.user != "" {
		a.User = e.user
	}
	if e.port != 0 {
		a.Port = e.port
	}
	d.inline[s.text] = a
	return a
}

// unknownJump reports a bare word that is no named jump host. Where names are in use it is more likely a slip than an address.
func (d *decoder) unknownJump(s *setting) {
	names := make([]string, 0, len(d.jumps))
	for name := range d.jumps {
		names = append(names, name)
	}
	slices.Sort(names)
	if meant := nearest(s.text, names); meant != "" {
		d.errorf(s.at, "jump: %q is not under jumps: did you mean %q?", s.text, meant)
		return
	}
	d.errorf(s.at, "jump: %q is not under jumps: name it there, or write [user@]host[:port] with the full name of the host", s.text)
}
