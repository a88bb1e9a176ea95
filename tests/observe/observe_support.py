"""Appliances that are looked at from outside while they run.

SPDX-License-Identifier: BSD-3-Clause
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "kvm"))

from kvm_support import BUILD, ROOT, KvmTest  # noqa: E402

BULKHEAD = str(BUILD / "bulkhead")
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
        child = subprocess.Popen([BULKHEAD, "run", str(BENCH), *options], stdin=subprocess.PIPE,
                                 stdout=subprocess.PIPE, start_new_session=True, env=self.env)
        self.addCleanup(self._end, child)
        return child

    def measure(self, child: subprocess.Popen, what: str, count: int) -> None:
        """Has it make at least `count` calls."""
        child.stdin.write(f"{what} {count}\n".encode())
        child.stdin.flush()
        self.assertTrue(child.stdout.readline().startswith(b"samples "))

    def bulkhead(self, *arguments: str, timeout: float = 30) -> subprocess.CompletedProcess:
        return subprocess.run([BULKHEAD, *arguments], env=self.env, capture_output=True, text=True,
                              timeout=timeout)

    def totals(self, *which: str) -> list[dict]:
        """`top --json --once`."""
        done = self.bulkhead("top", "--json", "--once", *which)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return json.loads(done.stdout)["appliances"]
