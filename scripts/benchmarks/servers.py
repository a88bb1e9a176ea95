"""A running server under load: started, watched and ended; processor time by thread, memory.

SPDX-License-Identifier: BSD-3-Clause
"""

import os
import pathlib
import re
import signal
import socket
import subprocess
import tempfile
import time

from . import common

START_LIMIT = 20  # seconds


class Server:
    """One way to serve; runs for as long as its `with` block."""

    def __init__(self, way, command, host, port, args):
        self.way, self.command, self.host, self.port = way, command, host, port
        self.env = common.environment(args)

    def __enter__(self):
        self.log = tempfile.TemporaryFile("w+", errors="replace")
        self.started = time.monotonic()
        self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=self.log,
                                        stderr=self.log, env=self.env)
        return self

    def __exit__(self, *unused):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.log.close()

    def complain(self, what):
        self.log.seek(0)
        last = (self.log.read().strip().splitlines() or ["no output"])[-1]
        status = self.process.poll()
        state = "still runs" if status is None else f"ended with status {status}"
        return common.BenchError(f"{self.way}: {what}; the server {state}: {last}")

    def wait(self, hello=b"", answer=b""):
        """Until it takes connections, and says `answer` to `hello`; seconds since its start."""
        end = self.started + START_LIMIT
        while time.monotonic() < end and self.process.poll() is None:
            try:
                with socket.create_connection((self.host, self.port), 1) as s:
                    s.settimeout(START_LIMIT)
                    s.sendall(hello)
                    if not answer or s.recv(len(answer), socket.MSG_WAITALL) == answer:
                        return time.monotonic() - self.started
            except OSError:
                pass
            time.sleep(0.001)
        raise self.complain("does not answer")

    def processes(self):
        return [self.process.pid, *common.children(self.process.pid)]

    def cpu(self):
        """{who: seconds} so far. Of an appliance, `device` is the network device's thread, the other parts are its
        processes."""
        pids = self.processes()
        if len(pids) == 1:
            return {"server": process_seconds(pids[0])}
        found: dict[str, float] = {}
        for pid in pids:
            tasks = [int(t.name) for t in pathlib.Path(f"/proc/{pid}/task").glob("*")]
            # KVM's helpers bear names of their own and belong to the vCPU.
            own = sorted(t for t in tasks if not (common.read_text(f"/proc/{t}/comm") or "kvm").startswith("kvm"))
            for task in tasks:
                if pid == pids[0]:
                    who = "supervisor"
                elif task in own[1:]:
                    who = "device"
                else:
                    who = "VM with the network" if len(own) > 1 else "VM of the application"
                found[who] = found.get(who, 0) + task_seconds(task)
        return found

    def resident(self):
        """Bytes of all processes: each page once for each of them, and each page's share (what several have counts
        once)."""
        rss = pss = 0
        for pid in self.processes():
            text = common.read_text(f"/proc/{pid}/smaps_rollup") or ""
            rss += int(re.search(r"^Rss:\s+(\d+)", text, re.M)[1]) << 10
            pss += int(re.search(r"^Pss:\s+(\d+)", text, re.M)[1]) << 10
        return {"rss": rss, "pss": pss}


def task_seconds(task):
    text = common.read_text(f"/proc/{task}/schedstat")  # ns; /proc/PID/stat has ticks
    return int(text.split()[0]) / 1e9 if text else 0


def process_seconds(pid):
    """With threads that have ended, in clock ticks."""
    text = common.read_text(f"/proc/{pid}/stat") or "0 () " + "0 " * 20
    words = text.rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def difference(before, after):
    return {who: after[who] - before.get(who, 0) for who in after}
