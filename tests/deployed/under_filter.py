"""Runs a program under a list of system calls as systemd would, but that any other call ends the process at once, where
the unit lets it fail: a call that is refused must not go unseen. Memory may not become executable, either.

    under_filter.py LIST COMMAND…       LIST: a file with the number of a call on each line
"""

import ctypes
import os
import struct
import sys

ARCHITECTURES = {'x86_64': 0xC000003E, 'aarch64': 0xC00000B7, 'riscv64': 0xC00000F3}
LOAD, JUMP_EQUAL, RETURN = 0x20, 0x15, 0x06
ALLOW, KILL = 0x7FFF0000, 0x80000000
NUMBER_AT, ARCHITECTURE_AT = 0, 4
PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS, PR_SET_MDWE = 22, 38, 65
SECCOMP_MODE_FILTER = 2


def instruction(code, value, when_equal=0, otherwise=0):
    return struct.pack('HBBI', code, when_equal, otherwise, value)


def program(numbers):
    """Classic BPF over `struct seccomp_data`: seccomp(2)."""
    lines = [
        instruction(LOAD, ARCHITECTURE_AT),
        instruction(JUMP_EQUAL, ARCHITECTURES[os.uname().machine], when_equal=1),
        instruction(RETURN, KILL),
        instruction(LOAD, NUMBER_AT),
    ]
    for number in numbers:
        lines += [instruction(JUMP_EQUAL, number, otherwise=1), instruction(RETURN, ALLOW)]
    return lines + [instruction(RETURN, KILL)]


def main():
    with open(sys.argv[1]) as file:
        lines = program(int(line) for line in file)
    code = ctypes.create_string_buffer(b''.join(lines))
    head = struct.pack('HxxxxxxP', len(lines), ctypes.addressof(code))
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    prctl.argtypes = [ctypes.c_int] + 4 * [ctypes.c_ulong]
    if prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        sys.exit('no_new_privs is refused')
    prctl(PR_SET_MDWE, 1, 0, 0, 0)  # Linux 6.3; the trace looks for the same.
    header = ctypes.create_string_buffer(head)
    if prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.addressof(header), 0, 0) != 0:
        sys.exit(f'the filter is refused: {os.strerror(ctypes.get_errno())}')
    os.execv(sys.argv[2], sys.argv[2:])


main()
