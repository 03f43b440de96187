package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/user"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/fleetaudit/fleetaudit/inventory"
	"github.com/fleetaudit/fleetaudit/probes"
	"github.com/fleetaudit/fleetaudit/probes/collect"
	"github.com/fleetaudit/fleetaudit/probes/evidence"
	"github.com/fleetaudit/fleetaudit/probes/remote"
	"github.com/fleetaudit/fleetaudit/probes/script"
)

// collectOptions is everything that collecting needs but content and hosts.
type collectOptions struct {
	bundle   string // folder to make, "" for run-<id>
	forks    int
	host     time.Duration
	ssh      remote.SSHOptions
	operator string
	recorded bool
	quick    bool // leave the slow probes out
	args     []string
}

func collectFrom(c *cli.Context) (collectOptions, error) {
	o := collectOptions{
		bundle: c.String("bundle"), forks: c.Int("forks"), host: c.Duration("host-timeout"), operator: c.String("operator"), quick: c.Bool("quick"), args: os.Args,
		ssh: remote.SSHOptions{
			ConnectTimeout: c.Duration("connect-timeout"), KnownHosts: c.StringSlice("known-hosts"), AgentSocket: os.Getenv("SSH_AUTH_SOCK"),
		},
	}
	if o.forks < 1 || o.forks > collect.MaxForks {
		return o, usagef("--forks is 1 to %d, not %d", collect.MaxForks, o.forks)
	}
	if o.host <= 0 || o.ssh.ConnectTimeout <= 0 {
		return o, usagef("--host-timeout and --connect-timeout must be longer than nothing")
	}
	if len(o.ssh.KnownHosts) == 0 {
		o.ssh.KnownHosts = nil
	}
	if c.Bool("accept-new") {
		o.ssh.AcceptNew = acceptNewFile(o.ssh.KnownHosts)
	}
	return o, nil
}

// acceptNewFile is where --accept-new remembers keys: the first file of --known-hosts, else the user's own.
func acceptNewFile(knownHosts []string) string {
	if len(knownHosts) > 0 {
		return knownHosts[0]
	}
	return "~/.ssh/known_hosts"
}

func collectCommand(w *world) *cli.Command {
	return &cli.Command{
		Name:  "collect",
		Usage: "ask the hosts and store their answers; judge them later with evaluate and report",
		Flags: slices.Concat(inventoryFlags(), collectFlags(), contentFlags(), []cli.Flag{outputFlag()}),
		Action: func(c *cli.Context) error {
			if err := noArgs(c); err != nil {
				return err
			}
			asJSON, err := wantJSON(c)
			if err != nil {
				return err
			}
			o, err := collectFrom(c)
			if err != nil {
				return err
			}
			content, err := contentFrom(c).load()
			if err != nil {
				return err
			}
			inv, data, err := hostsFrom(c)
			if err != nil {
				return err
			}
			dir, sum, err := o.run(c.Context, w, content.catalog, inv, data)
			if err != nil {
				return err
			}
			return printCollected(w.stdout, dir, sum, asJSON)
		},
	}
}

func printCollected(out io.Writer, dir string, sum collect.Summary, asJSON bool) error {
	var err error
	if asJSON {
		enc := json.NewEncoder(out)
		enc.SetIndent("", "  ")
		err = enc.Encode(struct {
			Bundle string `json:"bundle"`
			collect.Summary
		}{dir, sum})
	} else {
		p := &printer{w: out}
		p.f("%s\n", sum)
		for _, t := range sum.Trouble {
			p.f("  %s: %s: %s\n", t.Host, t.State, t.Detail)
		}
		p.f("evidence %s\n", dir)
		err = p.err
	}
	switch {
	case err != nil:
		return err
	case sum.Interrupted:
		return errInterrupted
	case sum.States[evidence.StateComplete] < sum.Hosts:
		return errIncomplete
	}
	return nil
}

