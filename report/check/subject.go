package check

import (
	"slices"
	"strings"

	"github.com/fleetaudit/fleetaudit/inventory"
	"github.com/fleetaudit/fleetaudit/probes/evidence"
)

// Subject is what is known of a host without its facts: whether it answered, and the values of host.* and platform.*.
type Subject struct {
	Platform  inventory.Platform // decides which checks are for it
	Unreached string             // why the host was not tested, "<reason>: <detail>"; empty when it answered
	Values    map[string]any     // by name, such as "host.zone": string or []string. A name that is missing is not known
}

// subjectFields names what expressions may know of a host without asking it: host.* comes from the inventory, platform.* from the
// header of its answer. The value says whether it is a list of strings; the others are strings.
var subjectFields = map[string]bool{
	"host.name": false, "host.zone": false, "host.system": false, "host.env": false,
	"host.roles": true, "host.data": true, "host.groups": true,
	"platform.id": false, "platform.id_like": false, "platform.version": false, "platform.family": false,
	"platform.kernel": false, "platform.arch": false, "platform.init": false, "platform.container": false,
}

// SubjectOf takes what a run recorded of a host. What the inventory does not say is empty; what the host did not say of itself is
// not known, and a check that needs it to tell whether it applies is not tested.
func SubjectOf(r *evidence.HostRecord) Subject {
	s := Subject{
		Platform: inventory.Platform(r.Platform),
		Values: map[string]any{
			"host.name": r.Name, "host.zone": r.Zone, "host.system": r.System, "host.env": r.Env,
			"host.roles": list(r.Roles), "host.data": list(r.Data), "host.groups": list(r.Groups),
		},
	}
	if r.State == evidence.StateFailed || r.Header == nil {
		s.Unreached = unreached(r)
		return s
	}
	h := r.Header
	for name, text := range map[string]string{"kernel": h.Kernel, "arch": h.Arch, "init": h.Init} {
		if text != "" {
			s.Values["platform."+name] = text
		}
	}
	s.Values["platform.container"] = h.Container
	if len(h.OSRelease) > 0 {
		id, like := strings.ToLower(h.OSRelease["id"]), strings.ToLower(h.OSRelease["id_like"])
		s.Values["platform.id"], s.Values["platform.id_like"] = id, like
		s.Values["platform.version"] = h.OSRelease["version_id"]
		s.Values["platform.family"] = Family(id, like)
	}
	return s
}

func list(s []string) []string {
	if s == nil {
		return []string{}
	}
	return s
}

func unreached(r *evidence.HostRecord) string {
	switch {
	case r.Reason == "" && r.Detail == "":
		return "the host gave no answer"
	case r.Detail == "":
		return r.Reason
	case r.Reason == "":
		return r.Detail
	}
	return r.Reason + ": " + r.Detail
}

// families gives the family of distributions by os-release ID. It comes before ID_LIKE: Amazon Linux says that it is like fedora,
// and its hardening guides differ.
var families = map[string]string{
	"debian": "debian", "ubuntu": "debian", "linuxmint": "debian", "raspbian": "debian", "kali": "debian", "pop": "debian",
	"rhel": "rhel", "centos": "rhel", "almalinux": "rhel", "rocky": "rhel", "ol": "rhel", "fedora": "rhel",
	"sles": "suse", "sles_sap": "suse", "sled": "suse", "opensuse": "suse", "suse": "suse",
	"amzn": "amazon", "alpine": "alpine",
}

// Family derives platform.family from the ID and ID_LIKE of os-release: debian, rhel, suse, amazon, alpine or other.
func Family(id, idLike string) string {
	for _, name := range slices.Concat([]string{id}, strings.Fields(idLike)) {
		if f, ok := families[name]; ok {
			return f
		}
		if strings.HasPrefix(name, "opensuse") || strings.HasPrefix(name, "sle-") || strings.HasPrefix(name, "sle_") {
			return "suse"
		}
	}
	return "other"
}
