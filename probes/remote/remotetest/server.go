package remotetest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"
)

// Options says what host a server plays. Its zero value plays one that nobody can log in to.
type Options struct {
	Address   string // loopback address and port to listen on; "" is 127.0.0.1 and a free port
	HostKeys  []*Key // one a type; a key with a host certificate proves itself by that. None: a fresh Ed25519 key
	Version   string // what it calls itself, "SSH-2.0-..."; "" is a version of OpenSSH
	Banner    string // shown before authentication
	Users     map[string]User
	Methods   []string      // authentication methods offered; none: what the users need
	Handler   Handler       // runs commands; nil fails them all with status 127
	Forward   bool          // plays a jump host too: forwards connections to loopback addresses
	RTT       time.Duration // round trip time to pretend
	MaxTries  int           // authentication attempts allowed a connection; 0 is 6. Keys that are only offered are free up to that number
	MaxExecs  int           // session channels open at once that a connection may have; 0 is any number
	Faults    Faults
	OnConnect func(remote net.Addr) // called for each connection; may be nil
}

// defaultVersion is how Debian 12 introduces itself.
const defaultVersion = "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u7"

// handshakeTime is how long a client may take to log in, as sshd's LoginGraceTime.
const handshakeTime = 2 * time.Minute

// Counts is what a server has seen so far.
type Counts struct {
	Connections int
	Auth        map[string]int // attempts by method, granted ones included; a key that is offered and refused counts as one
	Logins      int            // attempts that were granted
	Channels    int            // session channels opened
	MaxChannels int            // session channels of one connection that were open at once
	Execs       int            // commands started
	Forwards    int            // connections forwarded
}

// Server is a running SSH server.
type Server struct {
	opts     Options
	signers  []ssh.Signer
	listener net.Listener

	ctx    context.Context // ends with Close; every connection and command is under it
	cancel context.CancelFunc
	tasks  sync.WaitGroup

	mu     sync.Mutex // guards what follows
	faults Faults
	counts Counts
	cuts   int
	conns  map[*gateConn]struct{}
}

// Start starts a server, which Close stops.
func Start(opts Options) (*Server, error) {
	if opts.Address == "" {
		opts.Address = "127.0.0.1:0"
	}
	at, err := netip.ParseAddrPort(opts.Address)
	if err != nil || !at.Addr().IsLoopback() {
		return nil, fmt.Errorf("listen on %q: only a loopback address and port, such as 127.0.0.1:0, is served", opts.Address)
	}
	if len(opts.HostKeys) == 0 {
		k, err := NewKey(Ed25519)
		if err != nil {
			return nil, err
		}
		opts.HostKeys = []*Key{k}
	}
	s := &Server{
		opts:   opts,
		faults: opts.Faults,
		counts: Counts{Auth: map[string]int{}},
		conns:  map[*gateConn]struct{}{},
	}
	for _, k := range opts.HostKeys {
		signer, err := k.hostSigner()
		if err != nil {
			return nil, err
		}
		s.signers = append(s.signers, signer)
	}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	var listen net.ListenConfig
	if s.listener, err = listen.Listen(s.ctx, "tcp", opts.Address); err != nil {
		s.cancel()
		return nil, fmt.Errorf("start SSH server: %w", err)
	}
	s.tasks.Go(s.accept)
	return s, nil
}

// Addr gives the address it listens on, as host:port.
func (s *Server) Addr() string { return s.listener.Addr().String() }

// Host gives the address it listens on in two parts.
func (s *Server) Host() (address string, port int) {
	at := netip.MustParseAddrPort(s.Addr())
	return at.Addr().String(), int(at.Port())
}

// KnownHosts gives the known_hosts lines of the plain host keys that it was started with, each with its line end.
func (s *Server) KnownHosts() string {
	var b strings.Builder
	for _, k := range s.opts.HostKeys {
		b.WriteString(k.KnownHosts(s.Addr()) + "\n")
	}
	return b.String()
}

// HostKeys gives the keys that it was started with.
func (s *Server) HostKeys() []*Key { return s.opts.HostKeys }

// Counts gives what was seen so far.
func (s *Server) Counts() Counts {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.counts
	c.Auth = maps.Clone(c.Auth)
	return c
}

// SetFaults changes how the server fails from now on, for connections that are open too.
func (s *Server) SetFaults(f Faults) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = f
	s.cuts = 0
}

func (s *Server) currentFaults() Faults {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.faults
}

// count changes the counters.
func (s *Server) count(change func(*Counts)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.counts)
}

// Disconnect closes every connection that is open, as a host that reboots does. The server goes on.
func (s *Server) Disconnect() {
	s.mu.Lock()
	conns := slices.Collect(maps.Keys(s.conns))
	s.mu.Unlock()
	for _, c := range conns {
		_ = c.Close()
	}
}

// Close stops the server, closes its connections, ends its commands and waits for all its goroutines. It may be called again.
func (s *Server) Close() error {
	s.cancel()
	err := s.listener.Close()
	s.Disconnect()
	s.tasks.Wait()
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

func (s *Server) accept() {
	for {
		conn, err := s.listener.Accept()
		if err != nil {
			if errors.Is(err, net.ErrClosed) || s.ctx.Err() != nil {
				return
			}
			continue // such as a client that was gone before it was accepted
		}
		if s.opts.RTT > 0 {
			conn = newDelayConn(conn, s.opts.RTT, &s.tasks)
		}
		gate := &gateConn{Conn: conn, shut: make(chan struct{}), closed: make(chan struct{})}
		if !s.track(gate) {
			_ = gate.Close()
			return
		}
		s.tasks.Go(func() {
			defer s.forget(gate)
			s.serve(gate)
		})
	}
}

// track notes a new connection, so that Close reaches it, and reports whether it may go on.
func (s *Server) track(conn *gateConn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ctx.Err() != nil {
		return false
	}
	s.counts.Connections++
	s.conns[conn] = struct{}{}
	return true
}

func (s *Server) forget(conn *gateConn) {
	_ = conn.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, conn)
}

// serve talks SSH on a connection until it ends.
func (s *Server) serve(conn *gateConn) {
	if s.opts.OnConnect != nil {
		s.opts.OnConnect(conn.RemoteAddr())
	}
	f := s.currentFaults()
	switch {
	case f.CloseAfterAccept:
		return
	case f.HangAfterAccept:
		_, _ = io.Copy(io.Discard, conn)
		return
	}
	config, err := s.config(f)
	if err != nil {
		return
	}
	_ = conn.SetDeadline(time.Now().Add(handshakeTime))
	sc, channels, requests, err := ssh.NewServerConn(conn, config)
	if err != nil {
		return
	}
	_ = conn.SetDeadline(time.Time{})
	s.count(func(c *Counts) { c.Logins++ })
	ctx, cancel := context.WithCancel(s.ctx)
	defer cancel()
	p := &peer{server: s, conn: conn, user: sc.User()}
	s.tasks.Go(func() { ssh.DiscardRequests(requests) })
	for nc := range channels {
		p.open(ctx, nc)
	}
	cancel()
	p.tasks.Wait()
}
