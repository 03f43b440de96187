package xlsx_test

import (
	"io"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fleetaudit/fleetaudit/report/format/formattest"
	"github.com/fleetaudit/fleetaudit/report/format/xlsx"
)

// BenchmarkWorkbook writes 200,000 results of 2,000 hosts, with as many items of evidence. peak-MB is the most memory that the heap held
// while writing.
func BenchmarkWorkbook(b *testing.B) {
	const hosts, checks = 2_000, 100
	a := formattest.Large(hosts, checks)
	w := newWriter(b, xlsx.Options{TempDir: b.TempDir()})
	var size counter
	peak := watchHeap(b)
	b.ReportAllocs()
	for b.Loop() {
		size = 0
		if err := w.Write(b.Context(), a, &size); err != nil {
			b.Fatal(err)
		}
	}
	rows := float64(2*hosts*checks) * float64(b.N)
	b.ReportMetric(rows/b.Elapsed().Seconds(), "rows/s")
	b.ReportMetric(float64(size)/1e6, "file-MB")
	b.ReportMetric(float64(peak.Load())/1e6, "peak-MB")
}

type counter int64

func (c *counter) Write(b []byte) (int, error) {
	*c += counter(len(b))
	return len(b), nil
}

var _ io.Writer = (*counter)(nil)

// watchHeap notes the most memory in use until the benchmark ends.
func watchHeap(b *testing.B) *atomic.Uint64 {
	b.Helper()
	runtime.GC()
	peak := new(atomic.Uint64)
	ticker := time.NewTicker(20 * time.Millisecond)
	done := make(chan struct{})
	go func() {
		for {
			select {
			case <-done:
				return
			case <-ticker.C:
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				peak.Store(max(peak.Load(), m.HeapInuse))
			}
		}
	}()
	b.Cleanup(func() {
		ticker.Stop()
		close(done)
	})
	return peak
}
