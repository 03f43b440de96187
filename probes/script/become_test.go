package script

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/fleetaudit/fleetaudit/inventory"
	"github.com/fleetaudit/fleetaudit/probes"
	"github.com/fleetaudit/fleetaudit/probes/evidence"
)

// fakes makes a folder of programs from their text. With them a session has the user id that the test needs.
func fakes(t *testing.T, programs map[string]string) string {
	t.Helper()
	dir := openDir(t)
	for name, text := range programs {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// userUntilSudo is an id that is root's only below the fake sudo.
const userUntilSudo = `if [ "$FAKE_ROOT" ]; then echo 0; else echo 1000; fi`

func privileged() []*probes.Probe {
	root := probe("p.root", "asroot echo as root")
	root.Privileged = true
	hidden := probe("p.hidden", "f() { asroot echo as root; }; f | cat")
	return []*probes.Probe{probe("p.before", "echo before"), root, hidden, probe("p.after", "echo after")}
}

// TestSudoRefused plays sudo's own messages. The run goes on without root, and says why.
func TestSudoRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ sudo, want string }{
		"password":   {`echo "sudo: a password is required" >&2; exit 1`, "sudo: a password is required"},
		"requiretty": {`echo "sudo: sorry, you must have a tty to run sudo" >&2; exit 1`, "sudo: sorry, you must have a tty to run sudo"},
		"warning first": {`echo "sudo: unable to resolve host db01: Name or service not known" >&2; echo "sudo: a password is required" >&2; exit 1`,
			"sudo: a password is required"},
		"not in sudoers, note behind": {`echo "audit is not in the sudoers file." >&2; echo "This incident has been reported to the administrator." >&2; exit 1`,
			"audit is not in the sudoers file."},
		"command not allowed": {`echo "Sorry, user audit is not allowed to execute '/usr/bin/sh -c :' as root on db01." >&2; exit 1`,
			"Sorry, user audit is not allowed to execute '/usr/bin/sh -c :' as root on db01."},
		"expired account": {`echo "sudo: Account expired or PAM config lacks an \"account\" section for sudo, contact your system administrator" >&2; exit 1`,
			`sudo: Account expired or PAM config lacks an "account" section for sudo, contact your system administrator`},
		"no new privileges": {`echo 'sudo: The "no new privileges" flag is set, which prevents sudo from running as root.' >&2; exit 1`,
			`sudo: The "no new privileges" flag is set, which prevents sudo from running as root.`},
		"silent":     {`exit 1`, "sudo gave no reason"},
		"unknown":    {`echo "sudo: what a day" >&2; exit 1`, "sudo: what a day"},
		"long":       {`i=0; while [ $i -lt 90 ]; do printf 'sudo: no '; i=$((i+1)); done >&2; exit 1`, ""},
		"eats stdin": {`cat >/dev/null; echo "sudo: a password is required" >&2; exit 1`, "sudo: a password is required"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := machine{become: inventory.BecomeSudo, home: openDir(t)}
			m.path = fakes(t, map[string]string{"id": userUntilSudo, "sudo": c.sudo}) + ":/usr/bin:/bin"
			checkUnprivileged(t, m, c.want)
		})
	}
}

func TestSudoMissing(t *testing.T) {
	t.Parallel()
	for _, shell := range []string{"dash", "bash", "busybox", "mksh"} {
		t.Run(shell, func(t *testing.T) {
			t.Parallel()
			sh := binOf(t, need(t, shell, true))
			path := sh + ":" + fakes(t, map[string]string{"id": userUntilSudo}) + ":" + tools(t, "base64", "head", "setsid")
			checkUnprivileged(t, machine{login: filepath.Join(sh, "sh"), path: path, become: inventory.BecomeSudo, home: openDir(t)}, "sudo: command not found")
		})
	}
}

