"""scripts/bench sqlite: INSERTs and SQLite's own speed test on files in memory: natively, in one compartment, with the
file system in a VM of its own, and with a log and its clock in a third.

SPDX-License-Identifier: BSD-3-Clause
"""

import json
import re
import resource
import subprocess
import tempfile
import time

from . import common, measuring, svg
from .results import Result, of_values

APPS = common.ROOT / "guest/apps"
TMPFS = "/dev/shm"
NATIVE, ONE, OWN, THREE = "native", "one compartment", "files apart", "files and log apart"
NAMES = {NATIVE: "native", ONE: "one", OWN: "own", THREE: "three"}
ONE_LIMIT, OWN_LIMIT, NATIVE_LIMIT = 1.0, 1.5, 1.0
STEADY = 0.15  # distance of the quartiles of the rounds' ratios, of their median
PATIENCE = 300
LINES = 20_000  # round trips of a cache line: the floor that the label names
COUNTED = 300   # INSERTs at least, while gate calls are counted


class Work:
    """One of the two programs."""

    def __init__(self, name, what, program, arguments, ways, pattern):
        self.name, self.what, self.program, self.arguments = name, what, program, arguments
        self.ways, self.pattern = ways, pattern

    def command(self, args, way, folder):
        if way == NATIVE:
            native = args.build_dir / f"bench/{self.program.replace('_', '-')}-native"
            return [str(native), *(a.format(place=folder) for a in self.arguments)]
        toml = {ONE: "-one", OWN: "", THREE: "-three"}[way]
        run = [common.bulkhead(args), "run", str(APPS / self.program / f"compartments{toml}.toml"), "--"]
        return run + [a.format(place="/tmp") for a in self.arguments]


def works(args):
    return [
        Work("inserts", f"{args.rows:,} INSERTs", "sqlite_inserts", ["{place}/inserts.db", str(args.rows)],
             (NATIVE, ONE, OWN, THREE), r"inserts: ([\d.]+) s"),
        Work("speedtest1", f"speedtest1 --size {args.size}", "sqlite_speedtest1",
             ["--size", str(args.size), "{place}/speed.db"], (NATIVE, ONE, OWN), r"TOTAL\.* +([\d.]+)s"),
    ]


def once(args, work, way, folder):
    """(seconds as the program measured them, CPU seconds of all processes)."""
    command = work.command(args, way, folder)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
                              timeout=PATIENCE, env=common.environment(args))
    except subprocess.TimeoutExpired:
        raise common.BenchError(f"{work.what}, {way}: did not end within {PATIENCE} s") from None
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    found = re.search(work.pattern, done.stdout)
    if done.returncode or not found:
        raise common.BenchError(f"{work.what}, {way}: status {done.returncode}: {done.stderr.strip()[-300:]}")
    return float(found[1]), after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def on_tmpfs():
    """A folder in memory; it cleans up after itself."""
    mounts = [line.split() for line in (common.read_text("/proc/mounts") or "").splitlines()]
    if not any(m[1] == TMPFS and m[2] == "tmpfs" for m in mounts):
        raise common.BenchError(f"{TMPFS} is not a tmpfs: the native runs need files in memory", 3)
    return tempfile.TemporaryDirectory(prefix="bulkhead-sqlite-", dir=TMPFS)


def measure(args, work):
    """{way: [(seconds, CPU seconds)]}, the ways in turns; each round another one begins."""
    times: dict[str, list] = {way: [] for way in work.ways}
    with on_tmpfs() as folder:
        for number in range(args.rounds + 1):
            first = number % len(work.ways)
            for way in work.ways[first:] + work.ways[:first]:
                spent = once(args, work, way, folder)
                if number:  # the first round composes the appliances
                    times[way].append(spent)
    return times


