package inventory

import (
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// key is one key that a section knows, and how its value is taken over.
type key struct {
	name string
	set  func(d *decoder, into *entry, n ast.Node)
}

// keyTables are the keys of the sections whose entries say how hosts are reached and what they are for.
type keyTables struct {
	defaults, jump, group, host []key
}

func newKeyTables() keyTables {
	login := []key{
		{"user", scalar(fieldUser, checked(checkUser))},
		{"port", scalar(fieldPort, portSetting)},
		{"identity", scalar(fieldIdentity, pathSetting)},
		{"certificate", scalar(fieldCertificate, pathSetting)},
		{"passphrase", scalar(fieldPassphrase, secretSetting)},
		{"password", scalar(fieldPassword, secretSetting)},
	}
	access := slices.Concat(login, []key{
		{"become", scalar(fieldBecome, oneOf(string(BecomeNone), string(BecomeSudo)))},
		{"jump", scalar(fieldJump, checked(checkLabel))},
		{"platform", scalar(fieldPlatform, oneOf(string(PlatformLinux), string(PlatformWindows)))},
		{"connection", scalar(fieldConnection, oneOf(string(ConnectionSSH), string(ConnectionLocal)))},
	})
	labelled := slices.Concat(access, []key{
		{"zone", scalar(fieldZone, zoneSetting)},
		{"system", scalar(fieldSystem, checked(checkLabel))},
		{"env", scalar(fieldEnv, checked(checkLabel))},
		{"roles", func(d *decoder, e *entry, n ast.Node) { e.roles = d.labels(n, "roles") }},
		{"data", func(d *decoder, e *entry, n ast.Node) { e.data = d.labels(n, "data") }},
	})
	own := []key{
		{"address", scalar(fieldAddress, addressSetting)},
		{"host_key", scalar(fieldHostKey, checked(checkFingerprint))},
	}
	return keyTables{
		defaults: access,
		jump:     append(slices.Clip(login), own...),
		group: append(slices.Clip(labelled),
			key{"hosts", func(d *decoder, e *entry, n ast.Node) { e.hosts = d.wordList(n, "hosts") }},
			key{"children", func(d *decoder, e *entry, n ast.Node) { e.children = d.wordList(n, "children") }},
		),
		host: append(append([]key{{"name", hostName}}, labelled...), own...),
	}
}

// object decodes a mapping by its keys. Every key that is not among them is a fault.
func (d *decoder) object(n ast.Node, what string, keys []key, into *entry) {
	for _, p := range d.pairs(n, what) {
		known := false
		for i := range keys {
			if keys[i].name == p.key {
				keys[i].set(d, into, p.value)
				known = true
				break
			}
		}
		if !known {
			names := make([]string, len(keys))
			for i := range keys {
				names[i] = keys[i].name
			}
			d.unknownKey(p, what, names)
		}
	}
}

// unknownKey reports a key that a section does not have, with the likeliest cause.
func (d *decoder) unknownKey(p pair, what string, names []string) {
	shown := shownKey(p.key)
	if shown != p.key {
		d.errorf(p.at, "%s: unknown key %q: a space belongs after the ':'", what, shown)
		return
	}
	if meant := otherNames(p.key); meant != "" && slices.Contains(names, meant) {
		d.errorf(p.at, "%s: unknown key %q: did you mean %q?", what, shown, meant)
		return
	}
	if where := belongs(p.key); where != "" {
		d.errorf(p.at, "%s: key %q is not allowed here: it belongs to %s", what, shown, where)
		return
	}
	if meant := nearest(p.key, names); meant != "" {
		d.errorf(p.at, "%s: unknown key %q: did you mean %q?", what, shown, meant)
		return
	}
	d.errorf(p.at, "%s: unknown key %q: expected one of %s", what, shown, strings.Join(names, ", "))
}

// shownKey is the part of a key that may be shown: in {password:secret}, without the space, YAML takes all of it for the key.
func shownKey(key string) string {
	s, _, _ := strings.Cut(key, ":")
	return s
}

// belongs says where a key that is right elsewhere is allowed.
func belongs(key string) string {
	switch key {
	case "host_key":
		return "a host or a jump host, since a fingerprint is of one machine"
	case "address", "name":
		return "a host"
	case "zone", "system", "env", "roles", "data":
		return "a host or a group"
	case "become", "jump", "platform", "connection":
		return "a host, a group or defaults"
	case "children":
		return "a group"
	case "hosts":
		return "the top level or a group"
	case "engagement", "population", "defaults", "zones", "jumps", "groups":
		return "the top level"
	case "entity", "assessor", "authority", "operator", "fieldwork":
		return "engagement"
	case "file", "source", "created", "by":
		return "population"
	default:
		return ""
	}
}

// otherNames gives our word for what other tools call it.
func otherNames(key string) string {
	switch strings.TrimPrefix(strings.ReplaceAll(strings.ToLower(key), "-", "_"), "ansible_") {
	case "host", "hostname", "ip", "ssh_host", "fqdn":
		return "address"
	case "login", "username", "ssh_user", "remote_user", "user":
		return "user"
	case "port", "ssh_port":
		return "port"
	case "key", "key_file", "identity_file", "identityfile", "private_key", "private_key_file", "ssh_private_key_file":
		return "identity"
	case "bastion", "proxy", "proxy_jump", "proxyjump", "jump_host", "gateway":
		return "jump"
	case "pass", "ssh_pass", "become_pass", "become_password", "sudo_password":
		return "password"
	case "become", "sudo", "become_method", "privilege":
		return "become"
	case "connection", "transport":
		return "connection"
	case "os", "os_family":
		return "platform"
	case "role", "tags":
		return "roles"
	case "environment":
		return "env"
	case "fingerprint", "hostkey":
		return "host_key"
	default:
		return ""
	}
}
