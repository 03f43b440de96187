package script

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/fleetaudit/fleetaudit/inventory"
	"github.com/fleetaudit/fleetaudit/probes"
	"github.com/fleetaudit/fleetaudit/probes/evidence"
)

// MaxText is the longest text of a probe, in bytes. Linux passes no argument over 128 KiB to a program.
const MaxText = 64 << 10

// Script holds the probes of one platform ready to be sent. It never changes, so any number of goroutines may use it.
type Script struct {
	prelude []byte
	parts   []part // in the order in which they are sent
	slow    int    // parts from here on are slow
	byID    map[string]int
	sum     string
}

// part is one probe with its rendered form.
type part struct {
	probe *probes.Probe
	seq   int // 1-based, in the order of the catalogue
	text  []byte
}

// hooks force what a host usually decides. They are for tests: real scripts have none.
type hooks struct {
	Kill string // setsid | timeout 0 | search
	Enc  string // base64 | openssl base64 | od -An -v -tx1
	Cap  string // "head -c " | "dd bs=1 count="
}

// Compile renders probes, which must all be of one platform that is asked by a POSIX shell. They are sent in the order given,
// but the slow ones come last. No probes at all make a script that asks for the header alone. The error names every probe that cannot be sent.
func Compile(ps []*probes.Probe) (*Script, error) { return compile(ps, hooks{}) }

func compile(ps []*probes.Probe, h hooks) (*Script, error) {
	s := &Script{prelude: prelude(h), byID: make(map[string]int, len(ps))}
	var errs []error
	for i, p := range ps {
		if err := sendable(p); err != nil {
			errs = append(errs, err)
		}
		s.parts = append(s.parts, part{probe: p, seq: i + 1, text: ask(p)})
	}
	slices.SortStableFunc(s.parts, func(a, b part) int {
		switch {
		case a.probe.Slow == b.probe.Slow:
			return 0
		case b.probe.Slow:
			return -1
		default:
			return 1
		}
	})
	s.slow = len(s.parts)
	sum := sha256.New()
	sum.Write(s.prelude)
	for i, p := range s.parts {
		if _, twice := s.byID[p.probe.ID]; twice {
			errs = append(errs, fmt.Errorf("%s: probe %s is there twice", p.probe.Pos, p.probe.ID))
		}
		s.byID[p.probe.ID] = i
		if p.probe.Slow {
			s.slow = min(s.slow, i)
		}
		sum.Write(p.text)
	}
	s.sum = hex.EncodeToString(sum.Sum(nil))
	return s, errors.Join(errs...)
}

// sendable says why a probe cannot be sent.
func sendable(p *probes.Probe) error {
	switch {
	case p.Platform != inventory.PlatformLinux:
		return fmt.Errorf("%s: probe %s: there is no script for platform %q", p.Pos, p.ID, p.Platform)
	case !validID(p.ID):
		return fmt.Errorf("%s: probe id %q: expected topic.name of lower-case letters, digits, - and _, up to 128 characters", p.Pos, p.ID)
	case len(p.Run) > MaxText:
		return fmt.Errorf("%s: probe %s: its text has %d bytes, more than %d", p.Pos, p.ID, len(p.Run), MaxText)
	case strings.Contains(p.Run, "\x00"):
		return fmt.Errorf("%s: probe %s: its text has a NUL byte, which no shell can hold", p.Pos, p.ID)
	}
	return nil
}

func validID(id string) bool {
	for i := range len(id) {
		c := id[i]
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '.' && c != '_' && c != '-' {
			return false
		}
	}
	return len(id) > 0 && len(id) <= 128
}

// Limit gives the time limit of a probe as the host keeps it: whole seconds, rounded up, the default when there is none. The host
// kills within the second after it.
func Limit(p *probes.Probe) time.Duration {
	d := p.Timeout
	if d <= 0 {
		d = probes.DefaultTimeout
	}
	return min((d + time.Second - 1).Truncate(time.Second), probes.MaxTimeout)
}

// maxBytes gives the number of bytes of standard output that are kept.
func maxBytes(p *probes.Probe) int64 {
	if p.MaxBytes <= 0 {
		return probes.DefaultMaxBytes
	}
	return min(p.MaxBytes, probes.MaxMaxBytes)
}

// Probes gives the probes in the order in which they are sent.
func (s *Script) Probes() []*probes.Probe {
	ps := make([]*probes.Probe, len(s.parts))
	for i, p := range s.parts {
		ps[i] = p.probe
	}
	return ps
}

// Digest gives the SHA-256 of all that a host is sent, but the nonce, in hex.
func (s *Script) Digest() string { return s.sum }

// Item gives the empty item of a probe, with its place, id and command, for an answer that did not come: its outcome is "lost".
func (s *Script) Item(id string) (evidence.Item, bool) {
	i, ok := s.byID[id]
	if !ok {
		return evidence.Item{}, false
	}
	p := s.parts[i]
	return evidence.Item{Seq: p.seq, Probe: id, Outcome: evidence.OutcomeLost, Exit: -1, Command: []byte(p.probe.Run)}, true
}

// Stdin gives what the command that was made with the same nonce reads: the script, with the probes in only or, when that is
// nil, all of them.
func (s *Script) Stdin(nonce string, only map[string]bool) io.Reader {
	readers := []io.Reader{strings.NewReader(firstLine(nonce)), bytes.NewReader(s.prelude)}
	slow := false
	for i, p := range s.parts {
		if only != nil && !only[p.probe.ID] {
			continue
		}
		if i >= s.slow && !slow {
			slow = true
			readers = append(readers, strings.NewReader(slowLine))
		}
		readers = append(readers, bytes.NewReader(p.text))
	}
	return io.MultiReader(append(readers, strings.NewReader(lastLines(nonce)))...)
}
