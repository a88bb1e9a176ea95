"""What the kernel tells of processes.

SPDX-License-Identifier: BSD-3-Clause
"""

import os
from pathlib import Path


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


def children_of(pid: int) -> list[int]:
    return list(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))


def vm_processes(supervisor: int) -> list[int]:
    return [pid for pid in session_members(supervisor) if pid != supervisor]


def cpu_seconds(pids: list[int]) -> float:
    ticks = sum(int(fields[11]) + int(fields[12]) for pid in pids if (fields := stat_fields(pid)))
    return ticks / os.sysconf("SC_CLK_TCK")
