package main

import (
	"fmt"
	"os"
	"sync"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
	"golang.org/x/term"

	"github.com/fleetaudit/fleetaudit/probes/evidence"
)

// progress tells the person at the terminal how far collecting is: a bar on a terminal, else a line for each host that is not
// complete and one for every tenth of the fleet. It is the only file that knows a terminal's width or colours.
type progress struct {
	w     *world
	total int

	container *mpb.Progress // nil without a terminal
	bar       *mpb.Bar

	mu      sync.Mutex
	ended   int
	trouble int
}

func newProgress(w *world, total int) *progress {
	p := &progress{w: w, total: total}
	if f, ok := w.stderr.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		p.container = mpb.New(mpb.WithOutput(f), mpb.WithWidth(48))
		p.bar = p.container.AddBar(int64(total),
			mpb.PrependDecorators(decor.Name("hosts "), decor.CountersNoUnit("%d/%d")),
			mpb.AppendDecorators(decor.Percentage(), decor.Any(func(decor.Statistics) string { return p.troubleText() }), decor.Elapsed(decor.ET_STYLE_MMSS, decor.WCSyncSpace)))
	}
	return p
}

func (p *progress) troubleText() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.trouble == 0 {
		return ""
	}
	return fmt.Sprintf("  %d not complete ", p.trouble)
}

// HostStarted is part of collect.Observer.
func (p *progress) HostStarted(string, int) {}

// HostAgain is part of collect.Observer.
func (p *progress) HostAgain(name, reason string) {
	p.line("%s: %s; it gets one more try at the end", name, reason)
}

// HostDone is part of collect.Observer.
func (p *progress) HostDone(h *evidence.HostRecord) {
	p.mu.Lock()
	p.ended++
	ended := p.ended
	if h.State != evidence.StateComplete {
		p.trouble++
	}
	p.mu.Unlock()
	if p.bar != nil {
		p.bar.Increment()
	}
	if h.State != evidence.StateComplete {
		detail := h.Detail
		if detail == "" {
			detail = h.Reason
		}
		p.line("%s: %s: %s", h.Name, h.State, detail)
	}
	if step := max(p.total/10, 1); p.bar == nil && ended%step == 0 && p.total > 10 {
		p.line("%d of %d hosts", ended, p.total)
	}
}

// line prints above the bar, or plainly where there is none.
func (p *progress) line(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.container != nil {
		fmt.Fprintf(p.container, format+"\n", args...)
		return
	}
	fmt.Fprintf(p.w.stderr, format+"\n", args...)
}

// done ends the display.
func (p *progress) done() {
	if p.container == nil {
		return
	}
	p.bar.Abort(false)
	p.container.Wait()
}
