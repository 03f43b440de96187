package remote

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
)

// agentTime is how long an agent may take for an answer. Some ask their owner to confirm each use of a key.
const agentTime = 15 * time.Second

// agentKeys are the keys that an SSH agent holds. They are listed once; each signature is a connection of its own, so that an agent that
// does not answer holds up one login and not all that follow.
type agentKeys struct {
	socket string // "" for no agent

	mu     sync.Mutex
	listed bool
	keys   []*agentSigner
	err    error
}

// list gives the keys that the agent holds, none if there is no agent.
func (a *agentKeys) list(ctx context.Context) ([]*agentSigner, error) {
	if a.socket == "" {
		return nil, nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.listed {
		return a.keys, a.err
	}
	client, done, err := a.connect(ctx)
	if err != nil {
		if ctx.Err() == nil {
			a.listed, a.err = true, err
		}
		return nil, err
	}
	defer done()
	keys, err := client.List()
	if err != nil {
		return nil, fmt.Errorf("SSH agent %s: %w", a.socket, err)
	}
	for _, k := range keys {
		pub, err := ssh.ParsePublicKey(k.Blob)
		if err != nil {
			continue // of a type that cannot be used
		}
		a.keys = append(a.keys, &agentSigner{agent: a, pub: pub, comment: k.Comment})
	}
	a.listed = true
	return a.keys, nil
}

// connect opens a connection to the agent, with a deadline, that done closes.
func (a *agentKeys) connect(ctx context.Context) (client agent.ExtendedAgent, done func(), err error) {
	dialer := net.Dialer{Timeout: agentTime}
	conn, err := dialer.DialContext(ctx, "unix", a.socket)
	if err != nil {
		return nil, nil, fmt.Errorf("SSH agent %s: %w", a.socket, rootCause(err))
	}
	_ = conn.SetDeadline(time.Now().Add(agentTime))
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	return agent.NewClient(conn), func() {
		stop()
		_ = conn.Close()
	}, nil
}

// find gives the agent's copy of a key, nil if it has none.
func (a *agentKeys) find(ctx context.Context, pub ssh.PublicKey) *agentSigner {
	keys, err := a.list(ctx)
	if err != nil {
		return nil
	}
	for _, k := range keys {
		if bytes.Equal(k.pub.Marshal(), pub.Marshal()) {
			return k
		}
	}
	return nil
}

// agentSigner signs with a key that an agent holds.
type agentSigner struct {
	agent   *agentKeys
	pub     ssh.PublicKey
	comment string
}

// PublicKey implements ssh.Signer.
func (s *agentSigner) PublicKey() ssh.PublicKey { return s.pub }

// Sign implements ssh.Signer.
func (s *agentSigner) Sign(rand io.Reader, data []byte) (*ssh.Signature, error) {
	return s.SignWithAlgorithm(rand, data, s.Algorithms()[0])
}

// Algorithms implements ssh.MultiAlgorithmSigner.
func (s *agentSigner) Algorithms() []string { return algorithmsOf(plainKey(s.pub).Type()) }

// SignWithAlgorithm implements ssh.AlgorithmSigner.
func (s *agentSigner) SignWithAlgorithm(_ io.Reader, data []byte, algorithm string) (*ssh.Signature, error) {
	var flags agent.SignatureFlags
	switch algorithm {
	case ssh.KeyAlgoRSASHA512:
		flags = agent.SignatureFlagRsaSha512
	case ssh.KeyAlgoRSASHA256:
		flags = agent.SignatureFlagRsaSha256
	}
	client, done, err := s.agent.connect(context.Background())
	if err != nil {
		return nil, err
	}
	defer done()
	sig, err := client.SignWithFlags(s.pub, data, flags)
	if err != nil {
		return nil, fmt.Errorf("SSH agent %s does not sign with %s: %w", s.agent.socket, keyName(s.pub), err)
	}
	return sig, nil
}
