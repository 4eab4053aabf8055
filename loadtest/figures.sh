#!/bin/bash
# The figures of docs/performance.md in one run: prints machine, commit and each command with its output. Takes about
# four minutes; leave the machine alone meanwhile. Server and tool are pinned to a CPU each.
set -euo pipefail
cd "$(dirname "$0")/.."
cargo build --release --workspace

load=target/release/loadtest
server=(--spawn target/release/tailwire --server-cpu 0 --client-cpu 1)

run() {
  printf '\n$ %s\n' "loadtest $*"
  "$load" "$@" 2> /dev/null
}

date -u +%Y-%m-%dT%H:%M:%SZ
git log -1 --format='commit %h %s'
uname -srm
grep -m1 'model name' /proc/cpuinfo
echo "$(nproc) CPUs, $(awk '/MemTotal/ { print $2 / 1048576 " GiB" }' /proc/meminfo), data on $(df --output=fstype . | tail -1)"

run fanout "${server[@]}" --compare-sendloop --rounds 5 --subscribers 1000 --rate 50 --seconds 6
run fanout "${server[@]}" --compare-sendloop --rounds 3 --subscribers 5000 --rate 10 --seconds 6
run idle "${server[@]}" --subscribers 10000
for connections in 1 16 64; do
  run publish "${server[@]}" --connections $connections --batch 1 --seconds 6
done
run publish "${server[@]}" --connections 16 --batch 64 --seconds 6
run replay "${server[@]}" --events 200000 --subscribers 20
