package inventory

import (
	"errors"
	"fmt"
	"strings"
)

// endpoint is the short form [user@]host[:port].
type endpoint struct {
	user string // may be empty
	host string // without brackets; under hosts it may hold ranges
	port int    // 0 if not given
}

// parseEndpoint reads the short form. The host is not checked here. Messages leave out what precedes the '@'.
func parseEndpoint(s string) (endpoint, error) {
	var e endpoint
	rest := s
	if i := strings.LastIndexByte(s, '@'); i >= 0 {
		e.user, rest = s[:i], s[i+1:]
		if e.user == "" {
			return e, errors.New("expected a user before '@'")
		}
		if err := checkUser(e.user); err != nil {
			return e, fmt.Errorf("user: %w", err)
		}
	}
	host, portText, hasPort := splitPort(rest)
	if hasPort {
		p, err := parsePort(portText)
		if err != nil {
			return e, fmt.Errorf("port: %w", err)
		}
		e.port = p
	}
	e.host = unbracket(host)
	if e.host == "" {
		return e, errors.New("expected a host: [user@]host[:port]")
	}
	return e, nil
}

// splitPort cuts a port from host:port. Colons in brackets belong to an address or a range, and an IPv6 literal without brackets
// is all address.
func splitPort(s string) (host, port string, hasPort bool) {
	if isIP(s) {
		return s, "", false
	}
	depth, colon, colons := 0, -1, 0
	for i := range len(s) {
		switch s[i] {
		case '[':
			depth++
		case ']':
			depth--
		case ':':
			if depth == 0 {
				colon = i
				colons++
			}
		}
	}
	if colons != 1 {
		return s, "", false
	}
	return s[:colon], s[colon+1:], true
}
