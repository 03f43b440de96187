package remotetest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/pem"
	"errors"
	"fmt"
	"math"
	"net"
	"os"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"
)

// KeyType is a type of key, named as "ssh-keygen -t" names it.
type KeyType string

// The key types that NewKey makes.
const (
	Ed25519 KeyType = "ed25519"
	ECDSA   KeyType = "ecdsa" // on the curve P-256
	RSA     KeyType = "rsa"   // of 2048 bits
)

// Key is a private key, of a host, an account or a certificate authority, with its certificate if it has one.
type Key struct {
	private crypto.Signer
	signer  ssh.Signer
	cert    *ssh.Certificate
}

// NewKey makes a fresh key.
func NewKey(t KeyType) (*Key, error) {
	var private crypto.Signer
	var err error
	switch t {
	case Ed25519:
		_, private, err = ed25519.GenerateKey(rand.Reader)
	case ECDSA:
		private, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case RSA:
		private, err = rsa.GenerateKey(rand.Reader, 2048)
	default:
		return nil, fmt.Errorf("no key type %q", t)
	}
	if err != nil {
		return nil, fmt.Errorf("make %s key: %w", t, err)
	}
	signer, err := ssh.NewSignerFromSigner(private)
	if err != nil {
		return nil, fmt.Errorf("make %s key: %w", t, err)
	}
	return &Key{private: private, signer: signer}, nil
}

// Certificate says what a certificate is good for.
type Certificate struct {
	Host        bool      // a host certificate rather than a user certificate
	Principals  []string  // host names, or accounts
	ValidAfter  time.Time // zero: always was
	ValidBefore time.Time // zero: for ever
}

// Certify gives the key with a certificate that authority signs.
func (k *Key) Certify(authority *Key, c Certificate) (*Key, error) {
	cert := &ssh.Certificate{
		Key:             k.signer.PublicKey(),
		CertType:        ssh.UserCert,
		KeyId:           strings.Join(c.Principals, ","),
		ValidPrincipals: c.Principals,
		ValidBefore:     ssh.CertTimeInfinity,
	}
	if c.Host {
		cert.CertType = ssh.HostCert
	}
	if !c.ValidAfter.IsZero() {
		cert.ValidAfter = unix(c.ValidAfter)
	}
	if !c.ValidBefore.IsZero() {
		cert.ValidBefore = unix(c.ValidBefore)
	}
	if err := cert.SignCert(rand.Reader, authority.signer); err != nil {
		return nil, fmt.Errorf("sign certificate: %w", err)
	}
	return &Key{private: k.private, signer: k.signer, cert: cert}, nil
}

// unix gives t in seconds as certificates count them, which do not go below zero.
func unix(t time.Time) uint64 {
	s := t.Unix()
	if s < 0 {
		return 0
	}
	return uint64(min(s, math.MaxInt64))
}

// Type gives the type of the plain key, such as ssh-ed25519.
func (k *Key) Type() string { return k.signer.PublicKey().Type() }

// Fingerprint gives the SHA256 fingerprint of the plain key as "ssh-keygen -l" prints it.
func (k *Key) Fingerprint() string { return ssh.FingerprintSHA256(k.signer.PublicKey()) }

// Authorized gives the plain public key as a line of an authorized_keys file, without the line end.
func (k *Key) Authorized() string { return line(k.signer.PublicKey()) }

// CertificateLine gives the certificate as the line that ssh-keygen writes to a -cert.pub file, without the line end, or "".
func (k *Key) CertificateLine() string {
	if k.cert == nil {
		return ""
	}
	return line(k.cert)
}

func line(pub ssh.PublicKey) string {
	return strings.TrimSuffix(string(ssh.MarshalAuthorizedKey(pub)), "\n")
}

// KnownHosts gives the line of a known_hosts file that says that the host at addr, a host:port, has this key.
func (k *Key) KnownHosts(addr string) string {
	host, port, err := net.SplitHostPort(addr)
	switch {
	case err != nil:
		host = addr
	case port != "22":
		host = "[" + host + "]:" + port
	}
	return host + " " + k.Authorized()
}

// PEM gives the private key in OpenSSH's format, encrypted if passphrase is not empty.
func (k *Key) PEM(passphrase string) ([]byte, error) {
	var block *pem.Block
	var err error
	if passphrase == "" {
		block, err = ssh.MarshalPrivateKey(k.private, "")
	} else {
		block, err = ssh.MarshalPrivateKeyWithPassphrase(k.private, "", []byte(passphrase))
	}
	if err != nil {
		return nil, fmt.Errorf("encode private key: %w", err)
	}
	return pem.EncodeToMemory(block), nil
}

// Save writes the key as ssh-keygen does: the private key to path, for its owner alone, the public key to path.pub and the
// certificate, if there is one, to path-cert.pub.
func (k *Key) Save(path, passphrase string) error {
	private, err := k.PEM(passphrase)
	if err != nil {
		return err
	}
	errs := []error{
		os.WriteFile(path, private, 0o600),
		os.WriteFile(path+".pub", []byte(k.Authorized()+"\n"), 0o600),
	}
	if k.cert != nil {
		errs = append(errs, os.WriteFile(path+"-cert.pub", []byte(k.CertificateLine()+"\n"), 0o600))
	}
	return errors.Join(errs...)
}

// Private gives the private key for an SSH agent to hold.
func (k *Key) Private() crypto.Signer { return k.private }

// hostSigner gives what the server proves itself with: the certificate if the key has one, else the key.
func (k *Key) hostSigner() (ssh.Signer, error) {
	if k.cert == nil {
		return k.signer, nil
	}
	s, err := ssh.NewCertSigner(k.cert, k.signer)
	if err != nil {
		return nil, fmt.Errorf("host certificate: %w", err)
	}
	return s, nil
}
