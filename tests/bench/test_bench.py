"""scripts/bench works and labels what it measures. Absolute times are nobody's promise here.

SPDX-License-Identifier: BSD-3-Clause
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest
from xml.etree import ElementTree

import pytest

from benchmarks import results
from tests.support.paths import ROOT

pytestmark = [pytest.mark.build("all")]


def bench(*words):
    return subprocess.run([ROOT / "scripts/bench", "--build-dir", str(ROOT / "build"), *words],
                          capture_output=True, text=True, timeout=170, check=False)


class Others(unittest.TestCase):
    time_limit = 120

    def result(self, name, *words):
        with tempfile.TemporaryDirectory() as out:
            done = bench("--out", out, name, "--quick", *words)
            self.assertEqual(done.returncode, 0, done.stderr)
            data = results.load(pathlib.Path(out) / f"{name}.json")
            for plot in data["plots"]:
                ElementTree.parse(pathlib.Path(out) / plot)
        self.assertEqual(data["plots"], [f"{name}.svg"])
        self.assertIn(f"host: {data['host']['kind']}", done.stdout)
        return {m["name"]: m for m in data["measurements"]}

    def test_alloc(self):
        found = self.result("alloc")
        for n in (1, 2, 3):  # no lock, no search, no free list
            self.assertLess(found[f"alloc.shadow.{n}"]["median"], found[f"alloc.heap.{n}"]["median"])
            self.assertGreater(found[f"alloc.local.{n}"]["min"], 0)

    def test_boot(self):
        found = self.result("boot")
        for name in ("hello", "gzip", "redis", "many"):
            self.assertGreater(found[f"boot.{name}.main"]["min"], 0)
            self.assertGreaterEqual(found[f"boot.{name}.ready"]["min"], found[f"boot.{name}.main"]["min"])
        self.assertGreater(found["memory.redis.vm1.private"]["min"], 0)
        self.assertGreater(found["image.gzip.zlib.file"]["min"], found["image.gzip.zlib.loaded"]["min"])

    def test_sqlite(self):
        with tempfile.TemporaryDirectory() as out:
            done = bench("--out", out, "sqlite", "--quick")
            self.assertEqual(done.returncode, 0, done.stderr)
            data = results.load(pathlib.Path(out) / "sqlite.json")
            for plot in data["plots"]:
                ElementTree.parse(pathlib.Path(out) / plot)
        found = {m["name"]: m for m in data["measurements"]}
        for name in ("inserts.native", "inserts.one", "inserts.own", "inserts.three", "speedtest1.own"):
            self.assertGreater(found[f"sqlite.{name}"]["min"], 0)
        # 36 system calls of SQLite for each INSERT; half of them need no call of a file system that nobody else uses.
        self.assertLess(data["details"]["calls_per_insert"] or 0, 25)  # None: too busy a machine to count
        self.assertIn(f"host: {data['host']['kind']}", done.stdout)

    def test_gzip(self):
        for m in self.result("gzip").values():
            self.assertGreater(m["min"], 0)


class Gates(unittest.TestCase):
    time_limit = 180
    # Not all: each form of a measurement once.
    ONLY = ("floor.*", "peer.*", "gate.*", "buffer.*.1024", "buffer.in.1048576", "threads.4", "compartments.4.*")

    def test_quick_run(self):
        if len(os.sched_getaffinity(0)) < 2:
            self.skipTest("needs two cores: both ends of a gate poll")
        only = [word for name in self.ONLY for word in ("--only", name)]
        with tempfile.TemporaryDirectory() as out:
            done = bench("--out", out, "gates", "--quick", *only)
            self.assertEqual(done.returncode, 0, done.stderr)
            result = results.load(pathlib.Path(out) / "gates.json")
            for plot in result["plots"]:
                ElementTree.parse(pathlib.Path(out) / plot)
        self.assertIn("gates.svg", result["plots"])
        host = result["host"]
        self.assertIn(host["kind"], ("vmx", "svm", "pvm", "tcg"))
        self.assertEqual(host["ept"], host["kind"] == "vmx")
        self.assertIn(f"host: {host['kind']}", done.stdout)
        found = {m["name"]: m for m in result["measurements"]}
        for m in found.values():
            self.check(m, host)
        for name in ("floor.line", "floor.exit", "peer.futex.two", "gate.one.0", "gate.none.6", "gate.vm.polled.6",
                     "gate.vm.polled.copy64", "gate.vm.polled.callback", "gate.vm.parked.port", "buffer.in.1048576",
                     "buffer.spass.1024", "threads.4", "compartments.4.chain"):
            self.assertNotIn("unavailable", found[name])
        # What must hold on any machine: a polled gate crosses cores, a plain call does not.
        for much in ("floor.line", "gate.vm.polled.0"):
            self.assertLess(found["gate.one.0"]["median"], found[much]["median"])
        goals = {g["what"]: g for g in result["goals"]}
        self.assertIsNotNone(goals["vm polled, 0 arguments: median"]["measured"])
        self.assertIn("goals\n", done.stdout)

    def check(self, m, host):
        if "unavailable" in m:
            self.assertTrue("mpk" in m["what"] or "VMCALL" in m["what"] or "WRPKRU" in m["what"], m)
            self.assertTrue(m["unavailable"])
            return
        self.assertGreater(m["n"], 0)
        order = [m[q] for q in ("min", "q1", "median", "q3", "p99", "p999")]
        self.assertEqual(order, sorted(order), m["name"])
        self.assertGreater(m["ratio"], 0)
        self.assertGreater(m["per_second"], 0)

    def test_unknown_measurement(self):
        done = bench("gates", "--only", "nothing")
        self.assertEqual(done.returncode, 2)
        self.assertRegex(done.stderr, r"^bench: error: no measurement 'nothing'; there are: floor.empty, ")


class Network(unittest.TestCase):
    """One round of a fraction of a second: do the drivers work, and the stock clients with our servers?"""

    time_limit = 180

    def bench(self, name, *words):
        if not os.access("/dev/kvm", os.R_OK | os.W_OK):
            self.skipTest("no access to /dev/kvm")
        with tempfile.TemporaryDirectory() as out:
            done = subprocess.run(
                [ROOT / "scripts/bench", "--build-dir", ROOT / "build", "--out", out, name, "--quick", "--rounds", "1",
                 "--seconds", "0.2", *words], capture_output=True, text=True, timeout=170, check=False)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            data = results.load(pathlib.Path(out) / f"{name}.json")
            for plot in data["plots"]:
                ElementTree.parse(pathlib.Path(out) / plot)
        self.assertTrue(data["plots"])
        self.assertEqual(len(data["measurements"]), len({m["name"] for m in data["measurements"]}))
        return data["details"]

    def check(self, rows, ways, rate):
        self.assertEqual({r["way"] for r in rows}, ways)
        for r in rows:
            self.assertGreater(r[rate], 0, r)

    def modes(self):
        tap = os.geteuid() == 0 and os.path.exists("/dev/net/tun")
        return {"tap", "user"} if tap else {"user"}

    def needs(self, program):
        if not shutil.which(program):
            self.skipTest(f"{program} is not installed")

    def test_redis(self):
        self.needs("redis-benchmark")
        result = self.bench("redis", "--starts", "1")
        self.assertEqual(set(result["modes"]), self.modes())
        for rows in result["modes"].values():
            self.check(rows, {"one VM", "own VM"}, "rate")
        for way in ("one VM", "own VM"):
            self.assertGreater(result["start"][way]["rss"], 0)

    def test_net(self):
        self.needs("iperf")
        result = self.bench("net")
        self.assertEqual(set(result["modes"]), self.modes())
        for rows in result["modes"].values():
            self.check(rows, {"native", "one VM", "own VM"}, "mib_per_s")

    def test_nginx(self):
        self.needs("wrk")
        result = self.bench("nginx")
        self.assertEqual(set(result["modes"]), self.modes())
        for rows in result["modes"].values():
            self.check(rows, {"one compartment", "network apart", "network and files apart"}, "rate")

    @unittest.skipIf(os.geteuid(), "needs root, to drop it")
    def test_without_root(self):
        done = subprocess.run(
            ["setpriv", "--reuid=65534", "--clear-groups", sys.executable, "-c",
             "from types import SimpleNamespace as S\n"
             "from benchmarks.network import places\n"
             "print([p.mode for p in places(S(mode=None), None)])"],
            cwd=ROOT / "scripts", capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(done.stdout, "left out: mode tap needs root: network namespaces, TAP and veth interfaces\n\n"
                                      "['user']\n", done.stderr)
