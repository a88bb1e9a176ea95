"""A program that answers "NAME COUNT" with samples (bench/sample.h), and their statistics.

SPDX-License-Identifier: BSD-3-Clause
"""

import os
import selectors
import subprocess
import time

from .common import BenchError, children

PATIENCE = 60  # seconds for one answer


class Histogram:
    """Exact counts of every value."""

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

    def summary(self):
        return {
            "calls": self.n,
            "min": self.quantile(0),
            "median": self.quantile(0.5),
            "p99": self.quantile(0.99),
            "p999": self.quantile(0.999),
            "in_a_row": round(self.total / self.in_total, 1) if self.in_total else None,
        }


def parse(line):
    """Histogram of one answer; None: the program has no such measurement."""
    words = line.split()
    if words[0] == "unknown":
        return None
    if words[0] != "samples" or len(words) < 5:
        raise BenchError(f"unexpected answer: {line[:100]}")
    h = Histogram()
    for word in words[4:]:
        value, times = word.split(":")
        h.add(int(value), int(times))
    h.total = int(words[3])
    h.in_total = h.n if h.total else 0
    return h


class Program:
    """One running program; ends with the `with` block."""

    def __init__(self, name, command, env=None):
        self.name = name
        self.rest = b""
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        env=env)
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.process.stdout, selectors.EVENT_READ)

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.process.stdin.close()
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.terminate()
            self.process.wait(timeout=10)
        self.process.stdout.close()

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

    def measure(self, what, count):
        self.process.stdin.write(f"{what} {count}\n".encode())
        self.process.stdin.flush()
        return parse(self.read_line())

    def pin_vms(self, cores, n):
        """Puts the n VM processes of a `bulkhead run` on cores of their own."""
        deadline = time.monotonic() + 10
        while len(vms := children(self.process.pid)) < n:
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise BenchError(f"{self.name}: its {n} VMs did not start")
            time.sleep(0.005)
        for vm, core in zip(vms, cores):
            for task in os.listdir(f"/proc/{vm}/task"):
                os.sched_setaffinity(int(task), {core})
