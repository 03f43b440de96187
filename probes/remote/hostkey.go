package remote

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"
)

// Why a host key is trusted, as Peer.KeyTrust has it.
const (
	trustKnown     = "known_hosts"
	trustPinned    = "pinned"
	trustAuthority = "certificate authority"
	trustFirstUse  = "first use"
	trustLocal     = "local"
)

// systemKnownHosts is the known_hosts file of the machine (ssh_config(5), GlobalKnownHostsFile).
const systemKnownHosts = "/etc/ssh/ssh_known_hosts"

// hostKeys holds what is known of the keys of all hosts. The files are read once, when the first host is looked up.
type hostKeys struct {
	files     []string // nil for the usual ones
	acceptNew string   // file to add new hosts to, "" for none
	now       func() time.Time

	load    sync.Once
	loadErr error
	read    []string // files that were read
	skipped []string // lines that were not understood
	mu      sync.RWMutex
	entries []*entry
}

// readAll reads the files.
func (h *hostKeys) readAll() {
	files, optional := h.files, false
	if files == nil {
		files, optional = []string{expandHome(filepath.Join("~", ".ssh", "known_hosts")), systemKnownHosts}, true
	}
	for _, file := range files {
		if err := h.readFile(expandHome(file), optional); err != nil {
			h.loadErr = err
			return
		}
	}
	if h.acceptNew != "" && !slices.Contains(h.read, h.acceptNew) {
		h.loadErr = h.readFile(h.acceptNew, true)
	}
}

func (h *hostKeys) readFile(file string, optional bool) error {
	data, err := os.ReadFile(file)
	if optional && errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fail(ReasonHostKey, err, "host keys cannot be verified: %v", err)
	}
	entries, skipped, err := parseKnownHosts(file, data)
	if err != nil {
		return fail(ReasonHostKey, err, "host keys cannot be verified, since a line that revokes a key is not understood: %v", err)
	}
	h.read = append(h.read, file)
	h.entries = append(h.entries, entries...)
	h.skipped = append(h.skipped, skipped...)
	return nil
}

// hostTrust is what is known of the key of one host.
type hostTrust struct {
	hosts  *hostKeys
	target target
	name   string // in known_hosts files
	pin    string // SHA256 fingerprint, "" for none

	plain       []*entry // keys of the host
	portless    []*entry // keys of its name without the port: they may vouch for it, but do not speak against it
	authorities []*entry
}

// trust looks a host up.
func (h *hostKeys) trust(t target) (*hostTrust, error) {
	h.load.Do(h.readAll)
	if h.loadErr != nil {
		return nil, h.loadErr
	}
	pin := strings.TrimRight(t.HostKey, "=")
	if pin != "" && !strings.HasPrefix(pin, "SHA256:") {
		return nil, fail(ReasonHostKey, nil, "the host_key of %s%s is not a SHA256 fingerprint, as ssh-keygen -l prints it", t.name(), declared(t))
	}
	trust := &hostTrust{hosts: h, target: t, name: knownName(t.Address, t.Port), pin: pin}
	bare := knownName(t.Address, defaultPort)
	h.mu.Lock() // matching names is for one at a time
	defer h.mu.Unlock()
	for _, e := range h.entries {
		if e.marker == markerRevoked {
			continue // for every host, when the key is seen
		}
		exact := e.names.match(trust.name)
		// OpenSSH too looks for the name without its port when it does not find it with it.
		switch named := exact || (bare != trust.name && e.names.match(bare)); {
		case !named:
		case e.marker == markerAuthority:
			trust.authorities = append(trust.authorities, e)
		case exact:
			trust.plain = append(trust.plain, e)
		default:
			trust.portless = append(trust.portless, e)
		}
	}
	return trust, nil
}

// declared says where a target is declared, as far as that is known.
func declared(t target) string {
	if t.pos.File == "" {
		return ""
	}
	return " (" + t.pos.String() + ")"
}

