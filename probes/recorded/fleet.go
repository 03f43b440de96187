// Package recorded plays a fleet of hosts from recordings: what each says of itself and what it answers to each probe, served over real SSH
// on loopback, so that the whole way from inventory to workbook can be walked without a machine to ask.
//
// It knows how answers are framed only through script, and nothing of what they mean.
package recorded

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/fleetaudit/fleetaudit/probes"
)

// Fault is why a recorded host cannot be asked.
type Fault string

// The faults.
const (
	FaultNone        Fault = ""
	FaultUnreachable Fault = "unreachable" // nothing listens
	FaultHostKey     Fault = "host_key"    // it shows another key than the one that is known
)

// Host is one recorded host.
type Host struct {
	Name        string            `yaml:"name"`
	Title       string            `yaml:"title"`
	System      string            `yaml:"system"`
	Zone        string            `yaml:"zone"`
	Roles       []string          `yaml:"roles"`
	Data        []string          `yaml:"data"`
	Hostname    string            `yaml:"hostname"`
	OSRelease   map[string]string `yaml:"os_release"`
	Kernel      string            `yaml:"kernel"`
	Arch        string            `yaml:"arch"`
	Init        string            `yaml:"init"`
	Skew        time.Duration     `yaml:"skew"` // how far its clock is ahead
	Sudo        string            `yaml:"sudo"` // "none" where elevation is refused
	BecomeError string            `yaml:"become_error"`
	Fault       Fault             `yaml:"fault"`

	Answers map[string]Answer `yaml:"-"` // by probe id
}

// Elevated reports whether the host lets the audit account become root.
func (h *Host) Elevated() bool { return h.Sudo != "none" }

// Answer is what a host answers to one probe.
type Answer struct {
	Stdout string
	Stderr string
	Exit   int
}

// Fleet is a set of recorded hosts in the order of their file.
type Fleet struct {
	Hosts []*Host
}

// entry is an answer as it is written: a plain text is stdout with exit status 0.
type entry struct {
	Stdout string `yaml:"stdout"`
	Stderr string `yaml:"stderr"`
	Exit   int    `yaml:"exit"`
	Same   string `yaml:"same"` // the answer of this host
}

// UnmarshalYAML reads either form.
func (e *entry) UnmarshalYAML(unmarshal func(any) error) error {
	var text string
	if err := unmarshal(&text); err == nil {
		e.Stdout = text
		return nil
	}
	type plain entry // without this method
	return unmarshal((*plain)(e))
}

// defaultEntry is the name under which the answer of all hosts that are not listed stands.
const defaultEntry = "default"

// Load reads hosts.yaml and answers/*.yaml. Mistakes come all at once.
func Load(fsys fs.FS) (*Fleet, error) {
	data, err := fs.ReadFile(fsys, "hosts.yaml")
	if err != nil {
		return nil, fmt.Errorf("recorded hosts: %w", err)
	}
	f := &Fleet{}
	if err := yaml.UnmarshalWithOptions(data, &f.Hosts, yaml.Strict()); err != nil {
		return nil, fmt.Errorf("recorded hosts: hosts.yaml: %w", err)
	}
	names, err := fs.Glob(fsys, "answers/*.yaml")
	if err != nil {
		return nil, fmt.Errorf("recorded hosts: %w", err)
	}
	var errs []error
	for _, h := range f.Hosts {
		h.Answers = map[string]Answer{}
	}
	for _, name := range names {
		data, err := fs.ReadFile(fsys, name)
		if err != nil {
			return nil, fmt.Errorf("recorded hosts: %w", err)
		}
		errs = append(errs, f.addAnswers(name, data)...)
	}
	return f, errors.Join(errs...)
}

// addAnswers takes in one file: probe id -> host -> answer.
func (f *Fleet) addAnswers(name string, data []byte) []error {
	var byProbe map[string]map[string]entry
	if err := yaml.UnmarshalWithOptions(data, &byProbe, yaml.Strict()); err != nil {
		return []error{fmt.Errorf("recorded answers: %s: %w", name, err)}
	}
	var errs []error
	topic := strings.TrimSuffix(path.Base(name), ".yaml")
	for probe, entries := range byProbe {
		if !strings.HasPrefix(probe, topic+".") {
			errs = append(errs, fmt.Errorf("recorded answers: %s: %s belongs in the file of its topic", name, probe))
		}
		for host := range entries {
			if host != defaultEntry && f.host(host) == nil {
				errs = append(errs, fmt.Errorf("recorded answers: %s: %s: there is no recorded host %q", name, probe, host))
			}
		}
		for _, h := range f.Hosts {
			a, ok, err := resolve(entries, h.Name)
			if err != nil {
				errs = append(errs, fmt.Errorf("recorded answers: %s: %s: %w", name, probe, err))
			}
			if ok {
				h.Answers[probe] = a
			}
		}
	}
	return errs
}

// resolve finds the answer of a host: its own, that of the host it is the same as, or the default.
func resolve(entries map[string]entry, host string) (Answer, bool, error) {
	e, ok := entries[host]
	if !ok {
		e, ok = entries[defaultEntry]
	}
	if !ok {
		return Answer{}, false, nil
	}
	if e.Same != "" {
		other, found := entries[e.Same]
		if !found || other.Same != "" {
			return Answer{}, false, fmt.Errorf("%s: same: %q must be a host with an answer of its own", host, e.Same)
		}
		e = other
	}
	return Answer{Stdout: e.Stdout, Stderr: e.Stderr, Exit: e.Exit}, true, nil
}

func (f *Fleet) host(name string) *Host {
	i := slices.IndexFunc(f.Hosts, func(h *Host) bool { return h.Name == name })
	if i < 0 {
		return nil
	}
	return f.Hosts[i]
}

// Missing names, as "host probe", every probe that a host would be asked and has no answer to.
func (f *Fleet) Missing(asked []*probes.Probe) []string {
	var missing []string
	for _, h := range f.Hosts {
		if h.Fault != FaultNone {
			continue
		}
		for _, p := range asked {
			if _, ok := h.Answers[p.ID]; !ok && (h.Elevated() || !p.Privileged) {
				missing = append(missing, h.Name+" "+p.ID)
			}
		}
	}
	return missing
}
