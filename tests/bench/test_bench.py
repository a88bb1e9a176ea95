"""scripts/bench works and labels what it measures. Absolute times are nobody's promise here.

SPDX-License-Identifier: BSD-3-Clause
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


class Gates(unittest.TestCase):
    time_limit = 180

    def bench(self, *words):
        return subprocess.run([ROOT / "scripts/bench", *words], capture_output=True, text=True,
                              timeout=170, check=False)

    def test_quick_run(self):
        if len(os.sched_getaffinity(0)) < 2:
            self.skipTest("needs two cores: both ends of a gate poll")
        with tempfile.TemporaryDirectory() as out:
            done = self.bench("--build-dir", str(ROOT / "build"), "--out", out, "gates", "--quick")
            self.assertEqual(done.returncode, 0, done.stderr)
            result = json.loads((pathlib.Path(out) / "gates.json").read_text())
        host = result["host"]
        self.assertIn(host["kind"], ("vmx", "svm", "pvm", "tcg"))
        self.assertEqual(host["ept"], host["kind"] == "vmx")
        self.assertIn(f"host: {host['kind']}", done.stdout)
        for name in ("empty", "getppid", "line", "futex", "eventfd"):
            self.check_order(result["floors"][name])
        for name in ("one", "none", "vm", "vm 6", "vm copy 64", "vm share 64k", "vm callback",
                     "vm parked", "exit"):
            self.check_order(result["gates"][name])
            self.assertGreater(result["gates"][name]["ratio"], 0)
        # What must hold on any machine: a polled gate crosses cores, a plain call does not.
        self.assertLess(result["gates"]["one"]["median"], result["floors"]["line"]["median"])
        self.assertLess(result["gates"]["one"]["median"], result["gates"]["vm"]["median"])

    def check_order(self, r):
        self.assertGreater(r["calls"], 0)
        self.assertLessEqual(r["min"], r["median"])
        self.assertLessEqual(r["median"], r["p99"])
        self.assertLessEqual(r["p99"], r["p999"])

    def test_unknown_measurement(self):
        done = self.bench("--build-dir", str(ROOT / "build"), "gates", "--only", "nothing")
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, r"^bench: error: no measurement 'nothing'; there are: one, ")


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
            return json.loads((pathlib.Path(out) / f"{name}.json").read_text())

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

    @unittest.skipIf(os.geteuid(), "needs root, to drop it")
    def test_without_root(self):
        done = subprocess.run(
            ["setpriv", "--reuid=65534", "--clear-groups", sys.executable, "-c",
             f"import sys; sys.path.insert(0, {str(ROOT / 'scripts')!r})\n"
             "from types import SimpleNamespace as S\n"
             "from benchmarks.network import places\n"
             "print([p.mode for p in places(S(mode=None), None)])"],
            capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(done.stdout, "left out: mode tap needs root: network namespaces, TAP and veth interfaces\n\n"
                                      "['user']\n", done.stderr)


if __name__ == "__main__":
    unittest.main()
