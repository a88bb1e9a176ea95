"""scripts/bench net: a stock iperf client against iperf itself, and against netperf in appliances.

SPDX-License-Identifier: BSD-3-Clause
"""

import contextlib
import resource
import shutil
import subprocess

from . import common, net_results
from .network import NATIVE, ONE, WAYS, Service, in_turns, places
from .redis_run import quartiles
from .servers import difference

TOML = common.ROOT / "guest/apps/netperf/compartments.toml"
SIZES = [16, 64, 256, 1024, 4096, 16384, 65536]
QUICK = [64, 16384]
PATIENCE = 20  # seconds more than a run should take
SERVICE = Service(TOML, 5001, ["iperf", "-s", "-B", "{host}", "-p", "{port}"], ["discard"])


def measure(args, server, size):
    """One connection; `size` bytes with each write of the client."""
    command = ["iperf", "-c", server.host, "-p", str(server.port), "-l", str(size), "-t", str(args.seconds), "-y", "C"]
    server_before, before = server.cpu(), resource.getrusage(resource.RUSAGE_CHILDREN)
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False,
                              timeout=args.seconds + PATIENCE, stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired:
        raise server.complain(f"iperf -l {size} did not end within {args.seconds + PATIENCE} s") from None
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    words = (done.stdout.strip().splitlines() or [""])[-1].split(",")
    if len(words) < 9 or not int(words[7]):
        raise server.complain(f"iperf -l {size}: {(done.stderr or done.stdout).strip()[-200:]}")
    sent, rate = int(words[7]), int(words[8]) / 8
    spent = difference(server_before, server.cpu())
    spent["client"] = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"rate": rate, "cpu_us_per_mib": {who: s * 1e6 / (sent / 2**20) for who, s in spent.items()}}


def one_round(place, args, samples, number):
    """Every size at every way, the ways in turns; fresh servers."""
    with contextlib.ExitStack() as stack:
        servers = [stack.enter_context(place.server(way)) for way in WAYS]
        for server in servers:
            server.wait()
        for size in args.sizes:
            for server in in_turns(servers, number):
                samples.setdefault((server.way, size), []).append(measure(args, server, size))


def summary(samples, way, size):
    own = samples[way, size]
    rates = [m["rate"] / 2**20 for m in own]
    cpu = {w: round(common.median([m["cpu_us_per_mib"].get(w, 0) for m in own]), 1)
           for w in sorted({w for m in own for w in m["cpu_us_per_mib"]})}
    result = {"way": way, "size": size, "rounds": len(own), "mib_per_s": round(common.median(rates), 2),
              "mib_per_s_quartiles": quartiles(rates),
              "rates": [round(r, 2) for r in rates], "cpu_us_per_mib": cpu}
    for base in (NATIVE, ONE):
        ratios = [m["rate"] / b["rate"] for m, b in zip(own, samples[base, size])]
        result["of_" + base.replace(" ", "_")] = round(common.median(ratios), 3)
    return result


def report(mode, rows):
    lines = []
    for r in rows:
        cpu = r["cpu_us_per_mib"]
        lines.append([f"{r['size']:>6} B  {r['way']}", f"{r['mib_per_s']:,.1f}",
                      "{:,.1f} .. {:,.1f}".format(*r["mib_per_s_quartiles"]), f"{r['of_native']:.3f}",
                      f"{r['of_one_VM']:.3f}"] +
                     [f"{cpu[w]:,.0f}" if w in cpu else "-"
                      for w in ("client", "server", "device", "VM with the network", "VM of the application")])
    common.table([f"{mode}: writes of", "MiB/s", "quartiles", "of native", "of one VM", "us of CPU per MiB: client",
                  "server", "device", "VM (net)", "VM (app)"], lines)
    print()


def run(args):
    if not shutil.which("iperf"):
        raise common.BenchError("iperf is missing: apt-get install iperf")
    args.sizes = QUICK if args.quick else SIZES
    host = common.host(args)
    common.print_host(host)
    print()
    result: dict = {"modes": {}}
    for place in places(args, SERVICE):
        with place:
            samples: dict = {}
            for number in range(args.rounds):
                one_round(place, args, samples, number)
        rows = [summary(samples, way, size) for size in args.sizes for way in WAYS]
        report(place.mode, rows)
        result["modes"][place.mode] = rows
    net_results.net(args, host, result).save()
    return 0
