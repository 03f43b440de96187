package inventory

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// field is a value of which a host has one, and which it may inherit.
type field uint8

const (
	fieldAddress field = iota
	fieldHostKey
	fieldUser
	fieldPort
	fieldIdentity
	fieldCertificate
	fieldPassphrase
	fieldPassword
	fieldBecome
	fieldJump
	fieldPlatform
	fieldConnection
	fieldZone
	fieldSystem
	fieldEnv
)

func (f field) String() string {
	return [...]string{
		"address", "host_key", "user", "port", "identity", "certificate", "passphrase", "password",
		"become", "jump", "platform", "connection", "zone", "system", "env",
	}[f]
}

// setting is a field's value and where it was given.
type setting struct {
	field field
	at    place
	text  string
	port  int
	ref   SecretRef
	jump  *Access // what text means, once all jump hosts are known; nil for none
}

// same reports whether two settings of one field have the same value.
func (s setting) same(o setting) bool { return s.text == o.text && s.port == o.port && s.ref == o.ref }

// shown is the value for a message.
func (s setting) shown() string {
	switch {
	case !s.ref.IsZero():
		return s.ref.String()
	case s.field == fieldPort:
		return strconv.Itoa(s.port)
	default:
		return strconv.Quote(s.text)
	}
}

// entry is what a host, a group, a jump host or defaults say of themselves. Few fields are given, so they are a list.
type entry struct {
	name            string
	at              place
	settings        []setting
	roles, data     []string
	hosts, children []word
}

// word is a text in a list, and where it stands.
type word struct {
	text string
	at   place
}

func (e *entry) find(f field) (setting, bool) {
	for _, s := range e.settings {
		if s.field == f {
			return s, true
		}
	}
	return setting{}, false
}

// scalar makes the decoding of a field from that of its value. The value's check reports what is wrong and returns false.
func scalar(f field, read func(d *decoder, s *setting, n ast.Node) bool) func(*decoder, *entry, ast.Node) {
	return func(d *decoder, e *entry, n ast.Node) {
		s := setting{field: f, at: d.at(n)}
		if read(d, &s, n) {
			e.settings = append(e.settings, s)
		}
	}
}

// checked reads text that must satisfy check.
func checked(check func(string) error) func(*decoder, *setting, ast.Node) bool {
	return func(d *decoder, s *setting, n ast.Node) bool {
		text, ok := d.text(n, s.field.String())
		if !ok {
			return false
		}
		if err := check(text); err != nil {
			d.errorf(s.at, "%s: %v", s.field, err)
			return false
		}
		s.text = d.word(text)
		return true
	}
}

func oneOf(values ...string) func(*decoder, *setting, ast.Node) bool {
	return checked(func(s string) error {
		if slices.Contains(values, s) {
			return nil
		}
		return fmt.Errorf("expected %s, got %q", strings.Join(values, " or "), s)
	})
}

func addressSetting(d *decoder, s *setting, n ast.Node) bool {
	if !checked(checkAddress)(d, s, n) {
		return false
	}
	s.text = d.word(canonicalAddress(s.text))
	return true
}

func portSetting(d *decoder, s *setting, n ast.Node) bool {
	var err error
	switch n := n.(type) {
	case *ast.IntegerNode, *ast.FloatNode:
		s.port, err = parsePort(n.GetToken().Value)
	case *ast.StringNode:
		err = errors.New("expected a number from 1 to 65535 without quotes, got text")
	default:
		err = fmt.Errorf("expected a number from 1 to 65535, got %s", kind(n))
	}
	if err != nil {
		d.errorf(s.at, "port: %v", err)
		return false
	}
	return true
}

func pathSetting(d *decoder, s *setting, n ast.Node) bool {
	if !checked(checkLabel)(d, s, n) {
		return false
	}
	p, err := d.resolvePath(s.text)
	if err != nil {
		d.errorf(s.at, "%s: %v", s.field, err)
		return false
	}
	s.text = d.word(p)
	return true
}

