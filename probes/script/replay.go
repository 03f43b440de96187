package script

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/fleetaudit/fleetaudit/probes/evidence"
	"github.com/fleetaudit/fleetaudit/probes/script/internal/frame"
)

// Recording is a host that was recorded: what it says of itself and how it answers.
type Recording struct {
	// Header is sent as it stands, but MachineID, which holds the machine id itself here, and Skew and SkewError, which no
	// host knows. Clock is the host's clock at the moment of playing.
	Header evidence.Header
	// Asked holds the ids of the probes to answer, in the order of the script: what the function Asked gives.
	Asked []string
	// Answers holds the answers by probe id. A probe without one ends with status 127 and a line on standard error, as a
	// command that is not there does.
	Answers map[string]Recorded
}

// Recorded is the recorded answer of one probe.
type Recorded struct {
	Outcome  evidence.Outcome // empty means answered; of "lost" nothing but the beginning is sent
	Exit     int              // exit status, 128+n for signal n
	PipeFail int              // status of a failed "need", 0 for none
	Stdout   []byte           // more than the probe's bound is cut by Read, as the host would
	Stderr   []byte
}

// noAnswer is given for a probe that was not recorded.
var noAnswer = Recorded{Exit: 127, Stderr: []byte("no answer to this probe was recorded\n")}

// Replay writes exactly what the recorded host would send in the session with that nonce. Read turns it back into the same items.
func Replay(w io.Writer, nonce string, rec Recording) error {
	f := frame.NewWriter(w, nonce)
	f.Frame("READY")
	f.Frame("H", 1, frame.Base64)
	f.Payload(headerText(&rec.Header))
	f.Frame("I")
	for _, id := range rec.Asked {
		answer, ok := rec.Answers[id]
		if !ok {
			answer = noAnswer
		}
		replay(f, id, answer)
	}
	f.Frame("Z")
	if err := f.Err(); err != nil {
		return fmt.Errorf("replay: %w", err)
	}
	return nil
}

func replay(f *frame.Writer, id string, r Recorded) {
	if r.Outcome == evidence.OutcomeNotPermitted {
		f.Frame("P", id)
		return
	}
	f.Frame("B", id)
	if r.Outcome == evidence.OutcomeLost {
		return
	}
	exit := r.Exit
	if r.Outcome == evidence.OutcomeTimeout {
		f.Mark("T " + id)
		exit = 128 + 9 // the clock kills with signal 9
	}
	if r.PipeFail != 0 {
		f.Mark("N" + strconv.Itoa(r.PipeFail))
	}
	f.Mark(strconv.Itoa(exit))
	f.Payload(slices.Concat(r.Stdout, []byte(proof)))
	for line := range frame.Lines(r.Stderr[:min(len(r.Stderr), MaxStderr)]) {
		f.Mark("e" + line)
	}
	f.Frame("E", id, 0)
}

// headerText is the reverse of readHeader.
func headerText(h *evidence.Header) []byte {
	elevated := ""
	if h.Privilege == "sudo" {
		elevated = "sudo"
	}
	var b strings.Builder
	for _, line := range []string{
		"system=" + h.System, "hostname=" + h.Hostname, "kernel=" + h.Kernel, "arch=" + h.Arch, "uid=" + strconv.Itoa(h.UID),
		"elevated=" + elevated, "boot_id=" + h.BootID, "machine_id=" + h.MachineID, "init=" + h.Init, "container=" + h.Container,
		fmt.Sprintf("clock=%d.%09d", h.Clock.Unix(), h.Clock.Nanosecond()),
	} {
		fmt.Fprintln(&b, line)
	}
	if h.BecomeErr != "" {
		fmt.Fprintf(&b, "%s\n%s\n", becomeSection, h.BecomeErr)
	}
	fmt.Fprintln(&b, releaseSection)
	escape := strings.NewReplacer(`\`, `\\`, `"`, `\"`, "$", `\$`, "`", "\\`")
	for _, k := range slices.Sorted(maps.Keys(h.OSRelease)) {
		fmt.Fprintf(&b, "%s=\"%s\"\n", strings.ToUpper(k), escape.Replace(h.OSRelease[k]))
	}
	return []byte(b.String())
}

// Asked lists the ids of the probes in a received script, in its order. The error says that it did not come whole.
func Asked(stdin []byte) ([]string, error) {
	first, text, _ := strings.Cut(string(stdin), ";")
	nonce, ok := strings.CutPrefix(first, "N=")
	_, text, begun := strings.Cut(text, "\n"+probesLine)
	if !ok || !begun {
		return nil, errors.New("not a script: its beginning is missing")
	}
	var ids []string
	for text != lastLines(nonce) {
		var words string
		text = strings.TrimPrefix(text, slowLine)
		if words, text, ok = cutAsk(text); !ok {
			return nil, fmt.Errorf("not a whole script: it breaks off after %d probes", len(ids))
		}
		id, _, _ := strings.Cut(words, " ")
		ids = append(ids, id)
	}
	return ids, nil
}

// cutAsk takes the line that asks one probe off the start of text and gives its words before the quoted one.
func cutAsk(text string) (words, rest string, ok bool) {
	text, ok = strings.CutPrefix(text, "ask ")
	words, text, found := strings.Cut(text, " '")
	_, rest, quoted := unquote("'" + text)
	rest, ended := strings.CutPrefix(rest, "\n")
	return words, rest, ok && found && quoted && ended
}
