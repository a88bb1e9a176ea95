"""Every process that the supervisor forks is confined, and has no descriptor that it does not need.

SPDX-License-Identifier: BSD-3-Clause
"""

import os
import re
import signal
import time
from pathlib import Path

import pytest

from tests.debug.debug_support import Session
from tests.redis.server import Server
from tests.support.processes import children_of

pytestmark = [pytest.mark.kvm, pytest.mark.net, pytest.mark.build("all")]


@pytest.fixture
def redis(tmp_path, monkeypatch):
    """An appliance with VMs, a mount's server, metrics and a debug session."""
    monkeypatch.setenv("BULKHEAD_RUNTIME_DIR", str(tmp_path / "run"))
    monkeypatch.setenv("BULKHEAD_CRASH_DIR", str(tmp_path / "crash"))
    (tmp_path / "data").mkdir()
    options = ("--set", f"mounts.data.directory={tmp_path}/data", "--metrics", str(tmp_path / "metrics"))
    with Server(options=options, toml="compartments-data.toml") as server:
        yield server


def status(pid: int) -> dict[str, str]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return dict(line.split(":\t", 1) for line in lines)


def descriptors(pid: int) -> list[str]:
    """Where those above the standard streams lead."""
    found = []
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        if int(entry.name) > 2:
            found.append(os.readlink(entry))
    return sorted(found)


def check_process(pid: int, allowed: str) -> None:
    lines = status(pid)
    assert (lines["Seccomp"], lines["NoNewPrivs"]) == ("2", "1")
    assert [d for d in descriptors(pid) if not re.fullmatch(rf"(?:{allowed})", d)] == []


def new_children(supervisor: int, before: list[int]) -> list[int]:
    end = time.monotonic() + 10
    while time.monotonic() < end:
        if found := [pid for pid in children_of(supervisor) if pid not in before]:
            return found
        time.sleep(0.01)
    raise AssertionError("no process was forked")


def wait_for(condition) -> None:
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.mark.root  # the links of /proc/PID/fd: the processes are not dumpable
def test_a15_each_process_has_what_it_needs(redis, tmp_path):
    supervisor = redis.process.pid
    (appliance,) = (tmp_path / "run").iterdir()
    before = children_of(supervisor)
    # VMs, the mount's server, metrics: none has a file, a directory but the mounted one, or a share of another one.
    mounted = re.escape(f"{tmp_path}/data")
    for pid in before:
        check_process(pid, rf"anon_inode:(\[eventfd\]|kvm-vcpu:0)|socket:.*|{mounted}|/\S*/fd|/")
    metrics = [pid for pid in before if descriptors(pid) and all(d.startswith("socket:") for d in descriptors(pid))
               and len(descriptors(pid)) == 1]
    assert len(metrics) == 1

    session = Session(str(appliance / "gdb.sock"))
    assert session.ask("qSupported").startswith("PacketSize")
    (debugger,) = new_children(supervisor, before)
    check_process(debugger, r"socket:.*")
    session.close()
    wait_for(lambda: debugger not in children_of(supervisor))

    # The collector waits for the memory of a VM that stands still.
    vms = [pid for pid in before if any("kvm-vcpu" in d for d in descriptors(pid))]
    os.kill(vms[0], signal.SIGSTOP)
    os.kill(vms[1], signal.SIGKILL)
    (collector,) = new_children(supervisor, [*before, debugger])
    wait_for(lambda: status(collector)["Seccomp"] == "2")
    crash = re.escape(f"{tmp_path}/crash/")
    check_process(collector, rf"socket:.*|pipe:.*|/memfd:bulkhead-stat\S* \(deleted\)|{crash}.*")
    os.kill(vms[0], signal.SIGCONT)
