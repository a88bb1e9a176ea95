"""Sends malformed frames to Redis over a TAP interface and looks what they leave behind.

In a network namespace of its own.

SPDX-License-Identifier: BSD-3-Clause

    frames_world.py COUNT SEED

Prints one line per check; exit status 0 if all went well.
"""

import socket
import sys
import time
from pathlib import Path

from tests.net.frames import Frames
from tests.redis import server

SETTLE = 45  # seconds: half-open connections last 20, pieces of packets 15
ROOM = 64 << 10  # bytes of heap that tables may have grown by


def sent() -> int:
    """Frames that the device has fetched from the interface."""
    for line in Path("/proc/net/dev").read_text().splitlines():
        if line.strip().startswith(server.TAP_INTERFACE + ":"):
            return int(line.split(":")[1].split()[9])
    raise AssertionError("no interface")


def flood(frames: Frames, count: int) -> int:
    """Until `count` were offered, and the device has fetched that many more; how many were offered."""
    end, offered = sent() + count, 0
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as raw:
        raw.bind((server.TAP_INTERFACE, 0))
        while (missing := max(end - sent(), count - offered)) > 0:
            for frame in frames.make(min(missing, 500)):
                try:
                    raw.send(frame)
                    offered += 1
                except OSError:  # a full queue
                    time.sleep(0.001)
    return offered


def settled(redis: server.Server, before: dict[str, int]) -> tuple[bool, dict[str, int]]:
    limit = time.monotonic() + SETTLE
    while True:
        now = redis.used()
        names = ("sockets", "connections", "segments", "packets", "data")
        good = all(now[name] <= before[name] for name in names) and now["heap"] <= before["heap"] + ROOM
        good &= now["free_buffers"] == now["buffers"]
        if good or time.monotonic() > limit:
            return good, now
        time.sleep(0.5)


def check(text: str, good: bool) -> bool:
    print(f"{text}: {'yes' if good else 'NO'}", flush=True)
    return good


def attack(redis: server.Server, count: int, seed: int) -> bool:
    live = redis.client()
    live("DEBUG", "POPULATE", 10000, "seed", 100)
    digest = live("DEBUG", "DIGEST")
    before = redis.used()
    begin = time.monotonic()
    frames = Frames(seed, server.TAP_MAC, server.TAP_GUEST, server.TAP_HOST, redis.port, live.socket.getsockname()[1])
    offered = flood(frames, count)
    now = redis.used()
    print(f"{offered} frames offered, {now['received'] - before['received']} received by the stack, "
          f"{time.monotonic() - begin:.1f} s; then {now}", flush=True)
    good = check(f"all {count} reached the stack", now["received"] - before["received"] >= count)
    good &= check("the connection that was open answers", live("PING") == "PONG")
    with redis.client() as other:
        good &= check("a new one answers", other("ECHO", "here") == b"here")
    good &= check("the data is intact", live("DEBUG", "DIGEST") == digest)
    same, now = settled(redis, before)
    good &= check(f"free memory and buffer counts are what they were, {time.monotonic() - begin:.1f} s after "
                  f"the start ({before} -> {now})", same)
    live.close()
    return good


def main() -> int:
    with server.Server(watch=True, tap=True) as redis:
        good = attack(redis, int(sys.argv[1]), int(sys.argv[2]))
        good &= check("SIGTERM ends it with status 0", redis.stop() == 0)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
