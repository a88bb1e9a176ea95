"""No process of a running appliance has a capability or the identity of root, on any of its threads.

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


NOBODY = 65534


def read_status(task: Path) -> dict[str, str]:
    return dict(line.split(":\t", 1) for line in (task / "status").read_text().splitlines())


def capabilities(task: Path) -> dict[str, int]:
    status = read_status(task)
    return {name: int(status[name], 16) for name in SETS}


def identity(task: Path) -> tuple[list[int], list[int], str]:
    """Real, effective, saved user and that of files; the same of groups; other groups."""
    status = read_status(task)
    users, groups = (list(map(int, status[name].split())) for name in ("Uid", "Gid"))
    return users, groups, status["Groups"].strip()


class Capabilities(unittest.TestCase):
    def test_a5_every_process_has_dropped_them_and_is_nobody(self):
        self.assertEqual(os.geteuid(), 0)
        with tempfile.TemporaryDirectory() as folder:
            os.chown(folder, 1234, 1235)
            metrics = Path(folder) / "metrics"
            options = ("--set", f"mounts.data.directory={folder}", "--metrics", str(metrics))
            with Server(options=options, toml="compartments-data.toml") as redis:
                self.assertEqual(redis("SET", "key", "value"), "OK")
                children = children_of(redis.process.pid)
                processes = [redis.process.pid, *children]
                tasks = [task for pid in processes for task in Path(f"/proc/{pid}/task").iterdir()]
                self.assertGreater(len(children), 2)  # VMs and the mount's server
                # KVM starts threads of the kernel's own in the name of whoever has VMs.
                own = [task for task in tasks if not (task / "comm").read_text().startswith("kvm-")]
                held = {str(task): capabilities(task) for task in own}
                who = [identity(task) for task in own]
                self.assertGreater(len(held), len(processes))  # and the network device's thread
                self.assertEqual(redis("SAVE"), "OK")
                made = os.stat(Path(folder) / "dump.rdb")
        self.assertEqual(held, {task: dict.fromkeys(SETS, 0) for task in held})
        self.assertEqual((made.st_uid, made.st_gid), (1234, 1235))
        for users, groups, others in who:
            self.assertEqual((users[:3], groups[:3], others), ([NOBODY] * 3, [NOBODY] * 3, ""))
        # The supervisor opens files as root, the mount's server as the owner of its directory, the others as nobody.
        files = sorted((users[3], groups[3]) for users, groups, _ in who)
        self.assertEqual(files, [(0, 0), (1234, 1235), *[(NOBODY, NOBODY)] * (len(who) - 2)])
