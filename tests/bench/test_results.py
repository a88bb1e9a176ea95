"""The form of results and the plots of scripts/bench, without any measuring.

SPDX-License-Identifier: BSD-3-Clause
"""

import argparse
import contextlib
import io
import json
import pathlib
import tempfile
import unittest
from xml.etree import ElementTree

import pytest

from benchmarks import common, results, svg

pytestmark = [pytest.mark.quick]

HOST = {"kind": "pvm", "ept": False, "cpu": "a & b <c>", "cores": 2, "tsc_khz": 2e6, "doorbell": "port",
        "governor": "not visible", "nice": 0, "load_before": [0.1, 0, 0], "date": "today"}
SVG = "{http://www.w3.org/2000/svg}"


def texts(plot):
    return [t.text for t in ElementTree.fromstring(plot).iter(SVG + "text")]


def saved(folder):
    args = argparse.Namespace(out=pathlib.Path(folder))
    r = results.Result(args, "demo", dict(HOST))
    r.add("a", "thing a", results.of_values([3, 1, 2]), ratio=1.04)
    r.unavailable("b", "thing b", "no such CPU")
    r.goal("as fast as light", "at most", 1.1, 1.04)
    r.goal("half of it", "at least", 2, 1.04)
    r.goal("with keys", "at most", 2, None, note="no such CPU")
    r.plot("demo", svg.bars("T", common.host_line(HOST), ["a"], [("x", [1])], "cycles"))
    with contextlib.redirect_stdout(io.StringIO()):
        r.save()
    return r


class Quantiles(unittest.TestCase):
    def test_against_sorting(self):
        values = [(i * 7919) % 1000 for i in range(1000)]
        q = results.of_values(values)
        self.assertEqual([q[k] for k in ("n", "min", "q1", "median", "q3", "p99", "p999")],
                         [1000, 0, 249, 499, 749, 989, 998])

    def test_one_value(self):
        self.assertEqual(set(results.of_values([5]).values()), {1, 5})

    def test_none(self):
        with self.assertRaises(ValueError):
            results.of_values([])


class Files(unittest.TestCase):
    def test_round_trip(self):
        with tempfile.TemporaryDirectory() as folder:
            saved(folder)
            data = results.load(pathlib.Path(folder) / "demo.json")
            self.assertTrue((pathlib.Path(folder) / data["plots"][0]).exists())
        self.assertEqual([g["met"] for g in data["goals"]], [True, False, None])
        self.assertEqual(data["measurements"][0]["median"], 2)
        self.assertIn("load_after", data["host"])

    def test_goals_are_printed(self):
        with tempfile.TemporaryDirectory() as folder:
            r, out = saved(folder), io.StringIO()
            with contextlib.redirect_stdout(out):
                r.print_goals()
        self.assertRegex(out.getvalue(), r"as fast as light +at most 1.1 +1.04 +met\n")
        self.assertRegex(out.getvalue(), r"half of it +at least 2 +1.04 +MISSED\n")
        self.assertRegex(out.getvalue(), r"with keys +at most 2 +not measured: no such CPU\n")

    def test_wrong_files(self):
        with tempfile.TemporaryDirectory() as folder:
            saved(folder)
            path = pathlib.Path(folder) / "demo.json"
            good = json.loads(path.read_text())
            old = {"benchmark": "gates", "host": {}, "floors": {}}
            short = good | {"measurements": [{"name": "a", "what": "a", "n": 1}]}
            for text, message in (("{", r":1:2: not JSON: "), ("[]", "not a result"), (json.dumps(old), "missing"),
                                  (json.dumps(good | {"format": 9}), "format 9, not 1"),
                                  (json.dumps(short), 'measurement "a" lacks a number of n, min')):
                path.write_text(text)
                with self.assertRaisesRegex(common.BenchError, message):
                    results.load(path)
            with self.assertRaisesRegex(common.BenchError, "nowhere.json: No such file"):
                results.load(pathlib.Path(folder) / "nowhere.json")


class Plots(unittest.TestCase):
    HEAD = "Title", common.host_line(HOST)

    def check(self, plot, *words):
        found = texts(plot)
        self.assertIn("Title", found)
        self.assertTrue(any("pvm (not EPT)" in t for t in found), found)
        for word in words:
            self.assertIn(word, found)
        self.assertNotIn("nan", plot)
        self.assertNotRegex(plot, r'(x|y|x1|y1|width|height)="-')

    def test_bars(self):
        for log in (False, True):
            plot = svg.bars(*self.HEAD, ["one", "two"], [("s1", [(5, 4, 6), None]), ("s2", [1, 2000])], "cycles", log,
                            mark=(3, "goal"))
            self.check(plot, "one", "s2", "cycles", "n/a", "goal", "2k")

    def test_lines(self):
        curves = [("s1", [(16, 5), (1 << 20, (9, 8, 10))]), ("s2", [(16, None)])]
        plot = svg.lines(*self.HEAD, curves, "bytes", "cycles", True, True, x_text=svg.size)
        self.check(plot, "16 B", "1 MiB", "s1", "bytes", "cycles")

    def test_stacked(self):
        self.check(svg.stacked(*self.HEAD, [("hello", [("p1", 10), ("p2", 2.5)])], "ms"), "hello", "p2", "12.5", "ms")

    def test_ranges(self):
        r = {"min": 1, "q1": 2, "median": 3, "q3": 4, "p99": 500}
        sections = [("s1", [("a", r), ("b", "no such CPU")]), ("s2", [])]
        plot = svg.ranges(*self.HEAD, sections, "cycles", mark=(2, "floor"))
        self.check(plot, "a", "not available: no such CPU", "cycles", "floor")

    def test_nothing_to_show(self):
        self.check(svg.bars(*self.HEAD, [], [], "cycles"))
        self.check(svg.lines(*self.HEAD, [], "x", "y", True, True))
        self.check(svg.stacked(*self.HEAD, [], "ms"))
        self.check(svg.ranges(*self.HEAD, [], "cycles"))

    def test_numbers(self):
        self.assertEqual([svg.number(v) for v in (0, 0.25, 12, 999, 1500, 2e6, 3e9)],
                         ["0", "0.25", "12", "999", "1.5k", "2M", "3G"])
