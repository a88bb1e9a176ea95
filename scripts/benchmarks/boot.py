"""scripts/bench boot: phases of a start, memory of a VM, size of images.

SPDX-License-Identifier: BSD-3-Clause
"""

import contextlib
import dataclasses
import functools
import json
import os
import pathlib
import re
import signal
import socket
import statistics
import subprocess
import time

from . import common, svg
from .network import free_port
from .results import Result, of_values

APPS = common.ROOT / "guest/apps"
MANY = common.ROOT / "tests/guests/apps/many/compartments.toml"
MARK = re.compile(r"^mark (\S+) (-?\d+)$", re.M)
PATIENCE = 60
SETTLE = 0.3  # seconds until an appliance that waits for input counts as quiet
AGREE = 0.10  # of the medians of even and odd starts
HELLO_LIMIT_US, MANY_LIMIT_US = 12_000, 50_000
MEMORY_LIMIT, IMAGE_LIMIT = 2 << 20, 200_000
# What the time up to a mark is spent on; VM 0 is the one that runs main.
PHASES = (("run", "load programs, compose"), ("world", "manifest, address map"), ("vm0.forked", "start VM's process"),
          ("vm0.mapped", "map memory"), ("vm0.loaded", "load images"), ("vm0.created", "KVM: VM and vCPU"),
          ("vm0.started", "page tables, sandbox"), ("vm0.core", "first instruction, core"),
          ("vm0.init", "C libraries"), ("vm0.main", "to main"), ("ready", "to ready"))


@dataclasses.dataclass(frozen=True)
class Appliance:
    name: str
    toml: pathlib.Path
    words: str
    serves: int = 0      # TCP port in the guest; ready when it answers
    waits: bool = True   # for input, so that its memory can be looked at
    images: bool = True


APPLIANCES = (
    Appliance("hello", APPS / "hello/compartments.toml", "hello, 2 VMs", waits=False),
    Appliance("gzip", APPS / "gzip/compartments.toml", "gzip, 2 VMs"),
    Appliance("redis", APPS / "redis/compartments.toml", "redis, 2 VMs", serves=6379),
    Appliance("many", MANY, "16 VMs", waits=False, images=False),
    Appliance("bench", APPS / "bench/compartments.toml", "bench (next to nothing), 2 VMs", images=False),
)


def answers(port):
    """When the server said PONG; None: not yet."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1) as s:
        s.settimeout(1)
        s.sendall(b"PING\r\n")
        if s.recv(7) == b"+PONG\r\n":
            return time.monotonic_ns()
    return None


@functools.cache
def port_of(a):
    """The same in all starts: another one would be another appliance, to be composed again."""
    return free_port() if a.serves else 0


@contextlib.contextmanager
def running(args, a, options=()):
    """A started appliance, and its port. It has the end of its input only at the end."""
    port = port_of(a)
    command = [str(args.build_dir / "bench/launch"), common.bulkhead(args), "run", *options, str(a.toml)]
    if port:
        command += ["--set", f'net.forward=["{port}:{a.serves}"]']
    stamp = args.out / "launch.stamp"
    env = common.environment(args) | {"BENCH_LAUNCH_STAMP": str(stamp)}
    with open(args.out / "boot.log", "w+b") as log:
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=log, env=env)
        try:
            yield process, port, stamp, log
        finally:
            process.stdin.close()
            if process.poll() is None and a.serves:
                process.send_signal(signal.SIGTERM)
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def wait_for_answer(a, process, port):
    deadline = time.monotonic() + PATIENCE
    while (when := answers(port)) is None:
        if process.poll() is not None or time.monotonic() > deadline:
            raise common.BenchError(f"{a.name}: does not answer")
        time.sleep(0.001)
    return when


def start_once(args, a):
    """{mark: microseconds since exec}, and "ready"."""
    answered = None
    with running(args, a, ["--marks"]) as (process, port, stamp, log):
        if a.serves:
            answered = wait_for_answer(a, process, port)
    log_text = (args.out / "boot.log").read_text(errors="replace")
    marks = {name: int(us) for name, us in MARK.findall(log_text)}
    if process.returncode or "vm0.main" not in marks:
        raise common.BenchError(f"{a.toml}: status {process.returncode}, no mark of main: {log_text[-300:].strip()}")
    if answered:
        marks["ready"] = (answered - int(stamp.read_text())) // 1000
    else:
        marks["ready"] = max(marks["vm0.main"], *(us for n, us in marks.items() if n.endswith(".init")))
    return marks


def phases(starts):
    """[(phase, median of what it took, us)] of VM 0's start."""
    found, before = [], [0] * len(starts)
    for mark, words in PHASES:
        now = [max(s.get(mark, b), b) for s, b in zip(starts, before)]
        found.append((words, statistics.median(n - b for n, b in zip(now, before))))
        before = now
    return found


