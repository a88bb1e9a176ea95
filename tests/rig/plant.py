#!/usr/bin/env python3
"""Plants a WRPKRU in an image: tests/rig/plant.py IMAGE FUNCTION OFFSET. The image becomes a file of its own.

SPDX-License-Identifier: BSD-3-Clause
"""
import os
import re
import subprocess
import sys

image, function, offset = sys.argv[1], sys.argv[2], int(sys.argv[3], 0)
symbols = subprocess.run(["nm", image], capture_output=True, text=True, check=True).stdout
headers = subprocess.run(["readelf", "-lW", image], capture_output=True, text=True, check=True).stdout
at = int(re.search(rf"^([0-9a-f]+) \w {function}$", symbols, re.M)[1], 16) + offset
with open(image, "rb") as file:
    data = bytearray(file.read())
for start, va, size in re.findall(r"LOAD\s+0x(\w+) 0x(\w+) 0x\w+ 0x(\w+) .*R E", headers):
    if 0 <= at - int(va, 16) < int(size, 16):
        place = int(start, 16) + at - int(va, 16)
        data[place:place + 3] = b"\x0f\x01\xef"
os.unlink(image)  # it may be a link to one that others use
with open(image, "wb") as file:
    file.write(data)
