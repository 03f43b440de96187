package script

import (
	_ "embed" // posix.sh
	"fmt"
	"strings"

	"github.com/fleetaudit/fleetaudit/probes"
)

//go:embed posix.sh
var posix string

// Lines of the script. The probes stand between probesLine and the last lines.
const (
	probesLine = "{ begin\n"
	slowLine   = "slow\n"
	finishLine = "finish\n} 8>&1 >&9 | clock\nsweep\n"
)

// proof is what a script adds to the standard output of a probe once it has ended. Output without it did not come through whole.
const proof = ".\n"

// firstLine sets what differs between sessions. The command checks for it, so that a script whose beginning went astray does not run.
func firstLine(nonce string) string { return fmt.Sprintf("N=%s;T=%s\n", nonce, tag(nonce)) }

// lastLines end the script. The command checks for the last one, so that a script that was cut does not run.
func lastLines(nonce string) string { return fmt.Sprintf("%sexit 0\n#%s.\n", finishLine, nonce) }

// prelude renders what runs before the probes.
func prelude(h hooks) []byte {
	text := fmt.Sprintf("K=%s\nENC=%s\nCAP=%s\n", Quote(h.Kill), Quote(h.Enc), Quote(h.Cap))
	return []byte(text + strip(posix) + probesLine)
}

// strip takes out comments, empty lines and indentation: a host is sent about half.
func strip(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		line = strings.TrimLeft(line, " ")
		if line != "\n" && line[0] != '#' {
			b.WriteString(line)
		}
	}
	return b.String()
}

// ask renders one probe. The bytes to pass on are one more than those kept, to see that there are more, and the proof.
func ask(p *probes.Probe) []byte {
	privileged := 0
	if p.Privileged {
		privileged = 1
	}
	return fmt.Appendf(nil, "ask %s %d %d %d %s\n", p.ID, int(Limit(p).Seconds()), passed(maxBytes(p)), privileged, Quote(p.Run))
}

// passed gives the bytes that leave the host when up to kept bytes are kept.
func passed(kept int64) int64 { return kept + 1 + int64(len(proof)) }

// Quote makes any text without NUL bytes one word of a POSIX shell.
func Quote(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

// unquote reads the word that Quote made at the start of text and gives what is behind it.
func unquote(text string) (word, rest string, ok bool) {
	var b strings.Builder
	rest, ok = strings.CutPrefix(text, "'")
	for ok {
		var piece string
		piece, rest, ok = strings.Cut(rest, "'")
		b.WriteString(piece)
		more, again := strings.CutPrefix(rest, `\''`)
		if !ok || !again {
			break
		}
		b.WriteByte('\'')
		rest = more
	}
	return b.String(), rest, ok
}
