#!/bin/bash
# Installs the package in a clean Debian, runs the command lines of its unit there, talks to the daemon as members of the
# group and as others, upgrades from an older commit and goes back, removes and purges: nothing may be left but the state.
# OLD is the commit of the version before.  The Debian is made once and kept in bin.
set -euo pipefail
cd "$(dirname "$0")/.."

if [ "${1:-}" != inside ]; then
  [ "$(id -u)" = 0 ] || exec sudo --preserve-env=PATH,HOME,GOFLAGS,GOPROXY,GOCACHE,GOMODCACHE,OLD "$0"
  missing=
  command -v debootstrap >/dev/null || missing="$missing debootstrap"
  command -v ip >/dev/null || missing="$missing iproute2"
  [ -z "$missing" ] || { apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends $missing; }
  make -s deb VERSION=2.0
  mv bin/trama_"$(go env GOARCH)".deb bin/new.deb
  old=${OLD:-$(git rev-parse -q --verify HEAD~50 || git rev-list --max-parents=0 HEAD)}
  rm -rf bin/old && mkdir bin/old
  git archive "$old" | tar -x -C bin/old
  (cd bin/old && CGO_ENABLED=0 go build -trimpath -buildvcs=false -o ../deb/trama ./cmd/trama)
  rm -r bin/old
  make -s package VERSION=1.0
  mv bin/trama_"$(go env GOARCH)".deb bin/old.deb
  if [ ! -f bin/debian.tar ]; then
    debootstrap --variant=minbase "${SUITE:-bookworm}" bin/debian http://deb.debian.org/debian >bin/debootstrap.log ||
      { tail bin/debootstrap.log; exit 1; }
    tar -c -C bin/debian -f bin/debian.new . && mv bin/debian.new bin/debian.tar
    rm -rf bin/debian
  fi
  # With its own network and processes it meets nobody's ports, and leaves no process.
  exec unshare --net --pid --fork --mount --kill-child "$0" inside
fi

root=$(mktemp -d)
trap 'umount "$root/proc"; rm -rf "$root"' EXIT
tar -x -C "$root" -f bin/debian.tar
mount -t proc proc "$root/proc"
ip link set lo up
cp bin/old.deb bin/new.deb "$root/tmp"

fail() { echo "deb-test: $*" >&2; [ ! -f "$root/log" ] || tail -20 "$root/log" >&2; exit 1; }
in_root() { chroot "$root" "$@"; }
as() { chroot --userspec="$1" --groups="$2" "$root" "${@:3}"; } # user:group, supplementary groups
service() { as trama:trama "" "$@"; }
# line is a command line of the unit, without the mark that its failure counts for nothing.
line() { sed -n "s/^$1=-\?//p" "$root/usr/lib/systemd/system/trama.service"; }
files() { (cd "$root" && find . -path ./proc -prune -o -path ./tmp -prune -o -path ./var/lib/dpkg -prune -o -path ./var/log -prune -o -path ./var/cache -prune -o -print | sort); }

start() {
  mkdir -p "$root/run/trama" && in_root chown trama:trama /run/trama # as RuntimeDirectory does
  : >"$root/log"
  (ulimit -c 0 -n "$(ulimit -H -n)" && exec chroot --userspec=trama:trama "$root" $(line ExecStart)) 2>"$root/log" &
  daemon=$!
  for _ in $(seq 200); do
    grep -q 'trama: ready' "$root/log" && return
    kill -0 $daemon 2>/dev/null || return 1
    sleep 0.05
  done
  fail "it is not ready"
}
stop() {
  kill -TERM $daemon
  wait $daemon || fail "exit code $? at the end"
}
frames() { in_root trama journal verify --path /var/lib/trama/journal.db | sed -n 's/.*frames [0-9]* to \([0-9]*\):.*/\1/p'; }
report() { in_root trama simulate --address 127.0.0.1:12986 --masters 3 --every 200ms --duration 1s >/dev/null || fail "the simulated masters"; }

files >"$root/tmp/before"
step() { echo "deb-test: $*"; }
# has runs a command that must end with 0 and say something.
has() { said=$("${@:2}" 2>&1) && grep -q -- "$1" <<<"$said" || fail "\"$1\" is not said by ${*:2}: $said"; }
# refused runs a command that must fail and say why.
refused() { ! said=$("${@:2}" 2>&1) && grep -q -- "$1" <<<"$said" || fail "${*:2} is not refused with \"$1\": $said"; }

