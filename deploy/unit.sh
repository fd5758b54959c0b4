#!/bin/sh
# Holds the unit against systemd's own checks: no warning, and an exposure of 2.0 at most.
set -eu
cd "$(dirname "$0")"

# verify looks for the program under its path: a stand-in takes its place.
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
sed "s|/usr/bin/trama |$(command -v true) |" trama.service > "$root/trama.service"
warnings=$(systemd-analyze verify --man=no "$root/trama.service" 2>&1) || { echo "$warnings"; exit 1; }
warnings=$(echo "$warnings" | grep trama.service || true) # what it says of other units of this machine is theirs
[ -z "$warnings" ] || { echo "$warnings"; exit 1; }
systemd-analyze security --offline=true --threshold=20 trama.service | tail -1
