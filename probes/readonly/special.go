package readonly

import (
	"slices"
	"strings"
)

// testRule refuses test -r: a file that may not be read must fail the probe, not be skipped.
func testRule(args []arg) string {
	for i, a := range args {
		if a.text == "-r" && a.known() && (i == 0 || args[i-1].text == "!" || args[i-1].text == "-a" || args[i-1].text == "-o" || args[i-1].text == "(") {
			return "-r makes \"may not be read\" look like \"is not there\": test -e, and read by need or asroot"
		}
	}
	return ""
}

// uniqRule refuses the second operand, which is the file to write.
func uniqRule(args []arg) string {
	s := newSpec("-c -d -u -i -z -f= -s= -w= --count --repeated --unique --ignore-case")
	operands, msg := s.take(args)
	if msg == "" && len(operands) > 1 {
		msg = "its second operand is a file that it writes"
	}
	return msg
}

// findRefused are the actions of find that run commands or change files.
var findRefused = strings.Fields("-exec -execdir -ok -okdir -delete -fprint -fprint0 -fprintf -fls -files0-from")

func findRule(args []arg) string {
	for _, a := range args {
		if a.option() && !a.known() {
			return unknownOption
		}
		if slices.Contains(findRefused, a.text) {
			return a.text + " runs commands or changes files: print the names and read them in a loop"
		}
	}
	return ""
}

// dateRule lets dates be printed. An operand that is no +format would set the clock.
func dateRule(args []arg) string {
	s := newSpec("-u -d= -r= -R -I --utc --date= --reference= --rfc-3339= --iso-8601=")
	operands, msg := s.take(args)
	for _, o := range operands {
		if msg == "" && (o.split || !strings.HasPrefix(o.text, "+")) {
			msg = "an operand that does not begin with + sets the clock"
		}
	}
	return msg
}

// sysctlRule lets values be printed by name. name=value sets.
func sysctlRule(args []arg) string {
	s := newSpec("-n -a -N -e -b -A -X --values --names --all --ignore --binary --deprecated --pattern= -r=")
	operands, msg := s.take(args)
	for _, o := range operands {
		if msg == "" && (!o.known() || strings.Contains(o.text, "=")) {
			msg = "a name that is not known could be name=value, which sets it: write the names out"
		}
	}
	return msg
}

// blkidRule demands that no cache is written.
func blkidRule(args []arg) string {
	for i, a := range args {
		if a.text == "-c" && i+1 < len(args) && args[i+1].text == "/dev/null" || a.text == "-p" || a.text == "--probe" {
			return except("-g --garbage-collect -w")(args)
		}
	}
	return "it may write its cache: add -c /dev/null, or use lsblk -f"
}

// ipRule lets objects be shown: ip [options] OBJECT [show|list ...].
func ipRule(args []arg) string {
	const options = "-j -json -d -details -s -stats -o -oneline -4 -6 -br -brief -p -pretty -h -r -N -Numeric -a -all -f= -family= -V"
	objects := strings.Fields("a addr address l link r ro route rule n neigh neighbor ntable maddr mroute tunnel tuntap netns xfrm vrf macsec token tcp_metrics")
	s := newSpec(options)
	i := 0
	for ; i < len(args) && strings.HasPrefix(args[i].text, "-"); i++ {
		ok, next := s.match(args[i].text)
		if !ok || !args[i].known() {
			return "option " + show(args[i]) + " is not among the allowed: " + options
		}
		if next {
			i++
		}
	}
	rest := args[min(i, len(args)):]
	if len(rest) == 0 || !rest[0].known() || !slices.Contains(objects, rest[0].text) {
		return "expected an object to show: addr, link, route, rule, neigh, ..."
	}
	verb := 1
	if rest[0].text == "xfrm" {
		verb = 2 // ip xfrm state prints keys; only policy is shown
		if len(rest) < 2 || rest[1].text != "policy" {
			return "xfrm state prints keys: only ip xfrm policy"
		}
	}
	if len(rest) > verb && (!rest[verb].known() || !slices.Contains(strings.Fields("show list ls lst get"), rest[verb].text)) {
		return "only show, list and get are read-only, not " + show(rest[verb])
	}
	return ""
}

// nftRule lets rule sets be listed.
func nftRule(args []arg) string {
	return verbs("-j -n -nn -nnn -a -s -y -p -u -t -N -S --json --numeric --handle --stateless --terse --numeric-priority", "list --version -v", "-f --file -i --interactive -I --includepath -c -o --optimize -D --define")(args)
}

// firewallRule lets firewalld be asked.
func firewallRule(args []arg) string {
	if len(args) == 0 {
		return "it needs an option that asks: --state, --list-..., --get-..., --query-..., --info-..."
	}
	asks := false
	for _, a := range args {
		name, _, _ := strings.Cut(a.text, "=")
		switch {
		case a.option() && a.text == "" || a.split:
			return unknownOption
		case hasAny(name, "--list-", "--get-", "--query-", "--info-", "--path-"), name == "--state", name == "--version", name == "-V", name == "--check-config":
			asks = true
		case slices.Contains(strings.Fields("--zone --policy --permanent --direct --quiet -q --name-only --ipset --service --icmptype --helper -v --verbose"), name):
		case a.option():
			return "option " + name + " is not among those that ask (--state, --list-..., --get-..., --query-..., --info-...)"
		}
	}
	if !asks {
		return "it needs an option that asks: --state, --list-..., --get-..., --query-..., --info-..."
	}
	return ""
}

