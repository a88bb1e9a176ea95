"""The stack over a TAP interface: 100,000 malformed frames against Redis; DHCP, names and IPv6.

SPDX-License-Identifier: BSD-3-Clause
"""

import subprocess
import sys
import unittest
from pathlib import Path

from net_support import needs_kvm

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "redis"))

import server  # noqa: E402  (needs the path)

COUNT, SEED = 100_000, 3


@needs_kvm
class Worlds(unittest.TestCase):
    time_limit = 240

    def world(self, script: str, *arguments: str) -> None:
        """Runs it in a network namespace; it prints what it checked."""
        if reason := server.why_no_tap():
            self.skipTest(reason)
        command = server.in_a_namespace(sys.executable, str(HERE / script), *arguments)
        result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=220)
        self.assertEqual((result.returncode, result.stderr), (0, ""), result.stdout)

    def test_malformed_frames(self):
        self.world("frames_world.py", str(COUNT), str(SEED))

    def test_dhcp_names_and_ipv6(self):
        self.world("names_world.py")


if __name__ == "__main__":
    unittest.main()
