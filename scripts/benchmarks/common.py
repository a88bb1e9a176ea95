"""What every benchmark needs: paths, the host's description, running programs, order statistics.

SPDX-License-Identifier: BSD-3-Clause
"""

import datetime
import json
import os
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent

NOT_HARDWARE = {
    "pvm": "KVM without VT-x or AMD-V: ring 3 runs natively, so polled calls are real;\n"
           "      exits, wake-ups and starts are not what VT-x with EPT would show.",
    "tcg": "QEMU TCG: the semantics are real, no timing is.",
}


NICE = -10
GOVERNOR = "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"


class BenchError(Exception):
    """Something the user has to know, in one line; `status` is the exit status."""

    def __init__(self, text, status=1):
        super().__init__(text)
        self.status = status


def environment(args):
    return os.environ | {"BULKHEAD_BUILD": str(args.build_dir)}


def bulkhead(args):
    return str(args.build_dir / "bulkhead")


def read_text(path):
    try:
        return pathlib.Path(path).read_text().strip()
    except OSError:
        return None


def raise_priority():
    """So that what else runs here disturbs less. Needs a privilege; the label says what it is."""
    try:
        os.nice(NICE - os.nice(0))
    except PermissionError:
        pass


def host(args):
    """The label that belongs to every number."""
    done = subprocess.run([bulkhead(args), "doctor", "--json"], capture_output=True, text=True,
                          timeout=60, check=False)
    if done.returncode:
        raise BenchError("this host cannot run appliances: see build/bulkhead doctor")
    doctor = json.loads(done.stdout)
    kind = "tcg" if doctor["emulated"] else doctor["kvm"]["kind"]
    return {
        "kind": kind,
        "ept": kind == "vmx",
        "note": NOT_HARDWARE.get(kind, ""),
        "cpu": doctor["cpu"],
        "cores": doctor["cores"],
        "tsc_khz": doctor["kvm"]["tsc_khz"],
        "doorbell": doctor["doorbell"]["auto"],
        "vmcall": doctor["doorbell"]["vmcall"],
        "mechanisms": doctor["mechanisms"],
        "governor": read_text(GOVERNOR) or "not visible",
        "nice": os.nice(0),
        "load_before": list(os.getloadavg()),
        "date": f"{datetime.datetime.now(datetime.timezone.utc):%Y-%m-%d %H:%M} UTC",
    }


def host_line(h):
    """The label in one line, for plots."""
    return (f"host: {h['kind']}{'' if h['ept'] else ' (not EPT)'}, {h['cpu']}, {h['cores']} cores, "
            f"TSC {h['tsc_khz'] / 1e6:.3f} GHz, doorbell {h['doorbell']}, governor {h['governor']}, nice {h['nice']}, "
            f"load {h['load_before'][0]:.2f}, {h['date']}")


def print_host(h):
    print(f"host: {h['kind']}, {h['cpu']}, {h['cores']} cores, TSC {h['tsc_khz'] / 1e6:.3f} GHz,\n"
          f"      doorbell {h['doorbell']}, governor {h['governor']}, nice {h['nice']}, "
          f"load {h['load_before'][0]:.2f}, {h['date']}")
    if h["note"]:
        print(f"      {h['note']}")
    if h["load_before"][0] > 0.5 and h["cores"] <= 2:
        print("      Something else is running here: expect longer tails.")


def median(values):
    v = sorted(values)
    n = len(v)
    return (v[n // 2] + v[(n - 1) // 2]) / 2 if n else float("nan")


def table(head, rows, left=(0,)):
    """Prints columns: those of the numbers in `left` to the left, the others to the right."""
    cells = [head] + [[str(x) for x in row] for row in rows]
    width = [max(len(row[i]) for row in cells if len(row) == len(head)) for i in range(len(head))]
    width[0] = max(len(row[0]) for row in cells)
    for row in cells:
        if len(row) < len(head):  # a name, and why there is nothing else
            print("  ".join([row[0].ljust(width[0]), *row[1:]]))
            continue
        padded = [c.rjust(w) for c, w in zip(row, width)]
        for i in left:
            padded[i] = row[i].ljust(width[i])
        print("  ".join(padded).rstrip())


def children(pid):
    """Processes that `pid` started."""
    found = []
    for task in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
        found += [int(x) for x in (read_text(task) or "").split()]
    return sorted(found)
