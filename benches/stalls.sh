#!/bin/bash
# What the kernel did during the first commit that took longer than STALL_MS (100): traces ext4, jbd2 and the block
# layer while `commits` appends and flushes one event after another, stops at the stall and prints what was slow.
# As root; SECONDS_MAX (60) bounds it. The trace buffer is an instance of its own and is removed at the end.
set -euo pipefail
cd "$(dirname "$0")/.."
stall_ms=${STALL_MS:-100}
tracing=/sys/kernel/tracing
[ "$(id -u)" -eq 0 ] || { echo 'needs root: it reads the kernel trace buffer'; exit 1; }
mountpoint -q $tracing || mount -t tracefs nodev $tracing
cargo build --quiet --release --bench commits
instance=$tracing/instances/tailwire
mkdir -p $instance
trap 'echo 0 > $instance/tracing_on; rmdir $instance' EXIT
echo 16384 > $instance/buffer_size_kb
echo mono > $instance/trace_clock
for event in ext4/ext4_sync_file_enter ext4/ext4_sync_file_exit jbd2/jbd2_start_commit jbd2/jbd2_end_commit \
  jbd2/jbd2_handle_stats block/block_rq_issue block/block_rq_complete block/block_rq_requeue; do
  echo 1 > $instance/events/$event/enable
done
echo 1 > $instance/tracing_on
TAILWIRE_BENCH_SECONDS=${SECONDS_MAX:-60} TAILWIRE_BENCH_STALL_MS=$stall_ms cargo bench --quiet --bench commits
echo 0 > $instance/tracing_on
python3 benches/stalls.py "$stall_ms" < $instance/trace
