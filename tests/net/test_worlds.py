"""The stack over a TAP interface: 100,000 malformed frames against Redis; DHCP, names and IPv6.

SPDX-License-Identifier: BSD-3-Clause
"""

import subprocess
import sys
import unittest

import pytest

from tests.support.needs import why_no_tap
from tests.support.paths import ROOT
from tests.support.server import in_a_namespace

pytestmark = [pytest.mark.kvm, pytest.mark.net, pytest.mark.root, pytest.mark.build("all")]
COUNT, SEED = 100_000, 3


class Worlds(unittest.TestCase):
    time_limit = 240

    def world(self, script: str, *arguments: str) -> None:
        """Runs it in a network namespace; it prints what it checked."""
        if reason := why_no_tap():
            self.skipTest(reason)
        command = in_a_namespace(sys.executable, "-m", f"tests.net.{script}", *arguments)
        result = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                timeout=220)
        self.assertEqual((result.returncode, result.stderr), (0, ""), result.stdout)

    def test_malformed_frames(self):
        self.world("frames_world", str(COUNT), str(SEED))

    def test_dhcp_names_and_ipv6(self):
        self.world("names_world")
