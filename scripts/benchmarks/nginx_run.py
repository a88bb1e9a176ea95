"""scripts/bench nginx: nginx natively, in one compartment, with the network in a VM of its own, the files in another.

SPDX-License-Identifier: BSD-3-Clause
"""

import contextlib
import re
import resource
import shutil
import subprocess

from . import common, nginx_native, svg
from .net_results import NOTE, SPREAD
from .network import NATIVE, Service, in_turns, places
from .redis_run import quartiles
from .results import Result, of_values
from .servers import difference

APP = common.ROOT / "guest/apps/nginx"
ONE, NET, FILES = "one compartment", "network apart", "network and files apart"
WAYS = (NATIVE, ONE, NET, FILES)
NAMES = {NATIVE: "native", ONE: "one", NET: "net", FILES: "files"}
CONNECTIONS = 30
PATIENCE = 30  # seconds more than a run should take
# What is asked for: a page in memory (natively: in the host's page cache), and the same in a mounted directory.
CASES = {"612 B": "/page.html", "612 B, mounted": "/host/page.html"}
MAIN = "612 B"
HELLO, ANSWER = b"HEAD /page.html HTTP/1.0\r\n\r\n", b"HTTP/1.1 200 OK"
ONE_LIMIT, NATIVE_LIMIT = 0.85, 0.5  # of the page in memory, network apart


def service(args):
    """The native server has the appliance's configuration, but for the places."""
    site = args.out / "nginx-site"
    site.mkdir(exist_ok=True)
    shutil.copy(APP / "rootfs/srv/page.html", site)
    conf = (APP / "rootfs/etc/nginx/bench.conf").read_text()
    for old, new in (("/tmp/nginx.pid", f"{args.out}/nginx.pid"),
                     ("mime.types", f"{nginx_native.SOURCES}/conf/mime.types"),
                     ("root /srv", f"root {site}"), ("alias /www/", f"alias {site}/"), ("listen 8080", "listen LISTEN"),
                     ("pid ", f"lock_file {args.out}/nginx.lock;\nuser root;\npid ")):
        assert old in conf, old
        conf = conf.replace(old, new, 1)
    own = args.out / "nginx.conf"
    own.write_text(conf)
    # The address is known when it is started: sed puts it in.
    start = (f"sed s/LISTEN/{{host}}:{{port}}/ {own} >{own}.at && "
             f"exec {nginx_native.program(args)} -p {args.out} -c {own}.at")
    mount = f"mounts.www.directory={site}"
    three = APP / "compartments.toml"
    appliances = {ONE: (APP / "compartments-one.toml", [mount]),
                  NET: (three, [mount, "compartments.files.mechanism=none"]), FILES: (three, [mount])}
    return Service(three, 8080, ["sh", "-c", start], ["-c", "/etc/nginx/bench.conf"], WAYS, appliances)


def measure(args, server, path):
    """wrk's two threads, for some seconds."""
    url = f"http://{server.host}:{server.port}{path}"
    command = ["wrk", "-t2", f"-c{CONNECTIONS}", f"-d{max(1, round(args.seconds))}s", url]
    server_before, before = server.cpu(), resource.getrusage(resource.RUSAGE_CHILDREN)
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=args.seconds + PATIENCE,
                              stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired:
        raise server.complain("wrk did not end") from None
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    rate, requests = re.search(r"Requests/sec:\s+([\d.]+)", done.stdout), re.search(r"(\d+) requests in", done.stdout)
    if done.returncode or not rate or not int(requests[1]) or re.search("Socket errors|Non-2xx", done.stdout):
        raise server.complain(f"wrk {url}: {(done.stderr or done.stdout).strip()[-300:]}")
    spent = difference(server_before, server.cpu())
    spent["client"] = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"rate": float(rate[1]), "cpu_us": {who: s * 1e6 / int(requests[1]) for who, s in spent.items()}}


