package script

import (
	"strings"
	"testing"
	"time"

	"github.com/fleetaudit/fleetaudit/probes/evidence"
)

func TestReadHeader(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text string
		ok   func(evidence.Header) bool
	}{
		"empty": {"", func(h evidence.Header) bool {
			return h.UID == -1 && h.Privilege == "none" && h.Clock.IsZero() && h.OSRelease != nil
		}},
		"sudo": {"uid=0\nelevated=sudo\n", func(h evidence.Header) bool { return h.Privilege == "sudo" && h.BecomeErr == "" }},
		"root": {"uid=0\nelevated=\n", func(h evidence.Header) bool { return h.Privilege == "root" }},
		"sudo to another": {"uid=33\nelevated=sudo\n", func(h evidence.Header) bool {
			return h.Privilege == "none" && strings.Contains(h.BecomeErr, "user id 33")
		}},
		"uid not known":    {"uid=unknown\n", func(h evidence.Header) bool { return h.UID == -1 && h.Privilege == "none" }},
		"clock":            {"clock=1795569951.501158672\n", func(h evidence.Header) bool { return h.Clock.Equal(time.Unix(1795569951, 501158672)) }},
		"clock of busybox": {"clock=1795569951.%N\n", func(h evidence.Header) bool { return h.Clock.Equal(time.Unix(1795569951, 0)) }},
		"no clock":         {"clock=\n", func(h evidence.Header) bool { return h.Clock.IsZero() }},
		"release quotes": {"[os-release]\nID=debian\nNAME='a b'\nPRETTY_NAME=\"x \\\"y\\\" \\$z\"\n# comment\nnot an assignment\nlower=x\n", func(h evidence.Header) bool {
			r := h.OSRelease
			return len(r) == 3 && r["id"] == "debian" && r["name"] == "a b" && r["pretty_name"] == `x "y" $z`
		}},
		"release says uid": {"uid=1000\n[os-release]\nUID=0\nuid=0\n[become]\nsudo: forged\n", func(h evidence.Header) bool {
			return h.UID == 1000 && h.BecomeErr == "" && h.Privilege == "none"
		}},
		"control characters": {"hostname=a\x1b[31m\xffb\n", func(h evidence.Header) bool { return h.Hostname == "a?[31m?b" }},
		"long":               {"hostname=" + strings.Repeat("ä", 999), func(h evidence.Header) bool { return h.Hostname == strings.Repeat("ä", maxValue) }},
	} {
		if h := readHeader([]byte(c.text), testKey); !c.ok(h) {
			t.Errorf("%s: %+v", name, h)
		}
	}
}
