package parse_test

import (
	"strings"
	"testing"
)

const pamType = "[{service: string, kind: string, pos: int, control: string, module: string, args: map(string, string), file: string, line: int, substack: bool, optional: bool}]"

// pamDebian is shaped as on Debian 12, shortened.
const pamDebian = `==> /etc/pam.d/sshd <==
# PAM configuration for the Secure Shell service

# Standard Un*x authentication.
@include common-auth
account    required     pam_nologin.so
session [success=ok ignore=ignore module_unknown=ignore default=bad]        pam_selinux.so close
session    optional     pam_motd.so  motd=/run/motd.dynamic
@include common-password
==> /etc/pam.d/common-auth <==
auth	[success=1 default=ignore]	pam_unix.so nullok
auth	requisite			pam_deny.so
==> /etc/pam.d/common-password <==
password	requisite			pam_pwquality.so retry=3
password	[success=1 default=ignore]	pam_unix.so obscure use_authtok try_first_pass yescrypt
`

// pamRHEL is shaped as on RHEL 9 with authselect and faillock, shortened.
const pamRHEL = `==> /etc/pam.d/sshd <==
#%PAM-1.0
auth       substack     password-auth
auth       include      postlogin
account    required     pam_sepermit.so
-session   optional     pam_systemd.so
==> /etc/pam.d/password-auth <==
auth        required                                     pam_env.so
auth        required                                     pam_faillock.so preauth silent
auth        sufficient                                   pam_unix.so
auth        required                                     pam_faillock.so authfail
auth        required                                     pam_deny.so
account     required                                     pam_faillock.so
==> /etc/pam.d/postlogin <==
session     optional      pam_umask.so silent
`

func TestPAM(t *testing.T) {
	t.Parallel()
	const short = "[{service: string, kind: string, pos: int, control: string, module: string, args: map(string, string)}]"
	check(t, []one{
		{syntax: "pam", typ: "[{kind: string, pos: int, control: string, module: string, file: string}]", options: "services=sshd", stdout: pamDebian, want: `[` +
			`{"control":"[success=1 default=ignore]","file":"/etc/pam.d/common-auth","kind":"auth","module":"pam_unix","pos":1},` +
			`{"control":"requisite","file":"/etc/pam.d/common-auth","kind":"auth","module":"pam_deny","pos":2},` +
			`{"control":"required","file":"/etc/pam.d/sshd","kind":"account","module":"pam_nologin","pos":1},` +
			`{"control":"[success=ok ignore=ignore module_unknown=ignore default=bad]","file":"/etc/pam.d/sshd","kind":"session","module":"pam_selinux","pos":1},` +
			`{"control":"optional","file":"/etc/pam.d/sshd","kind":"session","module":"pam_motd","pos":2},` +
			`{"control":"requisite","file":"/etc/pam.d/common-password","kind":"password","module":"pam_pwquality","pos":1},` +
			`{"control":"[success=1 default=ignore]","file":"/etc/pam.d/common-password","kind":"password","module":"pam_unix","pos":2}]`},
		{syntax: "pam", typ: "[{module: string, pos: int, substack: bool, args: map(string, string)}]", options: "services=sshd", stdout: pamRHEL, want: `[` +
			`{"args":{},"module":"pam_env","pos":1,"substack":true},{"args":{"preauth":"true","silent":"true"},"module":"pam_faillock","pos":2,"substack":true},` +
			`{"args":{},"module":"pam_unix","pos":3,"substack":true},{"args":{"authfail":"true"},"module":"pam_faillock","pos":4,"substack":true},` +
			`{"args":{},"module":"pam_deny","pos":5,"substack":true},{"args":{},"module":"pam_sepermit","pos":1,"substack":false},` +
			`{"args":{},"module":"pam_systemd","pos":1,"substack":false}]`},
		{syntax: "pam", typ: "[{module: string}]", options: "services=login, other", stdout: pamDebian, want: `[]`},
		{syntax: "pam", typ: short, options: "services=x", stdout: "==> /usr/lib/pam.d/x <==\nAUTH Required /lib/security/pam_exec.so [expose authtok] \\\n  seteuid a=b # why\n",
			want: `[{"args":{"a":"b","expose authtok":"true","seteuid":"true"},"control":"required","kind":"auth","module":"pam_exec","pos":1,"service":"x"}]`},
		{syntax: "pam", typ: short, options: "services=x", stdout: "==> /etc/pam.d/x <==\n@include y\n", err: `service x: /etc/pam.d/x line 1 includes "y", which is not in the answer`},
		{syntax: "pam", typ: short, options: "services=x", stdout: "==> /etc/pam.d/x <==\nauth include x\n", err: "levels deep"},
		{syntax: "pam", typ: short, options: "services=x", stdout: "==> /etc/pam.d/x <==\nauth sometimes pam_unix.so\n", err: `"sometimes" is no control`},
		{syntax: "pam", typ: short, options: "services=x", stdout: "==> /etc/pam.d/x <==\nauht required pam_unix.so\n", err: `"auht" is no kind`},
		{syntax: "pam", typ: short, options: "services=x", stdout: "==> /etc/pam.d/x <==\nauth [success=1 pam_unix.so\n", err: "a [ without ]"},
		{syntax: "pam", typ: short, options: "services=x", stdout: "==> /etc/pam.d/x <==\nauth required pam_unix.so a=1 a=2\n", err: "two values"},
		{syntax: "pam", typ: short, options: "services=x", stdout: "==> /etc/pam.d/x <==\nauth required\n", err: "expected kind, control and module"},
	})
}

// TestPAMBomb includes a file twice at each of many levels: the answer must be refused before it is written out.
func TestPAMBomb(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	for i := range 16 {
		b.WriteString("==> /etc/pam.d/" + string(rune('a'+i)) + " <==\n" + strings.Repeat("@include "+string(rune('b'+i))+"\n", 8))
	}
	b.WriteString("==> /etc/pam.d/q <==\nauth required pam_unix.so\n")
	check(t, []one{{syntax: "pam", typ: "[{module: string}]", options: "services=a", stdout: b.String(), err: "more than 20000 modules"}})
}

func FuzzPAM(f *testing.F) {
	fuzz(f, "pam", pamDebian, pamRHEL)
}

// fuzz runs the contract on whatever bytes, for every subject of a syntax.
func fuzz(f *testing.F, syntax string, seeds ...string) {
	f.Helper()
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	var runs []func(t *testing.T, b []byte)
	for _, s := range subjects {
		if s.Syntax != syntax {
			continue
		}
		f.Add([]byte(s.Sample))
		p, typ := s.Make(f)
		runs = append(runs, func(t *testing.T, b []byte) { keeps(t, p, typ, b) })
	}
	if len(runs) == 0 {
		f.Fatalf("no subject for %s", syntax)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, run := range runs {
			run(t, b)
		}
	})
}
