"""Appliances that are looked at from outside while they run.

SPDX-License-Identifier: BSD-3-Clause
"""

import json
import os
import subprocess
import tempfile
from pathlib import Path

from tests.kvm.kvm_support import KvmTest
from tests.support.paths import PROGRAM, ROOT

BENCH = ROOT / "guest/apps/bench/compartments.toml"


class ObserveTest(KvmTest):
    """Each test has a runtime directory of its own, so that it sees its own appliances only."""

    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="bulkhead-observe-")
        self.addCleanup(directory.cleanup)
        self.scratch = Path(directory.name)
        self.runtime = self.scratch / "run"
        self.crashes = self.scratch / "crash"
        self.env = {**os.environ, "BULKHEAD_RUNTIME_DIR": str(self.runtime), "BULKHEAD_CRASH_DIR": str(self.crashes)}

    def bench(self, *options: str) -> subprocess.Popen:
        """The benchmark's guest: it makes gate calls when asked to, and else sleeps."""
        child = subprocess.Popen([PROGRAM, "run", str(BENCH), *options], stdin=subprocess.PIPE,
                                 stdout=subprocess.PIPE, start_new_session=True, env=self.env)
        self.appliances.adopt(child)
        return child

    def measure(self, child: subprocess.Popen, what: str, count: int) -> None:
        """Has it make at least `count` calls."""
        child.stdin.write(f"{what} {count}\n".encode())
        child.stdin.flush()
        self.assertTrue(child.stdout.readline().startswith(b"samples "))

    def bulkhead(self, *arguments: str, timeout: float = 30) -> subprocess.CompletedProcess:
        return subprocess.run([PROGRAM, *arguments], env=self.env, capture_output=True, text=True,
                              timeout=timeout)

    def totals(self, *which: str) -> list[dict]:
        """`top --json --once`."""
        done = self.bulkhead("top", "--json", "--once", *which)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return json.loads(done.stdout)["appliances"]
