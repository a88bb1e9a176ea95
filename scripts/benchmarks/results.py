"""The one form of all results: what a benchmark writes to BUILD/bench/NAME.json, and how it is read again.

SPDX-License-Identifier: BSD-3-Clause

    {"format": 1, "benchmark": "gates", "quick": false, "host": {common.host()}, "floor": NAME or null,
     "measurements": [MEASUREMENT...], "goals": [GOAL...], "plots": ["gates.svg"...], "details": {}}

MEASUREMENT, one line of a table:
    name       for programs, unique in the file and the same in every run: "vm.polled.0"
    group      which table it is in: "floors"
    what       for people
    unit       of the seven values: "cycles", "us", "requests/s", "bytes"
    better     "lower" or "higher"
    n          how many values; then min, q1, median, q3, p99, p999 of them (p99: the 99th percentile of the values,
               also where higher is better)
    ratio      of the medians, to `floor` (or what `ratio_to` names); null: none is defined
    ratio_p99  the same of the 99th percentiles
    stable     did the median (or the ratio) settle? false: do not trust it
and what else a benchmark knows, such as ns, per_second, cpu_ns. A measurement that this host cannot do has name, group,
what, and "unavailable": why.

GOAL: what, sense ("at most", "at least"), limit, unit (may be ""), measured (null: it could not be), met (null: not
measured), note.
"""

import json
import os
import pathlib

from . import common

FORMAT = 1
QUANTILES = {"min": 0, "q1": 0.25, "median": 0.5, "q3": 0.75, "p99": 0.99, "p999": 0.999}
REQUIRED = {"format", "benchmark", "host", "measurements", "goals"}


def quantiles(counts):
    """{"n", "min", ... "p999"} of {value: how often}: the smallest value that a part of all does not exceed."""
    n = sum(counts.values())
    if not n:
        raise ValueError("no values")
    found, seen, wanted = {"n": n}, 0, list(QUANTILES.items())
    for value in sorted(counts):
        seen += counts[value]
        while wanted and seen >= wanted[0][1] * n:
            found[wanted.pop(0)[0]] = value
    return found


def of_values(values):
    """The same of a list."""
    counts: dict = {}
    for v in values:
        counts[v] = counts.get(v, 0) + 1
    return quantiles(counts)


class Result:
    """Collects the measurements, goals and plots of one benchmark; save() writes them."""

    def __init__(self, args, benchmark, host, quick=False):
        self.args, self.benchmark, self.host, self.quick = args, benchmark, host, quick
        self.floor = None
        self.measurements, self.goals, self.plots, self.details = {}, [], [], {}

    def add(self, name, what, summary, group="", unit="cycles", better="lower", ratio=None, ratio_p99=None,
            stable=True, **more):
        """`summary`: of_values() or quantiles()."""
        self.measurements[name] = {
            "name": name, "group": group, "what": what, "unit": unit, "better": better, **summary,
            "ratio": ratio and round(ratio, 4), "ratio_p99": ratio_p99 and round(ratio_p99, 4), "stable": bool(stable),
            **more}
        return self.measurements[name]

    def unavailable(self, name, what, why, group=""):
        self.measurements[name] = {"name": name, "group": group, "what": what, "unavailable": why}

    def get(self, name):
        """The measurement, or None if there is none or this host cannot do it."""
        m = self.measurements.get(name)
        return m if m and "unavailable" not in m else None

    def of_group(self, group):
        return [m for m in self.measurements.values() if m["group"] == group]

    def goal(self, what, sense, limit, measured, unit="", note=""):
        """`measured`: None if it could not be; then `note` says why."""
        met = None
        if measured is not None:
            measured = round(measured, 4)
            met = measured <= limit if sense == "at most" else measured >= limit
        self.goals.append({"what": what, "sense": sense, "limit": limit, "unit": unit, "measured": measured,
                           "met": met, "note": note})

    def plot(self, name, text):
        """`text`: of svg.bars() and the like."""
        (self.args.out / f"{name}.svg").write_text(text)
        self.plots.append(f"{name}.svg")

    def print_goals(self):
        if not self.goals:
            return
        print("\ngoals")
        rows = []
        for g in self.goals:
            verdict = {True: "met", False: "MISSED", None: "not measured"}[g["met"]]
            measured = "" if g["measured"] is None else f"{g['measured']:g} {g['unit']}".strip()
            rows.append([g["what"], f"{g['sense']} {g['limit']:g} {g['unit']}".strip(), measured,
                         verdict + (f": {g['note']}" if g["note"] else "")])
        common.table(["goal", "limit", "measured", ""], rows, left=(0, 3))

    def save(self):
        self.host["load_after"] = list(os.getloadavg())
        path = self.args.out / f"{self.benchmark}.json"
        path.write_text(json.dumps({
            "format": FORMAT, "benchmark": self.benchmark, "quick": self.quick, "host": self.host, "floor": self.floor,
            "measurements": list(self.measurements.values()), "goals": self.goals, "plots": self.plots,
            "details": self.details}, indent=1) + "\n")
        files = [path, *(self.args.out / p for p in self.plots)]
        print("\nwritten: " + ", ".join(os.path.relpath(f) for f in files))


def load(path):
    """A file that save() wrote. Anything else is one clear line."""
    try:
        data = json.loads(pathlib.Path(path).read_text())
    except OSError as e:
        raise common.BenchError(f"{path}: {e.strerror}", 2) from None
    except UnicodeDecodeError:
        raise common.BenchError(f"{path}: not text, so not JSON; want a file that scripts/bench wrote", 2) from None
    except json.JSONDecodeError as e:
        raise common.BenchError(f"{path}:{e.lineno}:{e.colno}: not JSON: {e.msg}; want a file that scripts/bench "
                                "wrote", 2) from None
    problem = wrong(data)
    if problem:
        raise common.BenchError(f"{path}: {problem}; want a file that scripts/bench of this version wrote", 2)
    return data


def wrong(data):
    """What is wrong with the form of parsed JSON; None: nothing."""
    if not isinstance(data, dict):
        return "not a result of scripts/bench"
    missing = REQUIRED - data.keys()
    if missing:
        return f'"{min(missing)}" is missing'
    if data["format"] != FORMAT:
        return f"format {data['format']}, not {FORMAT}"
    if not isinstance(data["host"], dict) or not isinstance(data["host"].get("kind"), str):
        return "no kind of host in it"
    if not isinstance(data["measurements"], list):
        return '"measurements" is not a list'
    for m in data["measurements"]:
        if not isinstance(m, dict) or not isinstance(m.get("name"), str) or not isinstance(m.get("what"), str):
            return "a measurement has no name"
        if "unavailable" not in m and not all(isinstance(m.get(q), (int, float)) for q in ("n", *QUANTILES)):
            return f'measurement "{m["name"]}" lacks a number of n, {", ".join(QUANTILES)}'
    return None
