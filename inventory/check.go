package inventory

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"unicode"
)

// Limits of names: RFC 1035 for addresses; a label is a line in a report.
const (
	maxAddress = 253
	maxLabel   = 256
)

// checkLabel accepts a line of printable text.
func checkLabel(s string) error {
	for _, r := range s {
		if !unicode.IsPrint(r) {
			return fmt.Errorf("must not hold control or invisible characters (found %U)", r)
		}
	}
	switch {
	case s == "":
		return errors.New("must not be empty")
	case strings.TrimSpace(s) != s:
		return errors.New("must not begin or end with a space")
	case len(s) > maxLabel:
		return fmt.Errorf("must not be longer than %d bytes", maxLabel)
	default:
		return nil
	}
}

// checkWord accepts text without anything that a shell, an option parser or a pattern could take for its own.
func checkWord(s string, allowed string) error {
	if s == "" {
		return errors.New("must not be empty")
	}
	if strings.HasPrefix(s, "-") {
		return errors.New("must not begin with '-'")
	}
	for _, r := range s {
		switch {
		case unicode.IsSpace(r):
			return errors.New("must not hold spaces, tabs or line ends")
		case !unicode.IsPrint(r):
			return fmt.Errorf("must not hold control or invisible characters (found %U)", r)
		case !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) && !strings.ContainsRune(allowed, r):
			return fmt.Errorf("must not hold %q: expected letters, digits and %s", r, strings.Join(strings.Split(allowed, ""), " "))
		}
	}
	if len(s) > maxAddress {
		return fmt.Errorf("must not be longer than %d bytes", maxAddress)
	}
	return nil
}

// checkHostName accepts what reports may call a host: letters, digits and . _ - or an IP literal.
func checkHostName(s string) error {
	if isIP(s) {
		return nil
	}
	if strings.Contains(s, ":") {
		return errors.New("must not hold ':' unless it is an IPv6 address; a port belongs under port")
	}
	return checkWord(s, "._-")
}

// checkGroupName accepts names that patterns can hold; all and ungrouped mean something there already.
func checkGroupName(s string) error {
	if s == patternAll || s == patternUngrouped {
		return fmt.Errorf("must not be %q, which patterns use for hosts of every group or of none", s)
	}
	return checkWord(s, "._-")
}

// checkUser accepts an account name: also DOMAIN\name, name@domain and the trailing $ of machine accounts. What stands where a
// user belongs may hold a password (user:password@host), so no message repeats it.
func checkUser(s string) error {
	if strings.Contains(s, ":") {
		return errors.New("must not hold ':' (a password has no place here: use password with a reference)")
	}
	return checkWord(strings.TrimSuffix(s, "$"), `._-@\+`)
}

// checkAddress accepts an IP literal, with or without brackets, or a host name as DNS has it.
func checkAddress(s string) error {
	bare := unbracket(s)
	if isIP(bare) {
		return nil
	}
	switch {
	case strings.ContainsAny(s, "[]:"):
		return fmt.Errorf("expected a host name or an IP address, got %q (a port belongs under port)", s)
	case strings.Trim(s, "0123456789.") == "":
		return fmt.Errorf("expected an IP address, got %q", s)
	case strings.HasPrefix(s, "."), strings.Contains(s, ".."):
		return fmt.Errorf("expected a host name, got %q with an empty part", s)
	}
	for _, r := range s {
		if r > unicode.MaxASCII && unicode.IsPrint(r) && !unicode.IsSpace(r) {
			return fmt.Errorf("expected a host name of ASCII letters, got %q: write the name as DNS has it (xn--...)", s)
		}
	}
	return checkWord(s, "._-")
}

// checkFingerprint accepts what "ssh-keygen -l" prints of a key.
func checkFingerprint(s string) error {
	const wanted = "expected SHA256: and 43 characters of base64, as ssh-keygen -l prints it"
	digest, ok := strings.CutPrefix(s, "SHA256:")
	if !ok {
		return errors.New(wanted)
	}
	if b, err := base64.RawStdEncoding.Strict().DecodeString(digest); err != nil || len(b) != 32 || strings.ContainsAny(digest, "\r\n") {
		return errors.New(wanted)
	}
	return nil
}

// parsePort accepts 1 to 65535 in plain decimal.
func parsePort(s string) (int, error) {
	p, err := strconv.Atoi(s)
	if err != nil || p < 1 || p > 65535 || strconv.Itoa(p) != s {
		return 0, fmt.Errorf("expected a number from 1 to 65535, got %q", s)
	}
	return p, nil
}

func isIP(s string) bool {
	a, err := netip.ParseAddr(s)
	return err == nil && (a.Zone() == "" || checkWord(a.Zone(), "._-") == nil)
}

// unbracket takes the brackets from an IP literal, and leaves all else.
func unbracket(s string) string {
	if len(s) > 2 && s[0] == '[' && s[len(s)-1] == ']' && isIP(s[1:len(s)-1]) {
		return s[1 : len(s)-1]
	}
	return s
}

// canonicalAddress writes an IP literal in its one short form, without brackets.
func canonicalAddress(s string) string {
	s = unbracket(s)
	if a, err := netip.ParseAddr(s); err == nil {
		return a.String()
	}
	return s
}
