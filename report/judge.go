package report

import (
	"context"
	"sync"
	"time"

	"github.com/fleetaudit/fleetaudit/inventory"
	"github.com/fleetaudit/fleetaudit/probes/evidence"
	"github.com/fleetaudit/fleetaudit/probes/fact"
	"github.com/fleetaudit/fleetaudit/report/check"
)

// judged is one host with its findings. The answer itself is let go of.
type judged struct {
	host     evidence.HostRecord
	platform inventory.Platform // whose checks apply
	findings []check.Finding
	first    time.Time // when the first and the last item were asked for; zero when there is none
	last     time.Time
	changed  []string // probes whose text is not what was sent
	lines    []byte   // the host's part of results.jsonl
	err      error
}

// judgeAll judges every host of the bundle, several at once, and hands them on in the order of their names. It holds no more
// hosts than are being judged. It ends at the first error, after all that it started has ended.
func judgeAll(ctx context.Context, o Options, use func(judged) error) error {
	ctx, cancel := context.WithCancel(ctx)
	var group sync.WaitGroup
	defer group.Wait()
	defer cancel() // before the wait: it frees the feeder
	queue := make(chan chan judged, max(o.Workers-1, 1))
	group.Go(func() {
		defer close(queue)
		for _, e := range o.Bundle.Hosts() {
			slot := make(chan judged, 1) // with room, so that nobody has to wait for its reader
			select {
			case queue <- slot:
			case <-ctx.Done():
				return
			}
			group.Go(func() { slot <- o.judge(e.ID) })
		}
	})
	for slot := range queue {
		j := <-slot
		if j.err != nil {
			return j.err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := use(j); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// judge reads one host's pack and evaluates all checks of its platform.
func (o Options) judge(hostID string) judged {
	a, err := o.Bundle.Answer(hostID)
	if err != nil {
		return judged{err: err}
	}
	j := judged{host: a.Host, platform: platformOf(&a.Host)}
	rec := a.Host
	rec.Platform = string(j.platform)
	facts := check.Facts(o.Catalog, a)
	j.changed = changedProbes(facts)
	j.findings = o.Library.Evaluate(check.SubjectOf(&rec), facts)
	asked := make(map[string]time.Time, len(a.Items))
	for _, it := range a.Items {
		asked[evidence.ItemID(rec.ID, it.Seq)] = it.Start
		if j.first.IsZero() || it.Start.Before(j.first) {
			j.first = it.Start
		}
		if it.Start.After(j.last) {
			j.last = it.Start
		}
	}
	j.lines, j.err = o.resultLines(&rec, j.findings, asked)
	return j
}

// changedProbes names the probes whose answers are not used because they were asked in another form than the catalogue's: an old answer
// must not be read as the answer to a new question.
func changedProbes(facts fact.Set) []string {
	var changed []string
	for id, a := range facts {
		if a.ProblemKind == fact.ProblemNotAsked && a.Evidence != "" {
			changed = append(changed, id)
		}
	}
	return changed
}

// platformOf gives the platform whose checks count for a host. One that nobody declared and that never answered counts as Linux, the
// platform that is taken for granted until a host says otherwise; every check is NOT TESTED on it.
func platformOf(h *evidence.HostRecord) inventory.Platform {
	if h.Platform == "" {
		return inventory.PlatformLinux
	}
	return inventory.Platform(h.Platform)
}
