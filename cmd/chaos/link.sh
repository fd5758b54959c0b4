#!/usr/bin/env bash
# Forty simulated masters behind one slow and lossy link: two network namespaces, RATE in each direction, LOSS percent of
# the packets, and after 40 s a cut of 45 s.  Nothing may be lost or recorded twice, and at each look the state of every master
# is what docs/operations.md says of its silence.  A command that is sent into the cut ends as unknown.  Needs root, ip, tc, nft and python3.
set -eu -o pipefail
cd "$(dirname "$0")/../.."
rate=${RATE:-19200bit} loss=${LOSS:-8} masters=${MASTERS:-40} frames=${FRAMES:-16}
a=trama-a-$$ b=trama-b-$$ dir=$(mktemp -d)
serve= fleet= command=

end() {
  for pid in $command $fleet $serve; do kill "$pid" 2>/dev/null || true; done
  wait 2>/dev/null || true
  ip netns del "$a" 2>/dev/null || true
  ip netns del "$b" 2>/dev/null || true
  rm -rf "$dir"
}
trap end EXIT

go build -o "$dir/trama" ./cmd/trama
ip netns add "$a"
ip netns add "$b"
ip -n "$a" link add link0 type veth peer name link0 netns "$b"
for side in "$a 1" "$b 2"; do
  set -- $side
  ip -n "$1" link set lo up
  ip -n "$1" addr add "10.77.0.$2/24" dev link0
  ip -n "$1" link set link0 up
  ip netns exec "$1" tc qdisc add dev link0 root tbf rate "$rate" burst 1600 limit 32000
  ip netns exec "$1" nft "add table inet link; add chain inet link in { type filter hook input priority 0; }
    add rule inet link in iifname link0 numgen random mod 100 < $loss drop"
done

cat >"$dir/config.toml" <<END
[admin]
listen = "127.0.0.1:8686"
token_file = "$dir/token"
[journal]
path = "$dir/journal.db"
[masters]
file = "masters.toml"
[[listener]]
name = "gsm"
address = "10.77.0.1:12986"
profile = "extended"
END
printf '[[master]]\nprefix = "1"\ninterval = "10s"\n' >"$dir/masters.toml"
ip netns exec "$a" "$dir/trama" serve --config "$dir/config.toml" >"$dir/log" 2>&1 &
serve=$!
ask() { ip netns exec "$a" "$dir/trama" "$@" --config "$dir/config.toml"; }
until ask masters >/dev/null 2>&1; do kill -0 $serve || { cat "$dir/log"; exit 1; }; sleep 0.2; done

ip netns exec "$b" "$dir/trama" simulate --address 10.77.0.1:12986 --masters "$masters" --every 9s --jitter 0.1 --ramp 9s \
  --ack-timeout 30s --frames "$frames" --progress-every 30s >"$dir/fleet" 2>&1 &
fleet=$!

# Each look holds the state of every master against its silence while the daemon answered; the daemon looks every second.
look='
import collections, datetime, json, sys
begin, end, states = float(sys.argv[3]), float(sys.argv[4]), collections.Counter()
for m in json.load(sys.stdin):
    last = datetime.datetime.fromisoformat(m["last_seen"][:26].rstrip("Z").ljust(26, "0") + "+00:00").timestamp()
    state = m["state"].split(",")[0]
    low, high = {"online": (0, 20), "away": (0, 20), "late": (20, 40), "offline": (40, 1e9)}[state]
    states[state] += 1
    if end - last < low or begin - last > high + 2:
        print("UNTRUE: %s is %s after %.1f s of silence" % (m["serial"], state, begin - last))
print("%4s s %-6s %s" % (sys.argv[1], sys.argv[2], "  ".join("%s %d" % s for s in sorted(states.items()))))
'
begin=$SECONDS
part() { # name, seconds
  local until=$((SECONDS + $2))
  while [ $SECONDS -lt $until ] && kill -0 $fleet 2>/dev/null; do
    local asked=$(date +%s.%N)
    ask masters --json >"$dir/masters"
    python3 -c "$look" $((SECONDS - begin)) "$1" "$asked" "$(date +%s.%N)" <"$dir/masters" | tee -a "$dir/looks"
    sleep 5
  done
}
part slow 40
ip netns exec "$a" nft insert rule inet link in iifname link0 counter drop
ip netns exec "$b" nft insert rule inet link in iifname link0 counter drop
ask send 10000001 set-time --wait 20s --json >"$dir/command" 2>&1 & # nothing says that it cannot arrive
command=$!
part cut 45
for side in "$a" "$b"; do
  ip netns exec "$side" nft delete rule inet link in handle "$(ip netns exec "$side" nft -a list chain inet link in | sed -n 's/.*counter.*# handle //p')"
done
wait $command && answered=0 || answered=$?
command=
part after 600

wait $fleet && left=0 || left=$?
fleet=
cat "$dir/fleet"
read -r stored twice < <(ip netns exec "$a" python3 -c '
import collections, json, sys, urllib.request
def get(page):
    r = urllib.request.Request("http://127.0.0.1:8686/api/v1/" + page, headers={"Authorization": "Bearer " + sys.argv[1]})
    return json.load(urllib.request.urlopen(r))
n = collections.Counter((f["master"], f["device_time"], f["transaction"]) for f in get("frames?limit=100000")["frames"])
print(get("totals")["stored"], sum(c - 1 for c in n.values()))' "$(cat "$dir/token")")
late=$(sed -n 's/^commands *\([0-9]*\) answered.*/\1/p' "$dir/fleet") # the command, behind the cut
want=$((masters * frames + late))
failed=0
echo "stored $stored of $want frames, $twice twice"
[ "$left" = 0 ] || { echo "FAILED: the fleet ends with $left"; failed=1; }
[ "$stored" = "$want" ] || { echo "FAILED: not one record for each frame"; failed=1; }
[ "$twice" = 0 ] || { echo "FAILED: frames are recorded twice"; failed=1; }
! grep -q UNTRUE "$dir/looks" || { echo "FAILED: presence is not true"; failed=1; }
grep -q 'cut .*late' "$dir/looks" && grep -q "offline $masters" "$dir/looks" || { echo "FAILED: the cut was not seen"; failed=1; }
grep -Eq "after +(away [0-9]+  )?(online [0-9]+)?\$" "$dir/looks" || { echo "FAILED: not all masters came back"; failed=1; }
[ "$answered" = 4 ] && grep -q '"outcome": *"unknown"' "$dir/command" || { echo "FAILED: a command into the cut ends with $answered: $(cat "$dir/command")"; failed=1; }
exit $failed
