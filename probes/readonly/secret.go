package readonly

import (
	"path"
	"slices"
	"strings"
)

// secretFiles are patterns of files that hold secrets.
var secretFiles = strings.Fields(`
	/etc/shadow /etc/shadow- /etc/gshadow /etc/gshadow- /etc/security/opasswd /etc/master.passwd
	/etc/ssh/ssh_host_*_key */.ssh/id_* /etc/ssl/private/* /etc/pki/tls/private/* *.key *.keytab
	/etc/sssd/sssd.conf /etc/sssd/conf.d/* /etc/nslcd.conf /etc/ldap.secret /etc/pam_ldap.secret
	/etc/ipsec.secrets /etc/wpa_supplicant/* /etc/NetworkManager/system-connections/* /etc/ppp/*-secrets
	/etc/grub.d/* /boot/grub/grub.cfg /boot/grub2/grub.cfg /boot/grub2/user.cfg /boot/efi/EFI/*/grub.cfg
	/etc/snmp/snmpd.conf /etc/openldap/slapd.conf /etc/mysql/debian.cnf */.my.cnf */.pgpass */.netrc
	*/.aws/credentials */.kube/config */.docker/config.json */.git-credentials */.vault-token
	/proc/*/environ /proc/kcore /dev/mem */_history */.bash_history */.mysql_history
	/var/lib/sss/secrets/* /etc/krb5kdc/* /var/kerberos/krb5kdc/* /etc/cups/passwd.md5 /etc/aide.key`)

// unread are commands that tell of a file without giving its content.
var unread = strings.Fields("stat ls test [ id readlink realpath basename dirname find getfacl lsattr getcap namei printf echo wc ssh-keygen command type set lsof df findmnt")

// samples are names that secret patterns stand for, so that a wildcard in a text can be tried against them.
var samples = func() []string {
	var out []string
	for _, p := range secretFiles {
		p = strings.TrimPrefix(p, "*/")
		if strings.HasPrefix(p, "*.") {
			continue
		}
		p = strings.ReplaceAll(p, "*", "rsa")
		if strings.HasPrefix(p, ".") {
			p = "/root/" + p
		}
		out = append(out, p)
	}
	return out
}()

// secret says whether a command would print the content of a file with secrets.
func (l *linter) secret(name string, args []arg) string {
	if slices.Contains(unread, name) {
		return ""
	}
	for i, a := range args {
		file := a.text
		if name == "getent" && i == 0 && (file == "shadow" || file == "gshadow") {
			return "getent " + file + " prints password hashes: let awk read the file and leave them out"
		}
		if name == "awk" && i == programAt(args) {
			continue
		}
		if a.glob != "" {
			file = a.glob
		}
		if !secretPath(file, a.glob != "") {
			continue
		}
		awk := name == "awk" || name == "gawk" || name == "mawk"
		switch {
		case awk && l.options.Reduced:
		case awk:
			return file + " holds secrets: when the awk program leaves them out, say so with sensitive: reduced"
		default:
			return file + " holds secrets, and " + name + " would send them: let awk read it and leave them out (with sensitive: reduced)"
		}
	}
	return ""
}

// secretPath says whether a path or pattern names a file with secrets.
func secretPath(file string, pattern bool) bool {
	if i := strings.LastIndex(file, "="); i >= 0 && strings.HasPrefix(file[i+1:], "/") {
		file = file[i+1:] // --file=/etc/shadow
	}
	if strings.HasSuffix(file, ".pub") {
		return false
	}
	file = path.Clean(file)
	if !strings.HasPrefix(file, "/") && !strings.HasPrefix(file, "~") && !strings.HasPrefix(file, ".") && !strings.Contains(file, "/") {
		return false
	}
	for _, p := range secretFiles {
		if matchTail(p, file) {
			return true
		}
	}
	if !pattern {
		return false
	}
	for _, s := range samples {
		if ok, err := path.Match(file, s); ok || err != nil {
			return true
		}
	}
	return false
}

// matchTail matches a pattern; "*/" and "*." at its beginning stand for any folders above.
func matchTail(pattern, file string) bool {
	ok, _ := path.Match(pattern, file)
	if ok {
		return true
	}
	if strings.HasPrefix(pattern, "*.") {
		ok, _ = path.Match(pattern, path.Base(file))
		return ok
	}
	tail, any := strings.CutPrefix(pattern, "*/")
	if !any {
		return false
	}
	parts := strings.Split(file, "/")
	n := strings.Count(tail, "/") + 1
	if len(parts) < n {
		return false
	}
	ok, _ = path.Match(tail, strings.Join(parts[len(parts)-n:], "/"))
	return ok
}
