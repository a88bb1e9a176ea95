#!/usr/bin/env python3
"""Prints where the WRPKRUs of a VM's trampolines are: an offset from the start of them on each line.

SPDX-License-Identifier: BSD-3-Clause

    tests/rig/crossings.py BULKHEAD CORE

For an appliance of two compartments in one VM and one full edge from the first to the second, by the order in which
vmm/trampolines.c lays the templates of BULKHEAD out; the number of core calls is in CORE's header.
"""
import re
import struct
import subprocess
import sys

WRPKRU = b"\x0f\x01\xef"


def templates(path):
    """Name -> bytes of each template, from the executable's symbols."""
    names = subprocess.run(["nm", path], capture_output=True, text=True, check=True).stdout
    at = {m[2]: int(m[1], 16) for m in re.finditer(r"^([0-9a-f]+) \w bh_mpk_(\w+)$", names, re.M)}
    sections = subprocess.run(["readelf", "-WS", path], capture_output=True, text=True, check=True).stdout
    found = re.search(r" \.rodata\s+PROGBITS\s+([0-9a-f]+) ([0-9a-f]+)", sections)
    shift = int(found[2], 16) - int(found[1], 16)
    with open(path, "rb") as file:
        data = file.read()
    return {n: data[at[n] + shift:at[n + "_end"] + shift] for n in at if n + "_end" in at}


def core_calls(path):
    with open(path, "rb") as file:
        data = file.read()
    header = data.index(struct.pack("<Q", 0x65726F43646B6C42))
    return struct.unpack_from("<I", data, header + 12)[0]


def main():
    parts, calls = templates(sys.argv[1]), core_calls(sys.argv[2])
    used = len(parts["refuse"])
    for name, behind in (("full", 0), ("call", 13 + 11 * calls), ("down", 0), ("call", 11 * calls), ("down", 0)):
        used = used + 15 & ~15
        for match in re.finditer(re.escape(WRPKRU), parts[name]):
            print(used + match.start())
        used += len(parts[name]) + behind


if __name__ == "__main__":
    main()
