"""100,000 malformed frames from the TAP side against Redis: data, answers and memory stay.

SPDX-License-Identifier: BSD-3-Clause
"""

import subprocess
import sys
import unittest
from pathlib import Path

from net_support import needs_kvm, needs_namespaces, needs_tun

WORLD = str(Path(__file__).resolve().parent / "frames_world.py")
COUNT, SEED = 100_000, 3


@needs_kvm
@needs_tun
@needs_namespaces
class Frames(unittest.TestCase):
    time_limit = 240

    def test_malformed(self):
        command = ["unshare", "--net", sys.executable, WORLD, str(COUNT), str(SEED)]
        result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=220)
        self.assertEqual((result.returncode, result.stderr), (0, ""), result.stdout)
        self.assertNotIn("NO", result.stdout)


if __name__ == "__main__":
    unittest.main()
