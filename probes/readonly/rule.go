package readonly

import (
	"slices"
	"strings"
)

// rule says what is wrong with the arguments of a command, or gives "". It sees one combination of the values that the arguments can have.
type rule func(args []arg) string

// free lets every argument pass: the command has none that changes anything.
func free([]arg) string { return "" }

// bare lets no argument pass.
func bare(args []arg) string {
	if len(args) > 0 {
		return "it may have no arguments"
	}
	return ""
}

// spec is a list of options in a rule, written "-a -b --long --value= -n=": single letters may be joined (-ab), an option with "="
// takes a value (joined, or the next argument).
type spec struct {
	names  []string
	valued []string
}

func newSpec(text string) spec {
	var s spec
	for f := range strings.FieldsSeq(text) {
		name, valued := strings.CutSuffix(f, "=")
		s.names = append(s.names, name)
		if valued {
			s.valued = append(s.valued, name)
		}
	}
	return s
}

// match takes one known option. takesNext says that its value is the next argument.
func (s spec) match(opt string) (ok, takesNext bool) {
	name, _, joined := strings.Cut(opt, "=")
	if slices.Contains(s.names, name) {
		valued := slices.Contains(s.valued, name)
		return valued || !joined, valued && !joined
	}
	if strings.HasPrefix(opt, "--") || len(opt) < 2 {
		return false, false
	}
	for i := 1; i < len(opt); i++ {
		letter := "-" + opt[i:i+1]
		if !slices.Contains(s.names, letter) {
			return false, false
		}
		if slices.Contains(s.valued, letter) {
			return true, i == len(opt)-1
		}
	}
	return true, false
}

const unknownOption = "an argument that is not known could become an option: give it a literal beginning (\"/proc/$pid\"), or put it after --"

// only lets the options of the spec pass and no others. Operands pass when allowed.
func only(options string, operands bool) rule {
	s := newSpec(options)
	return func(args []arg) string {
		rest, msg := s.take(args)
		if msg == "" && !operands && len(rest) > 0 {
			msg = "it may have no operand such as " + show(rest[0])
		}
		return msg
	}
}

// take reads all options and gives the operands.
func (s spec) take(args []arg) (operands []arg, msg string) {
	for i := 0; i < len(args); i++ {
		a := args[i]
		switch {
		case a.known() && a.text == "--":
			return append(operands, args[i+1:]...), ""
		case !a.option() || a.known() && a.text == "-":
			operands = append(operands, a)
		case a.split || a.text == "":
			return nil, unknownOption
		default:
			ok, next := s.match(a.text)
			if !ok || a.open && !s.joins(a.text) {
				return nil, "option " + show(a) + " is not among the allowed: " + strings.Join(s.names, " ")
			}
			if next && !a.open {
				i++
			}
		}
	}
	return operands, ""
}

// joins says whether what follows a known beginning of an option is its value: --name=... or -n...
func (s spec) joins(opt string) bool {
	name, _, joined := strings.Cut(opt, "=")
	return joined && slices.Contains(s.valued, name) || len(opt) >= 2 && opt[1] != '-' && slices.Contains(s.valued, opt[:2])
}

// except lets every argument pass but the options named, also when they are shortened (--wri for --write) or joined (-nw).
func except(options string) rule {
	refused := strings.Fields(options)
	return func(args []arg) string {
		for _, a := range args {
			if a.known() && a.text == "--" {
				return ""
			}
			if !a.option() {
				continue
			}
			if a.split || a.text == "" {
				return unknownOption
			}
			if opt := refusedOption(a.text, refused); opt != "" {
				return "option " + opt + " is refused"
			}
		}
		return ""
	}
}

func refusedOption(text string, refused []string) string {
	name, _, _ := strings.Cut(text, "=")
	for _, opt := range refused {
		long := strings.HasPrefix(opt, "--") || len(opt) > 2
		switch {
		case name == opt,
			long && len(name) > 2 && strings.HasPrefix(opt, name),
			!long && !strings.HasPrefix(name, "--") && strings.Contains(name[1:], opt[1:]):
			return opt
		}
	}
	return ""
}

// verbs lets the command be called with one of the verbs named, such as "show" or "dev/show" for two words. before are the options
// that may stand before or among the verbs (as in only), refused those that may stand nowhere (as in except).
func verbs(before, list, refused string) rule { //nolint:gocognit // options and words of one command line, left to right
	options, allowed, never := newSpec(before), strings.Fields(list), except(refused)
	return func(args []arg) string {
		if msg := never(args); msg != "" {
			return msg
		}
		var said []string
		for i := 0; i < len(args); i++ {
			a := args[i]
			if a.known() && len(said) == 0 && slices.Contains(allowed, a.text) {
				return ""
			}
			if !a.known() || strings.HasPrefix(a.text, "-") {
				ok, next := options.match(a.text)
				if !ok || !a.known() {
					return "expected one of these first, not " + show(a) + ": " + strings.ReplaceAll(list, "/", " ")
				}
				if next {
					i++
				}
				continue
			}
			said = append(said, a.text)
			if slices.Contains(allowed, strings.Join(said, "/")) {
				return ""
			}
			if len(said) == 2 {
				break
			}
		}
		if len(said) == 0 && slices.Contains(allowed, "-") {
			return ""
		}
		return "only these are read-only: " + strings.ReplaceAll(list, "/", " ")
	}
}

// starts lets the command be called with one of the beginnings named, each one or more words with "/" between; what follows is free.
func starts(list string) rule {
	allowed := strings.Fields(list)
	return func(args []arg) string {
		for _, form := range allowed {
			words := strings.Split(form, "/")
			if len(args) < len(words) {
				continue
			}
			fits := true
			for i, w := range words {
				fits = fits && args[i].text == w && args[i].known()
			}
			if fits {
				return ""
			}
		}
		return "expected it to begin with one of: " + strings.ReplaceAll(list, "/", " ")
	}
}

// exactly lets the command be called with one of the argument lists named and nothing more, words with "/" between.
func exactly(list string) rule {
	begins := starts(list)
	return func(args []arg) string {
		for form := range strings.FieldsSeq(list) {
			if len(args) == strings.Count(form, "/")+1 && begins(args) == "" {
				return ""
			}
		}
		return "expected just one of: " + strings.ReplaceAll(list, "/", " ")
	}
}

// either lets pass what one of several rules lets pass.
func either(rules ...rule) rule {
	return func(args []arg) string {
		msg := ""
		for _, r := range rules {
			m := r(args)
			if m == "" {
				return ""
			}
			msg = or(msg, m)
		}
		return msg
	}
}

// with asks one rule and then others.
func with(rules ...rule) rule {
	return func(args []arg) string {
		for _, r := range rules {
			if msg := r(args); msg != "" {
				return msg
			}
		}
		return ""
	}
}

// needs demands that one of the options named is there, as a whole argument or joined with other letters.
func needs(options string) rule {
	s := strings.Fields(options)
	return func(args []arg) string {
		for _, a := range args {
			if slices.Contains(s, a.text) && a.known() {
				return ""
			}
			for _, opt := range s {
				letter := len(opt) == 2 && len(a.text) > 2 && a.text[0] == '-' && a.text[1] != '-'
				if a.known() && letter && strings.Contains(a.text[1:], opt[1:]) {
					return ""
				}
			}
		}
		return "it needs one of: " + options
	}
}

// show gives an argument for a message.
func show(a arg) string {
	if a.glob != "" {
		return a.glob
	}
	if a.open {
		return a.text + "..."
	}
	return a.text
}
