"""What Redis's heap does with many values that come and go.

SPDX-License-Identifier: BSD-3-Clause
"""

import time
from pathlib import Path

import pytest

from tests.redis.server import Client, Server

pytestmark = [pytest.mark.kvm, pytest.mark.net, pytest.mark.build("all")]

MIB = 1 << 20
FEW, FACTOR = 60_000, 4  # the few are more than a heap keeps for itself
VALUE = 1000  # bytes
ROOM = 20 * MIB


def processes(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(p for child in children for p in processes(int(child)))]


def resident(server: Server) -> int:
    """Bytes of memory of the supervisor and all its virtual machines."""
    total = 0
    for pid in processes(server.process.pid):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                total += int(line.split()[1]) << 10
    return total


def flush_time(redis: Client, keys: int) -> float:
    """Seconds that it takes to free so many keys."""
    assert redis("DEBUG", "POPULATE", keys, "k", VALUE) == "OK"
    assert redis("DBSIZE") == keys
    start = time.monotonic()
    assert redis("FLUSHALL", "SYNC") == "OK"
    return time.monotonic() - start


@pytest.fixture(name="server")
def redis_server():
    with Server() as server:
        yield server


def test_d2_flushall_is_not_quadratic(server: Server):
    with server.client(120) as redis:
        flush_time(redis, FEW)
        few = min(flush_time(redis, FEW) for _ in range(3))
        many = min(flush_time(redis, FEW * FACTOR) for _ in range(2))
        assert many < 2 * FACTOR * few


def test_d2_memory_goes_back_to_the_host(server: Server):
    with server.client(120) as redis:
        flush_time(redis, 1000)
        before = resident(server)
        assert redis("DEBUG", "POPULATE", FEW * FACTOR, "k", VALUE) == "OK"
        full = FEW * FACTOR * VALUE
        assert resident(server) > full
        time.sleep(0.2)  # so that Redis has looked
        assert int(redis.info("memory")["used_memory_rss"]) > full
        assert redis("FLUSHALL", "SYNC") == "OK"
        end = time.monotonic() + 20
        while resident(server) > before + ROOM and time.monotonic() < end:
            time.sleep(0.1)
        assert resident(server) < before + ROOM
        time.sleep(0.2)
        assert int(redis.info("memory")["used_memory_rss"]) < ROOM
        # What comes back from the host is as good as new.
        assert redis("DEBUG", "POPULATE", FEW, "k", VALUE) == "OK"
        assert redis("STRLEN", f"k:{FEW - 1}") == VALUE
        assert redis("FLUSHALL") == "OK"
