package readonly

import (
	"regexp"
	"strings"
)

// awkRule lets awk programs pass that read and print: no system(), no pipes, no print to files. The program must be written out in the
// text; values go in by -v.
func awkRule(args []arg) string {
	at := programAt(args)
	for _, a := range args[:max(at, 0)] {
		if msg := awkOption(a); msg != "" {
			return msg
		}
	}
	if at < 0 || at >= len(args) {
		return "no program"
	}
	if !args[at].known() {
		return "the program must be written out: pass values by -v name=\"$value\""
	}
	return awkProgram(args[at].text)
}

func awkOption(a arg) string {
	switch {
	case a.text == "--" || a.text == "--posix":
		return ""
	case strings.HasPrefix(a.text, "-F"), strings.HasPrefix(a.text, "-v"):
		return ""
	case strings.HasPrefix(a.text, "-"):
		return "option " + show(a) + " is not among the allowed: -F -v --posix (a program in a file cannot be checked)"
	}
	return "" // the value of -F or -v
}

// programAt gives the place of the program among awk's arguments, -1 when it cannot be told.
func programAt(args []arg) int {
	for i := 0; i < len(args); i++ {
		t := args[i].text
		switch {
		case args[i].split:
			return -1
		case t == "--":
			return i + 1
		case t == "-F" || t == "-v":
			i++
		case strings.HasPrefix(t, "-F"), strings.HasPrefix(t, "-v"), t == "--posix":
		case strings.HasPrefix(t, "-"):
			return i + 1 // an option that awkOption refuses
		default:
			return i
		}
	}
	return -1
}

// awkCalls are what runs commands or loads code.
var awkCalls = regexp.MustCompile(`\bsystem[ \t]*\(|@[ \t]*(load|include|namespace)\b|@[a-zA-Z_]+[ \t]*\(|\|&`)

var awkPrint = regexp.MustCompile(`\bprintf?\b`)

// awkProgram says what a program does beyond reading and printing.
func awkProgram(program string) string {
	code, ok := awkBlank(program)
	if !ok {
		return "the program has a string or regular expression without an end on its line (write / as \\/, also in brackets)"
	}
	if strings.Contains(program, "/inet") {
		return "the program opens a network connection (/inet)"
	}
	if m := awkCalls.FindString(code); m != "" {
		return "the program runs commands or loads code: " + strings.TrimSpace(m)
	}
	for i := range len(code) {
		if code[i] != '|' {
			continue
		}
		if twin := i+1 < len(code) && code[i+1] == '|' || i > 0 && code[i-1] == '|'; !twin {
			return "the program has a pipe (|), which runs a command"
		}
	}
	for _, m := range awkPrint.FindAllStringIndex(code, -1) {
		if redirects(code[m[1]:]) {
			return "the program prints to a file (> outside parentheses): put a comparison in parentheses"
		}
	}
	return ""
}

// redirects looks for > in a print statement, outside parentheses.
func redirects(code string) bool {
	depth := 0
	for i := range len(code) {
		switch code[i] {
		case '(', '[':
			depth++
		case ')', ']':
			depth--
		case '\n':
			if before := strings.TrimRight(code[:i], " \t"); depth <= 0 && (before == "" || strings.IndexByte(",&|\\?:", before[len(before)-1]) < 0) {
				return false
			}
		case ';', '}':
			if depth <= 0 {
				return false
			}
		case '>':
			if depth <= 0 {
				return true
			}
		}
	}
	return false
}

// awkBlank replaces what stands in strings, regular expressions and comments by blanks, so that only code is left.
func awkBlank(s string) (string, bool) {
	b := []byte(s)
	before := byte('\n') // the last byte of code that is no blank
	for i := 0; i < len(b); i++ {
		switch {
		case b[i] == '#':
			for ; i < len(b) && b[i] != '\n'; i++ {
				b[i] = ' '
			}
		case b[i] == '"':
			end := awkEnd(b, i, '"')
			if end < 0 {
				return "", false
			}
			blank(b[i+1 : end])
			before, i = '"', end
		case b[i] == '/' && (strings.IndexByte("\n,(!~{};&|?:=<>+-*%^", before) >= 0 || wordBefore(b[:i])):
			end := awkEnd(b, i, '/')
			if end < 0 {
				return "", false
			}
			blank(b[i : end+1])
			before, i = '"', end
		case b[i] == '\n':
			before = '\n'
		case b[i] != ' ' && b[i] != '\t':
			before = b[i]
		}
	}
	return string(b), true
}

// wordBefore says whether code ends with a keyword that a regular expression may follow.
func wordBefore(code []byte) bool {
	t := strings.TrimRight(string(code), " \t")
	for _, w := range []string{"print", "return", "in", "case"} {
		if strings.HasSuffix(t, w) && (len(t) == len(w) || !isWord(t[len(t)-len(w)-1])) {
			return true
		}
	}
	return false
}

func isWord(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// awkEnd finds the end of a string or regular expression that begins at i.
func awkEnd(b []byte, i int, quote byte) int {
	bracket := false
	for j := i + 1; j < len(b); j++ {
		switch {
		case b[j] == '\\':
			j++
		case b[j] == '\n':
			return -1
		case quote == '/' && b[j] == '[' && !bracket:
			bracket = true
			if j+1 < len(b) && b[j+1] == '^' {
				j++
			}
			if j+1 < len(b) && b[j+1] == ']' {
				j++
			}
		case bracket && b[j] == '[' && j+1 < len(b) && b[j+1] == ':': // [:class:]
			if end := strings.Index(string(b[j:]), ":]"); end > 0 {
				j += end + 1
			}
		case bracket && b[j] == ']':
			bracket = false
		case b[j] == quote && bracket: // versions of awk disagree on what this / is
			return -1
		case b[j] == quote:
			return j
		}
	}
	return -1
}

func blank(b []byte) {
	for i := range b {
		b[i] = ' '
	}
}
