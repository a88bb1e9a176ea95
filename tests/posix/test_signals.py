"""Signals and faults of a program that computes, and what the same Redis does natively.

SPDX-License-Identifier: BSD-3-Clause
"""

import signal
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

import pytest

from tests.redis.server import Server
from tests.support import appliances

pytestmark = [pytest.mark.kvm, pytest.mark.net, pytest.mark.build("all")]

APPLIANCE = "tests/guests/apps/posix_test/compartments.toml"
SET = b"*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$5\r\nvalue\r\n"
COMMANDS = 2000000  # the file takes seconds to load


class Loading(Server):
    """Is looked at before it is ready for clients."""

    def answers(self) -> bool:
        return "Server initialized" in self.output()


class Computing(unittest.TestCase):
    time_limit = 120

    def test_d6_a_handler_runs_at_the_next_call(self):
        command = [*appliances.command(APPLIANCE), "compute"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            self.assertEqual(process.stdout.readline(), "computing\n")
            process.send_signal(signal.SIGTERM)
            rest, _ = process.communicate(timeout=60)
        self.assertEqual((process.returncode, rest), (7, "signal 15\n"))

    def test_d6_redis_ends_while_it_loads(self):
        with tempfile.TemporaryDirectory() as folder:
            log = Path(folder, "appendonlydir")
            log.mkdir()
            (log / "appendonly.aof.manifest").write_text("file appendonly.aof.1.incr.aof seq 1 type i\n")
            (log / "appendonly.aof.1.incr.aof").write_bytes(SET * COMMANDS)
            options = ("--set", f"mounts.data.directory={folder}")
            with Loading("--appendonly", "yes", options=options, toml="compartments-data.toml") as redis:
                time.sleep(0.3)
                self.assertEqual(redis.stop(signal.SIGTERM), 0, redis.output())
                self.assertIn("Received shutdown signal during loading", redis.output())

    def test_b17_a_write_to_memory_that_may_only_be_read_is_a_fault(self):
        with Server() as redis:
            with redis.client() as client:
                client.send("DEBUG", "SEGFAULT")
                self.assertRaises((ConnectionError, OSError), client.receive)
            redis.process.wait(30)
            self.assertEqual(redis.process.returncode, 4, redis.errors())
            self.assertRegex(redis.errors(), r'"app" crashed: page fault writing 0x[0-9a-f]+: not permitted: read-only')
            self.assertRegex(redis.errors(), r"\[app\] debugCommand")
