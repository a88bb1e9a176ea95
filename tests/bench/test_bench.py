"""scripts/bench works and labels what it measures. Absolute times are nobody's promise here.

SPDX-License-Identifier: BSD-3-Clause
"""

import json
import os
import pathlib
import subprocess
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


if __name__ == "__main__":
    unittest.main()
