package remote

import (
	"context"
	"net"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/fleetaudit/fleetaudit/inventory"
)

// SecretResolver gives the secret behind a reference. It is called from many goroutines at once.
type SecretResolver interface {
	Resolve(ctx context.Context, ref inventory.SecretRef) (string, error)
}

// The limits that hold where SSHOptions sets none.
const (
	DefaultConnectTimeout  = 3 * time.Second
	DefaultLoginTimeout    = 15 * time.Second
	DefaultKeepAlive       = 15 * time.Second
	DefaultKeepAliveMisses = 3
)

// defaultPort is the TCP port of SSH (RFC 4253, section 4.1).
const defaultPort = 22

// SSHOptions says how sessions are opened. The zero value verifies host keys strictly against the known_hosts files of this user and
// this machine, and offers the keys of this user's default identity files.
type SSHOptions struct {
	ConnectTimeout  time.Duration // to reach a host, its name included; 0 is DefaultConnectTimeout
	LoginTimeout    time.Duration // for key exchange and authentication together; 0 is DefaultLoginTimeout
	KeepAlive       time.Duration // between signs of life asked of a host; 0 is DefaultKeepAlive, negative is never
	KeepAliveMisses int           // unanswered ones that end a session; 0 is DefaultKeepAliveMisses

	// KnownHosts are the known_hosts files. Nil means ~/.ssh/known_hosts and /etc/ssh/ssh_known_hosts, as far as they exist; a file
	// that is named here must exist.
	KnownHosts []string
	// AcceptNew names a known_hosts file, which need not exist yet, to which the key of a host that is seen for the first time is
	// added. Empty means that such a host is refused. A changed key is refused always.
	AcceptNew string

	AgentSocket string   // socket of an SSH agent, as SSH_AUTH_SOCK has it; empty for none
	Identities  []string // key files to offer where the inventory names none; nil means ~/.ssh/id_ed25519, id_ecdsa and id_rsa
	Secrets     SecretResolver
	Now         func() time.Time // for the validity of certificates; nil means time.Now
}

func (o SSHOptions) withDefaults() SSHOptions {
	if o.ConnectTimeout == 0 {
		o.ConnectTimeout = DefaultConnectTimeout
	}
	if o.LoginTimeout == 0 {
		o.LoginTimeout = DefaultLoginTimeout
	}
	if o.KeepAlive == 0 {
		o.KeepAlive = DefaultKeepAlive
	}
	if o.KeepAliveMisses == 0 {
		o.KeepAliveMisses = DefaultKeepAliveMisses
	}
	if o.Identities == nil {
		for _, name := range []string{"id_ed25519", "id_ecdsa", "id_rsa"} {
			o.Identities = append(o.Identities, filepath.Join("~", ".ssh", name))
		}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

// sshDialer opens sessions over SSH.
type sshDialer struct {
	opts  SSHOptions
	hosts *hostKeys
	keys  *keyring
	spent passwords

	ctx    context.Context // of what hosts share; ends with Close
	cancel context.CancelFunc
	tasks  sync.WaitGroup

	mu     sync.Mutex
	closed bool
	jumps  map[string]*jump // by user and address
}

// NewSSH gives a dialer for SSH. It is used by many goroutines at once. What is shared by hosts, keys and connections to jump hosts, is
// kept until the end of the dialer: it is an io.Closer too, and Close waits for everything that it has under way. Sessions through a
// jump host end with it.
func NewSSH(opts SSHOptions) Dialer {
	opts = opts.withDefaults()
	d := &sshDialer{
		opts:  opts,
		hosts: &hostKeys{files: opts.KnownHosts, acceptNew: expandHome(opts.AcceptNew), now: opts.Now},
		keys:  newKeyring(opts),
		jumps: map[string]*jump{},
	}
	d.ctx, d.cancel = context.WithCancel(context.Background())
	return d
}

// Connect implements Dialer.
func (d *sshDialer) Connect(ctx context.Context, host inventory.Host) (Conn, error) {
	c, err := d.prepare(ctx, host)
	if err != nil {
		return nil, err
	}
	if c.link, err = c.dial(ctx); err != nil {
		return nil, err
	}
	return c, nil
}

// prepare does what can be done before a packet is sent, so that nobody is asked for a passphrase while a host waits.
func (d *sshDialer) prepare(ctx context.Context, host inventory.Host) (*sshConn, error) {
	if ctx.Err() != nil {
		return nil, contextError(ctx, "preparing to connect")
	}
	t := newTarget(host)
	trust, err := d.hosts.trust(t)
	if err != nil {
		return nil, err
	}
	creds, err := d.credentials(ctx, t)
	if err != nil {
		return nil, err
	}
	c := &sshConn{dialer: d, target: t, trust: trust, creds: creds}
	if host.Jump != nil {
		c.jump = d.jumpFor(*host.Jump)
	}
	return c, nil
}

// Close ends the connections to jump hosts and waits until nothing that the dialer started runs.
func (d *sshDialer) Close() error {
	d.cancel()
	d.mu.Lock()
	d.closed = true
	jumps := make([]*jump, 0, len(d.jumps))
	for _, j := range d.jumps {
		jumps = append(jumps, j)
	}
	d.mu.Unlock()
	for _, j := range jumps {
		j.close()
	}
	d.tasks.Wait()
	return nil
}

// begin runs f as one of the dialer's own tasks, unless the dialer is closed.
func (d *sshDialer) begin(f func()) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return false
	}
	d.tasks.Go(f)
	return true
}

// target is one SSH server to log in to, a host or a jump host, with the defaults filled in.
type target struct {
	inventory.Access
	pos inventory.Position // where it is declared, if that is known
}

func newTarget(host inventory.Host) target {
	t := target{Access: host.Access, pos: host.Pos}
	if t.Address == "" {
		t.Address = host.Name
	}
	if t.Port == 0 {
		t.Port = defaultPort
	}
	if t.User == "" {
		// As ssh does. On Windows the name has the domain before it.
		if u, err := user.Current(); err == nil {
			t.User = u.Username[strings.LastIndexByte(u.Username, '\\')+1:]
		}
	}
	return t
}

// addr gives the address and port to dial.
func (t target) addr() string { return net.JoinHostPort(t.Address, strconv.Itoa(t.Port)) }

// name gives the address for people, with the port only where it is not the usual one.
func (t target) name() string {
	if t.Port == defaultPort {
		return t.Address
	}
	return t.addr()
}

// account gives user and address, which is what a password is for.
func (t target) account() string { return t.User + "@" + t.addr() }

// expandHome puts the home directory in place of a leading "~/".
func expandHome(path string) string {
	rest, ok := strings.CutPrefix(filepath.ToSlash(path), "~/")
	if !ok {
		return path
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return path // which will be reported as it was written, since there is no such file
	}
	return filepath.Join(home, filepath.FromSlash(rest))
}
