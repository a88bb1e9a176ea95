"""scripts/bench all: every benchmark, one after the other, and one page with every table and plot.

SPDX-License-Identifier: BSD-3-Clause
"""

import html
import json
import os
import sys

from . import common, results

ORDER = ("gates", "alloc", "boot", "gzip", "sqlite", "net", "redis", "nginx")
TITLES = {"gates": "Gates", "alloc": "Shared stack buffers", "boot": "Boot and size", "gzip": "zlib",
          "sqlite": "SQLite", "net": "Network", "redis": "Redis",
          "nginx": "nginx"}
QUANTILES = ("n", "min", "q1", "median", "q3", "p99", "p999")
STYLE = """
body { font-family: sans-serif; max-width: 62em; margin: 2em auto; padding: 0 1em; color: #222; }
table { border-collapse: collapse; font-size: 85%; margin: 1em 0; }
th, td { padding: 0.15em 0.7em; text-align: right; border-bottom: 1px solid #ddd; }
th:first-child, td:first-child { text-align: left; }
.host { color: #666; font-size: 85%; } .missed { color: #b03000; font-weight: bold; } .none { color: #666; }
svg { max-width: 100%; height: auto; } summary { cursor: pointer; }
"""


def cell(text, tag="td", kind="", span=1):
    extra = f' class="{kind}"' * bool(kind) + f' colspan="{span}"' * (span > 1)
    return f"<{tag}{extra}>{html.escape(str(text))}</{tag}>"


def table(head, rows):
    lines = ["<tr>" + "".join(cell(h, "th") for h in head) + "</tr>"]
    lines += ["<tr>" + "".join(row) + "</tr>" for row in rows]
    return "<table>" + "\n".join(lines) + "</table>"


def goals(data):
    words = {True: ("met", ""), False: ("missed", "missed"), None: ("not measured", "none")}
    rows = []
    for g in data["goals"]:
        text, kind = words[g["met"]]
        measured = "" if g["measured"] is None else f"{g['measured']:g} {g['unit']}"
        rows.append([cell(g["what"]), cell(f"{g['sense']} {g['limit']:g} {g['unit']}"), cell(measured),
                     cell(text + (f": {g['note']}" if g["note"] else ""), kind=kind)])
    return "<h3>Goals</h3>" + table(["goal", "limit", "measured", ""], rows) if rows else ""


def measurements(data):
    rows = []
    for m in data["measurements"]:
        if "unavailable" in m:
            rows.append([cell(m["what"]), cell(f"not available: {m['unavailable']}", kind="none", span=10)])
            continue
        ratio = "" if m.get("ratio") is None else f"{m['ratio']:.3f}" + ("" if m["stable"] else "?")
        more = "" if m.get("ratio_p99") is None else f"{m['ratio_p99']:.2f}"
        rows.append([cell(m["what"]), cell(m["unit"]), *(cell(f"{m[q]:.7g}") for q in QUANTILES), cell(ratio),
                     cell(more)])
    head = ["", "unit", "n", "min", "quartile", "median", "quartile", "99 %", "99.9 %", "ratio", "of 99 %"]
    return f"<details><summary>{len(rows)} measurements</summary>{table(head, rows)}</details>"


def section(args, name):
    """One benchmark's part of the page; "": there is no result of it."""
    path = args.out / f"{name}.json"
    if not path.exists():
        return ""
    title = f'<h2 id="{name}">{TITLES[name]}</h2>'
    try:
        data = results.load(path)
    except common.BenchError as e:
        return f'{title}<p class="none">{html.escape(str(e))}</p>'
    parts = [title, f'<p class="host">{html.escape(common.host_line(data["host"]))}<br>{html.escape(note(data))}</p>',
             goals(data)]
    for plot in data["plots"]:
        picture = args.out / plot
        if picture.exists():
            parts.append(f"<p>{picture.read_text()}</p>")
    return "\n".join([*parts, measurements(data)])


def note(data):
    words = " ".join(data["host"].get("note", "").split())
    return words + (" A quick run, of a few calls only: these numbers say little." if data["quick"] else "")


def write_page(args):
    parts = [section(args, name) for name in ORDER]
    links = " · ".join(f'<a href="#{n}">{TITLES[n]}</a>' for n, p in zip(ORDER, parts) if p)
    text = ('<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>Bulkhead: benchmarks</title>'
            f"<style>{STYLE}</style></head><body><h1>Bulkhead: benchmarks</h1><p>{links}</p>"
            "<p>How each is measured: docs/benchmarks.md. Ratios are of one run; cycles of two runs cannot be compared."
            "</p>" + "\n".join(parts) + "</body></html>\n")
    path = args.out / "report.html"
    path.write_text(text)
    return path


def all_goals(args):
    """Of all results there are, in one table."""
    rows = []
    for name in ORDER:
        path = args.out / f"{name}.json"
        try:
            goals_of = json.loads(path.read_text()).get("goals", [])
        except (OSError, json.JSONDecodeError):
            continue
        for g in goals_of:
            measured = "" if g["measured"] is None else f"{g['measured']:g} {g['unit']}".strip()
            word = {True: "met", False: "MISSED", None: "not measured"}[g["met"]]
            rows.append([name, g["what"], f"{g['sense']} {g['limit']:g}", measured, word])
    if rows:
        common.table(["benchmark", "goal", "limit", "measured", ""], rows, left=(0, 1, 4))


def run(args):
    failed = []
    for name in ORDER:
        print(f"==== {name}\n")
        one = args.parse([name, *(["--quick"] if args.quick else [])])
        one.build_dir, one.out = args.build_dir, args.out
        (args.out / f"{name}.json").unlink(missing_ok=True)  # nothing old on the page
        try:
            if one.run(one):
                failed.append(name)
        except common.BenchError as e:
            print(f"bench: error: {name}: {e}", file=sys.stderr)
            failed.append(name)
        print(flush=True)
    print("==== goals of all\n")
    all_goals(args)
    print(f"\nwritten: {os.path.relpath(write_page(args))}")
    if failed:
        raise common.BenchError(f"not complete: {', '.join(failed)} failed")
    return 0
