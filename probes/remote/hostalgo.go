package remote

import (
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"
)

// keyTypes gives the types of host key that are offered to a host of which nothing is known, best first. Those that sign with SHA-1 or are
// of a kind that no server has are left out.
func keyTypes() []string {
	return []string{ssh.KeyAlgoED25519, ssh.KeyAlgoECDSA256, ssh.KeyAlgoECDSA384, ssh.KeyAlgoECDSA521, ssh.KeyAlgoRSA}
}

// algorithmsOf gives the algorithms that sign with host keys of a type. An RSA key, whose type has the name of its SHA-1 signature, signs
// with SHA-2 only (RFC 8332).
func algorithmsOf(keyType string) []string {
	if keyType == ssh.KeyAlgoRSA {
		return []string{ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256}
	}
	return []string{keyType}
}

// certificateAlgorithms gives the algorithms of host certificates, best first.
func certificateAlgorithms() []string {
	return []string{
		ssh.CertAlgoED25519v01, ssh.CertAlgoECDSA256v01, ssh.CertAlgoECDSA384v01, ssh.CertAlgoECDSA521v01,
		ssh.CertAlgoRSASHA512v01, ssh.CertAlgoRSASHA256v01,
	}
}

func allAlgorithms(types []string) []string {
	var out []string
	for _, t := range types {
		out = append(out, algorithmsOf(t)...)
	}
	return out
}

// typesOf gives the types of the keys of entries that can be offered, best first.
func typesOf(entries []*entry) []string {
	return slices.DeleteFunc(keyTypes(), func(t string) bool {
		return !slices.ContainsFunc(entries, func(e *entry) bool { return e.key.Type() == t })
	})
}

// algorithms gives the algorithms to offer. A server has keys of several types and shows the one that the client's order selects, so only
// the types that are known of the host are offered: otherwise a known key would look like a changed one.
func (t *hostTrust) algorithms() []string {
	if t.pin != "" {
		for _, e := range slices.Concat(t.plain, t.portless) {
			if ssh.FingerprintSHA256(e.key) == t.pin && slices.Contains(keyTypes(), e.key.Type()) {
				return algorithmsOf(e.key.Type())
			}
		}
		return allAlgorithms(keyTypes())
	}
	var out []string
	if len(t.authorities) > 0 {
		out = certificateAlgorithms()
	}
	if known := typesOf(t.plain); len(known) > 0 {
		return append(out, allAlgorithms(known)...)
	}
	// Those of another port are a guess, so the others follow.
	likely := typesOf(t.portless)
	rest := slices.DeleteFunc(keyTypes(), func(k string) bool { return slices.Contains(likely, k) })
	return append(out, allAlgorithms(append(likely, rest...))...)
}

// restrictedBy gives the known_hosts entries because of which only some types were offered, "" if all were.
func (t *hostTrust) restrictedBy() string {
	if t.pin != "" || len(typesOf(t.plain)) == 0 {
		return ""
	}
	var held []string
	for _, e := range t.plain {
		held = append(held, e.String())
	}
	return strings.Join(held, " and ")
}
