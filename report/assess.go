package report

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"runtime"
	"time"

	"github.com/fleetaudit/fleetaudit/inventory"
	"github.com/fleetaudit/fleetaudit/probes"
	"github.com/fleetaudit/fleetaudit/probes/evidence"
	"github.com/fleetaudit/fleetaudit/report/check"
	"github.com/fleetaudit/fleetaudit/report/control"
)

// Options are what Assess needs. All but Workers must be given.
type Options struct {
	Bundle    *evidence.Bundle
	Catalog   *probes.Catalog // to read the answers; probes that the run asked in other words are named in a notice
	Library   *check.Library  // checks with the baseline
	Framework *control.Framework
	Now       func() time.Time // time of the judging
	Tool      string           // name and version of the program that judges
	Workers   int              // hosts judged at once; one a processor by default
}

// Assess judges all evidence of a bundle and gathers what reports need. It writes the results of every host and check to results.jsonl
// in the bundle, as a derived file: the evidence and its manifest stay as they are, so that a bundle can be judged again under another
// baseline or with newer checks. The assessment's streams read that file and the bundle, and so end with either.
//
// Every declared host counts for every check of its platform. A host that was never reached and whose platform nobody declared counts
// as Linux: it has NOT TESTED for every Linux check rather than no result at all.
//
// A pack that does not verify is an error (*evidence.PackError), and so is a mapping that names a check which does not exist.
func Assess(ctx context.Context, o Options) (*Assessment, error) {
	if o.Bundle == nil || o.Catalog == nil || o.Library == nil || o.Framework == nil || o.Now == nil {
		return nil, errors.New("assess: bundle, catalogue, checks, framework and clock must all be given")
	}
	if o.Workers <= 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	if _, err := o.Framework.Validate(o.Library.Checks()); err != nil {
		return nil, fmt.Errorf("mapping of control references to checks: %w", err)
	}
	t := newTally(o)
	digest := sha256.New()
	err := o.Bundle.WriteDerived(resultsFile, func(w io.Writer) error {
		w = io.MultiWriter(w, digest)
		return judgeAll(ctx, o, func(j judged) error {
			t.add(j)
			_, err := w.Write(j.lines)
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("assess %s: %w", o.Bundle.Dir(), err)
	}
	return o.assessment(t, hex.EncodeToString(digest.Sum(nil))), nil
}

// assessment puts together what was counted.
func (o Options) assessment(t *tally, results string) *Assessment {
	a := &Assessment{
		Hosts:      t.hosts,
		Totals:     t.rollup.Total(),
		Findings:   t.findings(),
		Controls:   t.rollup.Statuses(),
		Objectives: t.rollup.Objectives(),
		Categories: t.rollup.Categories(),
		Domains:    o.Framework.Domains,
		Systems:    t.systemGroups(),
		Methods:    o.methods(t.platforms),
		Gaps:       t.gapList(),
		Crosswalk:  o.Framework.Crosswalk(),
		Frameworks: o.Framework.Sources,
		Streams:    o.streams(results),
	}
	for _, c := range o.Library.Checks() {
		a.Checks = append(a.Checks, CheckSummary{Check: c, References: o.Framework.References(c.ID), Counts: t.rollup.Check(c.ID)})
	}
	a.Run = o.run(t)
	return a
}

// methods lists the probes of the platforms that the run met.
func (o Options) methods(platforms map[inventory.Platform]bool) []Method {
	users := map[string][]string{} // probe id -> checks
	for _, c := range o.Library.Checks() {
		for _, p := range c.Probes {
			users[p] = append(users[p], c.ID)
		}
	}
	var out []Method
	for _, platform := range []inventory.Platform{inventory.PlatformLinux, inventory.PlatformWindows} {
		if !platforms[platform] {
			continue
		}
		for _, p := range o.Catalog.Probes(platform) {
			sum := sha256.Sum256([]byte(p.Run))
			out = append(out, Method{Probe: p.ID, Title: p.Title, Command: p.Run, Notes: p.Notes, Privileged: p.Privileged,
				Checks: users[p.ID], SHA256: hex.EncodeToString(sum[:]), Parse: p.Parse})
		}
	}
	return out
}
