package check

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/fleetaudit/fleetaudit/inventory"
	"github.com/fleetaudit/fleetaudit/probes/fact"
)

const benchChecks = 200

// benchContent is 200 checks of the kinds that the content has: nine of ten compare one field, one loops over accounts.
func benchContent() string {
	var b strings.Builder
	for i := range benchChecks {
		assert := "sshd.effective.maxauthtries <= baseline.max_tries && sshd.effective.permitrootlogin in baseline.root_login"
		switch i % 10 {
		case 0:
			assert = `accounts.passwd.all(u, u.uid != 0 || u.user == "root")`
		case 1:
			assert = `kernel.sysctl["net.ipv4.ip_forward"] == "0"`
		}
		b.WriteString(strings.NewReplacer("good.tries", fmt.Sprintf("good.c%03d", i), "sshd.effective.maxauthtries <= baseline.max_tries", assert).Replace(goodCheck))
	}
	return b.String()
}

func benchFacts() fact.Set {
	var rows []any
	for i := range 40 {
		rows = append(rows, map[string]any{"user": fmt.Sprintf("u%d", i), "uid": int64(i + 1), "shell": "/bin/sh", "locked": false})
	}
	return fact.Set{
		"sshd.effective":  {Value: map[string]any{"maxauthtries": int64(4), "permitrootlogin": "no"}, Evidence: "0123456789abcdef-001"},
		"accounts.passwd": {Value: rows, Evidence: "0123456789abcdef-002"},
		"kernel.sysctl":   {Value: map[string]any{"net.ipv4.ip_forward": "0"}, Evidence: "0123456789abcdef-003"},
	}
}

func benchLibrary(t testing.TB) *Library {
	t.Helper()
	lib, err := Load(testSources(t, map[string]string{"checks/linux/good.yaml": benchContent()}))
	if err != nil {
		t.Fatal(err)
	}
	return lib
}

// BenchmarkEvaluate judges one host by 200 checks.
func BenchmarkEvaluate(b *testing.B) {
	lib, facts := benchLibrary(b), benchFacts()
	s := Subject{Platform: inventory.PlatformLinux, Values: exampleHost}
	b.ReportAllocs()
	for b.Loop() {
		if n := len(lib.Evaluate(s, facts)); n != benchChecks {
			b.Fatal(n)
		}
	}
}

// BenchmarkEvaluateUnread judges a host of which nothing could be read.
func BenchmarkEvaluateUnread(b *testing.B) {
	lib := benchLibrary(b)
	s := Subject{Platform: inventory.PlatformLinux, Values: exampleHost}
	b.ReportAllocs()
	for b.Loop() {
		lib.Evaluate(s, fact.Set{})
	}
}

// BenchmarkCompile loads 200 checks: YAML, lint, CEL, cases.
func BenchmarkCompile(b *testing.B) {
	s := testSources(b, map[string]string{"checks/linux/good.yaml": benchContent()})
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Load(s); err != nil {
			b.Fatal(err)
		}
	}
}

// TestConcurrentEvaluate judges from many goroutines; the race detector watches, and all must come to the same.
func TestConcurrentEvaluate(t *testing.T) {
	t.Parallel()
	lib, facts := benchLibrary(t), benchFacts()
	s := Subject{Platform: inventory.PlatformLinux, Values: exampleHost}
	want := fmt.Sprint(lib.Evaluate(s, facts))
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			set := facts
			if i%2 == 1 {
				set = fact.Set{}
			}
			for range 20 {
				got := fmt.Sprint(lib.Evaluate(s, set))
				if i%2 == 0 && got != want {
					t.Errorf("another result from another goroutine")
				}
			}
		})
	}
	wg.Wait()
}

// TestCostLimit: an evaluation that would take too long ends, and says that it could not be judged.
func TestCostLimit(t *testing.T) {
	t.Parallel()
	rows := make([]any, 3000)
	for i := range rows {
		rows[i] = map[string]any{"uid": int64(i)}
	}
	lib := oneCheck(t, Check{Assert: `accounts.passwd.all(u, accounts.passwd.filter(o, o.uid == u.uid).size() == 1)`, Observe: "kernel.release"})
	got := lib.Evaluate(Subject{Platform: inventory.PlatformLinux, Values: exampleHost}, fact.Set{"accounts.passwd": {Value: rows}, "kernel.release": {Value: "6"}})
	if got[0].Result != NotTested || !strings.Contains(got[0].Reason, "cost limit") {
		t.Errorf("got %+v", got[0])
	}
}
