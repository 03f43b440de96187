package parse_test

import (
	"strings"
	"testing"
)

const sudoersType = "{rules: [{who: string, hosts: string, runas: string, nopasswd: bool, tags: [string], commands: [string], file: string, line: int}], " +
	"defaults: [{scope: string, name: string, op: string, value: string, negated: bool, file: string, line: int}], files: [string], unparsed: [string]}"

// sudoersSample is shaped as on Debian 12 with two drop-ins.
const sudoersSample = `==> /etc/sudoers <==
#
# This file MUST be edited with the 'visudo' command as root.
#
Defaults	env_reset
Defaults	mail_badpass
Defaults	secure_path="/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
Defaults	use_pty

# User privilege specification
root	ALL=(ALL:ALL) ALL
%sudo	ALL=(ALL:ALL) ALL

@includedir /etc/sudoers.d
==> /etc/sudoers.d/90-cloud-init-users <==
# User rules for admin
admin ALL=(ALL) NOPASSWD:ALL
==> /etc/sudoers.d/backup.disabled <==
mallory ALL=(ALL) NOPASSWD:ALL
`

func TestSudoers(t *testing.T) {
	t.Parallel()
	const rules = "{rules: [{who: string, runas: string, nopasswd: bool, commands: [string]}], unparsed: [string]}"
	const tags = "{rules: [{who: string, hosts: string, tags: [string], commands: [string]}], unparsed: [string]}"
	const defaults = "{defaults: [{scope: string, name: string, op: string, value: string, negated: bool}], unparsed: [string]}"
	const main = "==> /etc/sudoers <==\n"
	check(t, []one{
		{syntax: "sudoers", typ: rules, stdout: sudoersSample, want: `{"rules":[` +
			`{"commands":["ALL"],"nopasswd":false,"runas":"ALL:ALL","who":"root"},{"commands":["ALL"],"nopasswd":false,"runas":"ALL:ALL","who":"%sudo"},` +
			`{"commands":["ALL"],"nopasswd":true,"runas":"ALL","who":"admin"}],"unparsed":[]}`},
		{syntax: "sudoers", typ: "{files: [string], unparsed: [string]}", stdout: sudoersSample, want: `{"files":["/etc/sudoers","/etc/sudoers.d/90-cloud-init-users"],"unparsed":[]}`},
		{syntax: "sudoers", typ: defaults, stdout: main + "Defaults use_pty, !lecture, timestamp_timeout = 5\nDefaults:al, bo env_keep += \"A B\"\nDefaults>root !set_logname\nDefaults!/bin/ls noexec\n",
			want: `{"defaults":[{"name":"use_pty","negated":false,"op":"","scope":"","value":""},{"name":"lecture","negated":true,"op":"","scope":"","value":""},` +
				`{"name":"timestamp_timeout","negated":false,"op":"=","scope":"","value":"5"},{"name":"env_keep","negated":false,"op":"+=","scope":":al,bo","value":"A B"},` +
				`{"name":"set_logname","negated":true,"op":"","scope":">root","value":""},{"name":"noexec","negated":false,"op":"","scope":"!/bin/ls","value":""}],"unparsed":[]}`},
		{syntax: "sudoers", typ: tags, stdout: main + "User_Alias ADM = al, %ops : OTHER = bo\nCmnd_Alias SH = /bin/sh, \\\n  /bin/bash\nHost_Alias WEB = web1, fe80::1\n" +
			"ADM, !OTHER WEB = (root) NOPASSWD: NOEXEC: /bin/ls, PASSWD: !SH, /bin/cat /a\\,b : db = ALL\n",
			want: `{"rules":[` + strings.Join([]string{
				`{"commands":["/bin/ls"],"hosts":"web1,fe80::1","tags":["NOEXEC","NOPASSWD"],"who":"al"}`,
				`{"commands":["/bin/ls"],"hosts":"web1,fe80::1","tags":["NOEXEC","NOPASSWD"],"who":"%ops"}`,
				`{"commands":["/bin/ls"],"hosts":"web1,fe80::1","tags":["NOEXEC","NOPASSWD"],"who":"!bo"}`,
				`{"commands":["!/bin/sh","!/bin/bash","/bin/cat /a\\,b"],"hosts":"web1,fe80::1","tags":["NOEXEC","PASSWD"],"who":"al"}`,
				`{"commands":["!/bin/sh","!/bin/bash","/bin/cat /a\\,b"],"hosts":"web1,fe80::1","tags":["NOEXEC","PASSWD"],"who":"%ops"}`,
				`{"commands":["!/bin/sh","!/bin/bash","/bin/cat /a\\,b"],"hosts":"web1,fe80::1","tags":["NOEXEC","PASSWD"],"who":"!bo"}`,
				`{"commands":["ALL"],"hosts":"db","tags":[],"who":"al"}`, `{"commands":["ALL"],"hosts":"db","tags":[],"who":"%ops"}`, `{"commands":["ALL"],"hosts":"db","tags":[],"who":"!bo"}`,
			}, ",") + `],"unparsed":[]}`},
		{syntax: "sudoers", typ: rules, stdout: main + "#1000 ALL=/bin/a:web2=NOPASSWD:ALL\n", want: `{"rules":[{"commands":["/bin/a"],"nopasswd":false,"runas":"root","who":"#1000"},{"commands":["ALL"],"nopasswd":true,"runas":"root","who":"#1000"}],"unparsed":[]}`},
		{syntax: "sudoers", typ: rules, stdout: main + "al ALL=/bin/x (, NOPASSWD: ALL\n", want: `{"rules":[{"commands":["/bin/x ("],"nopasswd":false,"runas":"root","who":"al"},{"commands":["ALL"],"nopasswd":true,"runas":"root","who":"al"}],"unparsed":[]}`},
		{syntax: "sudoers", typ: rules, stdout: main + "al ALL=TIMEOUT=5m CWD=/x NOPASSWD: sha256:aa= /bin/ls\n", want: `{"rules":[{"commands":["sha256:aa= /bin/ls"],"nopasswd":true,"runas":"root","who":"al"}],"unparsed":[]}`},
		{syntax: "sudoers", typ: rules, stdout: main + "al ALL\nal ALL=\nal ALL=BOGUS: x\nal ALL=^/bin/.*$\n", want: `{"rules":[],"unparsed":["/etc/sudoers:1: rule not understood: al ALL","/etc/sudoers:2: rule not understood: al ALL=","/etc/sudoers:3: rule not understood: al ALL=BOGUS: x","/etc/sudoers:4: rule not understood: al ALL=^/bin/.*$"]}`},
		{syntax: "sudoers", typ: rules, stdout: main + "al ALL=SHELLS\n", want: `{"rules":[],"unparsed":["/etc/sudoers:1: an alias is not defined, or goes in a circle: al ALL=SHELLS"]}`},
		{syntax: "sudoers", typ: rules, stdout: main + "@include local\n#includedir /opt/sudoers.d\n#includedir /etc/sudoers.d\n", want: `{"rules":[],"unparsed":["/etc/sudoers:1: the included file was not read: @include local","/etc/sudoers:2: the included folder was not read: #includedir /opt/sudoers.d"]}`},
		{syntax: "sudoers", typ: rules, stdout: main + "User_Alias A = B\nUser_Alias B = A\nA ALL = ALL\n", want: `{"rules":[],"unparsed":["/etc/sudoers:3: an alias is not defined, or goes in a circle: A ALL = ALL"]}`},
		{syntax: "sudoers", typ: rules, stdout: "==> /etc/sudoers.d/x <==\n", err: "expected the main file"},
		{syntax: "sudoers", typ: rules, stdout: "", want: `{}`},
	})
}

func FuzzSudoers(f *testing.F) {
	fuzz(f, "sudoers", "==> /etc/sudoers <==\nUser_Alias A = a, !b : B = c\nA ALL=(ALL:%g) NOPASSWD: /bin/x \\\n y, !/z : w = ALL\nDefaults:a x += \"y\"\n@include z\n")
}
