package remote

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // the hash of the known_hosts format, which hides names and proves nothing
	"encoding/base64"
	"errors"
	"fmt"
	"hash"
	"io"
	"strconv"
	"strings"

	"golang.org/x/crypto/ssh"
)

// The markers of a line of a known_hosts file.
const (
	markerAuthority = "cert-authority"
	markerRevoked   = "revoked"
)

// entry is one line of a known_hosts file (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT).
type entry struct {
	file     string
	line     int
	marker   string
	names    namePattern
	key      ssh.PublicKey
	firstUse bool // added in this run, because its host was seen for the first time
}

// where gives file and line, or the file alone for a line that was added in this run.
func (e *entry) where() string {
	if e.line == 0 {
		return e.file
	}
	return e.file + ":" + strconv.Itoa(e.line)
}

// String gives file, line and key.
func (e *entry) String() string { return e.where() + " (" + keyName(e.key) + ")" }

// parseKnownHosts reads a known_hosts file. As OpenSSH does it skips lines that it does not understand, and says which: one with a type of
// key that cannot be used anyhow does no harm. A line that revokes a key does when it is not obeyed, so that is an error.
func parseKnownHosts(file string, data []byte) (entries []*entry, skipped []string, err error) {
	for n, text := range bytes.Split(data, []byte("\n")) {
		text = bytes.TrimSpace(text)
		if len(text) == 0 || text[0] == '#' {
			continue
		}
		e, err := parseKnownHost(text)
		if err == nil {
			e.file, e.line = file, n+1
			entries = append(entries, e)
			continue
		}
		err = fmt.Errorf("%s:%d: %w", file, n+1, err)
		if bytes.HasPrefix(text, []byte("@"+markerRevoked)) {
			return nil, nil, err
		}
		skipped = append(skipped, err.Error())
	}
	return entries, skipped, nil
}

func parseKnownHost(text []byte) (*entry, error) {
	marker, hosts, key, _, _, err := ssh.ParseKnownHosts(text)
	if err != nil {
		return nil, fmt.Errorf("not a line of a known_hosts file: %w", err)
	}
	if marker != "" && marker != markerAuthority && marker != markerRevoked {
		return nil, fmt.Errorf("unknown marker @%s", clean(marker))
	}
	if _, ok := key.(*ssh.Certificate); ok {
		return nil, errors.New("a certificate where a key belongs")
	}
	names, err := parseNames(strings.Join(hosts, ","))
	if err != nil {
		return nil, err
	}
	return &entry{marker: marker, names: names, key: key}, nil
}

// namePattern is the first field of a line: a list of patterns, or the hash of one name. It is for one goroutine at a time.
type namePattern struct {
	mac      hash.Hash // keyed with the salt; made once, since a file may hold thousands and each host is looked up in all
	hashed   []byte
	patterns []string // lower case, those that exclude with their "!"
}

// hashedPrefix begins a hashed name: a bar, the number of the only hash there is (HMAC-SHA1), a bar.
const hashedPrefix = "|1|"

func parseNames(field string) (namePattern, error) {
	if !strings.HasPrefix(field, "|") {
		return namePattern{patterns: strings.Split(strings.ToLower(field), ",")}, nil
	}
	salt64, hash64, ok := strings.Cut(strings.TrimPrefix(field, hashedPrefix), "|")
	if !ok || !strings.HasPrefix(field, hashedPrefix) {
		return namePattern{}, errors.New("a hashed name is written |1|salt|hash")
	}
	salt, err := base64.StdEncoding.DecodeString(salt64)
	if err != nil {
		return namePattern{}, fmt.Errorf("salt of the hashed name: %w", err)
	}
	hashed, err := base64.StdEncoding.DecodeString(hash64)
	if err != nil {
		return namePattern{}, fmt.Errorf("hashed name: %w", err)
	}
	if len(hashed) != sha1.Size {
		return namePattern{}, fmt.Errorf("hashed name of %d bytes, not %d", len(hashed), sha1.Size)
	}
	return namePattern{mac: hmac.New(sha1.New, salt), hashed: hashed}, nil
}

// match reports whether name, in lower case and with brackets and port unless the port is 22, is meant.
func (p namePattern) match(name string) bool {
	if p.mac != nil {
		p.mac.Reset()
		_, _ = io.WriteString(p.mac, name) // a hash takes everything
		var sum [sha1.Size]byte
		return bytes.Equal(p.mac.Sum(sum[:0]), p.hashed)
	}
	matched := false
	for _, pattern := range p.patterns {
		if excluded, ok := strings.CutPrefix(pattern, "!"); ok {
			if matchWildcard(excluded, name) {
				return false
			}
			continue
		}
		matched = matched || matchWildcard(pattern, name)
	}
	return matched
}

// matchWildcard reports whether pattern, in which * stands for any text and ? for any byte, matches the whole of s. It goes back to the
// last star only, which suffices and takes no longer than the product of the lengths.
func matchWildcard(pattern, s string) bool {
	star, mark := -1, 0
	p, i := 0, 0
	for i < len(s) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, i
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == s[i]):
			p++
			i++
		case star >= 0:
			mark++
			p, i = star+1, mark
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}

// knownName gives the name under which known_hosts files hold a host.
func knownName(host string, port int) string {
	host = strings.ToLower(host)
	if port == defaultPort {
		return host
	}
	return "[" + host + "]:" + strconv.Itoa(port)
}

// knownLine gives the line for a host and its key, without the line end.
func knownLine(name string, key ssh.PublicKey) string {
	return name + " " + strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key)))
}
