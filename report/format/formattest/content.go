package formattest

import (
	"time"

	"github.com/fleetaudit/fleetaudit/report"
	"github.com/fleetaudit/fleetaudit/report/check"
	"github.com/fleetaudit/fleetaudit/report/control"
)

// sample is a check with the reference it is mapped to, the probe it asks, and what hosts answer to it.
type sample struct {
	id, title, ref string
	severity       check.Severity
	probe, command string
	expect         string
	good, bad      string
}

var samples = []sample{
	{"accounts.no_empty_password", "No account can log in without a password", "01.d", check.Critical, "accounts.shadow", "asroot awk -F: '{print $1\":\"($2==\"\"?\"empty\":substr($2,1,3))\":\"$3}' /etc/shadow", "none", "none", "backup"},
	{"accounts.only_root_uid_0", "No account but root has user id 0", "01.b", check.Critical, "accounts.passwd", "need getent passwd", "none", "none", "toor"},
	{"accounts.inactive", "Accounts unused for 90 days are locked", "01.b", check.Medium, "accounts.last_login", "need lastlog -b 90", "none", "none", "jdoe, svc_old"},
	{"ssh_server.root_login", "Direct root login over SSH is off", "01.j", check.High, "ssh_server.effective", "asroot /usr/sbin/sshd -T", "no", "no", "yes"},
	{"ssh_server.max_auth_tries", "SSH ends a connection after few failed log-ins", "01.j", check.Medium, "ssh_server.effective", "asroot /usr/sbin/sshd -T", "at most 4", "4", "6"},
	{"password.min_length", "New passwords have the required length", "01.d", check.High, "password_policy.pwquality", "cat /etc/security/pwquality.conf /etc/security/pwquality.conf.d/*.conf", "at least 14", "14", "8"},
	{"firewall.default_deny", "The packet filter drops what no rule allows", "01.n", check.High, "firewall.ruleset", "asroot nft list ruleset", "drop", "drop", "accept"},
	{"network.listeners", "Listening services are those the role needs", "01.n", check.Medium, "network.listeners", "asroot ss -Hlntup", "listed ports", "22, 443", "22, 23, 443, 8080"},
	{"audit.rules_loaded", "The kernel records log-ins, privilege use and changes of accounts", "09.aa", check.High, "audit.rules", "asroot auditctl -l", "all of 5 rule groups", "5 of 5", "3 of 5"},
	{"audit.log_mode", "Audit logs are readable by root alone", "09.aa", check.Low, "audit.files", "asroot stat -c '%a %U:%G %n' /var/log/audit /var/log/audit/audit.log", "0600 root:root", "-rw------- root", "-rw-r--r-- root"},
	{"time.synchronised", "The clock is synchronised to a named source", "09.af", check.Medium, "time.tracking", "need chronyc -c tracking", "synchronised, at most 500 ms off", "0.8 ms", "not synchronised"},
	{"updates.security", "No security update has been waiting for more than 30 days", "10.m", check.High, "updates.pending", "need apt-get -s upgrade", "none", "none", "openssl 3.0.15-1 (41 days)\nlibxml2 2.9.14 (33 days)"},
}

func checkOf(s sample) *check.Check {
	return &check.Check{
		ID: s.id, Title: s.title, Severity: s.severity, Expect: s.expect, Probes: []string{s.probe},
		Why:       "An intruder who is past the first door needs exactly this to go on, and it leaves little trace.",
		Remediate: "Set it in the configuration that the vendor ships for it, reload the service, and read the effective value again.",
		Impact:    "Scripts that relied on it stop. Look for them in the log of the last 30 days beforehand.",
		Standards: []string{"CIS U24 5.1.20", "RHEL-09-255045"},
	}
}

func methodOf(k *check.Check) report.Method {
	for i := range samples {
		if s := &samples[i]; s.id == k.ID {
			return report.Method{
				Probe: s.probe, Title: "Effective state behind: " + s.title, Command: s.command + "\n", Privileged: s.command[:4] == "asro",
				Checks: []string{s.id}, SHA256: hash(s.command, 0), Parse: "keyvalue", Notes: "Asks for the state in force, not for a file that may not be in use.",
			}
		}
	}
	return report.Method{Probe: k.Probes[0], Title: k.Title, Command: "true\n", Checks: []string{k.ID}, SHA256: hash(k.ID, 0), Parse: "value"}
}

var frameworks = []control.CrosswalkSource{
	{Name: "HIPAA Security Rule", Origin: "Paired through the public NIST SP 800-66 tables; rows that no table holds are our own reading."},
	{Name: "NIST SP 800-53 r5", Origin: "Our own reading of both titles."},
}

var crosswalk = []control.CrosswalkRow{
	{Reference: "01.b", Title: "User Registration", Framework: "HIPAA Security Rule", Citation: "45 CFR 164.308(a)(3)(ii)(A)", Confidence: control.Published, Checks: 2},
	{Reference: "01.b", Title: "User Registration", Framework: "NIST SP 800-53 r5", Citation: "AC-2", Confidence: control.Inferred, Checks: 2},
	{Reference: "02.e", Title: "Information Security Awareness, Education, and Training", Framework: "NIST SP 800-53 r5", Citation: "AT-2", Confidence: control.Inferred},
	{Reference: "09.aa", Title: "Audit Logging", Framework: "HIPAA Security Rule", Citation: "45 CFR 164.312(b)", Confidence: control.Published, Checks: 2},
}

func run() report.Run {
	return report.Run{
		ID: "r-20261124-140500-7f3a", Entity: "Example Health & Partners", Assessor: "Assure LLP", Authority: "Statement of work 2026-17, signed by the CISO",
		FieldworkFrom: "2026-11-01", FieldworkTo: "2027-01-29", Operator: "J. Rivera", Controller: "aud-01 as jrivera", Tool: "fleetaudit 1.0.0",
		Started: Started, Ended: Started.Add(37 * time.Minute), Evaluated: Started.Add(4 * time.Hour),
		Inventory: "fleet.yaml", InventorySHA256: hash("inventory", 0),
		PopulationFile: "cmdb-2026-11-20.csv", PopulationSource: "CMDB export", PopulationCreated: "2026-11-20", PopulationBy: "J. Rivera", PopulationSHA256: hash("population", 0),
		CatalogSHA256: hash("catalogue", 0), ContentSHA256: hash("content", 0), Baseline: "default",
		BaselineValues: []report.BaselineValue{
			{Name: "password_min_length", Value: "14", Source: "CIS Ubuntu 24.04 5.3.3.2.2", Note: "HITRUST names no length of its own for all levels."},
			{Name: "ssh_max_auth_tries", Value: "4", Source: "CIS Ubuntu 24.04 5.1.16"},
		},
		BundlePath: "runs/r-20261124-140500-7f3a", ManifestSHA256: hash("manifest", 0), LogHash: hash("log", 7),
	}
}
