package readonly

import "strings"

// sedRule lets sed print and substitute: no -i, no script files, and no command that writes, reads or runs (w W r R e, flags w and e of s).
func sedRule(args []arg) string {
	var scripts []arg
	var rest []arg
	for i := 0; i < len(args); i++ {
		a := args[i]
		switch {
		case a.text == "-e" && a.known():
			if i++; i < len(args) {
				scripts = append(scripts, args[i])
			}
		case a.option() && (!a.known() || strings.Trim(a.text, "-nErsuz") != "" || strings.HasPrefix(a.text, "--")):
			return "option " + show(a) + " is not among the allowed: -n -e -E -r -s -u -z"
		case a.option():
		default:
			rest = append(rest, a)
		}
	}
	if len(scripts) == 0 {
		if len(rest) == 0 {
			return "no script"
		}
		scripts = rest[:1]
	}
	for _, s := range scripts {
		if !s.known() {
			return "the script must be written out"
		}
		if msg := sedScript(s.text); msg != "" {
			return msg
		}
	}
	return ""
}

// sedScript reads a script command by command.
func sedScript(s string) string {
	for {
		s = strings.TrimLeft(s, " \t\n;{}!")
		if s == "" {
			return ""
		}
		rest, ok := sedAddress(s)
		if !ok {
			return "an address of the script is not understood at " + s
		}
		if rest != s {
			s = rest
			continue
		}
		c := s[0]
		s = s[1:]
		switch {
		case c == 's' || c == 'y':
			var flags string
			if flags, s, ok = sedSubstitute(s); !ok {
				return "a command of the script is not understood at " + string(c) + s
			}
			if strings.ContainsAny(flags, "we") {
				return "flag w or e of s writes or runs"
			}
		case strings.IndexByte("pdDPqQnNgGhHxlz=,", c) >= 0:
			s = strings.TrimLeft(s, "0123456789")
		case c == '#' || c == 'a' || c == 'i' || c == 'c' || c == 'b' || c == 't' || c == 'T' || c == ':':
			_, s, _ = strings.Cut(s, "\n")
		default:
			return "command " + string(c) + " of the script is refused (w W r R e write, read or run)"
		}
	}
}

// sedAddress takes an address off the front: a number, $, /re/ or \cREc with their commas.
func sedAddress(s string) (string, bool) {
	switch {
	case s[0] == '/':
		return sedUntil(s[1:], '/')
	case s[0] == '\\' && len(s) > 1:
		return sedUntil(s[2:], s[1])
	case s[0] == '$', s[0] >= '0' && s[0] <= '9', s[0] == ',', s[0] == '~', s[0] == '+':
		return s[1:], true
	}
	return s, true
}

// sedSubstitute takes the two parts and the flags of s or y off the front.
func sedSubstitute(s string) (flags, rest string, ok bool) {
	if s == "" {
		return "", "", false
	}
	by := s[0]
	if s, ok = sedUntil(s[1:], by); !ok {
		return "", s, false
	}
	if s, ok = sedPlain(s, by); !ok {
		return "", s, false
	}
	end := strings.IndexAny(s, " \t\n;}")
	if end < 0 {
		end = len(s)
	}
	return s[:end], s[end:], true
}

// sedUntil gives what follows the delimiter that ends a regular expression. Versions of sed disagree on a delimiter within a [bracket],
// so that is not understood.
func sedUntil(s string, by byte) (string, bool) {
	bracket := false
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && !bracket:
			i++
		case s[i] == '[' && !bracket:
			bracket = true
			if i+1 < len(s) && s[i+1] == '^' {
				i++
			}
			if i+1 < len(s) && s[i+1] == ']' {
				i++
			}
		case s[i] == ']' && bracket && by != ']':
			bracket = false
		case s[i] == by:
			return s[i+1:], !bracket
		}
	}
	return s, false
}

// sedPlain gives what follows the delimiter that ends a replacement.
func sedPlain(s string, by byte) (string, bool) {
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case by:
			return s[i+1:], true
		}
	}
	return s, false
}
