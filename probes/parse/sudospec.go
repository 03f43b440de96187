package parse

import (
	"slices"
	"strings"
)

// sudoTags are the tags that a command may have.
var sudoTags = strings.Fields("NOPASSWD PASSWD NOEXEC EXEC SETENV NOSETENV LOG_INPUT NOLOG_INPUT LOG_OUTPUT NOLOG_OUTPUT FOLLOW NOFOLLOW MAIL NOMAIL INTERCEPT NOINTERCEPT")

// sudoOptions are the options that may stand before a command as NAME=value.
var sudoOptions = strings.Fields("ROLE TYPE PRIVS LIMITPRIVS NOTBEFORE NOTAFTER TIMEOUT CWD CHROOT APPARMOR_PROFILE")

// spec reads a user specification: users hosts = commands : hosts = commands.
func (p *sudoPolicy) spec(b block, l line) {
	users, rest, ok := sudoUsers(l.text)
	parts := sudoSplit(rest, ':')
	if !ok || len(parts) == 0 {
		p.skip(b, l, "rule not understood")
		return
	}
	var specs []sudoSpec
	for _, part := range parts {
		hosts, commands, ok := sudoCut(part, '=')
		s := sudoSpec{file: b.path, line: l.no, text: l.text, users: users, hosts: sudoList(hosts)}
		if ok {
			s.groups, ok = sudoGroups(commands)
		}
		if !ok || len(s.hosts) == 0 || len(s.groups) == 0 {
			p.skip(b, l, "rule not understood")
			return
		}
		specs = append(specs, s)
	}
	p.specs = append(p.specs, specs...)
}

// sudoUsers takes the list of users off the front of a rule: up to the first blank that is not beside a comma, in quotes or escaped.
func sudoUsers(s string) (users []string, rest string, ok bool) {
	quoted := false
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\':
			i++
		case s[i] == '"':
			quoted = !quoted
		case (s[i] == ' ' || s[i] == '\t') && !quoted:
			before, after := strings.TrimRight(s[:i], " \t"), strings.TrimLeft(s[i:], " \t")
			if strings.HasSuffix(before, ",") || strings.HasPrefix(after, ",") || strings.HasSuffix(before, "!") {
				continue
			}
			users = sudoList(s[:i])
			return users, after, len(users) > 0 && after != ""
		}
	}
	return nil, "", false
}

// sudoGroups reads the commands of a rule, each with its target user, options and tags, which hold for those after it as well.
func sudoGroups(s string) ([]sudoCommands, bool) {
	var out []sudoCommands
	now := sudoCommands{runas: "root"}
	for _, item := range sudoSplit(s, ',') {
		rest, ok := now.qualify(strings.TrimSpace(item))
		if !ok || rest == "" {
			return nil, false
		}
		if n := len(out); n > 0 && out[n-1].runas == now.runas && slices.Equal(out[n-1].tags, now.tags) {
			out[n-1].commands = append(out[n-1].commands, rest)
			continue
		}
		out = append(out, sudoCommands{now.runas, slices.Clone(now.tags), []string{rest}})
	}
	return out, true
}

