package inventory

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"unique"
)

// The schemes of references.
const (
	schemeEnv     = "env"
	schemeFile    = "file"
	schemeCommand = "command"
	schemePrompt  = "prompt"
)

// SecretRef says where a secret is found, never the secret itself: "env:NAME", "file:PATH", "command:TEXT" or "prompt:LABEL".
// Its zero value is no secret. References are comparable and small.
//
// In every printed form the text of a command is left out ("command:…"), since it may hold what opens a vault.
type SecretRef struct {
	target unique.Handle[secretTarget] // behind a handle, so that not even reflection over unexported fields prints it
}

// secretTarget keeps the rest of the reference behind a second handle: asked for a pointer as text, fmt follows the first.
type secretTarget struct {
	scheme string
	arg    unique.Handle[string]
}

// ParseSecretRef reads a reference. Its errors never repeat the text, which may be the secret itself.
func ParseSecretRef(s string) (SecretRef, error) {
	scheme, arg, ok := strings.Cut(s, ":")
	if !ok || scheme != schemeEnv && scheme != schemeFile && scheme != schemeCommand && scheme != schemePrompt {
		return SecretRef{}, errors.New("a secret must not be written here: " +
			"use a reference to it (env:NAME, file:PATH, command:TEXT or prompt:LABEL)")
	}
	if scheme == schemeEnv && !isVariable(arg) {
		return SecretRef{}, errors.New("env: expected the name of an environment variable, such as env:SSH_PASSWORD")
	}
	if strings.TrimSpace(arg) == "" && scheme != schemePrompt {
		return SecretRef{}, fmt.Errorf("%s: expected something after the ':'", scheme)
	}
	if scheme != schemeCommand && arg != "" && checkLabel(arg) != nil || strings.ContainsRune(arg, 0) {
		return SecretRef{}, fmt.Errorf("%s: must not hold control characters, nor begin or end with a space", scheme)
	}
	return newSecretRef(scheme, arg), nil
}

func newSecretRef(scheme, arg string) SecretRef {
	return SecretRef{unique.Make(secretTarget{scheme, unique.Make(arg)})}
}

// isVariable reports whether s can name an environment variable.
func isVariable(s string) bool {
	for i, r := range s {
		if r != '_' && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && (i == 0 || r < '0' || r > '9') {
			return false
		}
	}
	return s != ""
}

// IsZero reports whether there is no reference.
func (r SecretRef) IsZero() bool { return r == SecretRef{} }

func (r SecretRef) parts() (scheme, arg string) {
	if r.IsZero() {
		return "", ""
	}
	t := r.target.Value()
	return t.scheme, t.arg.Value()
}

// String gives the reference, without the text of a command; "" for none.
func (r SecretRef) String() string {
	scheme, arg := r.parts()
	switch scheme {
	case "":
		return ""
	case schemeCommand:
		return "command:…"
	default:
		return scheme + ":" + arg
	}
}

// GoString is String in quotes.
func (r SecretRef) GoString() string { return fmt.Sprintf("%q", r.String()) }

// Format writes String whatever the verb.
func (r SecretRef) Format(f fmt.State, verb rune) {
	if verb == 'q' || verb == 'v' && f.Flag('#') {
		_, _ = io.WriteString(f, r.GoString())
		return
	}
	_, _ = io.WriteString(f, r.String())
}

// MarshalText gives String, so that JSON and other encodings show no more than that.
func (r SecretRef) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// MarshalJSON gives String as a JSON text.
func (r SecretRef) MarshalJSON() ([]byte, error) { return json.Marshal(r.String()) }

// LogValue gives String to slog.
func (r SecretRef) LogValue() slog.Value { return slog.StringValue(r.String()) }
