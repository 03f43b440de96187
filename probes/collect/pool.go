package collect

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/fleetaudit/fleetaudit/inventory"
	"github.com/fleetaudit/fleetaudit/probes/remote"
)

// slots is a pool of places. Who waits for one gets it in order of arrival.
type slots chan struct{}

// take waits for a place and reports whether it got one before ctx ended or, unless it is nil, late was due.
func (s slots) take(ctx context.Context, late <-chan time.Time) bool {
	if ctx.Err() != nil {
		return false
	}
	select {
	case s <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	case <-late:
		return false
	}
}

func (s slots) give() { <-s }

// attempt is one try of a host.
type attempt struct {
	host  inventory.Host
	try   int           // 1 or 2
	first *remote.Error // why the first failed, for the second
}

// again holds the hosts that get a second try, until all others have had their first.
type again struct {
	mu      sync.Mutex
	changed *sync.Cond
	list    []attempt
	running int // first tries under way
}

func (q *again) init() { q.changed = sync.NewCond(&q.mu) }

// begin counts a first try in; done must follow.
func (q *again) begin() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.running++
}

func (q *again) done() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.running--
	q.changed.Signal()
}

// add takes a host for a second try.
func (q *again) add(a attempt) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.list = append(q.list, a)
	q.changed.Signal()
}

// next waits for a host that needs a second try. It reports false when no first try is under way any more and none is left.
func (q *again) next() (attempt, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.list) == 0 && q.running > 0 {
		q.changed.Wait()
	}
	if len(q.list) == 0 {
		return attempt{}, false
	}
	a := q.list[0]
	q.list[0] = attempt{}
	q.list = q.list[1:]
	return a, true
}

// The pause before a second try: long enough for a server to recover from too many logins at once, spread so that hosts behind one
// gateway do not come back together.
const (
	minPause = 250 * time.Millisecond
	maxPause = time.Second
)

// pause waits before a second try, or until ctx ends.
func pause(ctx context.Context) {
	t := time.NewTimer(minPause + rand.N(maxPause-minPause)) //nolint:gosec // jitter is no secret
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
