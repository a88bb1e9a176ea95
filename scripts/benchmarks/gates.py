"""scripts/bench gates: gate calls beside what no gate can beat and what others use, measured in turns.

SPDX-License-Identifier: BSD-3-Clause
"""

import contextlib
import os
import re
import statistics
import time

from . import common, compare, gates_report, plan
from .measuring import Histogram, Program
from .results import QUANTILES, Result

YARDSTICK = "floor.line"
QUICK, QUICK_ROUNDS = 100, 2
# Where a cache line's home is on the chip depends on its physical address, and a round trip depends on that. So the
# appliances are started again and again, and the yardstick takes other lines each time (bench/floors.c).
ROUNDS, ROUNDS_MAX = 24, 72
SECONDS = 190  # no further round after so long; the last steps still come
TURNS = 3      # in a round, of what takes turns with the yardstick
AGREE = 0.03   # the medians of the ratios of even and odd turns
HAIR = 0.01    # ... or this much; of what is far below the yardstick
CPU_CYCLES = 40_000_000  # how long calls in a row go on for the processor time of one
IDLE_SECONDS = 0.5


class Measurement:
    """All rounds of one thing."""

    def __init__(self, item):
        self.item = item
        self.all = Histogram()
        self.means = []  # cycles of a call in a row, of each turn
        self.turns = []  # (ratio of the medians, ratio of the 99th percentiles) to the yardstick right before
        self.beside = []  # median of item.beside to that of this one, in each turn
        self.cpu_ns = self.cpu_calls = 0
        self.why = None

    def add(self, h, yardstick, step):
        self.all.merge(h)
        self.means.append(h.mean())
        if yardstick is not None:
            self.turns.append([h.between(q, step) / yardstick.between(q, step) / self.item.calls for q in (0.5, 0.99)])

    def ratio(self, which=0):
        return statistics.median(t[which] for t in self.turns)

    def stable(self):
        if len(self.turns) < 2:
            return False
        even, odd = (statistics.median(t[0] for t in self.turns[i::2]) for i in (0, 1))
        return abs(even - odd) <= max(AGREE * min(even, odd), HAIR)


