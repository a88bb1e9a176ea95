"""A program that answers "NAME COUNT" with samples (bench/sample.h), and their statistics.

SPDX-License-Identifier: BSD-3-Clause
"""

import math
import os
import selectors
import subprocess
import time

from . import results
from .common import BenchError, children

PATIENCE = 60  # seconds for one answer


class Histogram:
    """Exact counts of every value, and calls made in a row."""

    def __init__(self):
        self.count = {}
        self.n = 0
        self.total = self.in_total = 0

    def add(self, value, times):
        self.count[value] = self.count.get(value, 0) + times
        self.n += times

    def merge(self, other):
        for value, times in other.count.items():
            self.add(value, times)
        self.total += other.total
        self.in_total += other.in_total

    def quantile(self, q):
        """Smallest value that at least the part q of all samples does not exceed."""
        seen = 0
        for value in sorted(self.count):
            seen += self.count[value]
            if seen >= q * self.n:
                return value
        raise ValueError("no samples")

    def between(self, q, step):
        """As quantile(), but between the steps of a coarse time stamp counter: a value that was read as v was anything
        from v - step/2 to v + step/2, all equally likely."""
        seen = 0
        for value in sorted(self.count):
            times = self.count[value]
            if seen + times >= q * self.n:
                return max(value + step * ((q * self.n - seen) / times - 0.5), 0.1)
            seen += times
        raise ValueError("no samples")

    def step(self):
        """What all distances between values are a multiple of."""
        values = sorted(v for v in self.count if v)  # 0 stands for all that is not above the overhead
        return math.gcd(*(b - a for a, b in zip(values, values[1:]))) or 1

    def mean(self):
        """Of calls in a row if there were any, else of the samples."""
        if self.in_total:
            return self.total / self.in_total
        return sum(v * t for v, t in self.count.items()) / self.n

    def summary(self):
        s = results.quantiles(self.count)
        s["in_a_row"] = round(self.total / self.in_total, 1) if self.in_total else None
        return s


def parse(line, calls):
    """Histogram of one answer; None: the program has no such measurement."""
    words = line.split()
    if words[:1] == ["unknown"]:
        return None
    if words[:1] != ["samples"] or len(words) < 4:
        raise BenchError(f"unexpected answer: {line[:100]}")
    h = Histogram()
    for word in words[4:]:
        value, times = word.split(":")
        h.add(int(value), int(times))
    h.total = int(words[3])
    h.in_total = calls if h.total else 0
    return h


class Program:
    """One running program; ends with the `with` block."""

    def __init__(self, name, command, env=None):
        self.name = name
        self.rest = b""
        self.vms = []
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=env)
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.process.stdout, selectors.EVENT_READ)

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.terminate()
            self.process.wait(timeout=10)
        self.process.stdout.close()
        self.selector.close()

    def read_line(self):
        deadline = time.monotonic() + PATIENCE
        while b"\n" not in self.rest:
            if not self.selector.select(max(0, deadline - time.monotonic())):
                raise BenchError(f"{self.name}: no answer within {PATIENCE} s")
            more = os.read(self.process.stdout.fileno(), 1 << 16)
            if not more:
                status = self.process.wait(timeout=10)
                raise BenchError(f"{self.name}: ended early, status {status}")
            self.rest += more
        line, _, self.rest = self.rest.partition(b"\n")
        return line.decode()

    def measure(self, what, count, row=False):
        """`count` calls, each on its own and then in a row; `row`: only in a row."""
        try:
            self.process.stdin.write(f"{what} {count}{' row' * row}\n".encode())
            self.process.stdin.flush()
        except BrokenPipeError:
            raise BenchError(f"{self.name}: ended early, status {self.process.wait(timeout=10)}") from None
        return parse(self.read_line(), count)

    def find_vms(self, n):
        """Of a `bulkhead run` that has answered something, so that it is composed; not all VMs need to be up."""
        deadline = time.monotonic() + PATIENCE
        while len(vms := children(self.process.pid)) < n:
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise BenchError(f"{self.name}: its {n} VMs did not start")
            time.sleep(0.002)
        self.vms = vms

    def pin_vms(self, cores):
        """VM i onto core number i of the list."""
        for vm, core in zip(self.vms, cores):
            for task in os.listdir(f"/proc/{vm}/task"):
                os.sched_setaffinity(int(task), {core})

    def cpu_ns(self):
        """Processor time of the supervisor and of all VMs so far (first word of schedstat: ns on the CPU)."""
        spent = 0
        for pid in (self.process.pid, *self.vms):
            for task in os.listdir(f"/proc/{pid}/task"):
                with open(f"/proc/{pid}/task/{task}/schedstat") as f:
                    spent += int(f.read().split()[0])
        return spent
