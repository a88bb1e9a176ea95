"""No process of a running appliance has a capability of root, on any of its threads.

SPDX-License-Identifier: BSD-3-Clause
"""

import os
import tempfile
import unittest
from pathlib import Path

import pytest

from tests.redis.server import Server
from tests.support.processes import children_of

pytestmark = [pytest.mark.kvm, pytest.mark.net, pytest.mark.root, pytest.mark.build("all")]

SETS = ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")


def capabilities(status: Path) -> dict[str, int]:
    lines = dict(line.split(":\t", 1) for line in status.read_text().splitlines())
    return {name: int(lines[name], 16) for name in SETS}


class Capabilities(unittest.TestCase):
    def test_every_process_has_dropped_them(self):
        self.assertEqual(os.geteuid(), 0)
        with tempfile.TemporaryDirectory() as folder:
            options = ("--set", f"mounts.data.directory={folder}")
            with Server(options=options, toml="compartments-data.toml") as redis:
                self.assertEqual(redis("SET", "key", "value"), "OK")
                children = children_of(redis.process.pid)
                processes = [redis.process.pid, *children]
                tasks = [task for pid in processes for task in Path(f"/proc/{pid}/task").iterdir()]
                self.assertGreater(len(children), 2)  # VMs and the mount's server
                # KVM starts threads of the kernel's own in the name of whoever has VMs.
                own = [task for task in tasks if not (task / "comm").read_text().startswith("kvm-")]
                held = {str(task): capabilities(task / "status") for task in own}
                self.assertGreater(len(held), len(processes))  # and the network device's thread
        self.assertEqual(held, {task: dict.fromkeys(SETS, 0) for task in held})
