package report

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/fleetaudit/fleetaudit/probes/evidence"
	"github.com/fleetaudit/fleetaudit/report/check"
)

func TestHostRows(t *testing.T) {
	t.Parallel()
	a := must(Assess(t.Context(), options(t, fleet(t), "", "")))(t)
	var got []string
	for range 2 { // each call starts from the beginning
		got = nil
		for h, err := range a.Streams.Hosts() {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, fmt.Sprintf("%s %s %s %q %q %s %v %d/%d %v", h.Name, h.Platform, h.State, h.Why, h.OS, h.Privilege,
				!h.Collected.IsZero(), h.Counts.Pass, h.Counts.Judged(), h.ByReference["10.f"].Worst()))
		}
	}
	compare(t, "hosts", got, []string{
		`app01 linux complete "" "Test debian" sudo true 0/4 FAIL`,
		`db01 linux complete "" "Test debian" sudo true 4/4 PASS`,
		`gone01 linux not tested "unreachable: dial 192.0.2.9:22: no route to host" ""  false 0/5 NOT TESTED`,
		`web01 linux partial "not permitted: sudo: a password is required" "Test rhel" none true 0/3 FAIL`,
		`win01 windows not tested "unreachable: dial 192.0.2.9:22: no route to host" ""  false 0/0 `,
	})
}

func TestOtherStreams(t *testing.T) {
	t.Parallel()
	b := fleet(t)
	a := must(Assess(t.Context(), options(t, b, "", "")))(t)
	var items []string
	for r, err := range a.Streams.Evidence() {
		if err != nil {
			t.Fatal(err)
		}
		items = append(items, fmt.Sprintf("%s %s %s %d %q %s", r.Host, r.Probe, r.RunAs, r.Exit, r.Excerpt, r.File[len("hosts/3f/0123456789abcdef"):]))
	}
	compare(t, "evidence", items, []string{
		`app01 door.secret root (sudo from audit) 0 "scheme=md5\n" .tar.gz: 001.out`,
		`app01 door.settings root (sudo from audit) 0 "lock=open\n" .tar.gz: 002.out`,
		`db01 door.secret root (sudo from audit) 0 "scheme=yescrypt\n" .tar.gz: 001.out`,
		`db01 door.settings root (sudo from audit) 0 "lock=shut\ntries=3\n" .tar.gz: 002.out`,
		`web01 door.secret audit -1 "" .tar.gz: 001.out`,
		`web01 door.settings audit 0 "lock=open\ntries=9\n" .tar.gz: 002.out`,
	})
	n, last := 0, LogRow{}
	for r, err := range a.Streams.Log() {
		if err != nil {
			t.Fatal(err)
		}
		if n++; r.N != n || len(r.Hash) != 64 {
			t.Errorf("log row %+v", r)
		}
		last = r
	}
	if last.Hash != a.Run.LogHash || last.Event != evidence.EventClose {
		t.Errorf("last log row %+v, log hash %s", last, a.Run.LogHash)
	}
	paths := map[string]FileRow{}
	for r, err := range a.Streams.Files() {
		if err != nil {
			t.Fatal(err)
		}
		paths[r.Path] = r
	}
	if paths["MANIFEST.sha256"].SHA256 != a.Run.ManifestSHA256 || paths["results.jsonl"].SHA256 == "" ||
		paths[evidence.PackPath(evidence.HostID("db01"))].What != "Answers of db01" || len(paths) != len(b.Files())+2 {
		t.Errorf("files %+v", paths)
	}
}

func TestExcerpt(t *testing.T) {
	t.Parallel()
	line := strings.Repeat("x", 99) + "\n"
	for _, c := range []struct{ in, want string }{
		{"", ""},
		{"one\ntwo", "one\ntwo"},
		{strings.Repeat("a\n", 30), strings.Repeat("a\n", 20)},
		{strings.Repeat(line, 30), strings.Repeat(line, 20)},
		{strings.Repeat("y", 150) + "\n" + strings.Repeat("z", 3000), strings.Repeat("y", 150) + "\n"},
		{strings.Repeat("z", 3000), strings.Repeat("z", 2000)},
	} {
		if got := excerpt([]byte(c.in)); got != c.want {
			t.Errorf("excerpt of %d bytes: %d bytes, want %d", len(c.in), len(got), len(c.want))
		}
	}
}

func TestResultRow(t *testing.T) {
	t.Parallel()
	a := must(Assess(t.Context(), options(t, fleet(t), "", "")))(t)
	for r, err := range a.Streams.Results() {
		if err != nil {
			t.Fatal(err)
		}
		if r.Key != "door.lock@web01" {
			continue
		}
		want := ResultRow{Host: "web01", System: "Portal", Check: "door.lock", Title: "The door is shut", Severity: check.High, Result: check.Fail,
			References: []string{"01.b"}, Expected: "one of shut, bolted", Observed: "open",
			Evidence: []string{evidence.ItemID(evidence.HostID("web01"), 2)}, Collected: time.Date(2026, 11, 20, 9, 0, 1, 0, time.UTC), Key: "door.lock@web01"}
		if !reflect.DeepEqual(r, want) {
			t.Errorf("row %+v\nwant %+v", r, want)
		}
		return
	}
	t.Error("no such row")
}
