"""How the tests on real VMs start appliances, and what they know of their processes.

SPDX-License-Identifier: BSD-3-Clause
"""

import os
import subprocess
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
BUILD = Path(os.environ.get("BULKHEAD_BUILD") or ROOT / "build")
APPS = ROOT / "tests/guests/apps"


class KvmTest(unittest.TestCase):
    """Skips where there is no KVM; after each test, none of the processes that it started may be left."""

    @classmethod
    def setUpClass(cls):
        if not os.access("/dev/kvm", os.R_OK | os.W_OK):
            raise unittest.SkipTest("no access to /dev/kvm")

    def command(self, app: str, *arguments: str, options=()) -> list[str]:
        """Command line of a test appliance; `app`: a folder of tests/guests/apps."""
        file = APPS / app / "compartments.toml"
        return [str(BUILD / "bulkhead"), "run", str(file), *options, "--", *arguments]

    def start(self, app: str, *arguments: str, options=(), **popen) -> subprocess.Popen:
        """In a session of its own, so that its processes can be counted; ended with the test."""
        pipes = {name: subprocess.PIPE for name in ("stdin", "stdout", "stderr")} | popen
        command = self.command(app, *arguments, options=options)
        child = subprocess.Popen(command, start_new_session=True, **pipes)
        self.addCleanup(self._end, child)
        return child

    def run_app(self, app: str, *arguments: str, options=(), data=b"", timeout=60, **popen):
        """Runs to the end; checks that nothing is left behind."""
        child = self.start(app, *arguments, options=options, **popen)
        out, err = child.communicate(data if child.stdin else None, timeout=timeout)
        self.assertEqual(session_members(child.pid), [], "processes left behind")
        return subprocess.CompletedProcess(child.args, child.returncode, out, err)

    def _end(self, child: subprocess.Popen) -> None:
        for pid in {child.pid, *session_members(child.pid)}:
            try:
                os.kill(pid, 9)
            except ProcessLookupError:
                pass
        child.communicate()


def stat_fields(pid: int) -> list[str]:
    """Fields of proc(5) /proc/PID/stat from `state` on; empty if there is no such process."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []


def session_members(session: int) -> list[int]:
    """Processes of a session that have not ended."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        fields = stat_fields(int(path.name))
        if fields and fields[0] not in "ZX" and int(fields[3]) == session:
            found.append(int(path.name))
    return sorted(found)


def vm_processes(supervisor: int) -> list[int]:
    return [pid for pid in session_members(supervisor) if pid != supervisor]


def cpu_seconds(pids: list[int]) -> float:
    ticks = sum(int(fields[11]) + int(fields[12]) for pid in pids if (fields := stat_fields(pid)))
    return ticks / os.sysconf("SC_CLK_TCK")