def process_floor(args, starts):
    """Microseconds of starting a process that does nothing, and waiting for its end."""
    found = []
    for _ in range(starts):
        begin = time.monotonic_ns()
        subprocess.run([str(args.build_dir / "bench/launch"), "/bin/true"], check=True, stdin=subprocess.DEVNULL)
        found.append((time.monotonic_ns() - begin) // 1000)
    return found


def measure_starts(args, result):
    floor = process_floor(args, args.starts)
    base = statistics.median(floor)
    result.floor = "boot.process"

    def add(name, what, times):
        even, odd = statistics.median(times[::2]), statistics.median(times[1::2] or times)
        result.add(name, what, of_values(times), "starts", "us", ratio=statistics.median(times) / base,
                   stable=abs(even - odd) <= AGREE * min(even, odd))

    add("boot.process", "a process of the host that does nothing", floor)
    bars = []
    for a in APPLIANCES:
        if a.name == "bench":
            continue
        start_once(args, a)  # composes it, if that is not done yet
        starts = [start_once(args, a) for _ in range(args.starts if not a.serves else max(args.starts // 2, 1))]
        add(f"boot.{a.name}.main", f"{a.words}: exec to main", [s["vm0.main"] for s in starts])
        words = "exec to first PONG" if a.serves else "exec to main and all VMs ready"
        add(f"boot.{a.name}.ready", f"{a.words}: {words}", [s["ready"] for s in starts])
        bars.append((a.words, [(p, us / 1000) for p, us in phases(starts)]))
        result.details[f"{a.name} marks, us"] = {n: statistics.median(s[n] for s in starts if n in s)
                                                 for n in starts[0]}
    result.plot("boot", svg.stacked("Phases of a start", common.host_line(result.host), bars, "milliseconds from exec",
                                    note=f"medians of {args.starts} starts; ready: all VMs are up, Redis answers"))


def resident(pid):
    """Resident bytes by kind: `heap` is the guest's (the one mapping that asks for huge pages),
    `private` what else nobody shares, `all` everything mapped, with what all processes share."""
    found = {"heap": 0, "private": 0, "all": 0}
    smaps = pathlib.Path(f"/proc/{pid}/smaps").read_text()
    for mapping in re.split(r"^(?=[0-9a-f]+-[0-9a-f]+ )", smaps, flags=re.M)[1:]:
        kib = {k: int(v) for k, v in re.findall(r"^(\w+):\s+(\d+) kB$", mapping, re.M)}
        flags = re.search(r"^VmFlags:(.*)$", mapping, re.M)[1].split()
        kind = "heap" if "hg" in flags else "private"
        found[kind] += (kib["Private_Clean"] + kib["Private_Dirty"]) << 10
        found["all"] += kib["Rss"] << 10
    return found


def measure_memory(args, result):
    """Of appliances that wait for input, or for requests."""
    words = {"private": "private beyond the heap", "heap": "heap touched", "all": "all that is mapped"}
    for a in (x for x in APPLIANCES if x.waits):
        with running(args, a) as (process, port, _, _):
            if a.serves:
                wait_for_answer(a, process, port)
            time.sleep(SETTLE)
            vms = common.children(process.pid)
            found = {f"vm{i}": resident(vm) for i, vm in enumerate(vms)} | {"supervisor": resident(process.pid)}
        for who, kinds in found.items():
            for kind, size in kinds.items():
                if who != "supervisor" or kind != "heap":
                    result.add(f"memory.{a.name}.{who}.{kind}", f"{a.words}, {who}: {words[kind]}", of_values([size]),
                               "memory", "bytes")


def loaded_size(path):
    """Bytes that an image's segments bring (readelf -lW: FileSiz of LOAD)."""
    done = subprocess.run(["readelf", "-lW", path], capture_output=True, text=True, check=True)
    words = (line.split() for line in done.stdout.splitlines())
    return sum(int(w[4], 16) for w in words if w[:1] == ["LOAD"])


def measure_images(args, result):
    """Debugging information is in the file as well, for reports; it is never loaded."""
    for a in (x for x in APPLIANCES if x.images):
        done = subprocess.run([common.bulkhead(args), "check", "--json", str(a.toml)], timeout=PATIENCE,
                              capture_output=True, text=True, env=common.environment(args), check=True)
        for c in json.loads(done.stdout)["compartments"]:
            sizes = {"loaded": loaded_size(c["image"]), "file": pathlib.Path(c["image"]).stat().st_size}
            for kind, words in (("loaded", "loaded"), ("file", "file, with debugging information")):
                result.add(f"image.{a.name}.{c['name']}.{kind}", f"{a.name}, compartment {c['name']}: {words}",
                           of_values([sizes[kind]]), "images", "bytes")


def goals(result):
    def goal(what, limit, names, divide, unit):
        found = [result.get(n)["median"] / divide for n in names if result.get(n)]
        if found:
            result.goal(what, "at most", limit, max(found), unit)

    goal("hello: exec to main", HELLO_LIMIT_US / 1000, ["boot.hello.main"], 1000, "ms")
    goal("16 VMs: exec to all of them ready", MANY_LIMIT_US / 1000, ["boot.many.ready"], 1000, "ms")
    goal("a VM's private memory beyond its heap", MEMORY_LIMIT >> 10,
         [f"memory.bench.vm{i}.private" for i in (0, 1)], 1024, "KiB")
    goal("an image of hello, file", IMAGE_LIMIT, ["image.hello.app.file", "image.hello.lib.file"], 1, "bytes")


def report(result):
    common.table([f"start, microseconds, {result.host['kind']}", "starts", "min", "median", "p99", "to a process"],
                 [[m["what"], m["n"], m["min"], f"{m['median']:.0f}", m["p99"],
                   f"{m['ratio']:.1f}" + ("" if m["stable"] else "?")] for m in result.of_group("starts")])
    print()
    for name, words in (("memory", "resident memory, waiting"), ("images", "image")):
        common.table([words, "KiB"], [[m["what"], f"{m['median'] / 1024:.0f}"] for m in result.of_group(name)])
        print()
    if not all(m["stable"] for m in result.of_group("starts")):
        print(f"?: not stable, the medians of even and odd starts differ by more than {AGREE:.0%}")


def run(args):
    if args.quick:
        args.starts = 2
    host = common.host(args)
    common.print_host(host)
    print()
    result = Result(args, "boot", host, args.quick)
    measure_starts(args, result)
    measure_memory(args, result)
    measure_images(args, result)
    for name in ("launch.stamp", "boot.log"):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(args.out / name)
    report(result)
    goals(result)
    result.print_goals()
    result.save()
    return 0