class Run:
    """The programs of one run of the benchmark, and what they measured."""

    def __init__(self, args, host, cores):
        self.args, self.host, self.cores = args, host, cores
        everything = plan.items()
        chosen = [n for n in everything if not args.only or any(re.fullmatch(glob(o), n) for o in args.only)]
        if args.only and not chosen:
            names = ", ".join(everything)
            raise common.BenchError(f"no measurement '{args.only[0]}'; there are: {names}", 2)
        self.m = {n: Measurement(everything[n]) for n in everything if n in chosen or n == YARDSTICK}
        for m in self.m.values():
            m.why = plan.why_not(m.item.program, host)
        self.yardstick, self.step = None, 0  # its last histogram; what its values are multiples of
        self.rounds = 0
        self.begin = time.monotonic()

    def count(self, item):
        return min(item.count, max(QUICK // item.calls, 10)) if self.args.quick else item.count

    def words(self, item):
        """The command, with pauses in cycles."""
        khz = self.host["tsc_khz"]
        return item.command.replace("{50us}", str(khz // 20)).replace("{1ms}", str(khz))

    def start(self, stack, name):
        program = Program(name, plan.command(self.args, name, self.cores), common.environment(self.args))
        stack.enter_context(program)
        if plan.vms(name):  # after the first call it surely is composed and started
            program.measure("pair" if plan.hops(name) else "args0", 1)
            program.find_vms(plan.vms(name))
        return program

    def one_round(self, number):
        wanted = {"floors": [self.m[YARDSTICK]]}  # first
        for m in self.m.values():
            if m.why is None and number % m.item.every == 0 and m.item.name != YARDSTICK:
                wanted.setdefault(m.item.program, []).append(m)
        with contextlib.ExitStack() as stack:
            floors = self.start(stack, "floors")
            for name, measurements in wanted.items():
                # A VM that polls takes a core for itself: one appliance at a time.
                with contextlib.ExitStack() as inner:
                    program = floors if name == "floors" else self.start(inner, name)
                    for m in measurements:
                        beside = self.start(inner, m.item.beside) if m.item.beside else None
                        self.one(number, m, program, floors, beside)

    def one(self, number, m, program, floors, beside=None):
        item = m.item
        for p in (program, beside):
            if p and p.vms:
                p.pin_vms(plan.pinning(item, self.cores))
        turns = TURNS if item.turns and not self.args.quick else 1
        for turn in range(turns):
            count = -(-self.count(item) // turns)
            if item.turns:  # both see the machine in the same state
                self.look_at_yardstick(floors, count)
            first = beside and turn % 2 and beside.measure(self.words(item), count)
            h = program.measure(self.words(item), count)
            if h is None:
                m.why = plan.absent(item)
                return
            if item.name == YARDSTICK:
                self.yardstick, self.step = h, self.step or h.step()
            if beside:
                other = first or beside.measure(self.words(item), count)
                m.beside.append(other.between(0.5, self.step) / h.between(0.5, self.step))
            m.add(h, self.yardstick, self.step)
        if item.cpu and program.vms and number % 2 == 0:
            self.processor_time(m, program, h)

    def look_at_yardstick(self, floors, count):
        self.yardstick = floors.measure("line", count)
        self.m[YARDSTICK].all.merge(self.yardstick)
        self.m[YARDSTICK].means.append(self.yardstick.mean())

    def processor_time(self, m, program, h):
        calls = 100 if self.args.quick else int(min(max(CPU_CYCLES / max(h.mean(), 1), 100), 5_000_000))
        before = program.cpu_ns()
        program.measure(self.words(m.item), calls, row=True)
        m.cpu_ns += program.cpu_ns() - before
        m.cpu_calls += calls * m.item.calls

    def settled(self):
        return all(m.stable() for m in self.m.values() if m.item.turns and m.why is None)

    def all_rounds(self):
        least = self.args.rounds or (QUICK_ROUNDS if self.args.quick else ROUNDS)
        most = least if self.args.quick else max(least, ROUNDS_MAX)
        for number in range(most):
            late = time.monotonic() - self.begin > SECONDS
            if number >= 2 and (late or (number >= least and self.settled())):
                break
            self.one_round(number)
            self.rounds = number + 1

    def idle(self):
        """Processor time of appliances that have nothing to do, as a part of one core."""
        found = {}
        for name, words in (("polling", "vm polled"), ("adaptive", "vm adaptive"), ("port", "vm parked, doorbell port"),
                            ("vmcall", "vm parked, doorbell VMCALL")):
            why = plan.why_not(name, self.host)
            if why:
                found[name] = {"what": words, "unavailable": why}
                continue
            with contextlib.ExitStack() as stack:
                program = self.start(stack, name)
                program.pin_vms(self.cores)
                program.measure("args0", 100)
                time.sleep(0.3)
                begin, before = time.monotonic_ns(), program.cpu_ns()
                time.sleep(IDLE_SECONDS)
                spent = program.cpu_ns() - before
                found[name] = {"what": words, "cpu_ns": spent, "cores": round(spent / (time.monotonic_ns() - begin), 4)}
        return found


def glob(pattern):
    """A regular expression for a name in which `*` stands for anything."""
    return ".*".join(re.escape(part) for part in pattern.split("*"))


def into(result, run):
    """Measurements to results.Result."""
    khz = run.host["tsc_khz"]
    result.floor = YARDSTICK
    result.details.update(rounds=run.rounds, tsc_step=run.step)
    for name, m in run.m.items():
        item, h = m.item, m.all
        if m.why is not None or not h.n:
            result.unavailable(name, item.what, m.why or "not measured in this run", item.group)
            continue
        summary = h.summary()
        if item.calls > 1:
            summary |= {q: round(summary[q] / item.calls, 1) for q in QUANTILES}
        result.add(name, item.what, summary, item.group, "cycles", ratio=m.ratio(), ratio_p99=m.ratio(1),
                   stable=m.stable(), ns=round(summary["median"] / khz * 1e6, 1),
                   per_second=round(khz * 1000 * item.calls / statistics.median(m.means)),
                   cpu_ns=round(m.cpu_ns / m.cpu_calls, 1) if m.cpu_calls else None,
                   beside=round(statistics.median(m.beside), 4) if m.beside else None)


def run(args):
    if args.compare:
        return compare.compare(args.compare)
    cores = args.cores or sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        raise common.BenchError("two cores are needed: both ends of a polled gate poll")
    missing = set(cores) - os.sched_getaffinity(0)
    if missing:
        raise common.BenchError(f"there is no core {min(missing)} for this process", 2)
    host = common.host(args)
    common.print_host(host)
    print()
    result = Result(args, "gates", host, args.quick)
    measured = Run(args, host, cores)
    measured.all_rounds()
    into(result, measured)
    result.details["idle"] = {} if args.only else measured.idle()
    gates_report.report(result)
    result.save()
    return 0
