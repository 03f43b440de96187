package parse_test

import "testing"

const auditType = "[{kind: string, path: string, perms: string, list: string, action: string, arch: string, syscalls: [string], fields: [string], key: string, option: string, value: string, file: string, line: int}]"

// auditSample is shaped as "auditctl -l" prints it.
const auditSample = `-w /etc/sudoers -p wa -k scope
-a always,exit -F arch=b64 -S adjtimex,settimeofday -F key=time-change
-a always,exit -F arch=b64 -S unlink,rename -F auid>=1000 -F auid!=-1 -F key=delete
-a always,exit -S all -F path=/etc/passwd -F perm=wa -F key=identity
`

func TestAuditRules(t *testing.T) {
	t.Parallel()
	const typ = "[{kind: string, path: string, perms: string, list: string, action: string, arch: string, syscalls: [string], fields: [string], key: string}]"
	check(t, []one{
		{syntax: "auditrules", typ: typ, stdout: auditSample, want: `[` +
			`{"action":"always","arch":"","fields":[],"key":"scope","kind":"watch","list":"exit","path":"/etc/sudoers","perms":"wa","syscalls":[]},` +
			`{"action":"always","arch":"b64","fields":[],"key":"time-change","kind":"syscall","list":"exit","path":"","perms":"","syscalls":["adjtimex","settimeofday"]},` +
			`{"action":"always","arch":"b64","fields":["auid>=1000","auid!=-1"],"key":"delete","kind":"syscall","list":"exit","path":"","perms":"","syscalls":["unlink","rename"]},` +
			`{"action":"always","arch":"","fields":[],"key":"identity","kind":"watch","list":"exit","path":"/etc/passwd","perms":"wa","syscalls":[]}]`},
		{syntax: "auditrules", typ: typ, stdout: "No rules\n", want: `[]`},
		{syntax: "auditrules", typ: "[{kind: string, fields: [string], path: string, list: string}]", stdout: "-a exit,always -F path=/usr/bin/su -F perm=x -F auid>=1000 -F auid!=unset -k privileged\n",
			want: `[{"fields":["path=/usr/bin/su","perm=x","auid>=1000","auid!=-1"],"kind":"syscall","list":"exit","path":""}]`},
		{syntax: "auditrules", typ: "[{kind: string, option: string, value: string, file: string, line: int}]", stdout: "==> /etc/audit/rules.d/99-finalize.rules <==\n## last\n-e 2\n==> /etc/audit/rules.d/a.rules <==\n-D\n--loginuid-immutable\n",
			want: `[{"file":"/etc/audit/rules.d/99-finalize.rules","kind":"control","line":2,"option":"-e","value":"2"},{"file":"/etc/audit/rules.d/a.rules","kind":"control","line":1,"option":"-D","value":""},{"file":"/etc/audit/rules.d/a.rules","kind":"control","line":2,"option":"--loginuid-immutable","value":""}]`},
		{syntax: "auditrules", typ: "[{perms: string}]", stdout: "-w /x -p aw\n-w /y\n", want: `[{"perms":"wa"},{"perms":"rwxa"}]`},
		{syntax: "auditrules", typ: typ, stdout: "-w\n", err: "line 1: option"},
		{syntax: "auditrules", typ: typ, stdout: "-a sometimes,exit\n", err: "is not understood"},
		{syntax: "auditrules", typ: typ, stdout: "-k x\n", err: "neither a watch nor a rule"},
		{syntax: "auditrules", typ: typ, stdout: "-a always,exit -F auid\n", err: "is not understood"},
		{syntax: "auditrules", typ: typ, stdout: "Permission denied\n", err: "is not understood"},
	})
}

func FuzzAuditRules(f *testing.F) {
	fuzz(f, "auditrules", auditSample, "-e 2\n-D\n", "==> /a <==\n-w /x -p rwxa\n")
}
