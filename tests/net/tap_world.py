"""Talks to the bare driver's echo over a TAP interface; run in a network namespace of its own.

SPDX-License-Identifier: BSD-3-Clause

Prints one line per check; exit status 0 if all went well.
"""

import os
import random
import socket
import subprocess
import sys
import time

from tests.net.net_support import command

GUEST = ("10.0.2.15", 7)
SETS = ("net.mode=tap", 'net.address="10.0.2.15/24"', 'net.gateway="10.0.2.2"')


def exchange(client: socket.socket, data: bytes) -> bool:
    for _ in range(50):
        client.send(data)
        try:
            while True:
                got = client.recv(4096)
                if got == data:
                    return True
        except TimeoutError:
            pass
        except ConnectionRefusedError:
            time.sleep(0.02)
    return False


def malformed(count: int) -> None:
    """Frames that no stack would send, past the host's own stack."""
    random_ = random.Random(3)
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as raw:
        raw.bind(("bulkhead0", 0))
        for _ in range(count):
            frame = random_.randbytes(random_.randrange(14, 1514))
            try:
                raw.send(b"\xff" * 6 + frame[6:])
            except OSError:
                pass  # a full queue


def main() -> int:
    subprocess.run(["ip", "link", "set", "lo", "up"], check=False)
    guest = subprocess.Popen(command("echo", sets=SETS), stdin=subprocess.DEVNULL)
    good = True
    try:
        client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        client.settimeout(0.2)
        for _ in range(200):  # until the interface is there
            try:
                client.connect(GUEST)
                if client.getsockname()[0] == "10.0.2.2":
                    break
            except OSError:
                pass
            time.sleep(0.02)
        for size in (1, 2, 3, 100, 1471, 1472):
            same = exchange(client, os.urandom(size))
            print(f"{size} bytes: {'same' if same else 'LOST'}", flush=True)
            good &= same
        malformed(5000)
        same = exchange(client, b"still there?")
        print(f"after malformed frames: {'same' if same else 'LOST'}", flush=True)
        good &= same
        begin = time.perf_counter()
        done = sum(exchange(client, b"x" * 64) for _ in range(1000))
        each = (time.perf_counter() - begin) / 1000
        print(f"{done} of 1000 round trips, {each * 1e6:.0f} us each", flush=True)
        good &= done == 1000
        exchange(client, b"end")
        good &= guest.wait(10) == 0
    finally:
        guest.kill()
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
