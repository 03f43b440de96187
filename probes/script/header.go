package script

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/fleetaudit/fleetaudit/probes/evidence"
)

// Bounds of what is kept of a header, in characters and lines.
const (
	maxValue   = 256
	maxRelease = 64
)

// The sections behind the key=value lines. Nothing is read behind the text of os-release, which the host's owner writes.
const (
	becomeSection  = "[become]"
	releaseSection = "[os-release]"
)

// readHeader reads the decoded header. What is missing or not understood stays empty: a header never makes an answer fail.
func readHeader(text, key []byte) evidence.Header {
	h := evidence.Header{UID: -1, OSRelease: map[string]string{}}
	values := map[string]string{}
	section := ""
	var become []string
	for line := range strings.Lines(string(text)) {
		line = strings.TrimRight(line, "\r\n")
		switch {
		case section != releaseSection && (line == becomeSection || line == releaseSection):
			section = line
		case section == releaseSection:
			release(h.OSRelease, line)
		case section == becomeSection:
			become = append(become, line)
		default:
			k, v, _ := strings.Cut(line, "=")
			values[k] = printable([]byte(v))
		}
	}
	h.Hostname, h.System, h.Kernel, h.Arch = values["hostname"], values["system"], values["kernel"], values["arch"]
	h.BootID, h.Init, h.Container = values["boot_id"], values["init"], values["container"]
	h.Clock = clock(values["clock"])
	h.MachineID = machineID(values["machine_id"], key)
	if uid, err := strconv.ParseUint(values["uid"], 10, 31); err == nil {
		h.UID = int(uid)
	}
	switch {
	case h.UID == 0 && values["elevated"] == "sudo":
		h.Privilege = "sudo"
	case h.UID == 0:
		h.Privilege = "root"
	default:
		h.Privilege = "none"
	}
	h.BecomeErr = refusal(become)
	if h.BecomeErr == "" && h.UID != 0 && values["elevated"] == "sudo" {
		h.BecomeErr = "sudo gave the rights of user id " + strconv.Itoa(h.UID) + ", not those of root"
	}
	return h
}

// printable makes host text safe to store and print: one line, no control characters, valid UTF-8, bounded.
func printable(b []byte) string {
	text := strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t' || r == '\r':
			return ' '
		case r == unicode.ReplacementChar || !unicode.IsPrint(r):
			return '?'
		}
		return r
	}, strings.TrimSpace(string(b)))
	if runes := []rune(text); len(runes) > maxValue {
		text = string(runes[:maxValue])
	}
	return text
}

var releaseKey = regexp.MustCompile(`^[A-Z][A-Z0-9_]{0,63}$`)

// release reads one line of os-release, which is an assignment as a shell reads it.
func release(m map[string]string, line string) {
	k, v, ok := strings.Cut(strings.TrimSpace(line), "=")
	if ok && releaseKey.MatchString(k) && len(m) < maxRelease {
		m[strings.ToLower(k)] = printable([]byte(unquoteRelease(v)))
	}
}

func unquoteRelease(v string) string {
	if len(v) < 2 || v[0] != v[len(v)-1] || v[0] != '"' && v[0] != '\'' {
		return v
	}
	body := v[1 : len(v)-1]
	if v[0] == '\'' {
		return body
	}
	return strings.NewReplacer(`\\`, `\`, `\"`, `"`, `\$`, `$`, "\\`", "`").Replace(body)
}

// clock reads seconds of the epoch. The fraction is left out where date knows no %N and prints something else for it.
func clock(text string) time.Time {
	whole, fraction, _ := strings.Cut(text, ".")
	sec, err := strconv.ParseInt(whole, 10, 64)
	if err != nil || sec < 0 || sec > math.MaxUint32 {
		return time.Time{}
	}
	nano, err := strconv.ParseUint(fraction, 10, 31)
	if err != nil || len(fraction) != 9 {
		nano = 0
	}
	return time.Unix(sec, int64(nano)).UTC()
}

var machineIDForm = regexp.MustCompile(`^[0-9a-fA-F-]{16,64}$`)

// machineID gives the keyed HMAC (SHA-256, hex) of a machine id. It says that two answers came from the same machine, without
// being the id, which systemd asks not to be given away. Without a key, or for what is no machine id, it is empty.
func machineID(id string, key []byte) string {
	if len(key) == 0 || !machineIDForm.MatchString(id) {
		return ""
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(strings.ToLower(id)))
	return hex.EncodeToString(mac.Sum(nil))
}

// refusals are pieces of sudo's messages that say why it refused. sudo is asked in the C locale.
var refusals = []string{
	"password is required", "not in the sudoers", "not allowed", "must have a tty", "no tty present", "may not run",
	"account", "sorry", "unknown user", "policy", "parse error", "setuid root", "no new privileges",
}

// refusal picks the line of sudo's message that says why it refused: warnings can stand before it and notes behind it.
func refusal(lines []string) string {
	last := ""
	for _, line := range lines {
		lower := strings.ToLower(line)
		if strings.Contains(lower, "sudo") && strings.Contains(lower, "not found") {
			return "sudo: command not found"
		}
		for _, piece := range refusals {
			if strings.Contains(lower, piece) {
				return printable([]byte(line))
			}
		}
		if strings.TrimSpace(line) != "" {
			last = line
		}
	}
	return printable([]byte(last))
}
