package collect

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"os/user"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/fleetaudit/fleetaudit/inventory"
	"github.com/fleetaudit/fleetaudit/probes/evidence"
	"github.com/fleetaudit/fleetaudit/probes/remote"
)

// ReasonPlatform is the reason of hosts for whose platform there are no probes.
const ReasonPlatform remote.Reason = "no probes for platform"

// newRecord gives the record of a host as far as the inventory knows it.
func newRecord(h *inventory.Host) evidence.HostRecord {
	rec := evidence.HostRecord{
		ID: evidence.HostID(h.Name), Name: h.Name, Address: cmp.Or(h.Address, h.Name), Port: cmp.Or(h.Port, 22), User: h.User,
		Platform: string(h.Platform), Become: cmp.Or(string(h.Become), string(inventory.BecomeNone)),
		Zone: h.Zone, System: h.System, Env: h.Env, Roles: h.Roles, Data: h.Data, Groups: h.Groups,
		Connection: cmp.Or(string(h.Connection), string(inventory.ConnectionSSH)),
	}
	if h.Jump != nil {
		rec.Jump = h.Jump.User + "@" + net.JoinHostPort(h.Jump.Address, strconv.Itoa(cmp.Or(h.Jump.Port, 22)))
	}
	if h.Connection == inventory.ConnectionLocal {
		rec.Address, rec.Port, rec.User = "", 0, localUser()
	}
	return rec
}

// localUser gives the account that the local script runs as, empty when the system does not know its name.
func localUser() string {
	u, err := user.Current()
	if err != nil {
		return ""
	}
	return u.Username
}

// setPeer takes down what the session showed of the other side.
func setPeer(rec *evidence.HostRecord, p remote.Peer) {
	rec.Banner, rec.HostKey, rec.KeyType, rec.KeyTrust, rec.AuthMethod = p.Banner, p.HostKey, p.KeyType, p.KeyTrust, p.AuthMethod
}

// platformOf decides which script a host gets: the inventory's word, else the name that its SSH server gives itself.
func platformOf(h *inventory.Host, p remote.Peer) inventory.Platform {
	switch {
	case h.Platform != inventory.PlatformUnknown:
		return h.Platform
	case strings.Contains(p.Banner, "OpenSSH_for_Windows"):
		return inventory.PlatformWindows
	default:
		return inventory.PlatformLinux
	}
}

// judge gives a host the state in which it ends, with reason and detail. items are all of its items, lost ones included; none means that
// the host answered nothing. fault is the last that went wrong with the link, nil for nothing.
func judge(rec *evidence.HostRecord, items []evidence.Item, fault *remote.Error) {
	counts := map[evidence.Outcome]int{}
	cut := 0
	for i := range items {
		counts[items[i].Outcome]++
		if items[i].Truncated {
			cut++
		}
	}
	rec.State = evidence.StateComplete
	if counts[evidence.OutcomeAnswered] < len(items) || cut > 0 {
		rec.State = evidence.StatePartial
	}
	if len(items) == 0 && fault != nil {
		rec.State = evidence.StateFailed
	}
	switch {
	case rec.State == evidence.StateComplete:
	case fault != nil:
		rec.Reason, rec.Detail = string(fault.Reason), faultDetail(fault)
	case counts[evidence.OutcomeNotPermitted] > 0:
		rec.Reason = string(remote.ReasonBecome)
		rec.Detail = fmt.Sprintf("%d probes need root and were not run", counts[evidence.OutcomeNotPermitted])
		if rec.Header != nil && rec.Header.BecomeErr != "" {
			rec.Detail += ": " + oneLine(rec.Header.BecomeErr)
		}
	}
	if rec.State == evidence.StatePartial {
		rec.Detail = joinDetail(rec.Detail, gaps(counts, cut))
	}
}

// gaps says what is not whole in the items of a host.
func gaps(counts map[evidence.Outcome]int, cut int) string {
	var parts []string
	for _, g := range []struct {
		n    int
		what string
	}{
		{counts[evidence.OutcomeLost], "without an answer"}, {counts[evidence.OutcomeTimeout], "over their time limit"}, {cut, "cut at their size limit"},
	} {
		if g.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", g.n, g.what))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return "probes: " + strings.Join(parts, ", ")
}

func joinDetail(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + "; " + b
}

// faultDetail gives a fault in one line, with the jump host at which it happened.
func faultDetail(e *remote.Error) string {
	d := oneLine(e.Detail)
	if d == "" && e.Err != nil {
		d = oneLine(e.Err.Error())
	}
	if e.Hop != "" {
		d = joinHop(e.Hop, d)
	}
	return d
}

func joinHop(hop, detail string) string {
	return strings.TrimSuffix("at jump host "+hop+": "+detail, ": ")
}

// asFault gives an error its class. Errors of a dialer are *remote.Error; others are not understood, and said so.
func asFault(err error) *remote.Error {
	if e, ok := errors.AsType[*remote.Error](err); ok {
		return e
	}
	return &remote.Error{Reason: remote.ReasonProtocol, Detail: err.Error(), Err: err}
}

// transient reports whether a fault may have passed in a while, before anything was answered. Whatever was refused on purpose, and
// whatever is missing on our side, is not: see the package comment.
func transient(e *remote.Error, loggedIn bool) bool {
	switch e.Reason {
	case remote.ReasonUnreachable, remote.ReasonRefused, remote.ReasonDropped:
		return true
	case remote.ReasonTimeout:
		return !loggedIn // a script that hangs will hang again
	default:
		return false
	}
}

// maxLine is how much of a host's text goes into a message, in bytes.
const maxLine = 200

// oneLine makes text fit for a message: its first line that is not empty, nothing that does not print, and not long.
func oneLine(s string) string {
	for line := range strings.Lines(s) {
		line = strings.TrimSpace(strings.Map(func(r rune) rune {
			if r == utf8.RuneError || !unicode.IsPrint(r) {
				return ' '
			}
			return r
		}, line))
		if line == "" {
			continue
		}
		if len(line) > maxLine {
			line = strings.ToValidUTF8(line[:maxLine], "") + "..."
		}
		return line
	}
	return ""
}