// run asks all hosts of the inventory and gives the folder of the bundle.
func (o collectOptions) run(ctx context.Context, w *world, cat *probes.Catalog, inv *inventory.Inventory, invData []byte) (dir string, sum collect.Summary, err error) {
	sc, err := script.Compile(o.asked(cat))
	if err != nil {
		return "", sum, err
	}
	if err := checkKeys(inv); err != nil {
		return "", sum, err
	}
	population, err := populationFile(inv)
	if err != nil {
		return "", sum, err
	}
	info := o.runInfo(w.now(), cat, inv, population)
	dir = o.bundle
	if dir == "" {
		dir = info.ID
	}
	bundle, err := evidence.Create(dir, info)
	if err != nil {
		return "", sum, err
	}
	closed := false
	defer func() {
		if !closed {
			err = errors.Join(err, bundle.Abort())
		}
	}()
	if err := addSources(bundle, cat, invData, population); err != nil {
		return "", sum, err
	}
	o.ssh.Secrets = inventory.NewSecrets(&terminalPrompter{w: w})
	dialer := remote.NewSSH(o.ssh)
	if c, ok := dialer.(io.Closer); ok {
		defer func() { err = errors.Join(err, c.Close()) }()
	}
	progress := newProgress(w, inv.Len())
	sum, err = collect.Run(ctx, collect.Options{
		Hosts: inv.Hosts(), SSH: dialer, Local: remote.NewLocal(), Sink: bundle, Observer: progress,
		Scripts: map[inventory.Platform]*script.Script{inventory.PlatformLinux: sc},
		Forks:   o.forks, HostTimeout: o.host, Now: w.now, MachineIDKey: machineIDKey(), Recorded: o.recorded,
	})
	progress.done()
	if err != nil {
		return dir, sum, err
	}
	closed = true
	return dir, sum, bundle.Close(evidence.EndInfo{Ended: w.now().UTC(), Interrupted: sum.Interrupted})
}

// asked gives the probes to send. A probe that is left out is not asked, and its checks are NOT TESTED for that reason.
func (o collectOptions) asked(cat *probes.Catalog) []*probes.Probe {
	all := cat.Probes(inventory.PlatformLinux)
	if !o.quick {
		return all
	}
	return slices.DeleteFunc(slices.Clone(all), func(p *probes.Probe) bool { return p.Slow })
}

// addSources stores what was asked and of whom, as it was.
func addSources(bundle *evidence.Writer, cat *probes.Catalog, inv, population []byte) error {
	if err := bundle.AddFile("catalog.json", catalogJSON(cat)); err != nil {
		return err
	}
	if err := bundle.AddFile("inventory.yaml", inv); err != nil {
		return err
	}
	if population == nil {
		return nil
	}
	return bundle.AddFile("population.csv", population)
}

// catalogJSON is the catalogue as run, for readers without this program.
func catalogJSON(cat *probes.Catalog) []byte {
	data, err := json.MarshalIndent(probeRows(&content{catalog: cat}), "", "  ")
	if err != nil {
		return nil // plain strings and numbers always marshal
	}
	return append(data, '\n')
}

// machineIDKey is the key under which machine ids are hashed: the hash tells clones within a run apart without telling the id itself.
func machineIDKey() []byte {
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails, by its documentation
	return key
}

func (o collectOptions) runInfo(now time.Time, cat *probes.Catalog, inv *inventory.Inventory, population []byte) evidence.RunInfo {
	e, p := inv.Engagement, inv.Population
	operator := o.operator
	if operator == "" {
		operator = e.Operator
	}
	info := evidence.RunInfo{
		ID: evidence.NewRunID(now), Operator: operator, Recorded: o.recorded, Args: o.args, Started: now.UTC(),
		Tool:       evidence.Tool{Version: toolVersion(), Go: runtime.Version()},
		Controller: thisMachine(),
		Engagement: evidence.Engagement{Entity: e.Entity, Assessor: e.Assessor, Authority: e.Authority,
			FieldworkFrom: day(e.FieldworkFrom), FieldworkTo: day(e.FieldworkTo)},
		Inventory: evidence.SourceFile{File: inv.File, SHA256: inv.SHA256},
		Catalogue: cat.Digest(),
	}
	if population != nil {
		sum := sha256.Sum256(population)
		info.Population = evidence.Population{File: p.File, SHA256: hex.EncodeToString(sum[:]), Source: p.Source, Created: day(p.Created), By: p.By}
	}
	return info
}

// day writes a date as inventories do, and nothing for none.
func day(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.DateOnly)
}

func thisMachine() evidence.Controller {
	c := evidence.Controller{OS: runtime.GOOS, Arch: runtime.GOARCH}
	if name, err := os.Hostname(); err == nil {
		c.Machine = name
	}
	if u, err := user.Current(); err == nil {
		c.User = strings.TrimSpace(u.Username)
	}
	return c
}
