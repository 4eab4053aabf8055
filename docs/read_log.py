#!/usr/bin/env python3
"""Prints the events of a Tailwire log as NDJSON and checks every checksum; from docs/log-format.md alone.
Usage: read_log.py DIR. Ends with 1 where something is damaged; works beside a running server."""
import json, os, struct, sys

TABLE = []
for number in range(256):
    for _ in range(8):
        number = number >> 1 ^ (0x82F63B78 if number & 1 else 0)
    TABLE.append(number)


def crc(data, before=0):
    value = before ^ 0xFFFFFFFF
    for byte in data:
        value = value >> 8 ^ TABLE[(value ^ byte) & 255]
    return value ^ 0xFFFFFFFF

FAULTS = []

def expect(good, *what):
    if not good:
        FAULTS.append(' '.join(map(str, what)))
        print('FAULT:', FAULTS[-1], file=sys.stderr)
    return good


def read_meta(path):
    data = open(path, 'rb').read()
    magic, version = struct.unpack_from('<8sH', data)
    if magic != b'TWMETA\r\n' or version != 1:
        sys.exit('META is not of format version 1')
    if crc(data[:-4]) != struct.unpack('<I', data[-4:])[0]:
        sys.exit('META is damaged')
    uuid, first_kept, count = data[16:32], *struct.unpack_from('<Q8xI', data, 48)
    return uuid, first_kept, [struct.unpack_from('<3Q', data, 72 + 24 * at) for at in range(count)]


def read_segment(path, uuid):
    """The (id, unix ms, type, data) of each event of a segment."""
    name, data = os.path.basename(path), open(path, 'rb').read()
    head = struct.unpack_from('<8s4H16s4Q2I', data)
    _, version, header_bytes, entry_bytes, _, own, seg_id, base, created, size, seal_bytes, head_crc = head
    if not expect(head[:2] == (b'TWSEG\r\n\x1a', 1) and head_crc == crc(data[:68]), name, 'header'):
        return []
    expect((header_bytes, entry_bytes, seal_bytes) == (4096, 64, 65536), name, 'sizes in the header')
    expect(own == uuid and base == int(name[:20]) and size == len(data), name, 'is not what its name says')
    at_seal = size - 65536
    seal = struct.unpack_from('<8s2HI2Q2I2Q4I', data, at_seal)
    count = None
    if seal[:2] == (b'TWSEAL\r\n', 1) and seal[-1] == crc(data[at_seal:at_seal + 68]) and seal[5] == base:
        count, data_end, blocks, blocks_crc, entries_crc = seal[3], seal[6], seal[7], seal[10], seal[11]
        sums = data[at_seal + 128:at_seal + 128 + 4 * blocks]
        expect(crc(sums) == blocks_crc, name, 'block CRCs')
        expect(crc(data[at_seal - 64 * count:at_seal]) == entries_crc, name, 'entries')
        for block in range(blocks):
            start = 4096 + 65536 * block
            part = crc(data[start:min(start + 65536, data_end)])
            expect(part == struct.unpack_from('<I', sums, 4 * block)[0], name, 'block', block)
    events, end, last_time, slot = [], 4096, 0, 0
    while slot < (at_seal - end) // 64 if count is None else slot < count:
        offset, event = at_seal - 64 * (slot + 1), base + slot
        seed = crc(struct.pack('<2Q', seg_id, event))
        entry = data[offset:offset + 64]
        time, start, frame_crc, length, payload, kind, flags = struct.unpack_from('<3IH2BH', entry, 40)
        frame = data[start:start + length]
        whole = (flags & 1 and crc(entry[:60], seed) == struct.unpack_from('<I', entry, 60)[0]
                 and start == end and crc(frame, seed) == frame_crc)
        slot += 1
        if not whole and count is None:
            break
        end = start + length
        if not expect(whole, name, 'event', event):
            continue
        expect(time >= last_time and payload < length, name, 'event', event, 'breaks a rule')
        last_time = time
        size_line, _, rest = frame.partition(b'\r\n')
        expect(int(size_line, 16) + 2 == len(rest) and rest.endswith(b'\n\n\r\n'), name, 'chunk of', event)
        lines = rest[:-4].decode().split('\n')
        expect(len(lines) == 3 and lines[2] == f'id: {event}', name, 'id of', event)
        expect(frame[payload:].startswith(lines[1][6:].encode()), name, 'payload of', event)
        events.append((event, created + time, lines[0][7:], lines[1][6:]))
    return events


def main(directory):
    uuid, first_kept, holes = read_meta(os.path.join(directory, 'META'))
    after = {hole[0]: hole[1] for hole in holes}
    names = sorted(n for n in os.listdir(os.path.join(directory, 'seg')) if n.endswith('.seg'))
    expected = after.get(first_kept - 1, first_kept)
    for name in (n for n in names if int(n[:20]) >= first_kept):
        expect(int(name[:20]) == expected, name, 'does not begin with', expected)
        for event, time, kind, data in read_segment(os.path.join(directory, 'seg', name), uuid):
            print(json.dumps({'id': str(event), 'type': kind, 'publishedAt': time, 'data': data}))
            expected = after.get(event, event + 1)
    return 1 if FAULTS else 0


sys.exit(main(sys.argv[1]))
