"""The POSIX layer in a guest: tests/guests/apps/posix_test in one compartment, without a network.

SPDX-License-Identifier: BSD-3-Clause
"""

import os
import signal
import subprocess
import unittest

import pytest

from tests.support import appliances

pytestmark = [pytest.mark.kvm, pytest.mark.build("all")]

APPLIANCE = "tests/guests/apps/posix_test/compartments.toml"
OWN_VM = "tests/guests/apps/posix_test/compartments-vfs.toml"
CHECKS = 150  # at least


class Posix(unittest.TestCase):
    def run_all(self, toml: str, *options: str):
        command = appliances.command(toml, *options)
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        lines = done.stdout.splitlines()
        wrong = [line for line in lines if not line.startswith("ok ")]
        self.assertEqual((done.returncode, wrong, done.stderr), (0, ["0 failures"], ""))
        self.assertGreater(len(lines), CHECKS)

    def test_all_checks(self):
        self.run_all(APPLIANCE)

    def test_with_the_files_in_a_vm_of_their_own(self):
        self.run_all(OWN_VM)

    def test_with_the_files_in_a_compartment_without_isolation(self):
        self.run_all(OWN_VM, "--set", "compartments.files.mechanism=none")

    def stopped_by(self, number: int) -> tuple[int, str]:
        command = [*appliances.command(APPLIANCE), "wait"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            self.assertEqual(process.stdout.readline(), "waiting\n")
            process.send_signal(number)
            rest, _ = process.communicate(timeout=20)
            return process.returncode, rest

    def test_sigterm_reaches_the_handler(self):
        self.assertEqual(self.stopped_by(signal.SIGTERM), (7, "signal 15\n"))

    def test_sigint_without_a_handler_ends_the_application(self):
        status, rest = self.stopped_by(signal.SIGINT)
        self.assertEqual(rest, "")
        self.assertNotEqual(status, 7)


class Sockets(unittest.TestCase):
    """Over the network compartment's loopback, in a VM of its own and in the application's.

    Among the guest's tests are test_b1_two_full_ends, test_b2_short_reads and their like (readiness.c)."""

    time_limit = 120 + int(os.environ.get("BULKHEAD_READS", "0")) / 500

    def run_all(self, mechanism: str, *options: str) -> None:
        option = f"compartments.net.mechanism={mechanism}"
        command = appliances.command("tests/guests/apps/posix_net/compartments.toml", "--set", option, *options)
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        wrong = [line for line in done.stdout.splitlines() if not line.startswith("ok ")]
        self.assertEqual((done.returncode, wrong, done.stderr), (0, ["0 failures"], ""))

    def test_vm(self):
        self.run_all("vm")

    def test_one_vm(self):
        self.run_all("none")

    def test_b1_b2_without_lanes(self):
        """With too small a share for lanes, every transfer is a call."""
        self.run_all("vm", "--set", "shares.buffers.size=2MiB")

    def test_d3_storm(self):
        """Edge-triggered short reads while the network is busy. BULKHEAD_READS: how many, for the long form."""
        reads = int(os.environ.get("BULKHEAD_READS", "20000"))
        command = appliances.command("tests/guests/apps/posix_net/compartments.toml")
        done = subprocess.run([*command, "storm", str(reads)], capture_output=True, text=True, check=False,
                              timeout=100 + reads / 500)
        self.assertRegex(done.stdout, r"^[0-9]+ reads\n$")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
