package recorded

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/fleetaudit/fleetaudit/probes"
	"github.com/fleetaudit/fleetaudit/probes/evidence"
	"github.com/fleetaudit/fleetaudit/probes/remote/remotetest"
	"github.com/fleetaudit/fleetaudit/probes/script"
)

// The audit account of every recorded host.
const (
	auditUser = "audit"
	auditUID  = 1500
)

// Served is a fleet that is being served. Close ends it.
type Served struct {
	Inventory  []byte // YAML that reaches the served hosts
	KnownHosts string // file with their host keys

	servers []*remotetest.Server
}

// Serve starts an SSH server on loopback for each host of the fleet and writes to dir what a client needs: a key that every host knows, and
// a known_hosts file. now is the clock that recorded hosts go by.
func Serve(ctx context.Context, f *Fleet, catalog *probes.Catalog, dir string, now func() time.Time) (_ *Served, err error) {
	s := &Served{KnownHosts: filepath.Join(dir, "known_hosts")}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	key, err := remotetest.NewKey(remotetest.Ed25519)
	if err != nil {
		return nil, fmt.Errorf("recorded fleet: %w", err)
	}
	keyFile := filepath.Join(dir, "audit_ed25519")
	if err := key.Save(keyFile, ""); err != nil {
		return nil, fmt.Errorf("recorded fleet: %w", err)
	}
	inv := inventoryFile{
		Engagement: map[string]string{"entity": "Example Health (recorded hosts)", "assessor": "Example Assurance", "authority": "demonstration"},
		Defaults:   map[string]any{"user": auditUser, "identity": keyFile, "become": "sudo"},
	}
	var known strings.Builder
	for _, h := range f.Hosts {
		e, lines, err := s.start(ctx, h, catalog, key, now)
		if err != nil {
			return nil, fmt.Errorf("recorded host %s: %w", h.Name, err)
		}
		known.WriteString(lines)
		inv.Hosts = append(inv.Hosts, e)
	}
	if err := os.WriteFile(s.KnownHosts, []byte(known.String()), 0o600); err != nil {
		return nil, fmt.Errorf("recorded fleet: %w", err)
	}
	if s.Inventory, err = yaml.Marshal(inv); err != nil {
		return nil, fmt.Errorf("recorded fleet: %w", err)
	}
	return s, nil
}

// Close stops all servers.
func (s *Served) Close() error {
	errs := make([]error, 0, len(s.servers))
	for _, server := range s.servers {
		errs = append(errs, server.Close())
	}
	return errors.Join(errs...)
}

// inventoryFile is the inventory of a served fleet.
type inventoryFile struct {
	Engagement map[string]string `yaml:"engagement"`
	Defaults   map[string]any    `yaml:"defaults"`
	Hosts      []hostEntry       `yaml:"hosts"`
}

type hostEntry struct {
	Name    string   `yaml:"name"`
	Address string   `yaml:"address"`
	Port    int      `yaml:"port"`
	System  string   `yaml:"system,omitempty"`
	Roles   []string `yaml:"roles,omitempty"`
	Data    []string `yaml:"data,omitempty"`
}

// start serves one host, unless nothing is to listen there, and gives its inventory entry and known_hosts lines.
func (s *Served) start(ctx context.Context, h *Host, catalog *probes.Catalog, key *remotetest.Key, now func() time.Time) (hostEntry, string, error) {
	e := hostEntry{Name: h.Name, System: h.System, Roles: h.Roles, Data: h.Data}
	if h.Fault == FaultUnreachable {
		var err error
		e.Address, e.Port, err = closedPort(ctx)
		return e, "", err
	}
	server, err := remotetest.Start(remotetest.Options{
		Users:   map[string]remotetest.User{auditUser: {Keys: []string{key.Authorized()}}},
		Handler: (&player{host: h, catalog: catalog, now: now}).play,
		Faults:  remotetest.Faults{WrongHostKey: h.Fault == FaultHostKey},
	})
	if err != nil {
		return e, "", err
	}
	s.servers = append(s.servers, server)
	e.Address, e.Port = server.Host()
	return e, server.KnownHosts(), nil
}

// closedPort finds a loopback port on which nothing listens.
func closedPort(ctx context.Context) (address string, port int, err error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", 0, err
	}
	at := l.Addr().(*net.TCPAddr)
	return at.IP.String(), at.Port, l.Close()
}

// player answers scripts from a recording.
type player struct {
	host    *Host
	catalog *probes.Catalog
	now     func() time.Time
}

// maxScript bounds the script that a player takes.
const maxScript = 16 << 20

// notFound is the exit status of a command that there is not.
const notFound = 127

// play is the handler of a served host.
func (p *player) play(_ context.Context, e *remotetest.Exec) int {
	nonce, ok := script.CommandNonce(e.Command)
	if !ok {
		fmt.Fprintln(e.Stderr, "a recorded host runs no commands but the collector's")
		return notFound
	}
	stdin, err := io.ReadAll(io.LimitReader(e.Stdin, maxScript))
	if err != nil {
		return 1
	}
	asked, err := script.Asked(stdin)
	if err != nil {
		fmt.Fprintln(e.Stderr, err)
		return 1
	}
	var out bytes.Buffer
	if err := script.Replay(&out, nonce, p.recording(asked)); err != nil {
		fmt.Fprintln(e.Stderr, err)
		return 1
	}
	if _, err := e.Stdout.Write(out.Bytes()); err != nil {
		return 1
	}
	return 0
}

// recording is what the host sends for the probes that it was asked.
func (p *player) recording(asked []string) script.Recording {
	h := p.host
	r := script.Recording{
		Header: evidence.Header{
			Hostname: h.Hostname, OSRelease: h.OSRelease, System: "Linux", Kernel: h.Kernel, Arch: h.Arch, Init: h.Init,
			UID: 0, Privilege: "sudo", Clock: p.now().Add(h.Skew).UTC(), MachineID: "recorded " + h.Name,
		},
		Asked: asked, Answers: map[string]script.Recorded{},
	}
	if !h.Elevated() {
		r.Header.UID, r.Header.Privilege, r.Header.BecomeErr = auditUID, "none", h.BecomeError
	}
	for _, id := range asked {
		if probe, ok := p.catalog.Lookup(id); ok && probe.Privileged && !h.Elevated() {
			r.Answers[id] = script.Recorded{Outcome: evidence.OutcomeNotPermitted}
		} else if a, ok := h.Answers[id]; ok {
			r.Answers[id] = script.Recorded{Exit: a.Exit, Stdout: []byte(a.Stdout), Stderr: []byte(a.Stderr)}
		}
	}
	return r
}
