# What runs on a POSIX host before the first probe. It works under dash, bash, busybox ash and mksh alike. It writes no
# file and makes no fifo: everything goes through pipes. Comments and indentation are taken out before it is sent.
#
# Set before this text: N (nonce of the frames), T (tag in the environment of every probe), B (sudo when elevated by it),
# E (why elevation was refused), and K, ENC, CAP, which are empty but in tests that force a fallback.
#
# Descriptors: 9 is the channel to the controller, 8 leads to the clock, 7 is the standard error of the probe that runs.
# While a probe runs, the channel is shared by the encoder of its standard output and by marks, "<...>". A mark is one short
# write, so it stays whole, and its characters are in no encoding, so it can be taken out wherever it fell.
NL='
'
set +eu
IFS=' 	'$NL
# A nonce that was exported, because the environment had that name already, would be seen by every probe.
n=$N
unset N
N=$n
PATH=${PATH:-/usr/bin:/bin}:/usr/sbin:/sbin:/usr/local/sbin
LC_ALL=C LANG=C TZ=UTC
LVM_SUPPRESS_FD_WARNINGS=1 PYTHONDONTWRITEBYTECODE=1 SYSTEMD_PAGER=cat PAGER=cat
export PATH LC_ALL LANG TZ LVM_SUPPRESS_FD_WARNINGS PYTHONDONTWRITEBYTECODE SYSTEMD_PAGER PAGER
unset ENV BASH_ENV CDPATH TMOUT GREP_OPTIONS GREP_COLOR GREP_COLORS LESSOPEN LESSHISTFILE
umask 077
ulimit -c 0 2>/dev/null
cd /
exec 9>&1 </dev/null
U=$(id -u 2>/dev/null)
U=${U:-unknown}
NAMES=$(uname -snrm 2>/dev/null)

# The tools: encoder, cap, and what gives a probe a process group of its own. "timeout 0" sets no limit: GNU timeout serves as
# the maker of a group only, and that of busybox makes none. With neither, K is empty and what is to be killed is searched for.
has() { command -v "$1" >/dev/null 2>&1; }
if [ -z "$ENC" ]; then
  if has base64; then ENC=base64
  elif has openssl; then ENC='openssl base64'
  elif has od; then ENC='od -An -v -tx1'
  else echo "$NL@$N X encoder"; exit 0
  fi
fi
if [ -z "$CAP" ]; then
  CAP='head -c '
  case $NAMES in
  Linux*) has head || CAP= ;;
  *) [ "$(echo 123 | head -c 2 2>/dev/null)" = 12 ] || CAP= ;;
  esac
  CAP=${CAP:-dd bs=1 count=}
fi
case $K in
'')
  if has setsid; then K=setsid
  elif has timeout; then
    case $(timeout --version 2>&1) in *coreutils*) K='timeout 0' ;; esac
  fi ;;
search) K= ;;
esac
SLOW=
slow() {
  SLOW='nice -n 19'
  ionice -c3 true 2>/dev/null && SLOW='nice -n 19 ionice -c3'
}

# sweep kills what still carries the tag, such as a daemon that a probe started. Without /proc it finds nothing.
sweep() {
  for f in $(grep -l "FLEETAUDIT_RUN=$T" /proc/[0-9]*/environ); do
    f=${f#/proc/}
    kill -s KILL "${f%/environ}"
  done
} 2>/dev/null

# descend prints process $1 and all its descendants, each before its own, so that no shell lives to tell of a killed child.
descend() {
  { ps -e -o pid= -o ppid= || ps -o pid,ppid; } | awk -v root="$1" '
    { parent[$1] = $2 }
    END {
      found[root] = 1
      print root
      for (more = 1; more; ) {
        more = 0
        for (p in parent) if (!(p in found) && (parent[p] in found)) { found[p] = more = 1; print p }
      }
    }'
}

# What the shell of each probe runs. $1 is the text of the probe.
# A failed "need" must never be lost: when its mark cannot be written, the shell of the probe is killed.
ROOTONLY='asroot() { command echo "<P>" >&9 || command kill -s KILL $$; return 126; }'
[ "$U" = 0 ] && ROOTONLY='asroot() { need "$@"; }'
FUNCS='need() { "$@" && return 0; _fa=$?; command echo "<N$_fa>" >&9 || command kill -s KILL $$; return $_fa; }
'$ROOTONLY'
'
TEXT='_fa=$1
shift
eval "$_fa"'

# stop ends what is left of the probe with process $1.
stop() {
  if [ "$K" ]; then kill -s KILL -- "-$1"; else sweep; fi
}

# tick writes a line for each second. A TERM ends it with its sleep, so that neither is left for process 1 to reap. Without a
# clock there are no time limits: then it ends what runs.
tick() {
  trap '' PIPE
  trap 'kill -s KILL $!; wait $!; exit 0' TERM
  while :; do
    sleep 1 8>&- 9>&- &
    wait $!
    echo t >&8 || break
  done
  sweep
} 2>/dev/null

# clock keeps the time limits, for all probes, so that a probe costs no watchdog of its own. It reads from its pipe:
#   s <process> <seconds> <id>   a probe has started        e   its shell has ended        d   its output has ended
#   t                            a second has passed
# Where the shell has ended and the output has not, a process that left the group holds it open: that is killed too.
# Every fifth second it writes a heartbeat, which shows when the link is dead. Then, or when nothing goes on for five minutes (less
# may be a slow link), it ends everything.
clock() {
  trap '' PIPE
  process= left=0 linger=0 idle=0 beat=0
  while read -r what pid seconds id; do
    case $what in
    s) process=$pid left=$((seconds + 1)) name=$id ;;
    e) process= linger=3 idle=0 ;;
    d) linger=0 idle=0 ;;
    t)
      beat=$((beat + 1)) left=$((left - 1)) linger=$((linger - 1))
      if [ -z "$process" ]; then idle=$((idle + 1))
      elif [ $left -le 0 ]; then
        echo "<T $name>" >&9
        [ "$K" ] || for p in $(descend "$process"); do kill -s KILL "$p"; done
        stop "$process"
        process=
      fi
      [ $linger -ne 0 ] || sweep
      [ $((beat % 5)) -ne 0 ] || echo "<~>" >&9 || idle=999
      if [ $idle -gt 300 ]; then
        sweep
        kill -s KILL $$
        return
      fi ;;
    esac
  done
} 2>/dev/null

