"""scripts/bench gates: gate calls beside what no gate can beat, measured in turns.

SPDX-License-Identifier: BSD-3-Clause
"""

import contextlib
import os

from . import common
from .measuring import Histogram, Program

APPS = common.ROOT / "guest/apps/bench"
YARDSTICK = "line"
COUNT = 20000
FEW = 200
QUICK = 500
# Where a cache line's home is on the chip depends on its physical address, and a round trip depends
# on that. So the appliances are started again and again, and the yardstick takes other lines each
# time (bench/floors.c).
STARTS, STARTS_MAX = 24, 72
AGREE = 0.03  # ratios of the two halves of the starts
HAIR = 0.01   # ... or this much; of what is far below the yardstick

FLOORS = {
    "empty": (COUNT, "call of an empty function"),
    "getppid": (COUNT, "system call (getppid)"),
    "line": (COUNT, "cache line to another core and back"),
    "futex": (500, "futex: wake a thread on another core, be woken"),
    "eventfd": (500, "eventfd: the same"),
}
# name: (program, its measurement, calls a round, in words)
GATES = {
    "one": ("one", "args0", COUNT, "same compartment, 0 arguments"),
    "none": ("none", "args0", COUNT, "none, 0 arguments"),
    "none 6": ("none", "args6", COUNT, "none, 6 arguments"),
    "vm": ("vm", "args0", COUNT, "vm polled, 0 arguments"),
    "vm nonblocking": ("vm", "quick", COUNT, "vm polled, 0 arguments, nonblocking"),
    "vm 6": ("vm", "args6", COUNT, "vm polled, 6 arguments"),
    "vm copy 64": ("vm", "copy64", COUNT, "vm polled, 64 B copied in and out, written"),
    "vm share 64": ("vm", "share64", COUNT, "vm polled, 64 B in a share, written"),
    "vm share 64k": ("vm", "share64k", COUNT, "vm polled, 64 KiB in a share"),
    "vm callback": ("vm", "callback", COUNT, "vm polled, call with a callback in it"),
    "vm parked": ("vm", "parked", 20, "vm parked, 0 arguments"),
    "exit": ("vm", "exit", FEW, "exit to the VMM and back"),
    "ioeventfd": ("vm", "ioeventfd", FEW, "doorbell (ioeventfd exit)"),
}
LIMIT = 1.3  # of "vm": the promise


def start(stack, args, cores):
    """The programs by name. The appliances idle, parked, until they are asked."""
    run = [common.bulkhead(args), "run"]
    env = common.environment(args)
    two = str(APPS / "compartments.toml")
    commands = {
        "floors": [str(args.build_dir / "bench/floors"), *map(str, cores)],
        "vm": run + [two],
        "none": run + [two, "--set", "compartments.lib.mechanism=none"],
        "one": run + [str(APPS / "compartments-one.toml")],
    }
    programs = {}
    for name, command in commands.items():
        programs[name] = stack.enter_context(Program(name, command, env))
        if name != "floors":
            programs[name].pin_vms(cores, 2 if name == "vm" else 1)
    return programs


class Measurement:
    """All rounds of one thing: even starts, odd starts, and both together."""

    def __init__(self, words):
        self.words = words
        self.halves = Histogram(), Histogram()

    def add(self, start_number, h):
        self.halves[start_number % 2].merge(h)

    def all(self):
        both = Histogram()
        for h in self.halves:
            both.merge(h)
        return both

    def ratio(self, yardstick, q=0.5):
        return self.all().quantile(q) / yardstick.all().quantile(q)

    def stable(self, yardstick):
        a, b = (h.quantile(0.5) / y.quantile(0.5) for h, y in zip(self.halves, yardstick.halves))
        return abs(a - b) <= max(AGREE * min(a, b), HAIR)

    def result(self, khz, yardstick):
        r = {"what": self.words, **self.all().summary()}
        r["median_ns"] = round(r["median"] / khz * 1e6, 1)
        r["ratio"] = round(self.ratio(yardstick), 3)
        r["ratio_p99"] = round(self.ratio(yardstick, 0.99), 3)
        r["stable"] = self.stable(yardstick)
        return r