def one_round(place, args, samples, number):
    """Every case at every way, the ways in turns; fresh servers."""
    with contextlib.ExitStack() as stack:
        servers = [stack.enter_context(place.server(way)) for way in args.ways]
        for server in servers:
            server.wait(HELLO, ANSWER)
        for case in args.cases:
            for server in in_turns(servers, number):
                samples.setdefault((server.way, case), []).append(measure(args, server, CASES[case]))


def summary(samples, way, case, ways):
    own = samples[way, case]
    rates = [m["rate"] for m in own]
    cpu = {w: round(common.median([m["cpu_us"].get(w, 0) for m in own]), 2)
           for w in sorted({w for m in own for w in m["cpu_us"]})}
    found = {"way": way, "case": case, "rounds": len(own), "rate": round(common.median(rates)),
             "rate_quartiles": quartiles(rates), "rates": [round(r) for r in rates], "cpu_us": cpu}
    for base in [b for b in (NATIVE, ONE) if b in ways]:
        ratios = [m["rate"] / b["rate"] for m, b in zip(own, samples[base, case])]
        found["of_" + NAMES[base]] = round(common.median(ratios), 3)
        found[f"of_{NAMES[base]}_quartiles"] = quartiles(ratios)
    return found


def report(mode, rows):
    lines = []
    for r in rows:
        cpu = r["cpu_us"]
        lines.append([f"{r['case']}  {r['way']}", f"{r['rate']:,}", "{:,.0f} .. {:,.0f}".format(*r["rate_quartiles"]),
                      f"{r['of_native']:.3f}" if "of_native" in r else "-", f"{r['of_one']:.3f}",
                      f"{sum(cpu.values()):.1f}", f"{cpu['client']:.1f}"] +
                     [f"{cpu[w]:.1f}" if w in cpu else "-"
                      for w in ("device", "VM with the network", "VM of the application")])
    common.table([f"{mode}: {CONNECTIONS} connections", "requests/s", "quartiles", "of native", "of one", "us of CPU",
                  "of that client", "device", "VM (net)", "others"], lines)
    print()


def results(args, host, modes):
    result = Result(args, "nginx", host, args.quick)
    result.details = {"native": nginx_native.HOW, "modes": modes}
    for mode, rows in modes.items():
        for r in rows:
            values = of_values(r["rates"])
            where = "mounted" if "mounted" in r["case"] else "memory"
            result.add(f"nginx.{mode}.{where}.{NAMES[r['way']]}", f"{mode}: {r['case']}, {r['way']}", values, mode,
                       "requests/s", "higher", ratio=r["of_one"],
                       stable=values["q3"] - values["q1"] <= SPREAD * values["median"])
            if (r["way"], r["case"]) == (NET, MAIN):
                goal = f"{MAIN}, network apart, mode {mode}"
                result.goal(f"{goal}: of one compartment", "at least", ONE_LIMIT, r["of_one"])
                result.goal(f"{goal}: of native", "at least", NATIVE_LIMIT, r.get("of_native"),
                            note="" if "of_native" in r else "a quick run has no native server")
        series = [(way, [(r["rate"], *r["rate_quartiles"]) for r in rows if r["way"] == way]) for way in args.ways]
        result.plot(f"nginx-{mode}", svg.bars(f"nginx, wrk -t2 -c{CONNECTIONS}, mode {mode}", common.host_line(host),
                                              args.cases, series, "requests per second, more is better", note=NOTE))
    return result


def run(args):
    if not shutil.which("wrk"):
        raise common.BenchError("wrk is missing: apt-get install wrk")
    args.ways = [w for w in WAYS if w != NATIVE or not args.quick]
    args.cases = [MAIN] if args.quick else list(CASES)
    if NATIVE in args.ways:
        nginx_native.build(args)
    host = common.host(args)
    common.print_host(host)
    print()
    modes = {}
    for place in places(args, service(args)):
        with place:
            samples: dict = {}
            for number in range(args.rounds):
                one_round(place, args, samples, number)
        modes[place.mode] = [summary(samples, way, case, args.ways) for case in args.cases for way in args.ways]
        report(place.mode, modes[place.mode])
    finished = results(args, host, modes)
    finished.print_goals()
    finished.save()
    return 0
