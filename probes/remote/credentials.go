package remote

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"golang.org/x/crypto/ssh"
)

// maxOffers is how many keys are offered to a host: one less than the six attempts that sshd allows a connection (MaxAuthTries), so that
// a password may follow.
const maxOffers = 5

// credentials are what there is to log in to one host with.
type credentials struct {
	offers      []offer
	password    string
	hasPassword bool
	passwordErr error    // why a password that is configured cannot be had
	notes       []string // what is not used and why, for the message when the rest does not suffice
}

// offer is a key to log in with, and what it is for people.
type offer struct {
	signer ssh.MultiAlgorithmSigner
	label  string
}

// passwords notes the accounts whose password was sent and did not let in. It is not sent again in the same run, however often the host
// is tried, since that is how accounts are locked.
type passwords struct {
	mu   sync.Mutex
	gone map[string]bool
}

func (p *passwords) add(account string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.gone == nil {
		p.gone = map[string]bool{}
	}
	p.gone[account] = true
}

func (p *passwords) has(account string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.gone[account]
}

// credentials gathers what there is for a target. What is not there is an error only where nothing is left.
func (d *sshDialer) credentials(ctx context.Context, t target) (*credentials, error) {
	c := &credentials{}
	var err error
	switch {
	case t.Identity != "":
		err = d.keys.named(ctx, t, c)
	case t.Certificate != "":
		err = fail(ReasonCredential, nil, "certificate %s needs an identity, the private key that it is for%s", t.Certificate, declared(t))
	default:
		d.keys.usual(ctx, c)
	}
	if err == nil && ctx.Err() == nil {
		d.resolvePassword(ctx, t, c)
	}
	switch {
	case ctx.Err() != nil:
		return nil, contextError(ctx, "reading the credentials of "+t.account())
	case err != nil:
		return nil, err
	case len(c.offers) > 0 || c.hasPassword:
		return c, nil
	case d.spent.has(t.account()):
		return nil, fail(ReasonAuth, nil, "the password of %s was not accepted before in this run, and is not sent again", t.account())
	case c.passwordErr != nil:
		return nil, fail(ReasonCredential, c.passwordErr, "the password of %s cannot be had: %v%s", t.account(), c.passwordErr, declared(t))
	}
	return nil, fail(ReasonCredential, nil, "there is nothing to log in to %s with: %s. Set identity or password in the inventory%s, or add a key to the SSH agent",
		t.account(), strings.Join(append(c.notes, "no password is configured"), "; "), declared(t))
}

func (d *sshDialer) resolvePassword(ctx context.Context, t target, c *credentials) {
	switch {
	case t.Password.IsZero():
	case d.spent.has(t.account()):
		c.notes = append(c.notes, "the password was not accepted before in this run, and is not sent again")
	case d.opts.Secrets == nil:
		c.passwordErr = errors.New("secrets cannot be resolved here")
	default:
		c.password, c.passwordErr = d.opts.Secrets.Resolve(ctx, t.Password)
		c.hasPassword = c.passwordErr == nil
	}
}

// named takes the identity that the inventory names, and no other.
func (k *keyring) named(ctx context.Context, t target, c *credentials) error {
	f := keyFile{path: expandHome(t.Identity), certificate: expandHome(t.Certificate), passphrase: t.Passphrase, ask: true}
	if err := k.load(ctx, f, c); err != nil {
		return fail(ReasonCredential, err, "%v%s", err, declared(t))
	}
	return nil
}

// usual takes the keys of the agent and those of the default identity files.
func (k *keyring) usual(ctx context.Context, c *credentials) {
	keys, err := k.agent.list(ctx)
	switch {
	case err != nil:
		c.notes = append(c.notes, err.Error())
	case k.agent.socket == "":
		c.notes = append(c.notes, "there is no SSH agent")
	case len(keys) == 0:
		c.notes = append(c.notes, "the SSH agent holds no keys")
	}
	for _, s := range keys {
		c.add(offer{s, keyName(s.pub) + " from the SSH agent"})
	}
	for _, path := range k.identities {
		if err := k.load(ctx, keyFile{path: expandHome(path)}, c); err != nil && !missing(err) {
			c.notes = append(c.notes, err.Error())
		}
	}
	if len(c.offers) == 0 && len(k.identities) > 0 {
		c.notes = append(c.notes, "there is no key in "+strings.Join(k.identities, ", "))
	}
	if n := len(c.offers) - maxOffers; n > 0 {
		c.offers = c.offers[:maxOffers]
		c.notes = append(c.notes, fmt.Sprintf("%d more keys are not offered, since hosts allow few attempts: name the right one as identity", n))
	}
}

// add takes a key unless it is there already.
func (c *credentials) add(o offer) {
	if !slices.ContainsFunc(c.offers, func(have offer) bool { return sameKey(have.signer.PublicKey(), o.signer.PublicKey()) }) {
		c.offers = append(c.offers, o)
	}
}