// verify says why key is trusted, or gives an *Error or a *pinMismatchError.
func (t *hostTrust) verify(key ssh.PublicKey) (string, error) {
	if e := t.hosts.revoked(key); e != nil {
		return "", fail(ReasonHostKey, nil, "%s showed a key that is revoked: %s. Whoever answers there must not be logged in to", t.target.name(), e)
	}
	if t.pin != "" {
		if ssh.FingerprintSHA256(plainKey(key)) == t.pin {
			return trustPinned, nil
		}
		return "", &pinMismatchError{key: key}
	}
	var certErr error
	if cert, ok := key.(*ssh.Certificate); ok {
		if certErr = t.verifyCertificate(cert); certErr == nil {
			return trustAuthority, nil
		}
		key = cert.Key // which may be known by itself
	}
	for _, e := range slices.Concat(t.plain, t.portless) {
		if !sameKey(e.key, key) {
			continue
		}
		if e.firstUse {
			return trustFirstUse, nil
		}
		return trustKnown, nil
	}
	switch {
	case certErr != nil:
		return "", fail(ReasonHostKey, certErr, "the host certificate of %s is not valid: %v", t.target.name(), certErr)
	case len(t.plain) > 0:
		return "", t.changedError(key)
	case len(t.authorities) > 0:
		return "", fail(ReasonHostKey, nil, "%s showed a plain key (%s), but %s says that its keys are certified", t.target.name(), keyName(key), t.authorities[0].where())
	case t.hosts.acceptNew != "":
		return t.acceptNew(key)
	default:
		return "", t.unknownError(key)
	}
}

// revoked gives the line that revokes key, or the authority that signed it, whatever host that line names: a key that leaked is not to be
// trusted under another name either.
func (h *hostKeys) revoked(key ssh.PublicKey) *entry {
	h.mu.RLock()
	defer h.mu.RUnlock()
	for _, e := range h.entries {
		if e.marker != markerRevoked {
			continue
		}
		if cert, ok := key.(*ssh.Certificate); ok && sameKey(e.key, cert.SignatureKey) {
			return e
		}
		if sameKey(e.key, plainKey(key)) {
			return e
		}
	}
	return nil
}

// verifyCertificate checks a host certificate against the authorities that are known for the host.
func (t *hostTrust) verifyCertificate(cert *ssh.Certificate) error {
	switch {
	case !slices.ContainsFunc(t.authorities, func(e *entry) bool { return sameKey(e.key, cert.SignatureKey) }):
		return fmt.Errorf("it is signed by %s, which no @cert-authority line names for %s", keyName(cert.SignatureKey), t.name)
	case cert.CertType != ssh.HostCert:
		return errors.New("it is a user certificate")
	case cert.Signature.Format == ssh.KeyAlgoRSA:
		return errors.New("it is signed with SHA-1")
	}
	checker := ssh.CertChecker{Clock: t.hosts.now}
	if err := checker.CheckCert(strings.ToLower(t.target.Address), cert); err != nil {
		return errors.New(trimmed(err))
	}
	return nil
}

func sameKey(a, b ssh.PublicKey) bool { return bytes.Equal(a.Marshal(), b.Marshal()) }

// pinMismatchError says that a host showed another key than the pinned one. Another of its keys may still be it.
type pinMismatchError struct{ key ssh.PublicKey }

// Error says which key was shown.
func (e *pinMismatchError) Error() string { return "not the pinned key: " + keyName(e.key) }

// pinError says that none of the keys that a host showed is the pinned one.
func (t *hostTrust) pinError(shown []string) error {
	return fail(ReasonHostKey, nil, "%s showed %s, but the inventory pins %s%s. Ask its owner whether the key was changed; if so, put the new one into host_key",
		t.target.name(), strings.Join(shown, " and "), t.pin, declared(t.target))
}

func (t *hostTrust) changedError(key ssh.PublicKey) error {
	var held []string
	for _, e := range t.plain {
		held = append(held, e.String())
	}
	return fail(ReasonHostKey, nil, "%s showed %s, which is not the key that is held for it in %s. Either the host was set up anew or somebody is between: ask its owner, "+
		"and if the new key is right, remove the old with ssh-keygen -R '%s' -f %s",
		t.target.name(), keyName(key), strings.Join(held, " and "), t.name, t.plain[0].file)
}

func (t *hostTrust) unknownError(key ssh.PublicKey) error {
	where := "no known_hosts file was found"
	if read := t.hosts.read; len(read) > 0 {
		where = "it is not in " + strings.Join(read, " or ")
	}
	if n := len(t.hosts.skipped); n > 0 {
		where += fmt.Sprintf(" (%d of their lines not understood, the first %s)", n, t.hosts.skipped[0])
	}
	return fail(ReasonHostKey, nil, "%s showed %s, and %s. Compare it with ssh-keygen -lf /etc/ssh/ssh_host_*_key.pub on the host; then add it there, "+
		"set host_key in the inventory%s, or accept new keys on first use", t.target.name(), keyName(key), where, declared(t.target))
}
