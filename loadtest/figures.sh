#!/bin/bash
# The figures of docs/performance.md in one run: prints machine, commit and each command with its output. Takes about
# eight minutes; leave the machine alone meanwhile. Server and tool are pinned to a CPU each. `make compare` (a quarter
# of an hour) and `loadtest soak` (half an hour) are runs of their own.
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

run fanout "${server[@]}" --compare-sendloop --rounds 7 --subscribers 1000 --rate 50 --seconds 4
run fanout "${server[@]}" --compare-sendloop --rounds 7 --subscribers 5000 --rate 10 --seconds 4
for in_flight in 1 16; do
  run saturate "${server[@]}" --subscribers 1000 --in-flight $in_flight --seconds 5
done
for filter in all users same; do
  run idle "${server[@]}" --server-arg=--workers=1 --subscribers 10000 --filter $filter
done
run filtered "${server[@]}" --subscribers 10000 --rate 10000 --batch 64 --seconds 5 --compare-sendloop --rounds 3
for connections in 1 16 64; do
  run publish "${server[@]}" --connections $connections --batch 1 --seconds 5
done
run publish "${server[@]}" --connections 16 --batch 64 --seconds 5
run publish "${server[@]}" --connections 16 --batch 500 --seconds 20
run publish --spawn target/release/tailwire --connections 16 --batch 500 --seconds 10
run replay "${server[@]}" --events 200000 --subscribers 100
run replay "${server[@]}" --events 200000 --subscribers 100 --discard
run storm "${server[@]}" --own 9900 --all 100 --behind-of log --topics 39600
run storm "${server[@]}" --own 9900 --all 100
run resume "${server[@]}" --events 2000000
