"""scripts/bench --compare and --check, and what the command line says to mistakes. Nothing is measured.

SPDX-License-Identifier: BSD-3-Clause
"""

import contextlib
import io
import json
import pathlib
import subprocess
import tempfile
import unittest

import pytest

from benchmarks import compare, everything, plan
from tests.support.paths import ROOT

pytestmark = [pytest.mark.quick]

HOST = {"kind": "pvm", "ept": False, "cpu": "one", "cores": 2, "tsc_khz": 2e6, "doorbell": "port", "note": "",
        "governor": "not visible", "nice": 0, "load_before": [0.1, 0, 0], "date": "today"}


def measurement(name, ratio, **more):
    values = {q: 100 for q in ("min", "q1", "median", "q3", "p99", "p999")}
    return {"name": name, "group": "gates", "what": name, "unit": "cycles", "better": "lower", "n": 7, **values,
            "ratio": ratio, "ratio_p99": None, "stable": True, **more}


def result(*measurements, benchmark="gates", quick=False, **host):
    return {"format": 1, "benchmark": benchmark, "quick": quick, "host": HOST | host, "floor": "floor.line",
            "measurements": list(measurements), "goals": [], "plots": [], "details": {}}


class Folder(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def write(self, name, data):
        path = self.folder / name
        path.write_text(data if isinstance(data, str) else json.dumps(data))
        return str(path)

    def bench(self, *words):
        return subprocess.run([ROOT / "scripts/bench", "--build-dir", str(self.folder), "--out", str(self.folder),
                               *words], capture_output=True, text=True, timeout=60, check=False)

    def refused(self, message, *words):
        done = self.bench(*words)
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertRegex(done.stderr, r"\Abench: error: [^\n]*" + message + r"[^\n]*\n\Z")


class Compare(Folder):
    def compare(self, a, b):
        done = self.bench("gates", "--compare", self.write("a.json", a), self.write("b.json", b))
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def test_what_moved(self):
        a = result(measurement("same", 1.0), measurement("slower", 1.0), measurement("faster", 2.0),
                   measurement("unsure", 1.0), measurement("tiny", 0.01), measurement("gone", 1.0))
        b = result(measurement("same", 1.05), measurement("slower", 1.2), measurement("faster", 1.5),
                   measurement("unsure", 2.0, stable=False), measurement("tiny", 0.04),
                   {"name": "gone", "what": "gone", "unavailable": "no such CPU"})
        out = self.compare(a, b)
        self.assertRegex(out, r"\nsame +1.000 +1.050 +\+5.0%\n")
        self.assertRegex(out, r"\nslower +1.000 +1.200 +\+20.0% +moved: worse\n")
        self.assertRegex(out, r"\nfaster +2.000 +1.500 +-25.0% +moved: better\n")
        self.assertRegex(out, r"\nunsure .*moved\? one of them is not stable\n")
        self.assertRegex(out, r"\ntiny [^m]*\n")
        self.assertRegex(out, r"\ngone .*only in A\n")
        self.assertIn("2 of 5 ratios moved by more than 10%", out)
        self.assertNotIn("note:", out)

    def test_more_is_better(self):
        out = self.compare(result(measurement("rate", 1.0, better="higher")), result(measurement("rate", 2.0)))
        self.assertIn("worse", out)  # what B says counts
        out = self.compare(result(measurement("rate", 1.0)), result(measurement("rate", 2.0, better="higher")))
        self.assertIn("better", out)

    def test_hosts(self):
        self.assertIn("note: different kinds of hosts, A pvm and B svm", self.compare(result(), result(kind="svm")))
        self.assertIn("note: different processors", self.compare(result(), result(cpu="two")))
        self.assertIn("no time means anything", self.compare(result(kind="tcg"), result(kind="tcg")))
        self.assertIn("note: A is of a quick run", self.compare(result(quick=True), result()))

    def test_mistakes(self):
        good = self.write("good.json", result())
        other = self.write("other.json", result(benchmark="boot"))
        self.refused("nowhere.json: No such file", "gates", "--compare", good, str(self.folder / "nowhere.json"))
        self.refused("bad.json:1:2: not JSON", "gates", "--compare", self.write("bad.json", "{"), good)
        self.refused('bad.json: "benchmark" is missing', "gates", "--compare", self.write("bad.json", "{}"), good)
        self.refused("of benchmark gates, .* of boot: nothing to compare", "gates", "--compare", good, other)
        self.refused("expected 2 arguments", "gates", "--compare", good)


class Check(Folder):
    def check(self, *results):
        for r in results:
            self.write(f"{r['benchmark']}.json", r)
        out = io.StringIO()
        args = type("Args", (), {"out": self.folder})
        with contextlib.redirect_stdout(out):
            self.assertEqual(compare.check(args), 0)
        return out.getvalue()

    def setUp(self):
        super().setUp()
        real, compare.EXPECTED = compare.EXPECTED, self.folder / "expected"
        self.addCleanup(setattr, compare, "EXPECTED", real)
        args = type("Args", (), {"out": self.folder})
        self.write("gates.json", result(measurement("a", 1.0), measurement("b", 1.0, stable=False)))
        with contextlib.redirect_stdout(io.StringIO()):
            self.assertEqual(compare.update(args), 0)

    def test_nothing_moved(self):
        out = self.check(result(measurement("a", 1.09), measurement("b", 9.0)))
        self.assertIn("1 ratios compared, 0 moved", out)

    def test_moved(self):
        out = self.check(result(measurement("a", 1.3)))
        self.assertIn("  a: moved: worse, 1.000 to 1.300 (+30%, tolerance 10%)", out)
        self.assertIn("1 ratios compared, 1 moved", out)

    def test_other_kind(self):
        self.assertIn("nothing is expected of hosts of kind svm yet", self.check(result(kind="svm")))

    def test_missing(self):
        self.assertIn("not measured this time: a", self.check(result()))

    def test_left_out(self):
        self.write("redis.json", "{}")
        out = self.check(result(measurement("a", 1.0)), result(benchmark="boot", quick=True))
        self.assertRegex(out, r"left out: .*redis.json: no result in the form")
        self.assertRegex(out, r"left out: .*boot.json: of a quick run")

    def test_no_results(self):
        (self.folder / "gates.json").unlink()
        self.refused("no results in .*: run scripts/bench gates", "--check")

    def test_file_in_the_tree(self):
        known = json.loads((ROOT / "scripts/benchmarks/expected.json").read_text())
        for kind, benchmarks in known.items():
            self.assertIn(kind, ("vmx", "svm", "pvm"))
            names = set(plan.items())
            for name in benchmarks["gates"]["ratios"]:
                self.assertIn(name, names)


class CommandLine(Folder):
    def test_mistakes(self):
        self.refused("no benchmark 'foo'; there are: gates, ", "foo")
        self.refused("want a benchmark: gates, alloc, ")
        self.refused("--check alone", "--check", "gates")
        self.refused("--update goes with --check", "--update", "gates")
        self.refused("'a,b': want core numbers", "gates", "--cores", "a,b")


class Page(Folder):
    def test_every_benchmark(self):
        data = result(measurement("a<b", 1.0), {"name": "x", "what": "x", "unavailable": "no such CPU"})
        data["goals"] = [{"what": "fast", "sense": "at most", "limit": 1, "unit": "", "measured": 2, "met": False,
                          "note": ""}]
        data["plots"] = ["p.svg"]
        self.write("p.svg", "<svg></svg>")
        self.write("gates.json", data)
        self.write("net.json", "{}")
        page = everything.write_page(type("Args", (), {"out": self.folder})).read_text()
        for text in ("a&lt;b", "not available: no such CPU", "missed", "<svg>", "pvm (not EPT)", "net.json: "):
            self.assertIn(text, page)
