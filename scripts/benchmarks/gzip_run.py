"""scripts/bench gzip: the same zlib natively, in one compartment, and in a VM of its own.

SPDX-License-Identifier: BSD-3-Clause
"""

import hashlib
import os
import random
import resource
import subprocess
import threading
import time

from . import common, svg
from .results import Result, of_values

APPS = common.ROOT / "guest/apps/gzip"
CHUNK = 64 * 1024
NOISE = 8  # one chunk in so many is random
LIMIT = 0.95
ROUNDS_MAX = 15
STEADY = 0.05  # distance of the quartiles of the rounds' ratios
LONG = 1 << 30
GROWTH_MAX = 1 << 20  # bytes, from the first tenth of a long run to its end
PATIENCE = 600


def text():
    """Pinned third-party sources: the same bytes wherever the tree is set up."""
    parts = []
    for folder in ("zlib-1.2.13", "picolibc-1.8.10/newlib/libc"):
        for path in sorted((common.ROOT / "subprojects" / folder).rglob("*.[ch]")):
            parts.append(path.read_bytes())
    if not parts:
        raise common.BenchError("no sources under subprojects/: run scripts/setup")
    return b"".join(parts)


def chunks(size):
    """`size` bytes, text with some noise, deterministic."""
    words, noise = text(), random.Random(1)
    at = n = 0
    while size > 0:
        if n % NOISE == NOISE - 1:
            chunk = noise.randbytes(CHUNK)
        else:
            chunk = words[at:at + CHUNK]
            at = (at + len(chunk)) % len(words)
        n += 1
        yield chunk[:size]
        size -= len(chunk)


def input_file(args):
    path = args.out / f"gzip-{args.size}.data"
    if not path.exists() or path.stat().st_size != args.size << 20:
        with open(path, "wb") as f:
            for chunk in chunks(args.size << 20):
                f.write(chunk)
    return path


def commands(args):
    run = [common.bulkhead(args), "run"]
    return {
        "native": [str(args.build_dir / "bench/gzip-native")],
        "one compartment": run + [str(APPS / "compartments-one.toml")],
        "own VM": run + [str(APPS / "compartments.toml")],
    }


def once(args, command, data):
    """Seconds from start to end, CPU seconds of all processes, hash of what came out."""
    with open(data, "rb") as source, open(args.out / "gzip-out.data", "w+b") as sink:
        before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
        done = subprocess.run(command, stdin=source, stdout=sink, stderr=subprocess.PIPE,
                              timeout=PATIENCE, env=common.environment(args), check=False)
        seconds = time.monotonic() - begin
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        if done.returncode:
            raise common.BenchError(f"{' '.join(command)}: status {done.returncode}: "
                                    f"{done.stderr.decode(errors='replace')[-300:]}")
        sink.seek(0)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return seconds, cpu, hashlib.file_digest(sink, "sha256").hexdigest()


def measure(args):
    """{way: [(seconds, CPU seconds)]}, the ways in turns."""
    data = input_file(args)
    times: dict[str, list] = {name: [] for name in commands(args)}
    hashes = set()
    most = args.rounds if args.quick else max(args.rounds, ROUNDS_MAX)
    for number in range(most + 1):
        if number > args.rounds and stable(ratios(times["own VM"], times["one compartment"])):
            break
        for name, command in commands(args).items():
            seconds, cpu, digest = once(args, command, data)
            hashes.add(digest)
            if number:  # the first only warms caches, and composes the appliance
                times[name].append((seconds, cpu))
    if len(hashes) != 1:
        raise common.BenchError("the three programs do not agree on the compressed data")
    return times


def ratios(times, base):
    """Throughput as a part of that of the base, round by round."""
    return [b / t for (t, _), (b, _) in zip(times, base)]


