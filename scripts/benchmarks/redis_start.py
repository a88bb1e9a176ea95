"""The other half of scripts/bench redis: from the start to the first answer, and what an idle appliance costs.

SPDX-License-Identifier: BSD-3-Clause
"""

import time

from . import common
from .network import ONE, OWN, Loopback, free_port

PING_LIMIT, IDLE_LIMIT, MEMORY_LIMIT = 0.150, 0.01, 32 << 20
SETTLE = 1.0  # seconds until it counts as idle


def first_answer(place, way, port):
    with place.server(way, port) as server:
        return server.wait(b"PING\r\n", b"+PONG\r\n")


def idle(place, way, port, seconds):
    """Part of a core, and memory, of an appliance that nobody talks to."""
    with place.server(way, port) as server:
        server.wait(b"PING\r\n", b"+PONG\r\n")
        time.sleep(SETTLE)
        before, begin = sum(server.cpu().values()), time.monotonic()
        time.sleep(seconds)
        used = (sum(server.cpu().values()) - before) / (time.monotonic() - begin)
        return {"core": round(used, 5), **server.resident()}


def verdict(kept):
    return "kept" if kept else "MISSED"


def measure(args, service):
    place, result = Loopback(args, service), {}
    for way in (ONE, OWN):
        port = free_port()
        first_answer(place, way, port)  # composes the appliance
        times = sorted(first_answer(place, way, port) for _ in range(args.starts))
        r = {"starts": args.starts, "seconds": [round(t, 4) for t in times],
             "median": round(common.median(times), 4), **idle(place, way, port, 0.5 if args.quick else 10)}
        result[way] = r
        print(f"{way}: first PONG, median of {r['starts']}: {r['median'] * 1000:.0f} ms (at most "
              f"{PING_LIMIT * 1000:.0f}: {verdict(r['median'] <= PING_LIMIT)}), {times[0] * 1000:.0f} .. "
              f"{times[-1] * 1000:.0f}")
        print(f"  idle: {r['core'] * 100:.2f} % of a core (at most {IDLE_LIMIT * 100:.0f}: "
              f"{verdict(r['core'] <= IDLE_LIMIT)}); resident {r['rss'] >> 10} KiB, what processes share counted once "
              f"{r['pss'] >> 10} KiB (at most {MEMORY_LIMIT >> 10}: {verdict(r['rss'] <= MEMORY_LIMIT)})")
    return result
