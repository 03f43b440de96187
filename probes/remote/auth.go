package remote

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"
)

// The methods of authentication, as the protocol names them.
const (
	methodKey         = "publickey"
	methodInteractive = "keyboard-interactive"
	methodPassword    = "password"
	methodNone        = "none"
)

// authenticator logs in on one connection. Each method is tried once, so that nothing that was refused is sent twice.
type authenticator struct {
	creds *credentials
	link  *link

	tried        []string // methods, in order
	passed       []string // methods that the host took but that did not suffice
	allowed      []string // methods that the host takes
	passwordSent bool
	asked        string // a question that was not answered
	signErr      error  // why a key of ours could not sign
}

func newAuthenticator(creds *credentials, l *link) *authenticator {
	return &authenticator{creds: creds, link: l}
}

// next picks the method to try, in the order publickey, keyboard-interactive, password. Nil ends the attempt.
func (a *authenticator) next(c *ssh.ClientAuthContext) (ssh.AuthMethod, error) {
	a.allowed, a.passed = c.AllowedMethods, c.PartialSuccessMethods
	if a.link.broken.Load() {
		return nil, nil //nolint:nilnil // what x/crypto defines as "no other method": the error of the last one is the result
	}
	for _, m := range []string{methodKey, methodInteractive, methodPassword} {
		if slices.Contains(a.tried, m) || !slices.Contains(c.AllowedMethods, m) || !a.has(m) {
			continue
		}
		a.tried = append(a.tried, m)
		return a.method(m), nil
	}
	return nil, nil //nolint:nilnil // as above
}

// has reports whether there is something to try a method with. A password that keyboard-interactive authentication has sent is the
// same password.
func (a *authenticator) has(method string) bool {
	if method == methodKey {
		return len(a.creds.offers) > 0
	}
	return a.creds.hasPassword && !a.passwordSent
}

func (a *authenticator) method(name string) ssh.AuthMethod {
	switch name {
	case methodKey:
		var signers []ssh.Signer
		for _, o := range a.creds.offers {
			signers = append(signers, &watchedSigner{MultiAlgorithmSigner: o.signer, auth: a})
		}
		return ssh.PublicKeys(signers...)
	case methodInteractive:
		return ssh.KeyboardInteractive(a.answer)
	default:
		return ssh.PasswordCallback(func() (string, error) {
			a.passwordSent = true
			return a.creds.password, nil
		})
	}
}

// answer answers the questions of keyboard-interactive authentication: one hidden question for the password, once. Everything else, such
// as a one-time code or a new password, is for a person, who is not there.
func (a *authenticator) answer(_, _ string, questions []string, echos []bool) ([]string, error) {
	switch {
	case len(questions) == 0: // a mere announcement
		return nil, nil
	case len(questions) == 1 && !echos[0] && !a.passwordSent && asksPassword(questions[0]):
		a.passwordSent = true
		return []string{a.creds.password}, nil
	default:
		for i, q := range questions {
			questions[i] = strings.TrimSpace(q)
		}
		a.asked = clean(strings.Join(questions, " / "))
		return nil, fmt.Errorf("the host asks %q", a.asked)
	}
}

// asksPassword reports whether a question asks for the password of the account and for nothing else. The words come from PAM modules:
// "Password:" is pam_unix's, "(user@host) Password:" what sshd makes of it.
func asksPassword(question string) bool {
	q := strings.ToLower(question)
	for _, other := range []string{"one-time", "one time", "onetime", "otp", "new ", "current", "again", "retype", "passcode", "token", "code", "verification", "expired"} {
		if strings.Contains(q, other) {
			return false
		}
	}
	return strings.Contains(q, "password")
}

// succeeded gives the methods that let in, joined by "+".
func (a *authenticator) succeeded() string {
	if len(a.tried) == 0 {
		return methodNone
	}
	return strings.Join(append(slices.Clone(a.passed), a.tried[len(a.tried)-1]), "+")
}

// errNoSignature is what x/crypto says when the host knows no signature that a key can make.
const errNoSignature = "no common public key signature algorithm"

// classify makes an *Error of a login that failed once the host's key was verified.
func (a *authenticator) classify(t target, err error) error {
	switch {
	case linkLost(err) && !a.passwordSent:
		return fail(ReasonDropped, err, "%s closed the connection during authentication", t.name())
	case linkLost(err):
		// It may be the host's way to refuse, so it counts as that: a password that was refused must not be sent again.
		return fail(ReasonAuth, err, "%s closed the connection when it had the password of %s; it is not sent again", t.name(), t.User)
	case a.signErr != nil:
		return fail(ReasonCredential, a.signErr, "%s would take a key, but it cannot be used: %v", t.name(), a.signErr)
	case strings.Contains(err.Error(), errNoSignature):
		return fail(ReasonAlgorithm, err, "%s takes only signatures that are broken (%s): %s", t.name(), trimmed(err), a.summary())
	case a.creds.passwordErr != nil && slices.Contains(a.allowed, methodPassword):
		return fail(ReasonCredential, a.creds.passwordErr, "the password of %s cannot be had: %v; without it %s does not let in: %s",
			t.account(), a.creds.passwordErr, t.name(), a.summary())
	}
	said := ""
	if s := trimmed(err); strings.Contains(s, "disconnect") {
		said = " (" + s + ")"
	}
	return fail(ReasonAuth, err, "%s does not let %s in%s: %s. Check that the account exists there and takes one of these", t.name(), t.User, said, a.summary())
}

// summary says what the host takes and what was tried.
func (a *authenticator) summary() string {
	parts := []string{"it takes " + list(a.allowed)}
	if len(a.passed) > 0 {
		parts = append(parts, "it took "+list(a.passed)+" but wants more")
	}
	tried := "nothing was tried"
	if len(a.tried) > 0 {
		tried = "tried " + list(a.tried)
	}
	if slices.Contains(a.tried, methodKey) {
		var keys []string
		for _, o := range a.creds.offers {
			keys = append(keys, o.label)
		}
		tried += " with " + strings.Join(keys, ", ")
	}
	parts = append(parts, tried)
	if !a.creds.hasPassword && (slices.Contains(a.allowed, methodPassword) || slices.Contains(a.allowed, methodInteractive)) {
		parts = append(parts, "there is no password for it")
	}
	if a.asked != "" {
		parts = append(parts, fmt.Sprintf("it asked %q, which was not answered", a.asked))
	}
	return strings.Join(append(parts, a.creds.notes...), "; ")
}

func list(methods []string) string {
	if len(methods) == 0 {
		return "nothing"
	}
	return clean(strings.Join(methods, ", "))
}

// watchedSigner notes why a key could not sign: x/crypto goes on with the next method, and the reason would be lost.
type watchedSigner struct {
	ssh.MultiAlgorithmSigner
	auth *authenticator
}

// SignWithAlgorithm implements ssh.AlgorithmSigner.
func (s *watchedSigner) SignWithAlgorithm(rand io.Reader, data []byte, algorithm string) (*ssh.Signature, error) {
	sig, err := s.MultiAlgorithmSigner.SignWithAlgorithm(rand, data, algorithm)
	if err != nil {
		s.auth.signErr = err
	}
	return sig, err
}