func hasAny(s string, prefixes ...string) bool {
	return slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(s, p) })
}

// rpmRule lets the database be queried and files be verified.
func rpmRule(args []arg) string {
	if len(args) == 0 || !args[0].known() {
		return "it must begin with -q..., -V..., --query, --verify or --eval"
	}
	first := args[0].text
	asks := strings.HasPrefix(first, "-q") || strings.HasPrefix(first, "-V") ||
		slices.Contains(strings.Fields("--query --verify --eval -E --version --showrc --checksig -K"), first)
	if !asks {
		return "it must begin with -q..., -V..., --query, --verify or --eval"
	}
	if (first == "--eval" || first == "-E") && (len(args) < 2 || !args[1].known() || strings.ContainsAny(args[1].text, "(:")) {
		return "--eval may only print a plain macro, such as %{_arch}"
	}
	return except("-i --install -U --upgrade -F --freshen -e --erase --import --initdb --rebuilddb --setperms --setugids --restore --reinstall --root --dbpath --rcfile --macros --load --pipe --define -D --undefine")(longOnly(args))
}

// longOnly leaves out options of single letters, whose meaning depends on the mode: -qi is no -i.
func longOnly(args []arg) []arg {
	var out []arg
	for _, a := range args {
		short := a.known() && len(a.text) > 1 && a.text[0] == '-' && a.text[1] != '-'
		if !short {
			out = append(out, a)
		}
	}
	return out
}

// dpkgRule lets packages be listed, searched and verified.
func dpkgRule(args []arg) string {
	if msg := starts("-l -s -S -L -V -C -p --list --status --search --listfiles --verify --audit --print-architecture --print-foreign-architectures --get-selections --compare-versions --version --print-avail")(args); msg != "" {
		return msg
	}
	return except("--install -i --unpack --configure --remove -r --purge -P --set-selections --clear-selections --add-architecture --remove-architecture --root --admindir --instdir --force --update-avail --merge-avail --clear-avail --triggers-only")(longOnly(args))
}

// aptGetRule lets actions be simulated. "update" is no simulation even so.
func aptGetRule(args []arg) string {
	if msg := needs("-s --simulate --just-print --dry-run")(args); msg != "" {
		return msg
	}
	for _, a := range args {
		if a.text == "update" || !a.known() {
			return "it may not update lists, and its arguments must be known"
		}
	}
	return except("-o --option -c --config-file -d --download-only")(longOnly(args))
}

// serviceRule lets the state of one service be asked.
func serviceRule(args []arg) string {
	if len(args) == 1 && args[0].text == "--status-all" || len(args) == 2 && args[1].text == "status" && !args[0].option() {
		return ""
	}
	return "expected service NAME status or service --status-all"
}

// chronyRule lets chronyd be asked.
func chronyRule(args []arg) string {
	asks := strings.Fields("tracking sources sourcestats activity ntpdata serverstats authdata rtcdata clients selectdata")
	for _, a := range args {
		if strings.HasPrefix(a.text, "-") {
			continue
		}
		if !a.known() || !slices.Contains(asks, a.text) {
			return "only these are read-only: " + strings.Join(asks, " ")
		}
		return ""
	}
	return "expected one of: " + strings.Join(asks, " ")
}

// passwdRule lets the state of passwords be shown.
func passwdRule(args []arg) string {
	return with(needs("-S --status"), only("-S -a --status --all", true))(args)
}

// sshdRule lets the settings be printed and checked: sshd -T or -t, with the file, connection and settings to do it for.
func sshdRule(args []arg) string {
	return either(exactly("-V -G"), with(needs("-T -t -G"), only("-T -t -G -f= -C= -o=", false)))(args)
}

// nmcliRule lets NetworkManager be asked. Further words after most of its objects change something (nmcli general hostname NAME).
func nmcliRule(args []arg) string {
	operands, msg := newSpec("-t -p -v -f= -g= -m= -c= -e= --terse --pretty --version --fields= --get-values= --mode= --colors= --escape=").take(args)
	if msg != "" {
		return msg
	}
	return either(bare, exactly("general general/status general/permissions device device/status connection networking/connectivity radio radio/all"),
		starts("device/show dev/show connection/show con/show device/wifi/list"))(operands)
}

// postconfRule lets settings be printed by name. name=value sets, even without -e.
func postconfRule(args []arg) string {
	operands, msg := newSpec("-n -d -h -H -p -x -l -m -a -A -M -P -c=").take(args)
	for _, o := range operands {
		if msg == "" && (!o.known() || strings.Contains(o.text, "=")) {
			msg = "a name that is not known could be name=value, which sets it: write the names out"
		}
	}
	return msg
}
