"""scripts/bench alloc: 1, 2, 3 buffers that a callee may reach, for the time of one function.

SPDX-License-Identifier: BSD-3-Clause
"""

import statistics

from . import common, plan, svg
from .measuring import Program
from .results import Result, of_values

WAYS = {"local": "plain local variable", "shadow": "shadow stack (bh_shared_stack)", "heap": "shared heap"}
CALLS = {"local": 2_000_000, "shadow": 2_000_000, "heap": 100_000}
ROUNDS, ROUNDS_QUICK = 20, 2
AGREE, HAIR = 0.03, 0.2  # of the medians of even and odd rounds; cycles


def stable(values):
    even, odd = statistics.median(values[::2]), statistics.median(values[1::2])
    return abs(even - odd) <= max(AGREE * min(even, odd), HAIR)


def measure(args):
    """{(way, n): [cycles of one function, a mean for each round]}."""
    found: dict[tuple[str, int], list] = {(way, n): [] for n in (1, 2, 3) for way in WAYS}
    rounds = ROUNDS_QUICK if args.quick else ROUNDS
    command = [common.bulkhead(args), "run", str(plan.APPS / "compartments.toml")]
    with Program("bench", command, common.environment(args)) as p:
        for _ in range(rounds):
            for (way, n), values in found.items():
                calls = CALLS[way] // 100 if args.quick else CALLS[way]
                h = p.measure(f"{way}-{n}", calls, row=True)
                if h is None:
                    raise common.BenchError(f"this appliance has no measurement {way}-{n}")
                values.append(round(h.mean(), 2))
    return found


def run(args):
    host = common.host(args)
    common.print_host(host)
    print()
    result = Result(args, "alloc", host, args.quick)
    result.floor = "alloc.local.1"
    times = measure(args)
    base = statistics.median(times["local", 1])
    for (way, n), values in times.items():
        result.add(f"alloc.{way}.{n}", f"{n} in {WAYS[way]}", of_values(values), "alloc", "cycles",
                   ratio=statistics.median(values) / base, stable=stable(values),
                   calls=len(values) * CALLS[way] // (100 if args.quick else 1),
                   ns=round(statistics.median(values) / host["tsc_khz"] * 1e6, 2))
    common.table(["64-byte buffers, cycles of one function", "functions", "min", "median", "p99", "ns", "to 1 local"],
                 [[m["what"], m["calls"], m["min"], m["median"], m["p99"], m["ns"],
                   f"{m['ratio']:.2f}" + ("" if m["stable"] else "?")] for m in result.of_group("alloc")])
    print("\nmin, median, p99: of the means of rounds. Each function is called, gets its buffers, writes a word of\n"
          "each, gives them back and returns.")
    if not all(m["stable"] for m in result.of_group("alloc")):
        print("?: not stable, even and odd rounds differ by more than 3 %")
    series = [(words, [triple(result, f"alloc.{way}.{n}") for n in (1, 2, 3)]) for way, words in WAYS.items()]
    result.plot("alloc", svg.bars("Buffers that a callee may reach, for the time of one function",
                                  common.host_line(host), ["1 buffer", "2 buffers", "3 buffers"], series,
                                  "TSC cycles of one function", log=True, note="bar: median; whisker: quartiles"))
    result.save()
    return 0


def triple(result, name):
    m = result.get(name)
    return m and (m["median"], m["q1"], m["q3"])
