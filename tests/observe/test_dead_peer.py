"""The end of a VM: told at once, to the user and to the compartments that called it.

SPDX-License-Identifier: BSD-3-Clause
"""

import json
import os
import re
import signal
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

import pytest

from tests.observe.observe_support import ObserveTest
from tests.redis.server import Server
from tests.support.paths import PROGRAM, ROOT

pytestmark = [pytest.mark.kvm, pytest.mark.net, pytest.mark.build("all")]

WRECKER = str(ROOT / "tests/guests/apps/wrecker/compartments.toml")
HEAP_MIB = 160


def wait_for(condition, what: str, seconds: float = 30):
    end = time.monotonic() + seconds
    while not (result := condition()):
        assert time.monotonic() < end, f"waited in vain for {what}"
        time.sleep(0.02)
    return result


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class DeadNetwork(unittest.TestCase):
    time_limit = 120

    def setUp(self):
        crashes = tempfile.TemporaryDirectory(prefix="bulkhead-crash-")
        self.addCleanup(crashes.cleanup)
        self.server = Server(options=("--crash-dir", crashes.name))
        self.addCleanup(self.server.close)

    def processes(self) -> dict[str, int]:
        """Of the VM of each compartment."""
        done = subprocess.run([PROGRAM, "top", "--json", "--once", str(self.server.process.pid)], check=True,
                              capture_output=True, text=True, timeout=30)
        (appliance,) = json.loads(done.stdout)["appliances"]
        return {name: vm["pid"] for vm in appliance["vms"] for name in vm["compartments"]}

    def test_b5_a_server_whose_network_died_is_quiet(self):
        processes = self.processes()
        with self.server.client() as client:
            self.assertEqual(client("PING"), "PONG")
            before = self.server.output().count("\n")
            os.kill(processes["net"], signal.SIGKILL)
            wait_for(lambda: 'compartment "net" crashed: the process of VM 1 was killed by signal 9'
                     in self.server.errors(), "the supervisor's line")  # fmt: skip
            wait_for(lambda: "saved  " in self.server.errors(), "the report")
            start, used = time.monotonic(), cpu_seconds(processes["app"])
            time.sleep(1.5)
            wall, used = time.monotonic() - start, cpu_seconds(processes["app"]) - used
        printed = self.server.output().splitlines()[before:]
        self.assertLess(len(printed), 12, printed)
        self.assertLess(used, wall / 3, printed)
        self.assertIsNone(self.server.process.poll())
        self.assertEqual(len(re.findall(r"(?m)^bulkhead: compartment", self.server.errors())), 1)
        self.assertEqual(self.server.stop(), 4)


class TellsPeersFirst(ObserveTest):
    time_limit = 120

    def test_a14_peers_are_told_before_the_core_is_written(self):
        """The caller hears of it while most of the core, which holds a large heap, is still to come."""
        memory = f'compartments.lib.memory="{HEAP_MIB + 64}MiB"'
        child = subprocess.Popen([PROGRAM, "run", WRECKER, "--set", memory, "--", "told", str(HEAP_MIB)],
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL,
                                 env=self.env, text=True, start_new_session=True)  # fmt: skip
        self.appliances.adopt(child)
        self.assertEqual(child.stdout.readline(), "ready\n")
        self.assertEqual(child.stdout.readline(), "told\n")
        written = sum(core.stat().st_blocks * 512 for core in self.crashes.glob("*/vm1.core"))
        _, errors = child.communicate(timeout=60)
        self.assertEqual(child.returncode, 4, errors)
        self.assertLess(written, (HEAP_MIB << 20) / 2)
        # The end of the application does not cut it off.
        (core,) = self.crashes.glob("*/vm1.core")
        self.assertGreater(core.stat().st_blocks * 512, (HEAP_MIB - 1) << 20)
        self.assertRegex(errors, r"(?s)^bulkhead: compartment \"lib\" crashed: page fault writing 0: null pointer\n.*"
                         r"\[lib\] touch.*\[lib\] wreck.*-- gate: .*\[app\] bh_away.*\[app\] main")  # fmt: skip