// secretSetting reads a reference. What stands there instead of one may be the secret itself, so no message repeats it.
func secretSetting(d *decoder, s *setting, n ast.Node) bool {
	const wanted = "expected a reference to the secret (env:NAME, file:PATH, command:TEXT or prompt:LABEL)"
	if _, isText := n.(*ast.StringNode); !isText {
		d.errorf(s.at, "%s: %s, got %s", s.field, wanted, kind(n))
		return false
	}
	text, ok := d.text(n, s.field.String())
	if !ok {
		return false
	}
	ref, err := ParseSecretRef(text)
	if err != nil {
		d.errorf(s.at, "%s: %v", s.field, err)
		return false
	}
	if scheme, arg := ref.parts(); scheme == schemeFile {
		p, err := d.resolvePath(arg)
		if err != nil {
			d.errorf(s.at, "%s: %v", s.field, err)
			return false
		}
		ref = newSecretRef(schemeFile, p)
	}
	s.ref = ref
	return true
}

// labels reads a list of labels such as roles: sorted, each once.
func (d *decoder) labels(n ast.Node, what string) []string {
	var labels []string
	for _, item := range d.items(n, what) {
		text, ok := d.text(item, what)
		if !ok {
			continue
		}
		if err := checkLabel(text); err != nil {
			d.errorf(d.at(item), "%s: %v", what, err)
			continue
		}
		labels = append(labels, d.word(text))
	}
	return d.list(labels)
}

// list gives one copy of a sorted list, each element once, for all hosts that have it; nil for an empty one.
func (d *decoder) list(words []string) []string {
	if len(words) == 0 {
		return nil
	}
	slices.Sort(words)
	words = slices.Compact(words)
	id := strings.Join(words, "\x00")
	if l, ok := d.lists[id]; ok {
		return l
	}
	words = slices.Clip(words)
	d.lists[id] = words
	return words
}

// wordList reads a list of texts with their places.
func (d *decoder) wordList(n ast.Node, what string) []word {
	items := d.items(n, what)
	words := make([]word, 0, len(items))
	for _, item := range items {
		if text, ok := d.text(item, what); ok {
			words = append(words, word{text, d.at(item)})
		}
	}
	return words
}

// resolvePath replaces a leading ~ and puts relative paths into the inventory's folder.
func (d *decoder) resolvePath(p string) (string, error) {
	if rest, ok := strings.CutPrefix(p, "~"); ok {
		if rest != "" && rest[0] != '/' && rest[0] != filepath.Separator {
			return "", fmt.Errorf("expected ~/... for your own home folder; write that of another user in full")
		}
		home, err := d.home()
		if err != nil {
			return "", fmt.Errorf("~ cannot be replaced: %w", err)
		}
		return filepath.Join(home, rest), nil
	}
	if filepath.IsAbs(p) {
		return filepath.Clean(p), nil
	}
	return filepath.Join(d.dir, p), nil
}

// apply overlays the given settings on an access. A new identity drops the certificate and passphrase of the one before.
func (a *Access) apply(settings []setting) {
	for _, s := range settings {
		if s.field == fieldIdentity {
			a.Certificate, a.Passphrase = "", SecretRef{}
		}
	}
	for _, s := range settings {
		switch s.field {
		case fieldAddress:
			a.Address = s.text
		case fieldHostKey:
			a.HostKey = s.text
		case fieldUser:
			a.User = s.text
		case fieldPort:
			a.Port = s.port
		case fieldIdentity:
			a.Identity = s.text
		case fieldCertificate:
			a.Certificate = s.text
		case fieldPassphrase:
			a.Passphrase = s.ref
		case fieldPassword:
			a.Password = s.ref
		default:
		}
	}
}

// apply overlays the given settings on a host.
func (h *Host) apply(settings []setting) {
	h.Access.apply(settings)
	for _, s := range settings {
		switch s.field {
		case fieldBecome:
			h.Become = Become(s.text)
		case fieldJump:
			h.Jump = s.jump
		case fieldPlatform:
			h.Platform = Platform(s.text)
		case fieldConnection:
			h.Connection = Connection(s.text)
		case fieldZone:
			h.Zone = s.text
		case fieldSystem:
			h.System = s.text
		case fieldEnv:
			h.Env = s.text
		default:
		}
	}
}