func checkUnprivileged(t *testing.T, m machine, why string) {
	t.Helper()
	r := m.run(t, mustCompile(t, hooks{}, privileged()...))
	if h := r.header; h.UID != 1000 || h.Privilege != "none" || why != "" && h.BecomeErr != why || len(h.BecomeErr) > maxValue || h.BecomeErr == "" && why != "" {
		t.Errorf("header: uid %d, privilege %s, %q; expected %q", h.UID, h.Privilege, h.BecomeErr, why)
	}
	for id, w := range map[string]want{
		"p.before": {outcome: evidence.OutcomeAnswered, stdout: "before\n"},
		"p.root":   {outcome: evidence.OutcomeNotPermitted, exit: -1},
		"p.hidden": {outcome: evidence.OutcomeNotPermitted, exit: -1},
		"p.after":  {outcome: evidence.OutcomeAnswered, stdout: "after\n"},
	} {
		if err := w.compare(r.items[id]); err != nil {
			t.Errorf("%s: %v", id, err)
		}
	}
}

// TestSudo elevates by a sudo that says something of its own and runs what it is given.
func TestSudo(t *testing.T) {
	t.Parallel()
	sudo := `echo "sudo: warning" >&2; [ "$1" = -n ] || exit 9; shift; FAKE_ROOT=1; export FAKE_ROOT; exec "$@"`
	for _, shell := range []string{"dash", "bash", "busybox", "mksh"} {
		t.Run(shell, func(t *testing.T) {
			t.Parallel()
			sh := binOf(t, need(t, shell, true))
			m := machine{login: filepath.Join(sh, "sh"), become: inventory.BecomeSudo, home: openDir(t)}
			m.path = sh + ":" + fakes(t, map[string]string{"id": userUntilSudo, "sudo": sudo}) + ":/usr/bin:/bin"
			r := m.run(t, mustCompile(t, hooks{}, privileged()...))
			checkPrivileged(t, r, "sudo")
		})
	}
}

// TestRoot needs no sudo, although it was asked for.
func TestRoot(t *testing.T) {
	t.Parallel()
	m := machine{become: inventory.BecomeSudo, home: openDir(t), env: []string{"FAKE_ROOT=1"}}
	m.path = fakes(t, map[string]string{"id": userUntilSudo, "sudo": "exit 1"}) + ":/usr/bin:/bin"
	checkPrivileged(t, m.run(t, mustCompile(t, hooks{}, privileged()...)), "root")
}

func checkPrivileged(t *testing.T, r result, privilege string) {
	t.Helper()
	if h := r.header; h.UID != 0 || h.Privilege != privilege || h.BecomeErr != "" {
		t.Errorf("header: uid %d, privilege %s, %q", h.UID, h.Privilege, h.BecomeErr)
	}
	for _, id := range []string{"p.root", "p.hidden"} {
		if err := (want{outcome: evidence.OutcomeAnswered, stdout: "as root\n"}).compare(r.items[id]); err != nil {
			t.Errorf("%s: %v", id, err)
		}
	}
}

// TestRealUser runs as a user that is not root, where the test may change to one, with the real sudo.
func TestRealUser(t *testing.T) {
	t.Parallel()
	if os.Getuid() != 0 {
		if os.Getenv("FLEETAUDIT_CI") != "" {
			t.Fatal("CI must run as root, to become another user")
		}
		t.Skip("needs root to become another user")
	}
	need(t, "sudo", true)
	m := machine{path: "/usr/bin:/bin", uid: 65534, become: inventory.BecomeSudo, home: openDir(t)}
	r := m.run(t, mustCompile(t, hooks{}, privileged()...))
	if h := r.header; h.UID != 65534 || h.Privilege != "none" || h.BecomeErr == "" {
		t.Errorf("header: uid %d, privilege %s, %q", h.UID, h.Privilege, h.BecomeErr)
	}
	if it := r.items["p.root"]; it.Outcome != evidence.OutcomeNotPermitted {
		t.Errorf("outcome %q", it.Outcome)
	}
	t.Logf("sudo says: %s", r.header.BecomeErr)
}