step "install the version before: nothing runs, nothing can be read by others"
in_root dpkg -i /tmp/old.deb >/dev/null
[ "$(in_root stat -c '%a %U %G' /var/lib/trama)" = "700 trama trama" ] || fail "the state directory"
! ls -l /proc/[0-9]*/exe 2>/dev/null | grep -q trama || fail "something runs"
start || fail "the version before does not start"
report
stop
before=$(frames)
[ "$before" -gt 0 ] || fail "the version before has stored nothing"
echo "# edited" >>"$root/etc/trama/trama.toml"

step "upgrade: the edited file and the $before frames are there"
in_root dpkg -i /tmp/new.deb >/dev/null
grep -q '^# edited' "$root/etc/trama/trama.toml" || fail "the configuration was replaced"
has '^trama 2.0' in_root trama version
has '^\[journal\]' in_root trama config example
has 'no problems' service $(line ExecStartPre)
has 'for its next start' in_root trama token add night --role read
has 'its key is in' in_root trama keys add 87654321 --generate
has trama in_root stat -c %U /var/lib/trama/tokens.toml
start || fail "it does not start"
[ "$(frames)" = "$before" ] || fail "$(frames) frames of $before"
report
has 'gsm: ' service $(line ExecReload)

step "check --live as root: what the user of the service cannot read"
chmod 600 "$root/etc/trama/trama.toml"
refused 'user trama: configuration: /etc/trama/trama.toml: permission denied' in_root trama check --live
chmod 644 "$root/etc/trama/trama.toml"
has 'user trama: can read all that the configuration names' in_root trama check --live
in_root chown root:root /var/lib/trama/journal.db
refused 'journal.db: belongs to root, and /var/lib/trama to trama' in_root trama check --live
in_root chown trama:trama /var/lib/trama/journal.db

step "members of the group operate without a token, others do nothing"
in_root useradd olga && in_root useradd -G trama otto
group=$(in_root getent group trama | cut -d: -f3)
otto() { as otto:otto "$group" "$@"; }
has 10000001 otto trama masters
has suspended otto trama suspend gsm
has accepts otto trama resume gsm
refused 'this needs admin' otto trama reload
refused 'Permission denied' otto cat /var/lib/trama/journal.db
refused 'may not be used by this user' as olga:olga "" trama masters
has ok in_root trama health --ready

step "check --live knows the running daemon, and what a stranger cannot do"
has 'is open in the running daemon, process' in_root trama check --live
refused 'permission denied: /var/lib/trama belongs to trama' as olga:olga "" trama check --live
stop
after=$(frames)
[ "$after" -gt "$before" ] || fail "no frame was stored after the upgrade"

step "the version before: takes its $after frames, or says why not"
in_root dpkg -i /tmp/old.deb >/dev/null 2>&1
if start; then
  stop
  [ "$(frames)" = "$after" ] || fail "$(frames) frames of $after"
  echo "deb-test: it takes them"
else
  grep -q 'newer' "$root/log" || fail "it does not say that the journal is newer"
  echo "deb-test: $(grep -o 'error=.*' "$root/log" | head -1)"
fi
in_root dpkg -i /tmp/new.deb >/dev/null
start || fail "it does not start again"
stop
[ "$(frames)" = "$after" ] || fail "$(frames) frames of $after, after a downgrade and an upgrade"

step "remove: the configuration and the state stay; purge: the state"
in_root dpkg -r trama >/dev/null
[ -f "$root/etc/trama/trama.toml" ] || fail "remove takes the configuration"
in_root dpkg -P trama >/dev/null 2>&1
rm -rf "$root/run/trama" "$root/log" # of RuntimeDirectory, of this test
left=$(files | comm -13 "$root/tmp/before" - | grep -vE '^\./(var/lib/trama(/|$)|etc/(passwd|group|g?shadow|sub[ug]id)-)' || true)
[ -z "$left" ] || fail "left behind: $left"
[ -s "$root/var/lib/trama/journal.db" ] || fail "the state is gone"
echo "deb-test: passed, $after frames"
