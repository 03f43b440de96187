package check

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/fleetaudit/fleetaudit/inventory"
	"github.com/fleetaudit/fleetaudit/probes"
	"github.com/fleetaudit/fleetaudit/probes/evidence"
	"github.com/fleetaudit/fleetaudit/probes/fact"
)

// maxProblem bounds the text of a problem that comes from a host, in characters.
const maxProblem = 160

// Facts parses what a host answered, with the catalogue of today. Every probe of the host's platform that was asked gets an
// answer: its value, or why there is none. One that was not asked, or was asked in another form, is left unread.
func Facts(catalog *probes.Catalog, a *evidence.Answer) fact.Set {
	set := fact.Set{}
	items := make(map[string]*evidence.Item, len(a.Items))
	for i := range a.Items {
		items[a.Items[i].Probe] = &a.Items[i] // asked again after a cut link: the later answer counts
	}
	for _, p := range catalog.Probes(inventory.Platform(a.Host.Platform)) {
		if it, ok := items[p.ID]; ok {
			answer := answerOf(p, it)
			answer.Evidence = evidence.ItemID(a.Host.ID, it.Seq)
			set[p.ID] = answer
			continue
		}
		set[p.ID] = fact.Answer{ProblemKind: fact.ProblemNotAsked, Problem: whyNotAsked(p, &a.Host)}
	}
	return set
}

func whyNotAsked(p *probes.Probe, h *evidence.HostRecord) string {
	if h.Reason != "" || h.Detail != "" {
		return p.ID + ": " + unreached(h)
	}
	return p.ID + " is not in this run"
}

// answerOf turns an item into an answer. Anything that keeps it from being a complete answer to the probe's question comes before
// the parser gets to see it: half of an answer reads like a host that has less.
func answerOf(p *probes.Probe, it *evidence.Item) fact.Answer {
	kind, why := problemOf(p, it)
	if kind != fact.ProblemNone {
		return fact.Answer{ProblemKind: kind, Problem: why}
	}
	parser := p.Parser()
	if parser == nil {
		return fact.Answer{ProblemKind: fact.ProblemNotUnderstood, Problem: p.ID + " has no parser"}
	}
	value, fields, err := parser.Parse(it.Stdout)
	if err != nil {
		return fact.Answer{ProblemKind: fact.ProblemNotUnderstood, Problem: oneLine(err.Error())}
	}
	for name, why := range fields {
		fields[name] = oneLine(why)
	}
	return fact.Answer{Value: value, Fields: fields}
}

func problemOf(p *probes.Probe, it *evidence.Item) (fact.ProblemKind, string) {
	switch {
	case !sameCommand(p, it):
		return fact.ProblemNotAsked, "the run asked an earlier form of " + p.ID
	case it.Outcome == evidence.OutcomeNotPermitted:
		return fact.ProblemNotPermitted, detail("it needs root", it)
	case it.Outcome == evidence.OutcomeTimeout:
		return fact.ProblemTimeout, "ended after " + p.Timeout.String()
	case it.Outcome == evidence.OutcomeLost:
		return fact.ProblemFailed, "the connection ended before the answer was complete"
	case it.Outcome != evidence.OutcomeAnswered:
		return fact.ProblemFailed, fmt.Sprintf("outcome %q is not known", it.Outcome)
	case it.Truncated:
		return fact.ProblemTruncated, fmt.Sprintf("more than %d bytes", p.MaxBytes)
	case it.PipeFail != 0:
		return fact.ProblemFailed, detail(fmt.Sprintf("a command in it ended with status %d", it.PipeFail), it)
	case !answers(p, it.Exit):
		return fact.ProblemFailed, detail(fmt.Sprintf("exit status %d", it.Exit), it)
	}
	return fact.ProblemNone, ""
}

// answers says whether an exit status means that the probe answered: 0 unless the probe says otherwise.
func answers(p *probes.Probe, status int) bool {
	if len(p.Exit) == 0 {
		return status == 0
	}
	return slices.Contains(p.Exit, status)
}

// sameCommand compares what was sent with what the catalogue holds now: the parser and the checks belong to that text.
func sameCommand(p *probes.Probe, it *evidence.Item) bool {
	if len(it.Command) > 0 {
		return bytes.Equal(bytes.TrimRight(it.Command, "\n"), bytes.TrimRight([]byte(p.Run), "\n"))
	}
	sum := sha256.Sum256([]byte(p.Run))
	return it.CommandSHA256 == hex.EncodeToString(sum[:])
}

// detail adds the first line of stderr.
func detail(what string, it *evidence.Item) string {
	line := ""
	for l := range bytes.Lines(it.Stderr) {
		if line = strings.TrimSpace(string(l)); line != "" {
			break
		}
	}
	if line == "" {
		return what
	}
	return oneLine(what + ": " + line)
}

// oneLine makes host text fit for a reason.
func oneLine(s string) string { return clip(printable(strings.TrimSpace(s)), maxProblem) }
