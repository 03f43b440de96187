package check

import (
	"fmt"
	"maps"
	"strings"

	"github.com/fleetaudit/fleetaudit/probes/fact"
)

// exampleHost is whom the cases of checks are judged on, unless they say otherwise.
var exampleHost = map[string]any{
	"host.name": "example", "host.zone": "", "host.system": "", "host.env": "",
	"host.roles": []string{}, "host.data": []string{}, "host.groups": []string{},
	"platform.id": "debian", "platform.id_like": "", "platform.version": "12", "platform.family": "debian",
	"platform.kernel": "6.1.0-18-amd64", "platform.arch": "x86_64", "platform.init": "systemd", "platform.container": "",
}

// RunCases judges the examples of all checks and gives one *Error for each that comes out otherwise than it says.
func (lib *Library) RunCases() []error {
	var errs []error
	for _, c := range lib.checks {
		for i, k := range c.Cases {
			name := k.Name
			if name == "" {
				name = fmt.Sprintf("%d", i+1)
			}
			got := lib.runCase(c, k)
			if got.Result != k.Result {
				msg := fmt.Sprintf("case %s: %s is expected, the check gives %s", name, k.Result, got.Result)
				if got.Reason != "" {
					msg += " (" + got.Reason + ")"
				}
				errs = append(errs, &Error{Pos: k.Pos, ID: c.ID, Msg: msg})
			}
			if k.Observed != "" && strings.TrimSpace(got.Observed) != k.Observed {
				errs = append(errs, &Error{Pos: k.Pos, ID: c.ID, Msg: fmt.Sprintf("case %s: observed %q is expected, not %q", name, k.Observed, got.Observed)})
			}
		}
	}
	return errs
}

func (lib *Library) runCase(c *compiled, k Case) Finding {
	j := &judge{subject: Subject{Platform: c.Platform, Values: maps.Clone(exampleHost)}, facts: caseFacts(k), baseline: lib.values}
	for name, v := range k.Host {
		j.subject.Values["host."+name] = v
	}
	_, id := k.Platform["id"]
	_, like := k.Platform["id_like"]
	if _, family := k.Platform["family"]; (id || like) && !family {
		j.subject.Values["platform.family"] = Family(k.Platform["id"], k.Platform["id_like"])
	}
	for name, v := range k.Platform {
		j.subject.Values["platform."+name] = v
	}
	if len(k.Baseline) > 0 {
		j.baseline = maps.Clone(lib.values)
		for name, v := range k.Baseline {
			j.baseline["baseline."+name] = v
		}
	}
	return j.judge(c)
}

// caseFacts turns the facts of a case into a set. "unread" names a probe, or a field of a probe's record.
func caseFacts(k Case) fact.Set {
	set := fact.Set{}
	for probe, v := range k.Facts {
		set[probe] = fact.Answer{Value: v}
	}
	for name, kind := range k.Unread {
		if strings.Count(name, ".") < 2 {
			set[name] = fact.Answer{ProblemKind: kind}
			continue
		}
		i := strings.LastIndexByte(name, '.')
		probe, field := name[:i], name[i+1:]
		a := set[probe]
		if a.Value == nil {
			a.Value = map[string]any{}
		}
		if a.Fields == nil {
			a.Fields = map[string]string{}
		}
		a.Fields[field] = "in this example"
		set[probe] = a
	}
	return set
}
