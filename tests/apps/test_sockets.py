"""The network compartment's interface over its loopback, in its own VM and in the application's.

The guest is tests/guests/apps/sockets.

SPDX-License-Identifier: BSD-3-Clause
"""

import subprocess
import unittest

import pytest

from tests.support import appliances

pytestmark = [pytest.mark.kvm, pytest.mark.build("all")]


class Sockets(unittest.TestCase):
    def verdict(self, mechanism: str) -> None:
        option = f"compartments.net.mechanism={mechanism}"
        toml = "tests/guests/apps/sockets/compartments.toml"
        command = appliances.command(toml, "--set", option)
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        self.assertEqual((done.stdout, done.stderr, done.returncode), ("PASS\n", "", 0))

    def test_vm(self):
        self.verdict("vm")

    def test_one_vm(self):
        self.verdict("none")

    def test_sockets_of_a_dead_compartment_are_closed(self):
        command = appliances.command("tests/guests/apps/orphans/compartments.toml")
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        self.assertEqual((done.stdout, done.returncode), ("PASS\n", 4), done.stderr)
        self.assertIn('compartment "lib" crashed', done.stderr)
