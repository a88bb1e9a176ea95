"""What differs between two results: `scripts/bench gates --compare A.json B.json` and `scripts/bench --check`.

SPDX-License-Identifier: BSD-3-Clause

Ratios are compared, never times: those of two runs of one machine differ already.
"""

import json
import math
import os

from . import common, results

EXPECTED = common.ROOT / "scripts/benchmarks/expected.json"
LEAST, MOST = 0.10, 0.50  # tolerance of an expected ratio: the distance of its quartiles, within these bounds
MOVED = 0.10              # between two results
SMALL = 0.05              # ratios below this are all the same: a few cycles of a plain call


def values(data):
    """{name: measurement} of those that have a ratio."""
    return {m["name"]: m for m in data["measurements"] if "unavailable" not in m and m.get("ratio") is not None}


def verdict(old, new, tolerance):
    """In words, or "" for no news."""
    if max(old["ratio"], new["ratio"]) < SMALL:
        return ""
    if abs(math.log(new["ratio"] / old["ratio"])) <= math.log(1 + tolerance):
        return ""
    if not (old.get("stable", True) and new["stable"]):
        return "moved? one of them is not stable"
    worse = (new["ratio"] > old["ratio"]) == (new.get("better", "lower") == "lower")
    return "moved: worse" if worse else "moved: better"


def remarks(a, b):
    """What keeps two results from being comparable."""
    if a["host"]["kind"] != b["host"]["kind"]:
        yield (f"note: different kinds of hosts, A {a['host']['kind']} and B {b['host']['kind']}: exits, wake-ups and "
               "starts cannot be compared, not even as ratios")
    elif a["host"].get("cpu") != b["host"].get("cpu"):
        yield "note: different processors"
    for letter, data in (("A", a), ("B", b)):
        if data["host"]["kind"] == "tcg":
            yield f"note: {letter} was measured under QEMU's interpreter, where no time means anything"
        if data.get("quick"):
            yield f"note: {letter} is of a quick run, of a few calls only"


def compare(paths):
    a, b = (results.load(p) for p in paths)
    if a["benchmark"] != b["benchmark"]:
        raise common.BenchError(f"{paths[0]} is of benchmark {a['benchmark']}, {paths[1]} of {b['benchmark']}: "
                                "nothing to compare", 2)
    for letter, data in (("A", a), ("B", b)):
        print(f"{letter}: {common.host_line(data['host'])}")
    for remark in remarks(a, b):
        print(remark)
    print()
    old, new = values(a), values(b)
    rows, moved = [], 0
    for name in [*old, *(n for n in new if n not in old)]:
        if name not in old or name not in new:
            rows.append([name, *(f"{x[name]['ratio']:.3f}" if name in x else "" for x in (old, new)), "",
                         f"only in {'A' if name in old else 'B'}"])
            continue
        word = verdict(old[name], new[name], MOVED)
        moved += word.startswith("moved:")
        rows.append([name, f"{old[name]['ratio']:.3f}", f"{new[name]['ratio']:.3f}",
                     f"{new[name]['ratio'] / old[name]['ratio'] - 1:+.1%}", word])
    common.table([f"ratio to {a.get('floor') or 'its base'}", "A", "B", "B to A", ""], rows, left=(0, 4))
    print(f"\n{moved} of {len(set(old) & set(new))} ratios moved by more than {MOVED:.0%}")
    return 0


def latest(args):
    """The results of the last runs in the folder: [results], [what cannot be used]."""
    found, left_out = [], []
    for path in sorted(args.out.glob("*.json")):
        try:
            data = results.load(path)
        except common.BenchError:
            left_out.append(f"{os.path.relpath(path)}: no result in the form of this version")
            continue
        if data["quick"]:
            left_out.append(f"{os.path.relpath(path)}: of a quick run")
        else:
            found.append(data)
    return found, left_out


def expectations():
    try:
        return json.loads(EXPECTED.read_text())
    except FileNotFoundError:
        return {}
    except json.JSONDecodeError as e:
        raise common.BenchError(f"{os.path.relpath(EXPECTED)}:{e.lineno}:{e.colno}: not JSON: {e.msg}", 2) from None


def check(args):
    """Says what moved since the expectations were written. Never a failure."""
    found, left_out = latest(args)
    for line in left_out:
        print(f"left out: {line}")
    if not found:
        raise common.BenchError(f"no results in {os.path.relpath(args.out)}: run scripts/bench gates (or all) first", 2)
    moved = compared = 0
    for data in found:
        kind, benchmark = data["host"]["kind"], data["benchmark"]
        known = expectations().get(kind, {}).get(benchmark)
        print(f"{benchmark}: {common.host_line(data['host'])}")
        if not known:
            print(f"  nothing is expected of hosts of kind {kind} yet: scripts/bench --check --update writes it down\n")
            continue
        for name, m in values(data).items():
            old = known["ratios"].get(name)
            if old is None:
                continue
            compared += 1
            word = verdict({"ratio": old["ratio"]}, m, old["tolerance"])
            if word:
                print(f"  {name}: {word}, {old['ratio']:.3f} to {m['ratio']:.3f} "
                      f"({m['ratio'] / old['ratio'] - 1:+.0%}, tolerance {old['tolerance']:.0%})")
                moved += word.startswith("moved:")
        gone = [n for n in known["ratios"] if n not in values(data)]
        if gone:
            print(f"  not measured this time: {', '.join(gone)}")
        print(f"  compared with {known['cpu']}, {known['date']}\n")
    print(f"{compared} ratios compared, {moved} moved")
    return 0


def update(args):
    """Writes the expectations for hosts of this kind."""
    found, left_out = latest(args)
    for line in left_out:
        print(f"left out: {line}")
    everything = expectations()
    for data in found:
        ratios = {}
        for name, m in values(data).items():
            if m["stable"]:
                spread = (m["q3"] - m["q1"]) / m["median"] if m["median"] else MOST
                ratios[name] = {"ratio": m["ratio"], "tolerance": round(min(max(spread, LEAST), MOST), 2)}
        host = data["host"]
        everything.setdefault(host["kind"], {})[data["benchmark"]] = {
            "cpu": host["cpu"], "cores": host["cores"], "date": host["date"], "ratios": ratios}
        print(f"{data['benchmark']}: {len(ratios)} ratios expected of hosts of kind {host['kind']} from now on")
    EXPECTED.write_text(json.dumps(everything, indent=1, sort_keys=True) + "\n")
    return 0
