package inventory

// SecretRef says where a secret is found, never the secret itself: "env:NAME", "file:PATH", "command:..." or "prompt:LABEL".
// Its zero value is no secret.
type SecretRef struct {
	scheme, arg string
}

// IsZero reports whether there is no reference.
func (r SecretRef) IsZero() bool { return r.scheme == "" }
