"""How tests start appliances, and how they end what they started.

SPDX-License-Identifier: BSD-3-Clause
"""

import contextlib
import os
import subprocess
from pathlib import Path

from .paths import GUESTS, PROGRAM, ROOT
from .processes import session_members


def command(toml: str | Path, *options: str) -> list[str]:
    """Command line of an appliance, to which the application's own arguments can be added."""
    return [PROGRAM, "run", str(ROOT / toml), *options, "--"]


class Appliances:
    """Those that one test starts. When it is over none of their processes may be left; use the fixture `appliances`."""

    def __init__(self) -> None:
        self.children: list[subprocess.Popen] = []

    def command(self, app: str, *arguments: str, options=()) -> list[str]:
        """`app`: a folder of tests/guests/apps."""
        return [*command(GUESTS / app / "compartments.toml", *options), *arguments]

    def start(self, app: str, *arguments: str, options=(), **popen) -> subprocess.Popen:
        pipes = {name: subprocess.PIPE for name in ("stdin", "stdout", "stderr")} | popen
        # In a session of its own, so that its processes can be counted.
        child = subprocess.Popen(self.command(app, *arguments, options=options), start_new_session=True, **pipes)
        self.adopt(child)
        return child

    def adopt(self, child: subprocess.Popen) -> None:
        """Ends a process that the test started by itself, in a session of its own."""
        self.children.append(child)

    def run(self, app: str, *arguments: str, options=(), data=b"", timeout=60, **popen) -> subprocess.CompletedProcess:
        """Runs to the end; checks that nothing is left behind."""
        child = self.start(app, *arguments, options=options, **popen)
        out, err = child.communicate(data if child.stdin else None, timeout=timeout)
        assert session_members(child.pid) == [], "processes left behind"
        return subprocess.CompletedProcess(child.args, child.returncode, out, err)

    def close(self) -> None:
        while self.children:
            child = self.children.pop()
            for pid in {child.pid, *session_members(child.pid)}:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, 9)
            child.communicate()