def line_cycles(args):
    """A cache line to another core and back: the floor of one gate call."""
    with measuring.Program("floors", [str(args.build_dir / "bench/floors"), "0", "1"]) as floors:
        return floors.measure("line", LINES // (10 if args.quick else 1)).summary()


def edges(args, environment):
    """{callee: calls} of the appliance that runs, where they are counted; {}: there is none yet."""
    command = [common.bulkhead(args), "top", "--once", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False,
                          timeout=30, env=environment)
    running = json.loads(done.stdout)["appliances"] if done.returncode == 0 else []
    return {e["to"]: e["calls"] for e in running[0]["edges"] if "calls" in e} if running else {}


def calls_per_insert(args):
    """Gate calls of the file system for each one of the log, which is one INSERT; None: it could not be counted."""
    with tempfile.TemporaryDirectory() as folder:
        environment = common.environment(args) | {"BULKHEAD_RUNTIME_DIR": folder}
        appliance = str(APPS / "sqlite_inserts/compartments-three.toml")
        command = [common.bulkhead(args), "run", appliance, "--", "/tmp/x.db", "1000000"]
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                              env=environment) as process:
            deadline = time.monotonic() + 30
            first: dict | None = None
            try:
                while time.monotonic() < deadline and process.poll() is None:
                    now = edges(args, environment)
                    if first and now and now["log"] - first["log"] >= COUNTED:
                        return round((now["files"] - first["files"]) / (now["log"] - first["log"]), 1)
                    first = first or (now if now.get("log") else None)
                    time.sleep(0.05)
            finally:
                process.terminate()
    return None


def quartiles(values):
    v = sorted(values)
    return v[len(v) // 4], v[-1 - len(v) // 4]


def summary(work, times, way):
    seconds = [s for s, _ in times[way]]
    row = {"way": way, "rounds": len(seconds), "seconds": [round(s, 4) for s in seconds],
           "median": round(common.median(seconds), 4), "quartiles": [round(q, 4) for q in quartiles(seconds)],
           "cpu_seconds": round(common.median([c for _, c in times[way]]), 4)}
    for base in (NATIVE, ONE):
        of = [s / b for s, (b, _) in zip(seconds, times[base])]
        row["of_" + NAMES[base]] = round(common.median(of), 3)
        row["spread_" + NAMES[base]] = [round(q, 3) for q in quartiles(of)]
    low, high = row["spread_one"]
    row["stable"] = high - low <= STEADY * row["of_one"]
    return row


def report(work, rows):
    common.table([work.what, "rounds", "seconds", "quartiles", "of native", "of one compartment", "quartiles", "CPU s"],
                 [[r["way"], r["rounds"], f"{r['median']:.4f}", "{:.4f} .. {:.4f}".format(*r["quartiles"]),
                   f"{r['of_native']:.3f}", f"{r['of_one']:.3f}" + "?" * (not r["stable"]),
                   "{:.3f} .. {:.3f}".format(*r["spread_one"]), f"{r['cpu_seconds']:.3f}"] for r in rows])
    print()


def add(result, work, rows):
    for r in rows:
        name = f"sqlite.{work.name}.{NAMES[r['way']]}"
        result.add(name, f"{work.what}, {r['way']}", of_values(r["seconds"]), work.name,
                   "s", ratio=r["of_one"], stable=r["stable"])
    found = {r["way"]: r for r in rows}
    for what, limit, measured in (
            ("one compartment, of native", ONE_LIMIT, found[ONE]["of_native"]),
            ("files apart, of one compartment", OWN_LIMIT, found[OWN]["of_one"]),
            ("files apart, of native", NATIVE_LIMIT, found[OWN]["of_native"])):
        result.goal(f"{work.what}: {what}", "at most", limit, measured,
                    note="" if all(r["stable"] for r in rows) else "not stable")
    medians = (result.get(f"sqlite.{work.name}.{NAMES[w]}") for w in work.ways)
    values = [(m["median"], m["q1"], m["q3"]) for m in medians]
    result.plot(f"sqlite-{work.name}", svg.bars(f"SQLite, {work.what}, files in memory", common.host_line(result.host),
                                                list(work.ways), [("seconds", values)], "seconds, less is better",
                                                note="bar: median of the rounds; whisker: quartiles"))


def run(args):
    if args.quick:
        args.rows, args.size, args.rounds = min(args.rows, 100), 1, 1
    host = common.host(args)
    common.print_host(host)
    result = Result(args, "sqlite", host, args.quick)
    result.floor = "sqlite.inserts.one"
    if host["cores"] > 1:
        line = line_cycles(args)
        result.add("sqlite.floor.line", "cache line to another core and back", line, "floor")
        print(f"      floor of a gate call: a cache line there and back, {line['median']} cycles")
    print()
    for work in works(args):
        times = measure(args, work)
        rows = [summary(work, times, way) for way in work.ways]
        result.details[work.name] = rows
        report(work, rows)
        add(result, work, rows)
    calls = calls_per_insert(args)
    result.details["calls_per_insert"] = calls
    print(f"gate calls of the file system for each INSERT: {calls if calls is not None else 'could not be counted'}")
    result.print_goals()
    result.save()
    return 0
