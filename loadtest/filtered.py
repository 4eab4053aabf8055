#!/usr/bin/env python3
"""How fast a filtered subscriber gets its first event from far back, and all of them: filtered.py HOST:PORT STREAM [ROUNDS].

Resumes after event 1 of a running server, reads until every event of the payment stream is there (as many as the first round
got in two seconds without a byte), and prints milliseconds from the request to the first event and to the last.
"""
import socket
import statistics
import sys
import time

address, stream = sys.argv[1], sys.argv[2]
rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 9
host, port = address.rsplit(":", 1)
request = (
    f"GET /events/subscribe?streams={stream} HTTP/1.1\r\nHost: {address}\r\nLast-Event-ID: 1\r\n\r\n"
).encode()


def subscribe(expected):
    """Milliseconds to the first and the last event, and how many there were."""
    with socket.create_connection((host, int(port))) as connection:
        connection.settimeout(2)
        began = time.perf_counter()
        connection.sendall(request)
        count, first, last, tail = 0, None, None, b""
        while expected is None or count < expected:
            try:
                piece = connection.recv(1 << 20)
            except TimeoutError:
                break
            now = time.perf_counter()
            text = tail + piece
            count += text.count(b"\nevent: stream.")
            tail = text[-len(b"\nevent: stream.") + 1 :]
            if count and first is None:
                first = now - began
            last = now - began
        return first * 1000, last * 1000, count


_, _, expected = subscribe(None)
runs = [subscribe(expected) for _ in range(rounds)]
assert all(count == expected for _, _, count in runs), runs
first, last = (sorted(column) for column in list(zip(*runs))[:2])
print(
    f"{expected} events of payment stream {stream}: first after {statistics.median(first):.2f} ms "
    f"({first[0]:.2f} to {first[-1]:.2f}), all after {statistics.median(last):.2f} ms ({last[0]:.2f} to {last[-1]:.2f}), "
    f"{rounds} rounds"
)
