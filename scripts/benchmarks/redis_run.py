"""scripts/bench redis: Redis natively, in one VM with the network stack, and with that in a VM of its own.

SPDX-License-Identifier: BSD-3-Clause
"""

import contextlib
import resource
import shutil
import subprocess

from . import common, net_results, redis_native, redis_start
from .network import NATIVE, ONE, OWN, WAYS, Service, in_turns, places
from .servers import difference

TOML = common.ROOT / "guest/apps/redis/compartments.toml"
CLIENTS = 30
WARM_UP = 2000  # requests for each command of the pipeline
PATIENCE = 60   # seconds more than a run should take
CASES = [(test, pipeline, size) for pipeline in (16, 1) for size in (3, 1024) for test in ("SET", "GET")]
QUICK = [("SET", 16, 3), ("GET", 16, 3)]
ONE_LIMIT, NATIVE_LIMIT = 0.85, 0.5  # of GET, 16 in a pipeline, 3 bytes


def service(args):
    """The native server has the appliance's configuration, but for the folder, which is the guest's."""
    conf = common.ROOT / "guest/apps/redis/rootfs/etc/redis.conf"
    lines = [line for line in conf.read_text().splitlines() if not line.startswith("dir ")]
    own = args.out / "redis.conf"
    own.write_text("\n".join(lines + [f"dir {args.out}"]) + "\n")
    native = [str(redis_native.program(args)), str(own), "--bind", "{host}", "--port", "{port}"]
    return Service(TOML, 6379, native, [])


def client(server, case, requests):
    """(requests per second, CPU seconds of the client)."""
    test, pipeline, size = case
    command = ["redis-benchmark", "-h", server.host, "-p", str(server.port), "-c", str(CLIENTS), "--csv",
               "-n", str(requests), "-P", str(pipeline), "-d", str(size), "-t", test.lower()]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False,
                              timeout=PATIENCE, stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired:
        raise server.complain(f"redis-benchmark {test} did not end within {PATIENCE} s") from None
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    for line in done.stdout.splitlines():
        words = [w.strip('"') for w in line.split(",")]
        if words[0] == test:
            cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            return float(words[1]), cpu
    raise server.complain(f"redis-benchmark {test}: {(done.stderr or done.stdout).strip()[-200:]}")


def measure(server, case, requests):
    before = server.cpu()
    rate, client_cpu = client(server, case, requests)
    spent = difference(before, server.cpu())
    spent["client"] = client_cpu
    return {"rate": rate, "requests": requests,
            "cpu_us": {who: seconds * 1e6 / requests for who, seconds in spent.items()}}


def one_round(place, args, samples, number):
    """Every case at every way, the ways in turns; fresh servers."""
    speed = {}
    with contextlib.ExitStack() as stack:
        servers = [stack.enter_context(place.server(way)) for way in args.ways]
        for server in servers:
            server.wait(b"PING\r\n", b"+PONG\r\n")
        for case in args.cases:
            for server in in_turns(servers, number):
                key = (server.way, case[1])
                if key not in speed:
                    speed[key] = client(server, case, WARM_UP * case[1])[0]
                requests = max(int(speed[key] * args.seconds), WARM_UP)
                m = measure(server, case, requests)
                speed[key] = m["rate"]
                samples.setdefault((server.way, case), []).append(m)


def quartiles(values):
    v = sorted(values)
    return [round(v[len(v) // 4], 4), round(v[-1 - len(v) // 4], 4)]


def summary(samples, way, case, ways):
    own = samples[way, case]
    rates = [m["rate"] for m in own]
    who = sorted({w for m in own for w in m["cpu_us"]})
    cpu = {w: round(common.median([m["cpu_us"].get(w, 0) for m in own]), 3) for w in who}
    result = {
        "way": way, "test": case[0], "pipeline": case[1], "size": case[2], "rounds": len(own),
        "rate": round(common.median(rates)), "rate_quartiles": quartiles(rates), "rates": [round(r) for r in rates],
        "cpu_us": cpu, "cpu_us_server": round(sum(v for w, v in cpu.items() if w != "client"), 3),
    }
    for base in (NATIVE, ONE):
        if base in ways:
            ratios = [m["rate"] / b["rate"] for m, b in zip(own, samples[base, case])]
            key = "of_" + base.replace(" ", "_")
            result[key] = round(common.median(ratios), 3)
            result[key + "_quartiles"] = quartiles(ratios)
    return result


def report(mode, rows, ways):
    bases = [b for b in (NATIVE, ONE) if b in ways]
    head = [f"{mode}: {CLIENTS} clients", "requests/s", "quartiles"] + [f"of {b}" for b in bases] + \
        ["us of CPU", "of that client", "device", "VM (net)", "VM (app)"]
    lines = []
    for r in rows:
        cpu = r["cpu_us"]
        lines.append([f"{r['test']} -P {r['pipeline']:<2} {r['size']:>4} B  {r['way']}", f"{r['rate']:,}",
                      "{:,.0f} .. {:,.0f}".format(*r["rate_quartiles"])] +
                     [f"{r['of_' + b.replace(' ', '_')]:.3f}" for b in bases] +
                     [f"{sum(cpu.values()):.2f}", f"{cpu['client']:.2f}"] +
                     [f"{cpu[w]:.2f}" if w in cpu else "-"
                      for w in ("device", "VM with the network", "VM of the application")])
    common.table(head, lines)
    print()


def promises(mode, rows):
    found = []
    for r in rows:
        if (r["test"], r["pipeline"], r["size"], r["way"]) != ("GET", 16, 3, OWN):
            continue
        for base, limit in (("of_one_VM", ONE_LIMIT), ("of_native", NATIVE_LIMIT)):
            if base in r:
                found.append({"mode": mode, "what": base, "limit": limit, "got": r[base], "kept": r[base] >= limit})
    for p in found:
        print(f"promise, mode {mode}: own VM at least {p['limit']} {p['what'].replace('_', ' ')} (GET -P 16, 3 B): "
              f"{p['got']:.3f}, {'kept' if p['kept'] else 'MISSED'}")
    print()
    return found


def run(args):
    if not shutil.which("redis-benchmark"):
        raise common.BenchError("redis-benchmark is missing: apt-get install redis-tools")
    args.cases = QUICK if args.quick else CASES
    args.ways = [w for w in WAYS if w != NATIVE or not args.quick]
    if NATIVE in args.ways:
        redis_native.build(args)
    host = common.host(args)
    common.print_host(host)
    print()
    result: dict = {"native": redis_native.HOW, "modes": {}, "promises": []}
    for place in places(args, service(args)):
        with place:
            samples: dict = {}
            for number in range(args.rounds):
                one_round(place, args, samples, number)
            rows = [summary(samples, way, case, args.ways) for case in args.cases for way in args.ways]
        report(place.mode, rows, args.ways)
        result["modes"][place.mode] = rows
        result["promises"] += promises(place.mode, rows)
    result["start"] = redis_start.measure(args, service(args))
    finished = net_results.redis(args, host, result)
    finished.print_goals()
    finished.save()
    return 0
