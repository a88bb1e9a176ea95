"""Clients with large values: none of them is forgotten, however many events come at once.

SPDX-License-Identifier: BSD-3-Clause
"""

import os
import subprocess
import unittest

import pytest

from tests.redis.server import Server

pytestmark = [pytest.mark.kvm, pytest.mark.net, pytest.mark.build("all")]

STORMS = int(os.environ.get("BULKHEAD_STORMS", "3"))  # 1000 for the long form
ONE_STORM = 60  # seconds, after which its clients count as forgotten


class Readiness(unittest.TestCase):
    time_limit = 60 + STORMS * ONE_STORM

    def test_d3_mset_storm(self):
        """Requests of 100 KB from 50 clients at once."""
        with Server() as server:
            for number in range(STORMS):
                command = f"redis-benchmark -p {server.port} -d 10000 -c 50 -n 500 -t mset -q".split()
                try:
                    subprocess.run(command, check=True, capture_output=True, timeout=ONE_STORM)
                except subprocess.TimeoutExpired:
                    self.fail(f"clients are not served in storm {number}: {server('CLIENT', 'LIST').decode()}")