def quartiles(values):
    v = sorted(values)
    return v[len(v) // 4], v[-1 - len(v) // 4]


def stable(values):
    low, high = quartiles(values)
    return high - low <= STEADY


def way(args, times, base):
    seconds, parts = [t for t, _ in times], ratios(times, base)
    return {
        "rounds": len(times),
        "seconds": [round(t, 4) for t in seconds],
        "cpu_seconds": [round(c, 4) for _, c in times],
        "mib_per_s": round(args.size / common.median(seconds), 2),
        "mib_per_s_best": round(args.size / min(seconds), 2),
        "ratio": round(common.median(parts), 3),
        "ratio_quartiles": [round(q, 3) for q in quartiles(parts)],
        "ratio_best": round(min(b for b, _ in base) / min(seconds), 3),
        "stable": stable(parts),
        "cpu_ratio": round(common.median([b / c for (_, c), (_, b) in zip(times, base)]), 3),
    }


NAMES = {"native": "native", "one compartment": "one", "own VM": "own"}


def throughput(args, host):
    times = measure(args)
    base = times["one compartment"]
    result = Result(args, "gzip", host, args.quick)
    result.floor = "gzip.one"
    for name, t in times.items():
        w = way(args, t, base)
        result.details[name] = w
        result.add(f"gzip.{NAMES[name]}", f"zlib, {name}", of_values([args.size / s for s, _ in t]), "gzip", "MiB/s",
                   "higher", ratio=w["ratio"], stable=w["stable"])
    ways = result.details
    common.table(["zlib 1.2.13, level 6", "rounds", "MiB/s median", "best", "of one compartment",
                  "quartiles", "best of best", "by CPU time"],
                 [[n, r["rounds"], r["mib_per_s"], r["mib_per_s_best"], f"{r['ratio']:.3f}",
                   "{:.3f} .. {:.3f}".format(*r["ratio_quartiles"]), f"{r['ratio_best']:.3f}",
                   f"{r['cpu_ratio']:.3f}"]
                  for n, r in ways.items()])
    result.goal("zlib in a VM of its own: throughput, to one compartment", "at least", LIMIT, ways["own VM"]["ratio"],
                note="" if ways["own VM"]["stable"] else "not stable")
    if not ways["own VM"]["stable"]:
        print(f"not stable: the quartiles of the rounds are more than {STEADY} apart; "
              "something else was running")
    found = [result.get(f"gzip.{n}") for n in NAMES.values()]
    values = [(m["median"], m["q1"], m["q3"]) for m in found]
    result.plot("gzip", svg.bars("zlib: throughput by placement", common.host_line(host), list(ways),
                                 [("zlib", values)], "MiB/s, more is better",
                                 note="bar: median of the rounds; whisker: quartiles"))
    result.print_goals()
    return result


def rss(pid):
    try:
        with open(f"/proc/{pid}/smaps_rollup") as f:
            return next(int(line.split()[1]) << 10 for line in f if line.startswith("Rss:"))
    except (OSError, StopIteration):
        return 0


def long_run(args, host):
    """1 GiB through the VM; memory of all its processes along the way."""
    process = subprocess.Popen(commands(args)["own VM"], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, env=common.environment(args))
    out_bytes = 0

    def drain():
        nonlocal out_bytes
        while part := os.read(process.stdout.fileno(), 1 << 16):
            out_bytes += len(part)

    reader = threading.Thread(target=drain)
    reader.start()
    memory: list[int] = []
    sent, begin = 0, time.monotonic()
    for chunk in chunks(LONG):
        process.stdin.write(chunk)
        sent += len(chunk)
        if sent >= len(memory) * LONG // 50:
            memory.append(sum(rss(p) for p in [process.pid, *common.children(process.pid)]))
    process.stdin.close()
    status = process.wait(timeout=PATIENCE)
    seconds = time.monotonic() - begin
    reader.join()
    if status:
        raise common.BenchError(f"gzip ended with status {status}")
    growth = max(memory[5:]) - memory[5]
    print(f"{LONG >> 20} MiB in, {out_bytes >> 20} MiB out, {seconds:.0f} s, "
          f"{LONG / 2**20 / seconds:.1f} MiB/s")
    print(f"memory of all processes after a tenth: {memory[5] >> 10} KiB; growth from there: {growth >> 10} KiB")
    result = Result(args, "gzip-long", host)
    result.add("gzip.long", "1 GiB through the VM", of_values([LONG / 2**20 / seconds]), "gzip", "MiB/s", "higher")
    result.goal("memory growth after the first tenth", "at most", GROWTH_MAX >> 10, growth / 1024, "KiB")
    result.details = {"bytes_in": LONG, "bytes_out": out_bytes, "seconds": round(seconds, 2), "rss": memory}
    return result


def run(args):
    host = common.host(args)
    common.print_host(host)
    print()
    if args.long:
        result = long_run(args, host)
        result.print_goals()
        result.save()
        return 0 if result.goals[0]["met"] else 1
    if args.quick:
        args.size, args.rounds = 4, 2
    throughput(args, host).save()
    return 0
