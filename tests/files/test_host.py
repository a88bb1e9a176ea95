"""Directories of the host in an appliance: the POSIX tests on one, and what the host sees of it.

SPDX-License-Identifier: BSD-3-Clause
"""

import os
import signal
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

import pytest

from tests.redis.server import Server
from tests.support import appliances
from tests.support.processes import children_of

pytestmark = [pytest.mark.kvm, pytest.mark.build("all")]

HOST = "tests/guests/apps/posix_test/compartments-host.toml"
CHECKS = 150


class PosixOnTheHost(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def run_all(self, *options: str):
        options = ("--set", f"mounts.tmp.directory={self.folder.name}", *options)
        done = subprocess.run(
            appliances.command(HOST, *options), capture_output=True, text=True, check=False, timeout=60
        )
        lines = done.stdout.splitlines()
        wrong = [line for line in lines if not line.startswith("ok ")]
        self.assertEqual((done.returncode, wrong, done.stderr), (0, ["0 failures"], ""))
        self.assertGreater(len(lines), CHECKS)
        self.assertEqual(os.listdir(self.folder.name), [])

    def test_files_in_a_vm_of_their_own(self):
        self.run_all()

    def test_files_without_isolation(self):
        self.run_all("--set", "compartments.files.mechanism=none")


class Directory(unittest.TestCase):
    def refused(self, *options: str) -> str:
        command = appliances.command(HOST, *options)
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        self.assertEqual((done.returncode, done.stdout), (3, ""))
        return done.stderr

    def test_missing(self):
        place = ("--set", "mounts.tmp.directory=/nonexistent", "--set", "mounts.tmp.create=false")
        message = 'bulkhead: error: mount tmp: cannot open directory "/nonexistent": No such file or directory'
        self.assertEqual(self.refused(*place), message + ": make it, or write create = true\n")

    def test_no_directory(self):
        place = ("--set", "mounts.tmp.directory=/dev/null")
        message = 'bulkhead: error: mount tmp: cannot open directory "/dev/null": Not a directory\n'
        self.assertEqual(self.refused(*place), message)


class RedisOnTheHost(unittest.TestCase):
    """What was acknowledged is there after a restart, however the appliance ended."""

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.options = ("--set", f"mounts.data.directory={self.folder.name}")

    def server(self, *arguments: str) -> Server:
        return Server(*arguments, options=self.options, toml="compartments-data.toml")

    def test_save_survives_a_restart(self):
        with self.server() as redis:
            self.assertEqual(redis("DEBUG", "POPULATE", 1000, "key", 1000), "OK")
            self.assertEqual(redis("SAVE"), "OK")
        self.assertGreater(os.path.getsize(f"{self.folder.name}/dump.rdb"), 10000)
        with self.server() as redis:
            self.assertEqual(redis("DBSIZE"), 1000)

    def test_every_acknowledged_write_survives_kill(self):
        log = ("--appendonly", "yes", "--appendfsync", "always")
        number = 0
        for _ in range(2):
            with self.server(*log) as redis:
                if number:
                    self.assertEqual(redis("GET", "number"), str(number).encode())
                until = time.monotonic() + 0.3
                while time.monotonic() < until:
                    number += 1
                    self.assertEqual(redis("SET", "number", number), "OK")
                redis.process.send_signal(signal.SIGKILL)
                redis.process.wait(20)
        with self.server(*log) as redis:
            self.assertEqual(redis("GET", "number"), str(number).encode())

    def test_read_only(self):
        Path(self.folder.name, "seen").write_text("x")
        self.options += ("--set", "mounts.data.access=read-only", "--set", "mounts.data.create=false")
        with self.server() as redis:
            self.assertIn("ERR", str(redis("SAVE")))
        self.assertEqual(os.listdir(self.folder.name), ["seen"])


class ServerKilled(unittest.TestCase):
    def test_the_appliance_lives_on(self):
        with tempfile.TemporaryDirectory() as folder:
            options = ("--set", f"mounts.data.directory={folder}")
            with Server(options=options, toml="compartments-data.toml") as redis:
                self.assertEqual(redis("SET", "a", 1), "OK")
                for server in self.servers(redis.process.pid):
                    os.kill(server, signal.SIGKILL)
                self.assertIn("ERR", str(redis("SAVE")))
                self.assertEqual(redis("GET", "a"), b"1")

    @staticmethod
    def servers(parent: int) -> list[int]:
        """Children of the supervisor that have no vCPU."""
        found = []
        for child in children_of(parent):
            names = [os.readlink(f"/proc/{child}/fd/{fd}") for fd in os.listdir(f"/proc/{child}/fd")]
            if not any("kvm-vcpu" in name for name in names):
                found.append(child)
        assert len(found) == 1, names
        return found
