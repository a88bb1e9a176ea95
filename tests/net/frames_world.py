"""Sends malformed frames to Redis over a TAP interface and looks what they leave behind; in a network namespace of its own.

SPDX-License-Identifier: BSD-3-Clause

    frames_world.py COUNT SEED

Prints one line per check; exit status 0 if all went well.
"""

import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from frames import Frames
from net_support import PROGRAM

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "redis"))

import server  # noqa: E402  (needs the path)

GUEST, HOST, PORT, WATCH = "10.0.2.15", "10.0.2.2", 6379, ("10.0.2.15", 9)
MAC = bytes.fromhex("020000000307")
INTERFACE = "bulkhead0"
SETS = ("net.mode=tap", f'net.address="{GUEST}/24"', f'net.gateway="{HOST}"', f'net.mac="{MAC.hex(":")}"')
START_LIMIT = 30
SETTLE = 45  # seconds: half-open connections last 20, pieces of packets 15
ROOM = 64 << 10  # bytes of heap that tables may have grown by


def sent() -> int:
    """Frames that the device has fetched from the interface."""
    for line in Path("/proc/net/dev").read_text().splitlines():
        if line.strip().startswith(INTERFACE + ":"):
            return int(line.split(":")[1].split()[9])
    raise AssertionError("no interface")


def flood(frames: Frames, count: int) -> int:
    """Until `count` were offered, and the device has fetched that many more; how many were offered."""
    end, offered = sent() + count, 0
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as raw:
        raw.bind((INTERFACE, 0))
        while (missing := max(end - sent(), count - offered)) > 0:
            for frame in frames.make(min(missing, 500)):
                try:
                    raw.send(frame)
                    offered += 1
                except OSError:  # a full queue
                    time.sleep(0.001)
    return offered


def connect() -> server.Client:
    limit = time.monotonic() + START_LIMIT
    while True:
        try:
            client = server.Client(PORT, 2, GUEST)
            if client("PING") == "PONG":
                client.socket.settimeout(30)
                return client
        except OSError:
            if time.monotonic() > limit:
                raise
            time.sleep(0.05)


def settled(before: dict[str, int]) -> tuple[bool, dict[str, int]]:
    limit = time.monotonic() + SETTLE
    while True:
        now = server.ask_netwatch(WATCH)
        names = ("sockets", "connections", "segments", "packets", "data")
        good = all(now[name] <= before[name] for name in names) and now["heap"] <= before["heap"] + ROOM
        good &= now["free_buffers"] == now["buffers"]
        if good or time.monotonic() > limit:
            return good, now
        time.sleep(0.5)


def check(text: str, good: bool) -> bool:
    print(f"{text}: {'yes' if good else 'NO'}", flush=True)
    return good


def attack(count: int, seed: int) -> bool:
    live = connect()
    live("DEBUG", "POPULATE", 10000, "seed", 100)
    digest = live("DEBUG", "DIGEST")
    before = server.ask_netwatch(WATCH)
    begin = time.monotonic()
    offered = flood(Frames(seed, MAC, GUEST, HOST, PORT, live.socket.getsockname()[1]), count)
    now = server.ask_netwatch(WATCH)
    print(f"{offered} frames offered, {now['received'] - before['received']} received by the stack, "
          f"{time.monotonic() - begin:.1f} s; then {now}", flush=True)
    good = check(f"all {count} reached the stack", now["received"] - before["received"] >= count)
    good &= check("the connection that was open answers", live("PING") == "PONG")
    with connect() as other:
        good &= check("a new one answers", other("ECHO", "here") == b"here")
    good &= check("the data is intact", live("DEBUG", "DIGEST") == digest)
    same, now = settled(before)
    good &= check(f"free memory and buffer counts are what they were, {time.monotonic() - begin:.1f} s after "
                  f"the start ({before} -> {now})", same)
    return good


def main() -> int:
    subprocess.run(["ip", "link", "set", "lo", "up"], check=False)
    with tempfile.TemporaryDirectory() as folder:
        toml = server.write_toml(Path(folder), watch=True)
        options = [word for value in SETS for word in ("--set", value)]
        guest = subprocess.Popen([PROGRAM, "run", *options, str(toml)], stdin=subprocess.DEVNULL,
                                 stdout=subprocess.DEVNULL)
        try:
            good = attack(int(sys.argv[1]), int(sys.argv[2]))
            guest.send_signal(signal.SIGTERM)
            good &= check("SIGTERM ends it with status 0", guest.wait(20) == 0)
        finally:
            guest.kill()
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
