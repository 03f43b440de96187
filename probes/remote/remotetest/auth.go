package remotetest

import (
	"bytes"
	"crypto/subtle"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/crypto/ssh"
)

// User is an account of the host, and what lets its owner in.
type User struct {
	Keys        []string // public keys, as lines of authorized_keys
	Authorities []string // public keys of authorities; their user certificates log in when they name the account
	Password    string   // "" is none
	Prompts     []Prompt // what keyboard-interactive authentication asks at once; the first answer must be the password
	Both        bool     // a key is not enough: the password comes after it
}

// Prompt is a question of keyboard-interactive authentication.
type Prompt struct {
	Text string
	Echo bool // the answer is shown as it is typed
}

// The methods a server can offer.
const (
	methodKey         = "publickey"
	methodPassword    = "password"
	methodInteractive = "keyboard-interactive"
)

var errRefused = errors.New("refused")

// config makes the configuration of one connection.
func (s *Server) config(f Faults) (*ssh.ServerConfig, error) {
	c := &ssh.ServerConfig{
		ServerVersion:   s.opts.Version,
		MaxAuthTries:    s.opts.MaxTries,
		AuthLogCallback: s.logAuth,
	}
	if c.ServerVersion == "" {
		c.ServerVersion = defaultVersion
	}
	if s.opts.Banner != "" {
		c.BannerCallback = func(ssh.ConnMetadata) string { return s.opts.Banner }
	}
	if f.OldAlgorithms {
		c.Config = oldAlgorithms()
	}
	methods := s.methods()
	auth := s.callbacks(methods)
	c.PublicKeyCallback = auth.PublicKeyCallback
	c.PasswordCallback = auth.PasswordCallback
	c.KeyboardInteractiveCallback = auth.KeyboardInteractiveCallback
	for i, k := range s.opts.HostKeys {
		signer := s.signers[i]
		if f.WrongHostKey {
			fresh, err := NewKey(k.kind())
			if err != nil {
				return nil, err
			}
			signer = fresh.signer
		}
		c.AddHostKey(signer)
	}
	return c, nil
}

// kind gives the type of the key as NewKey takes it.
func (k *Key) kind() KeyType {
	switch k.Type() {
	case ssh.KeyAlgoRSA:
		return RSA
	case ssh.KeyAlgoED25519:
		return Ed25519
	default:
		return ECDSA
	}
}

// methods gives the methods that are offered.
func (s *Server) methods() []string {
	if len(s.opts.Methods) > 0 {
		return s.opts.Methods
	}
	methods := []string{methodKey}
	for _, u := range s.opts.Users {
		if u.Password != "" && !slices.Contains(methods, methodPassword) {
			methods = append(methods, methodPassword)
		}
		if len(u.Prompts) > 0 && !slices.Contains(methods, methodInteractive) {
			methods = append(methods, methodInteractive)
		}
	}
	return methods
}

func (s *Server) callbacks(methods []string) ssh.ServerAuthCallbacks {
	var c ssh.ServerAuthCallbacks
	if slices.Contains(methods, methodKey) {
		c.PublicKeyCallback = s.checkKey
	}
	if slices.Contains(methods, methodPassword) {
		c.PasswordCallback = s.checkPassword
	}
	if slices.Contains(methods, methodInteractive) {
		c.KeyboardInteractiveCallback = s.ask
	}
	return c
}

func (s *Server) logAuth(_ ssh.ConnMetadata, method string, _ error) {
	s.count(func(c *Counts) { c.Auth[method]++ })
}

// user gives the account, unless nobody is let in.
func (s *Server) user(name string) (User, error) {
	u, ok := s.opts.Users[name]
	if !ok || s.currentFaults().RefuseAuth {
		return User{}, errRefused
	}
	return u, nil
}

func (s *Server) checkKey(conn ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
	u, err := s.user(conn.User())
	if err != nil {
		return nil, err
	}
	if cert, ok := key.(*ssh.Certificate); ok {
		checker := ssh.CertChecker{IsUserAuthority: func(authority ssh.PublicKey) bool { return listed(u.Authorities, authority) }}
		if _, err := checker.Authenticate(conn, cert); err != nil {
			return nil, fmt.Errorf("certificate: %w", err)
		}
	} else if !listed(u.Keys, key) {
		return nil, errRefused
	}
	if u.Both {
		rest := slices.DeleteFunc(slices.Clone(s.methods()), func(m string) bool { return m == methodKey })
		return nil, &ssh.PartialSuccessError{Next: s.callbacks(rest)}
	}
	return nil, nil //nolint:nilnil // no permissions are to be limited
}

// listed reports whether key is among the lines of an authorized_keys file.
func listed(lines []string, key ssh.PublicKey) bool {
	return slices.ContainsFunc(lines, func(l string) bool {
		k, _, _, _, err := ssh.ParseAuthorizedKey([]byte(l))
		return err == nil && bytes.Equal(k.Marshal(), key.Marshal())
	})
}

func (s *Server) checkPassword(conn ssh.ConnMetadata, password []byte) (*ssh.Permissions, error) {
	u, err := s.user(conn.User())
	if err != nil {
		return nil, err
	}
	if u.Password == "" || subtle.ConstantTimeCompare([]byte(u.Password), password) != 1 {
		return nil, errRefused
	}
	return nil, nil //nolint:nilnil // no permissions are to be limited
}

func (s *Server) ask(conn ssh.ConnMetadata, challenge ssh.KeyboardInteractiveChallenge) (*ssh.Permissions, error) {
	prompts := []Prompt{{Text: "Password: "}}
	if u, ok := s.opts.Users[conn.User()]; ok && len(u.Prompts) > 0 {
		prompts = u.Prompts
	}
	var texts []string
	var echos []bool
	for _, p := range prompts {
		texts, echos = append(texts, p.Text), append(echos, p.Echo)
	}
	answers, err := challenge("", "", texts, echos)
	if err != nil {
		return nil, fmt.Errorf("keyboard-interactive: %w", err)
	}
	return s.checkPassword(conn, []byte(answers[0]))
}
