package collect

import (
	"cmp"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/fleetaudit/fleetaudit/probes/evidence"
)

// maxTrouble limits Summary.Trouble.
const maxTrouble = 50

// Summary is how a run went, in numbers.
type Summary struct {
	Hosts    int                      `json:"hosts"`
	States   map[evidence.State]int   `json:"states"`
	Reasons  map[string]int           `json:"reasons"` // of hosts that are not complete; hosts that have none count as ""
	Items    int                      `json:"items"`
	Outcomes map[evidence.Outcome]int `json:"outcomes"` // of items
	Cut      int                      `json:"cut"`      // items cut at their size limit

	Connections int `json:"connections"` // opened
	Logins      int `json:"logins"`      // granted
	Execs       int `json:"execs"`       // scripts sent
	Retries     int `json:"retries"`     // hosts that were tried a second time

	Trouble     []Trouble     `json:"trouble,omitempty"` // up to 50 of the hosts that are not complete, by name
	Interrupted bool          `json:"interrupted"`       // the run ended before every host had been asked
	Started     time.Time     `json:"started"`
	Duration    time.Duration `json:"duration_ns"`
}

// Trouble is a host that is not complete.
type Trouble struct {
	Host   string         `json:"host"`
	State  evidence.State `json:"state"`
	Reason string         `json:"reason"`
	Detail string         `json:"detail"`
}

// String gives the counts in one line.
func (s Summary) String() string {
	return fmt.Sprintf("%d hosts: %d complete, %d partial, %d not tested; %d items; %d connections, %d logins, %d execs, %d retries; %s",
		s.Hosts, s.States[evidence.StateComplete], s.States[evidence.StatePartial], s.States[evidence.StateFailed], s.Items,
		s.Connections, s.Logins, s.Execs, s.Retries, s.Duration.Round(time.Millisecond))
}

// tally counts as hosts come in.
type tally struct {
	mu sync.Mutex
	s  Summary
}

func (t *tally) start(now time.Time) {
	t.s = Summary{
		Started: now, States: map[evidence.State]int{}, Reasons: map[string]int{}, Outcomes: map[evidence.Outcome]int{},
	}
}

// add counts with change.
func (t *tally) add(change func(*Summary)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	change(&t.s)
}

// host counts a host that is done.
func (t *tally) host(a *evidence.Answer) {
	t.mu.Lock()
	defer t.mu.Unlock()
	s, h := &t.s, &a.Host
	s.Hosts++
	s.States[h.State]++
	for i := range a.Items {
		s.Items++
		s.Outcomes[a.Items[i].Outcome]++
		if a.Items[i].Truncated {
			s.Cut++
		}
	}
	if h.State == evidence.StateComplete {
		return
	}
	s.Reasons[h.Reason]++
	if len(s.Trouble) < maxTrouble {
		s.Trouble = append(s.Trouble, Trouble{h.Name, h.State, h.Reason, h.Detail})
	}
}

// end gives the summary.
func (t *tally) end(now time.Time) Summary {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.s.Duration = now.Sub(t.s.Started)
	slices.SortFunc(t.s.Trouble, func(a, b Trouble) int { return cmp.Compare(a.Host, b.Host) })
	return t.s
}