# run starts the probe and ends everything that is left of it. The "." is the proof that its output came through whole.
# "9>&9" is for the Korn shells, which close to a program what it is not given by name.
run() {
  {
    FLEETAUDIT_RUN=$T
    export FLEETAUDIT_RUN
    exec $SLOW $K sh -c "$FUNCS$TEXT" sh "$3" 9>&9
  } </dev/null 2>&7 7>&- 8>&- &
  echo "s $! $2 $1" >&8
  wait $!
  echo "<$?>" >&9
  echo e >&8
  stop $!
  echo .
}

# complaints passes on the first 8 KiB of standard error as marks and drains the rest. Most probes have none: then no
# program is started.
complaints() {
  IFS= read -r e && e=$e$NL
  [ "$e" ] || return 0
  { printf %s "$e"; ${CAP}8192; } 2>/dev/null | ${CAP}8193 2>/dev/null | $ENC | while read -r e; do echo "<e$e>"; done >&9
  cat >/dev/null
  return 0
}

# ask sends one probe: $1 id, $2 time limit in seconds, $3 bytes to pass on, $4 1 when it needs root, $5 its text.
ask() {
  case $4$U in
  1[!0]*) echo "$NL@$N P $1"; return ;;
  esac
  echo "$NL@$N B $1" || exit 0
  { run "$1" "$2" "$5" | $CAP$3 | $ENC >&9; } 7>&1 2>/dev/null | complaints
  echo "$NL@$N E $1 $?"
  echo d >&8 || exit 0
}

# The parts of the header leave what they find in a variable, since a substitution costs a process.
first() {
  l=
  read -r l <"$1"
  [ "$l" ]
}
container() {
  c=
  if has systemd-detect-virt; then
    c=$(systemd-detect-virt -c)
    [ "$c" = none ] && c=
  fi
  [ -z "$c" ] || return
  if [ -e /run/.containerenv ]; then c=podman
  elif [ -e /.dockerenv ]; then c=docker
  else
    while read -r l; do
      case $l in
      *kubepods*) c=kubernetes ;;
      *libpod*) c=podman ;;
      *docker*) c=docker ;;
      *lxc*) c=lxc ;;
      *containerd*) c=containerd ;;
      esac
      [ -z "$c" ] || return
    done </proc/1/cgroup
  fi
}
lines() {
  i=0
  while IFS= read -r l && [ $i -lt 64 ]; do
    printf '%s\n' "$l"
    i=$((i + 1))
  done <"$1"
}

# header tells of the host itself: key=value lines, then the message of sudo, then os-release as it stands.
header() {
  set -- $NAMES
  first /proc/sys/kernel/random/boot_id; boot=$l
  first /etc/machine-id || first /var/lib/dbus/machine-id; machine=$l
  first /proc/1/comm || l=$(ps -p 1 -o comm=); init=$l
  container
  printf '%s\n' "system=$1" "hostname=$2" "kernel=$3" "arch=$4" "uid=$U" "elevated=$B" "boot_id=$boot" "machine_id=$machine" \
    "init=$init" "container=$c" "clock=$(date +%s.%N)"
  [ -z "$E" ] || printf '%s\n' '[become]' "$E"
  echo '[os-release]'
  lines /etc/os-release || lines /usr/lib/os-release
}

# begin and finish run before the first probe and after the last one, on the left side of the pipe to the clock.
begin() {
  tick </dev/null >/dev/null 2>&1 &
  TICK=$!
  case $ENC in
  *-tx1) echo "$NL@$N H 1 16" ;;
  *) echo "$NL@$N H 1 64" ;;
  esac
  header 2>/dev/null | $ENC
  echo "$NL@$N I"
}
finish() {
  kill -s TERM "$TICK"
  wait "$TICK"
  echo "$NL@$N Z"
} 2>/dev/null
