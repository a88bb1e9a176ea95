"""scripts/bench boot: phases of a start, memory of a VM beyond its heap, size of images.

SPDX-License-Identifier: BSD-3-Clause
"""

import json
import pathlib
import re
import subprocess
import time

from . import common
from .measuring import Program

HELLO = common.ROOT / "guest/apps/hello/compartments.toml"
BENCH = common.ROOT / "guest/apps/bench/compartments.toml"
MANY = common.ROOT / "tests/guests/apps/many/compartments.toml"
HELLO_LIMIT_US, MANY_LIMIT_US = 12000, 60000
MEMORY_LIMIT = 2 << 20
IMAGE_LIMIT = 200_000
MARK = re.compile(r"^mark (\S+) (-?\d+)$", re.M)


def start_once(args, toml):
    """{mark: microseconds since exec}."""
    launch = str(args.build_dir / "bench/launch")
    command = [launch, common.bulkhead(args), "run", "--marks", str(toml)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False,
                          stdin=subprocess.DEVNULL, env=common.environment(args))
    if done.returncode:
        raise common.BenchError(f"{toml}: status {done.returncode}: {done.stderr[-300:]}")
    marks = {name: int(us) for name, us in MARK.findall(done.stderr)}
    if not any(name.endswith("main") for name in marks):
        raise common.BenchError(f"{toml}: no mark of main among {sorted(marks)}")
    return marks


def phases(args, toml, limit):
    start_once(args, toml)  # composes it, if that is not done yet
    starts = [start_once(args, toml) for _ in range(args.starts)]
    main = next(n for n in starts[0] if n.endswith("main"))
    times = sorted(s[main] for s in starts)
    ready = [max(us for n, us in s.items() if n.endswith(".init")) for s in starts]
    return {
        "starts": len(starts),
        "main_us": {"median": common.median(times), "min": times[0], "max": times[-1]},
        "all_vms_us": common.median(ready),
        "limit_us": limit,
        "marks_us": {n: common.median([s[n] for s in starts if n in s]) for n in starts[0]},
    }


def loaded_size(path):
    """Bytes that an image's segments bring (readelf -lW: FileSiz of LOAD)."""
    done = subprocess.run(["readelf", "-lW", path], capture_output=True, text=True, check=True)
    words = (line.split() for line in done.stdout.splitlines())
    return sum(int(w[4], 16) for w in words if w[:1] == ["LOAD"])


def images(args, toml):
    """Debugging information is in the file as well, for reports; it is never loaded."""
    done = subprocess.run([common.bulkhead(args), "check", "--json", str(toml)], timeout=60,
                          capture_output=True, text=True, env=common.environment(args), check=True)
    found = {}
    for c in json.loads(done.stdout)["compartments"]:
        size = pathlib.Path(c["image"]).stat().st_size
        found[c["name"]] = {"loaded": loaded_size(c["image"]), "file": size}
    return found


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


def memory(args):
    """Of an appliance with two VMs that has started, made some calls, and waits for input."""
    command = [common.bulkhead(args), "run", str(BENCH)]
    with Program("bench", command, common.environment(args)) as p:
        p.measure("args0", 10)
        time.sleep(0.2)
        vms = common.children(p.process.pid)
        return {"supervisor": resident(p.process.pid), "vms": [resident(v) for v in vms]}


def judge(value, limit, unit):
    return f"{value} {unit} (at most {limit}: {'kept' if value <= limit else 'MISSED'})"


def report(result):
    for name, r in result["starts"].items():
        us = r["main_us"]
        print(f"{name}: exec to main, median of {r['starts']}: "
              f"{judge(round(us['median'] / 1000, 2), r['limit_us'] / 1000, 'ms')}, "
              f"{us['min'] / 1000:.2f} .. {us['max'] / 1000:.2f}; "
              f"all VMs ready after {r['all_vms_us'] / 1000:.2f} ms")
        rows = sorted(r["marks_us"].items(), key=lambda x: x[1])
        if len(rows) > 24:
            vms = {x[0].split(".")[0] for x in rows if x[0].startswith("vm")}
            few = ("vm0.", max(vms, key=lambda vm: int(vm[2:])) + ".")
            rows = [x for x in rows if not x[0].startswith("vm") or x[0].startswith(few)]
        common.table(["  phase reached", "us, median"], [["  " + n, f"{v:.0f}"] for n, v in rows])
        print()
    for n, vm in enumerate(result["memory"]["vms"]):
        beyond = judge(vm["private"] >> 10, MEMORY_LIMIT >> 10, "KiB")
        print(f"VM {n}: private memory beyond its heap {beyond}; heap touched "
              f"{vm['heap'] >> 10} KiB; all that is mapped, libraries too, {vm['all'] >> 10} KiB")
    print(f"supervisor: private memory {result['memory']['supervisor']['private'] >> 10} KiB")
    for name, size in result["images"].items():
        print(f"image of hello's {name}, with debugging information: "
              f"{judge(size['file'], IMAGE_LIMIT, 'bytes')}, of which {size['loaded']} are loaded")


def run(args):
    host = common.host(args)
    common.print_host(host)
    print()
    result = {"benchmark": "boot", "host": host, "starts": {}}
    result["starts"]["hello, 2 VMs"] = phases(args, HELLO, HELLO_LIMIT_US)
    if MANY.exists():
        result["starts"]["many, 16 VMs"] = phases(args, MANY, MANY_LIMIT_US)
    result["memory"] = memory(args)
    result["images"] = images(args, HELLO)
    report(result)
    common.save(args, "boot", result)
    return 0
