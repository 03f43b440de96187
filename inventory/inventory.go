package inventory

import (
	"iter"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// Inventory is who is in scope. It does not change once loaded and may be read by many goroutines; the slices and pointers of
// its hosts are shared among them and must not be written to.
type Inventory struct {
	File       string // name it was loaded under
	SHA256     string // lower-case hex digest of the file as it was read
	Engagement Engagement
	Population Population
	Zones      map[string][]netip.Prefix // ranges of each zone, in the order given

	hosts []Host // by name, each name once
}

// Engagement is the assignment under which hosts are asked. Every field may be empty.
type Engagement struct {
	Entity        string    // organisation that is assessed
	Assessor      string    // organisation or person that assesses
	Authority     string    // what permits it, such as a letter with its date
	Operator      string    // who runs the tool
	FieldworkFrom time.Time // first day, at midnight UTC; zero if not given
	FieldworkTo   time.Time // last day, at midnight UTC; zero if not given
}

// Population names an independent list of what should be there. Its zero value is none.
type Population struct {
	File    string    // resolved against the folder of the inventory; not opened here
	Source  string    // where the list came from
	Created time.Time // when it was made; midnight UTC where only the day is given; zero if not given
	By      string    // who made it
}

// Hosts gives all hosts in order of name.
func (inv *Inventory) Hosts() iter.Seq[Host] { return slices.Values(inv.hosts) }

// Len is the number of hosts.
func (inv *Inventory) Len() int { return len(inv.hosts) }

// Lookup finds the host with exactly this name.
func (inv *Inventory) Lookup(name string) (Host, bool) {
	i, ok := inv.index(name)
	if !ok {
		return Host{}, false
	}
	return inv.hosts[i], true
}

func (inv *Inventory) index(name string) (int, bool) {
	return slices.BinarySearchFunc(inv.hosts, name, func(h Host, name string) int { return strings.Compare(h.Name, name) })
}

// Groups gives the names of all groups that hold a host, sorted.
func (inv *Inventory) Groups() []string {
	seen := make(map[string]bool)
	var names []string
	for i := range inv.hosts {
		for _, g := range inv.hosts[i].Groups {
			if !seen[g] {
				seen[g] = true
				names = append(names, g)
			}
		}
	}
	slices.Sort(names)
	return names
}