def one_start(number, programs, floors, gates, few):
    """Yardstick, gate, yardstick, gate ...: both see the machine in the same state."""
    for name, (count, _) in FLOORS.items():
        if name != YARDSTICK:
            floors[name].add(number, programs["floors"].measure(name, min(count, few)))
    for name, gate in gates.items():
        program, what, count, _ = GATES[name]
        floors[YARDSTICK].add(number, programs["floors"].measure(YARDSTICK, min(COUNT, few)))
        h = programs[program].measure(what, min(count, few))
        if h:
            gate.add(number, h)


def measure(args, cores, wanted, starts, starts_max, few):
    """Starts the appliances until the ratios of the polled gates settle.

    Returns floors, gates, and how many starts that took.
    """
    floors = {n: Measurement(words) for n, (_, words) in FLOORS.items()}
    gates = {n: Measurement(GATES[n][3]) for n in wanted}
    polled = [n for n in gates if n.startswith("vm") and n != "vm parked"]
    for number in range(starts_max):
        if number >= starts and all(gates[n].stable(floors[YARDSTICK]) for n in polled):
            break
        with contextlib.ExitStack() as stack:
            one_start(number, start(stack, args, cores), floors, gates, few)
    else:
        number = starts_max
    return floors, {n: g for n, g in gates.items() if g.all().n}, number


def row(r):
    return [r["what"], r["calls"], r["min"], r["median"], r["p99"], r["p999"],
            f"{r['in_a_row']:.0f}" if r["in_a_row"] else "", f"{r['median_ns']:.0f}",
            f"{r['ratio']:.2f}" + ("" if r["stable"] else "?"), f"{r['ratio_p99']:.2f}"]


def report(floors, gates):
    head = ["", "calls", "min", "median", "p99", "p99.9", "in a row", "ns", "ratio",
            "of p99"]
    common.table(["floor: cycles of one call"] + head[1:], [row(r) for r in floors.values()])
    print()
    common.table(["gate: cycles of one call"] + head[1:], [row(r) for r in gates.values()])
    print("\nratio: of the medians, to the cache line round trip. "
          "in a row: mean of calls with no time stamps between.")
    moving = [n for n, r in gates.items() if not r["stable"]]
    if moving:
        print(f"?: not stable, the ratios of even and odd starts differ by more than {AGREE:.0%}: "
              + ", ".join(moving))
    if "vm" in gates:
        verdict = "kept" if gates["vm"]["ratio"] <= LIMIT else "MISSED"
        print(f"promise: vm polled, 0 arguments, at most {LIMIT} of the cache line round trip: "
              f"{gates['vm']['ratio']:.2f}, {verdict}")


def run(args):
    wanted = args.only or list(GATES)
    for name in wanted:
        if name not in GATES:
            raise common.BenchError(f"no measurement '{name}'; there are: {', '.join(GATES)}")
    cores = args.cores or sorted(os.sched_getaffinity(0))[:2]
    if len(cores) < 2:
        raise common.BenchError("two cores are needed: both ends of a polled gate poll")
    starts = args.starts or (2 if args.quick else STARTS)
    host = common.host(args)
    common.print_host(host)
    print()
    most, few = (starts, QUICK) if args.quick else (max(starts, STARTS_MAX), COUNT)
    floors, gates, starts = measure(args, cores, wanted, starts, most, few)
    khz, yardstick = host["tsc_khz"], floors[YARDSTICK]
    result = {
        "benchmark": "gates", "quick": args.quick, "yardstick": YARDSTICK, "unit": "TSC cycles",
        "host": host, "starts": starts,
        "floors": {n: m.result(khz, yardstick) for n, m in floors.items()},
        "gates": {n: m.result(khz, yardstick) for n, m in gates.items()},
    }
    report(result["floors"], result["gates"])
    common.save(args, "gates", result)
    return 0
