"""What scripts/bench redis and scripts/bench net measured, in the form of all results: measurements, goals, plots.

SPDX-License-Identifier: BSD-3-Clause
"""

from . import common, svg
from .network import NATIVE, ONE, OWN, WAYS
from .redis_start import IDLE_LIMIT, MEMORY_LIMIT, PING_LIMIT
from .results import Result, of_values

SPREAD = 0.15  # distance of the quartiles of the rounds, of their median: more is not stable
NAMES = {NATIVE: "native", ONE: "one", OWN: "own"}
NOTE = "bar or dot: median of the rounds; whisker: quartiles"


def add(result, name, what, row, rates, unit):
    values = of_values(rates)
    result.add(name, what, values, name.split(".")[1], unit, "higher", ratio=row.get("of_one_VM"),
               stable=values["q3"] - values["q1"] <= SPREAD * values["median"])


def triple(result, name):
    m = result.get(name)
    return m and (m["median"], m["q1"], m["q3"])


def ways_of(rows):
    return [w for w in WAYS if any(r["way"] == w for r in rows)]


def case(r):
    return f"{r['test']}, {r['size']} B"


def redis_name(mode, r, way):
    return f"redis.{mode}.{r['test'].lower()}.p{r['pipeline']}.{r['size']}.{NAMES[way]}"


def redis_plots(result, mode, rows):
    for pipeline in sorted({r["pipeline"] for r in rows}):
        cases = {case(r): r for r in rows if r["pipeline"] == pipeline}
        series = [(way, [triple(result, redis_name(mode, r, way)) for r in cases.values()]) for way in ways_of(rows)]
        words = f"{pipeline} requests in a pipeline" if pipeline > 1 else "one request at a time"
        result.plot(f"redis-{mode}-p{pipeline}", svg.bars(f"Redis, {words}, mode {mode}", common.host_line(result.host),
                                                          list(cases), series, "requests per second, more is better",
                                                          note=NOTE))


def redis(args, host, data):
    """`data`: "modes": rows of redis_run.summary(); "promises"; "start" of redis_start."""
    result = Result(args, "redis", host, args.quick)
    result.details = data
    for mode, rows in data["modes"].items():
        for r in rows:
            add(result, redis_name(mode, r, r["way"]), f"{mode}: {case(r)}, -P {r['pipeline']}, {r['way']}", r,
                r["rates"], "requests/s")
        redis_plots(result, mode, rows)
    for p in data["promises"]:
        result.goal(f"GET -P 16, 3 B, own VM, mode {p['mode']}: {p['what'].replace('_', ' ')}", "at least", p["limit"],
                    p["got"])
    for way, s in data["start"].items():
        result.add(f"redis.start.{NAMES[way]}", f"{way}: exec to first PONG", of_values(s["seconds"]), "start", "s",
                   ratio=None)
        result.goal(f"{way}: exec to first PONG", "at most", PING_LIMIT * 1000, s["median"] * 1000, "ms")
        result.goal(f"{way}: idle, of a core", "at most", IDLE_LIMIT * 100, s["core"] * 100, "%")
        result.goal(f"{way}: resident memory", "at most", MEMORY_LIMIT >> 20, s["rss"] / 2**20, "MiB")
    return result


def net(args, host, data):
    """`data`: "modes": rows of net_run.summary()."""
    result = Result(args, "net", host, args.quick)
    result.details = data
    for mode, rows in data["modes"].items():
        def name(size, way, mode=mode):
            return f"net.{mode}.{size}.{NAMES[way]}"

        for r in rows:
            add(result, name(r["size"], r["way"]), f"{mode}: writes of {r['size']} B, {r['way']}", r, r["rates"],
                "MiB/s")
        sizes = sorted({r["size"] for r in rows})
        curves = [(way, [(s, triple(result, name(s, way))) for s in sizes]) for way in ways_of(rows)]
        result.plot(f"net-{mode}", svg.lines(f"iperf, one connection, mode {mode}", common.host_line(host), curves,
                                             "bytes of one write of the client", "MiB/s, more is better", True, True,
                                             note=NOTE, x_text=svg.size))
    return result
