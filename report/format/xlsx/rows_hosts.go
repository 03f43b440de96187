package xlsx

import (
	"strings"
	"time"

	"github.com/fleetaudit/fleetaudit/report"
	"github.com/fleetaudit/fleetaudit/report/format"
)

// hostRows are the declared hosts, reached or not.
func hostRows() rowSource {
	type row = report.HostRow
	return source[row]{
		rows: func(e *env) rowsOf[row] { return e.a.Streams.Hosts() },
		most: func(e *env) int { return e.a.Hosts.Declared },
		key:  func(r *row) string { return r.Name },
		fields: map[string]func(*env, *row) any{
			"name":       func(_ *env, r *row) any { return r.Name },
			"address":    func(_ *env, r *row) any { return r.Address },
			"system":     func(_ *env, r *row) any { return r.System },
			"env":        func(_ *env, r *row) any { return r.Env },
			"zone":       func(_ *env, r *row) any { return r.Zone },
			"roles":      func(_ *env, r *row) any { return strings.Join(r.Roles, ", ") },
			"os":         func(_ *env, r *row) any { return or(r.OS, r.Platform) },
			"state":      func(_ *env, r *row) any { return r.State },
			"why":        func(_ *env, r *row) any { return r.Why },
			"collected":  func(_ *env, r *row) any { return r.Collected },
			"seconds":    func(_ *env, r *row) any { return seconds(r) },
			"privilege":  func(_ *env, r *row) any { return r.Privilege },
			"become":     func(_ *env, r *row) any { return r.Become },
			"skew_ms":    func(_ *env, r *row) any { return skew(r) },
			"host_key":   func(_ *env, r *row) any { return fingerprint(r.HostKey) },
			"key_trust":  func(_ *env, r *row) any { return keyTrust(r) },
			"connection": func(_ *env, r *row) any { return connection(r) },
			"live":       func(_ *env, r *row) any { return live(r) },
			"passed":     func(_ *env, r *row) any { return format.ResultShare(r.Counts).Text() },
			"pack":       func(_ *env, r *row) any { return r.Pack },
			"id":         func(_ *env, r *row) any { return r.ID },
			"key":        func(_ *env, r *row) any { return r.Name },
		},
	}
}

// fingerprint is a host key without its type, which keyTrust has.
func fingerprint(key string) string {
	return key[strings.IndexByte(key, ' ')+1:]
}

// keyTrust says why the host key was trusted, and its type.
func keyTrust(r *report.HostRow) string {
	kind, _, ok := strings.Cut(r.HostKey, " ")
	if !ok {
		return r.KeyTrust
	}
	return r.KeyTrust + "\n" + kind
}

// seconds is how long the host took, rounded up: a host that answered never took 0 s.
func seconds(r *report.HostRow) any {
	if r.Duration <= 0 {
		return nil
	}
	return int((r.Duration + time.Second - 1) / time.Second)
}

func skew(r *report.HostRow) any {
	if !r.SkewKnown {
		return nil
	}
	return int(r.Skew / time.Millisecond)
}

// connection says how the host was reached: transport, account, and the jump host where there was one.
func connection(r *report.HostRow) string {
	s := r.Connection
	if r.User != "" {
		s += " as " + r.User
	}
	if r.Jump != "" {
		s += " through " + r.Jump
	}
	return s
}

func live(r *report.HostRow) string {
	if r.Recorded {
		return "recorded"
	}
	return "live"
}
