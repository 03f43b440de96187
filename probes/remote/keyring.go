package remote

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/fleetaudit/fleetaudit/inventory"
	"golang.org/x/crypto/ssh"
)

// keyring holds the private keys of a run. Each file is read, and decrypted, once however many hosts it is for.
type keyring struct {
	agent      *agentKeys
	identities []string // default identity files
	secrets    SecretResolver

	mu    sync.Mutex
	files map[keyFile]*loadedKey
}

func newKeyring(opts SSHOptions) *keyring {
	return &keyring{
		agent:      &agentKeys{socket: opts.AgentSocket},
		identities: opts.Identities,
		secrets:    opts.Secrets,
		files:      map[keyFile]*loadedKey{},
	}
}

// keyFile is a private key file and how to open it.
type keyFile struct {
	path        string
	certificate string // file; "" for the one beside the key, if there is one
	passphrase  inventory.SecretRef
	ask         bool // for a passphrase that it needs and that is not configured
}

// loadedKey is what was found in a key file. Its lock is held while the file is read, so that others wait for it rather than ask again.
type loadedKey struct {
	mu     sync.Mutex
	loaded bool
	offers []offer
	notes  []string
	err    error
}

// errEncrypted says that a default identity file needs a passphrase. They are not asked for: the file was not named.
var errEncrypted = errors.New("it is encrypted; name it as identity to be asked for its passphrase, or add it to the SSH agent")

// load adds the key of a file, and its certificate before it, to the credentials. A failure is kept as well, except for that of a context.
func (k *keyring) load(ctx context.Context, f keyFile, c *credentials) error {
	k.mu.Lock()
	l := k.files[f]
	if l == nil {
		l = &loadedKey{}
		k.files[f] = l
	}
	k.mu.Unlock()

	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.loaded {
		l.err = k.fill(ctx, f, l)
		if l.err != nil && ctx.Err() != nil {
			return l.err
		}
		l.loaded = true
	}
	c.notes = append(c.notes, l.notes...)
	for _, o := range l.offers {
		c.add(o)
	}
	return l.err
}

// fill reads a key file and its certificate.
func (k *keyring) fill(ctx context.Context, f keyFile, l *loadedKey) error {
	plain, err := k.read(ctx, f)
	if err != nil {
		return fmt.Errorf("identity %s cannot be used: %w", f.path, err)
	}
	signer, err := modern(plain)
	if err != nil {
		return fmt.Errorf("identity %s cannot be used: %w", f.path, err)
	}
	file := f.certificate
	if file == "" {
		file = strings.TrimSuffix(f.path, ".pub") + "-cert.pub"
	}
	certified, label, err := withCertificate(signer, file)
	switch {
	case err == nil:
		l.offers = append(l.offers, offer{certified, label})
	case f.certificate != "":
		return fmt.Errorf("certificate %s cannot be used: %w", file, err)
	case !missing(err):
		l.notes = append(l.notes, fmt.Sprintf("%s is not used: %v", file, err))
	}
	l.offers = append(l.offers, offer{signer, keyName(signer.PublicKey()) + " from " + f.path})
	return nil
}

// modern gives signer with the algorithms that it may sign with: an RSA key does not with SHA-1 (RFC 8332).
func modern(signer ssh.Signer) (ssh.MultiAlgorithmSigner, error) {
	switch s := signer.(type) {
	case *agentSigner:
		return s, nil
	case ssh.AlgorithmSigner:
		return ssh.NewSignerWithAlgorithms(s, algorithmsOf(s.PublicKey().Type()))
	default:
		return nil, fmt.Errorf("a key of type %s cannot sign here", signer.PublicKey().Type())
	}
}

func (k *keyring) read(ctx context.Context, f keyFile) (ssh.Signer, error) {
	data, err := os.ReadFile(f.path)
	if err != nil {
		return nil, err
	}
	signer, err := ssh.ParsePrivateKey(data)
	var encrypted *ssh.PassphraseMissingError
	switch {
	case err == nil:
		return signer, nil
	case errors.As(err, &encrypted):
		return k.decrypt(ctx, f, data, encrypted.PublicKey)
	}
	if pub, _, _, _, perr := ssh.ParseAuthorizedKey(data); perr == nil {
		if s := k.agent.find(ctx, pub); s != nil {
			return s, nil
		}
		return nil, errors.New("it is a public key, and the SSH agent does not hold the private one")
	}
	return nil, fmt.Errorf("it is not a private key: %s", trimmed(err))
}

// decrypt opens an encrypted key with the passphrase that is configured, else takes the agent's copy of it, else asks.
func (k *keyring) decrypt(ctx context.Context, f keyFile, data []byte, pub ssh.PublicKey) (ssh.Signer, error) {
	ref := f.passphrase
	if ref.IsZero() {
		if s := k.agentCopy(ctx, f.path, pub); s != nil {
			return s, nil
		}
		if !f.ask || k.secrets == nil {
			return nil, errEncrypted
		}
		var err error
		if ref, err = inventory.ParseSecretRef("prompt:Passphrase of " + f.path); err != nil {
			return nil, err
		}
	}
	if k.secrets == nil {
		return nil, errors.New("its passphrase cannot be resolved here")
	}
	passphrase, err := k.secrets.Resolve(ctx, ref)
	if err != nil {
		return nil, fmt.Errorf("its passphrase: %w", err)
	}
	signer, err := ssh.ParsePrivateKeyWithPassphrase(data, []byte(passphrase))
	if err != nil {
		return nil, errors.New("the passphrase does not open it")
	}
	return signer, nil
}

// agentCopy gives the agent's copy of an encrypted key. Old formats hide the public key too: then it is in the file beside it.
func (k *keyring) agentCopy(ctx context.Context, path string, pub ssh.PublicKey) ssh.Signer {
	if pub == nil {
		data, err := os.ReadFile(path + ".pub")
		if err != nil {
			return nil
		}
		if pub, _, _, _, err = ssh.ParseAuthorizedKey(data); err != nil {
			return nil
		}
	}
	if s := k.agent.find(ctx, pub); s != nil {
		return s
	}
	return nil
}

// withCertificate gives signer with the certificate of a file, and what that is for people.
func withCertificate(signer ssh.MultiAlgorithmSigner, file string) (ssh.MultiAlgorithmSigner, string, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, "", err
	}
	pub, _, _, _, err := ssh.ParseAuthorizedKey(data)
	if err != nil {
		return nil, "", fmt.Errorf("it is not a certificate: %s", trimmed(err))
	}
	cert, ok := pub.(*ssh.Certificate)
	switch {
	case !ok:
		return nil, "", errors.New("it is a public key, not a certificate")
	case cert.CertType != ssh.UserCert:
		return nil, "", errors.New("it is a host certificate")
	case !bytes.Equal(cert.Key.Marshal(), signer.PublicKey().Marshal()):
		return nil, "", fmt.Errorf("it is for another key (%s)", keyName(cert))
	}
	s, err := ssh.NewCertSigner(cert, signer)
	if err != nil {
		return nil, "", err
	}
	multi, ok := s.(ssh.MultiAlgorithmSigner)
	if !ok { // x/crypto gives one for one
		return nil, "", errors.New("it does not say how it signs")
	}
	label := "certificate " + file
	if cert.ValidBefore < 1<<62 { // why it is refused, more often than not
		label += " valid until " + time.Unix(int64(cert.ValidBefore), 0).UTC().Format(time.RFC3339)
	}
	return multi, label, nil
}

// missing reports whether err says that a file is not there.
func missing(err error) bool { return errors.Is(err, fs.ErrNotExist) }