// qualify takes (runas), NAME=value and TAG: off the front of a command.
func (c *sudoCommands) qualify(s string) (rest string, ok bool) {
	if strings.HasPrefix(s, "(") {
		end := strings.IndexByte(s, ')')
		if end < 0 {
			return "", false
		}
		c.runas = strings.Join(strings.Fields(s[1:end]), "")
		s = strings.TrimSpace(s[end+1:])
	}
	for {
		word := s[:len(s)-len(strings.TrimLeft(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_"))]
		after := strings.TrimLeft(s[len(word):], " \t")
		switch {
		case word != "" && strings.HasPrefix(after, ":") && slices.Contains(sudoTags, word):
			c.tag(word)
			s = strings.TrimSpace(after[1:])
		case word != "" && strings.HasPrefix(after, "=") && slices.Contains(sudoOptions, word):
			_, s, ok = strings.Cut(after, " ")
			if !ok {
				return "", false
			}
			s = strings.TrimSpace(s)
		default:
			unknown := word != "" && (strings.HasPrefix(after, ":") || strings.HasPrefix(after, "="))
			return s, !unknown && !strings.HasPrefix(s, "^")
		}
	}
}

// tag sets a tag and takes its opposite away.
func (c *sudoCommands) tag(name string) {
	opposite := "NO" + name
	if plain, ok := strings.CutPrefix(name, "NO"); ok {
		opposite = plain
	}
	c.tags = slices.DeleteFunc(slices.Clone(c.tags), func(t string) bool { return t == name || t == opposite })
	c.tags = append(c.tags, name)
	slices.Sort(c.tags)
}

// value makes the rows, with aliases written out.
func (p *sudoPolicy) value() map[string]any {
	p.rules = []any{}
	for _, s := range p.specs {
		users, ok := p.expand("User", s.users, 0)
		hosts, hostsOK := p.expand("Host", s.hosts, 0)
		if !ok || !hostsOK {
			p.unexpanded(s)
			continue
		}
		for _, g := range s.groups {
			commands, ok := p.expand("Cmnd", g.commands, 0)
			runas, runasOK := p.runas(g.runas)
			if !ok || !runasOK {
				p.unexpanded(s)
				continue
			}
			p.rows(s, users, strings.Join(hosts, ","), sudoCommands{runas, g.tags, commands})
		}
	}
	if p.defaults == nil {
		p.defaults = []any{}
	}
	return map[string]any{"rules": p.rules, "defaults": p.defaults, "files": texts(p.files), "unparsed": texts(p.unparsed)}
}

func (p *sudoPolicy) unexpanded(s sudoSpec) {
	p.skip(block{path: s.file}, line{s.line, s.text}, "an alias is not defined, or goes in a circle")
}

func (p *sudoPolicy) rows(s sudoSpec, users []string, hosts string, g sudoCommands) {
	for _, who := range users {
		if len(p.rules) > maxSudoRules {
			return
		}
		p.rules = append(p.rules, map[string]any{
			"who": who, "hosts": hosts, "runas": g.runas, "nopasswd": slices.Contains(g.tags, "NOPASSWD"), "tags": texts(g.tags),
			"commands": texts(g.commands), "file": s.file, "line": int64(s.line),
		})
	}
}

// expand writes aliases out. A negated alias becomes its negated members.
func (p *sudoPolicy) expand(kind string, list []string, depth int) ([]string, bool) {
	if depth > maxSudoDepth {
		return nil, false
	}
	var out []string
	for _, item := range list {
		name := strings.TrimLeft(item, "! \t")
		negated := strings.Count(item[:len(item)-len(name)], "!")%2 == 1
		members, ok := p.aliases[kind][name]
		if !ok && kind == "Cmnd" && sudoAliasName(name) {
			return nil, false // sudo itself takes other words that are no alias as they stand, but not commands
		}
		if !ok {
			members = []string{name}
		} else if members, ok = p.expand(kind, members, depth+1); !ok {
			return nil, false
		}
		for _, m := range members {
			if negated {
				if m = "!" + m; strings.HasPrefix(m, "!!") {
					m = m[2:]
				}
			}
			out = append(out, m)
		}
		if len(out) > maxSudoRules {
			return nil, false
		}
	}
	return out, true
}

// runas writes out the aliases in users:groups.
func (p *sudoPolicy) runas(s string) (string, bool) {
	users, groups, both := strings.Cut(s, ":")
	list, ok := p.expand("Runas", sudoList(users), 0)
	out := strings.Join(list, ",")
	if both {
		more, moreOK := p.expand("Runas", sudoList(groups), 0)
		out, ok = out+":"+strings.Join(more, ","), ok && moreOK
	}
	return out, ok
}

// sudoComment cuts a comment off. # begins one unless it is escaped, in quotes, before digits (a user id), or begins an include.
func sudoComment(s string) string {
	trimmed := strings.TrimLeft(s, " \t")
	if strings.HasPrefix(trimmed, "#include ") || strings.HasPrefix(trimmed, "#include\t") ||
		strings.HasPrefix(trimmed, "#includedir ") || strings.HasPrefix(trimmed, "#includedir\t") {
		return s
	}
	quoted := false
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\':
			i++
		case s[i] == '"':
			quoted = !quoted
		case s[i] == '#' && !quoted:
			id := i+1 < len(s) && (s[i+1] >= '0' && s[i+1] <= '9' || s[i+1] == '-' && i+2 < len(s) && s[i+2] >= '0' && s[i+2] <= '9')
			if !id {
				return s[:i]
			}
		}
	}
	return s
}

// sudoList splits a list at its commas.
func sudoList(s string) []string {
	var out []string
	for _, item := range sudoSplit(s, ',') {
		item = strings.TrimSpace(item)
		if len(item) >= 2 && item[0] == '"' && item[len(item)-1] == '"' {
			item = item[1 : len(item)-1]
		}
		if item != "" {
			out = append(out, item)
		}
	}
	return out
}

// sudoSplit splits at a separator that is not escaped, in quotes or in (parentheses). A colon that ends a tag does not separate.
func sudoSplit(s string, by byte) []string {
	var out []string
	for {
		before, after, ok := sudoCut(s, by)
		if strings.TrimSpace(before) != "" || ok {
			out = append(out, before)
		}
		if !ok {
			return out
		}
		s = after
	}
}

// sudoCut cuts at the first separator that is not escaped, in quotes or in the parentheses of a target user, and, if it is a colon,
// is not that of a tag, a digest or an IPv6 address.
func sudoCut(s string, by byte) (before, after string, ok bool) {
	quoted, inside := false, false
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\':
			i++
		case s[i] == '"':
			quoted = !quoted
		case quoted:
		case s[i] == '(' && sudoStart(s[:i]):
			inside = true
		case s[i] == ')':
			inside = false
		case s[i] == by && !inside && (by != ':' || !sudoColon(s, i)):
			return s[:i], s[i+1:], true
		}
	}
	return s, "", false
}

// sudoStart says whether what follows is the beginning of an item. Parentheses elsewhere are part of a command's arguments.
func sudoStart(before string) bool {
	before = strings.TrimRight(before, " \t")
	return before == "" || strings.IndexByte(",=", before[len(before)-1]) >= 0
}

// sudoColon says whether the colon at i belongs to a tag, a digest or an IPv6 address.
func sudoColon(s string, i int) bool {
	before := strings.TrimRight(s[:i], " \t")
	word := before[strings.LastIndexAny(before, " \t,=):!")+1:]
	if slices.Contains(sudoTags, word) || slices.Contains(sudoDigests, word) {
		return true
	}
	const hex = "0123456789abcdefABCDEF:"
	start := len(strings.TrimRight(s[:i], hex))
	run := s[start : i+len(s[i:])-len(strings.TrimLeft(s[i:], hex))]
	return strings.Count(run, ":") >= 2 && (start == 0 || strings.IndexByte(" \t,=!", s[start-1]) >= 0)
}

var sudoDigests = strings.Fields("sha224 sha256 sha384 sha512")
