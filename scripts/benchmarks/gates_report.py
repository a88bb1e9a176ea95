"""The tables, goals and plots of scripts/bench gates.

SPDX-License-Identifier: BSD-3-Clause
"""

from . import common, plan, svg

HEAD = ["calls", "min", "median", "p99", "p99.9", "ns", "calls/s", "ratio", "of p99", "CPU ns"]


def row(m):
    if "unavailable" in m:
        return [m["what"], f"not available: {m['unavailable']}"]
    ratio = f"{m['ratio']:.2f}" + ("" if m["stable"] else "?")
    return [m["what"], m["n"], *(f"{m[q]:.0f}" for q in ("min", "median", "p99", "p999")), f"{m['ns']:.0f}",
            svg.number(m["per_second"]), ratio, f"{m['ratio_p99']:.2f}",
            "" if m["cpu_ns"] is None else f"{m['cpu_ns']:.0f}"]


def tables(result):
    for group, words in plan.GROUPS.items():
        lines = [row(m) for m in result.of_group(group)]
        if lines:
            common.table([words + ", cycles", *HEAD], lines)
            print()


def idle_table(result):
    idle = result.details["idle"]
    if idle:
        common.table(["appliance that has nothing to do", "cores busy"],
                     [[r["what"], f"not available: {r['unavailable']}"] if "unavailable" in r else
                      [r["what"], f"{r['cores']:.4f}"] for r in idle.values()])
        print()


def notes(result):
    print("ratio: to the cache line round trip measured right before, of the medians; the median of all turns.\n"
          "of p99: the same of the 99th percentiles.\n"
          "calls/s: of calls in a row, with no time stamps between; the median of all turns.\n"
          "CPU ns: processor time of both ends for one call.")
    step = result.details["tsc_step"]
    if step > 1:
        print(f"The time stamp counter moves in steps of {step}: ratios are of medians between the steps.")
    measured = [m for m in result.measurements.values() if "unavailable" not in m]
    moving = [m for m in measured if not m["stable"]]
    if moving:
        what = "not stable, the ratios of even and odd turns differ by more than 3 %"
        print(f"?: {what}: {len(moving)} of {len(measured)}")


def parked_floor(result, bell):
    """Cycles of exit + wake-up on another core + exit, as the floors of this run have them."""
    leave = result.get("floor.exit.vmcall" if bell == "vmcall" else "floor.exit")
    wake = result.get("floor.futex")
    return leave and wake and 2 * leave["median"] + wake["median"] / 2


def goals(result):
    """Those of the measurements that this run has."""
    def ratio(name, key="ratio"):
        m = result.get(name)
        return m and m[key]

    def goal(what, limit, name, key="ratio", sense="at most", unit="of the line"):
        if name in result.measurements:
            note = result.measurements[name].get("unavailable", "")
            m = result.get(name)
            if m and not m["stable"]:
                note = "not stable"
            result.goal(what, sense, limit, ratio(name, key), unit, note)

    goal("vm polled, 0 arguments: median", 1.10, "gate.vm.polled.0")
    goal("vm polled, 0 arguments: p99", 1.5, "gate.vm.polled.0", "ratio_p99", unit="of its p99")
    goal("vm polled, 6 arguments", 1.15, "gate.vm.polled.6")
    off = result.get("gate.vm.polled.nostats")
    if off:
        result.goal("statistics: a polled gate with them, to one without", "at most", 1.02, off["beside"])
    goal("64 B copied both ways", 1.5, "gate.vm.polled.copy64")
    between(result, "64 KiB in a share, to 0 arguments", "at most", 1.05, "gate.vm.polled.share64k", "gate.vm.polled.0")
    faster(result, "16 in flight: calls per second, to synchronous", 5, "batches.16", "batches.sync")
    for bell in ("port", "vmcall"):
        m, name = result.get(f"gate.vm.parked.{bell}"), f"gate.vm.parked.{bell}"
        floor = parked_floor(result, bell)
        if name in result.measurements:
            result.goal(f"vm parked ({bell}), to exit + wake-up + exit", "at most", 1.25,
                        m["median"] / floor if m and floor else None,
                        note=result.measurements[name].get("unavailable", "" if floor else "floors are missing"))
    between(result, "16 compartments, a call between two, to 2", "at most", 1.05, "compartments.16.pair",
            "compartments.2.pair")
    park = result.get("gate.vm.adaptive.to-park")
    if park:
        us = park["p99"] / result.host["tsc_khz"] * 1000
        result.goal("vm adaptive: end of a call to parked", "at most", 1000, us, "us", "99th percentile")
    for name in ("port", "vmcall"):
        idle = result.details["idle"].get(name)
        if idle:
            result.goal(f"parked appliance ({name}): CPU while idle", "at most", 0,
                        idle["cpu_ns"] / 1e6 if "cpu_ns" in idle else None, "ms", idle.get("unavailable", ""))


def between(result, what, sense, limit, name, other):
    a, b = result.get(name), result.get(other)
    if a and b:
        result.goal(what, sense, limit, a["ratio"] / b["ratio"])


def faster(result, what, limit, name, other):
    a, b = result.get(name), result.get(other)
    if a and b:
        result.goal(what, "at least", limit, a["per_second"] / b["per_second"])


def plots(result):
    host = common.host_line(result.host)
    wide = [(words.split(":")[0], [(m["what"], m.get("unavailable") or m) for m in result.of_group(group)])
            for group, words in plan.GROUPS.items() if group in ("floors", "peers", "gates")]
    line = result.get("floor.line")
    result.plot("gates", svg.ranges("Gates, beside what no gate can beat and what others use", host, wide,
                                    "TSC cycles of one call", mark=(line["median"], "cache line round trip")))
    curves = []
    for kind, words in (("in", "copied in, read"), ("out", "copied out, written"), ("sin", "in a share, read"),
                        ("sout", "in a share, written"), ("spass", "in a share, passed on")):
        points = [(s, result.get(f"buffer.{kind}.{s}")) for s in plan.SIZES]
        points = [(s, (m["median"], m["q1"], m["q3"])) for s, m in points if m]
        if points:
            curves.append((words, points))
    if curves:
        result.plot("gates-buffers", svg.lines("A call with a buffer, vm polled", host, curves, "bytes of the buffer",
                                               "TSC cycles of one call", True, True, x_text=svg.size,
                                               note="dots: median; whiskers: quartiles"))
    pairs("gates-threads", "Threads of one VM that call, vm polled", result,
          [("threads", [(n, f"threads.{n}") for n in plan.THREADS])], "threads", "calls per second", "per_second")
    pairs("gates-batches", "Requests in flight from one thread, vm polled", result,
          [("batches", [(n, f"batches.{n}") for n in plan.BATCHES])], "requests in flight", "calls per second",
          "per_second")
    shapes = [(shape, [(n, f"compartments.{n}.{shape}") for n in plan.COMPARTMENTS])
              for shape in ("pair", "star", "chain")]
    pairs("gates-compartments", f"Many compartments, a VM each, on {result.host['cores']} cores", result, shapes,
          "compartments", "TSC cycles of one crossing, median", "median", True)


def pairs(stem, title, result, curves, x_title, y_title, key, log_y=False):
    """A plot of one value over a number; none if there is nothing."""
    found = [(name, [(n, result.get(m)[key]) for n, m in points if result.get(m)]) for name, points in curves]
    found = [c for c in found if c[1]]
    if found:
        result.plot(stem, svg.lines(title, common.host_line(result.host), found, x_title, y_title, True, log_y))


def report(result):
    tables(result)
    idle_table(result)
    notes(result)
    goals(result)
    result.print_goals()
    plots(result)
