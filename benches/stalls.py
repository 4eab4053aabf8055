"""Reads a kernel trace (see stalls.sh): which flushes were slow, and which requests to the device they waited for."""
import collections, re, sys

stall = float(sys.argv[1]) / 1000
line = re.compile(r"^\s*(.+)-(\d+)\s+\[\d+\]\s+\S+\s+([\d.]+): (\w+): (.*)$")
begun, issued, commits = {}, collections.defaultdict(list), {}
flushes, requests, journal = [], [], []
for text in sys.stdin:
    found = line.match(text)
    if not found:
        continue
    task, pid, at, event, rest = found[1], found[2], float(found[3]), found[4], found[5]
    if event == "ext4_sync_file_enter":
        begun[pid] = at
    elif event == "ext4_sync_file_exit" and pid in begun:
        flushes.append((at - begun[pid], begun.pop(pid), at, f"{task}-{pid}"))
    elif event in ("block_rq_issue", "block_rq_complete"):
        # dev flags bytes () sector + sectors …; the same request has the same place.
        place = re.search(r"\(\) (\d+ \+ \d+)", rest)
        kind = rest.split()[1]
        key = (place[1] if place else rest, kind)
        if event == "block_rq_issue":
            issued[key].append((at, f"{task}-{pid}"))
        elif issued[key]:
            started, by = issued[key].pop(0)
            requests.append((at - started, started, at, kind, key[0], by))
    elif event == "jbd2_start_commit":
        commits[rest.split("transaction ")[-1].split()[0]] = at
    elif event == "jbd2_end_commit":
        number = rest.split("transaction ")[-1].split()[0]
        if number in commits:
            journal.append((at - commits.pop(number), at, number))
slow = sorted(flush for flush in flushes if flush[0] >= stall)
print(f"{len(flushes)} flushes, {len(slow)} of them over {stall * 1000:.0f} ms; {len(requests)} requests to the device")
for took, start, end, who in slow[-5:]:
    print(f"\nflush by {who}: {took * 1000:.1f} ms")
    over = sorted((r for r in requests if r[1] < end and r[2] > start), reverse=True)
    print(f"  {len(over)} requests overlap it; the slowest:")
    for lasted, began, done, kind, place, by in over[:8]:
        print(f"    {lasted * 1000:8.1f} ms {kind:6} at {place} by {by}, {(began - start) * 1000:+.1f} ms after its start")
    sectors = sum(int(r[4].split(' + ')[1]) for r in over if "W" in r[3])
    print(f"  {sectors / 2048:.1f} MiB written meanwhile")
    waits = [j for j in journal if j[1] > start and j[1] - j[0] < end]
    print(f"  journal commits meanwhile: {[f'{j[0] * 1000:.1f} ms' for j in waits[:8]]}")
