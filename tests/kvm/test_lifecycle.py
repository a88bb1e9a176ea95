"""How appliances start, end, wait and are ended; that they leave nothing behind and cost nothing while idle.

SPDX-License-Identifier: BSD-3-Clause
"""

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.kvm.kvm_support import KvmTest
from tests.support.processes import cpu_seconds, session_members, vm_processes

pytestmark = [pytest.mark.kvm, pytest.mark.build("all")]

MIB = 1 << 20


class Lifecycle(KvmTest):
    time_limit = 60

    def ready(self, what: str, options=(), **popen) -> subprocess.Popen:
        """The `life` appliance, once its two VMs run."""
        child = self.start("life", what, options=options, **popen)
        self.assertEqual(child.stdout.readline(), b"ready\n")
        return child

    def all_gone(self, child: subprocess.Popen, within: float) -> None:
        deadline = time.monotonic() + within
        while left := session_members(child.pid):
            self.assertLess(time.monotonic(), deadline, f"still there: {left}")
            time.sleep(0.01)

    def test_exit_status(self):
        for status in (0, 1, 42, 255):
            with self.subTest(status=status):
                done = self.run_app("life", "exit", str(status))
                self.assertEqual((done.returncode, done.stdout, done.stderr), (status, b"", b""))

    def test_arguments_and_environment(self):
        given = ["", "two words", " ", "ünï", "日本", "-v", "--", 'quote"', "back\\slash", "x" * 3000]
        done = self.run_app("life", "show", *given)
        expected = [f"argument <{text}>" for text in given]
        expected += ["environment <LANG=C>", "environment <EMPTY=>", "environment <TEXT=zwei Wörter = 2>"]
        self.assertEqual(sorted(done.stdout.decode().splitlines()), sorted(expected))
        self.assertEqual(done.stdout.decode().splitlines()[: len(given)], expected[: len(given)])
        self.assertEqual((done.returncode, done.stderr), (0, b""))

    def test_signals_stop_everything(self):
        for signo in (signal.SIGINT, signal.SIGTERM):
            for what in ("idle", "call", "spin"):
                with self.subTest(signal=signo.name, what=what):
                    child = self.ready(what)
                    child.send_signal(signo)
                    child.wait(timeout=3)
                    self.assertEqual(child.returncode, 128 + signo, child.stderr.read())
                    self.all_gone(child, within=0)

    def test_signal_to_the_whole_group(self):
        """As a terminal sends it: to the VMs' processes as well."""
        child = self.ready("idle")
        os.killpg(child.pid, signal.SIGINT)
        self.assertEqual((child.wait(timeout=3), child.stderr.read()), (130, b""))
        self.all_gone(child, within=0)

    def test_supervisor_killed(self):
        for what in ("idle", "spin"):
            with self.subTest(what=what):
                child = self.ready(what)
                self.assertEqual(len(vm_processes(child.pid)), 2)
                child.kill()
                child.wait(timeout=3)
                self.all_gone(child, within=2)

    def test_vm_killed(self):
        for victim, name, what in ((0, "app", "call"), (1, "library", "call"), (1, "library", "submit")):
            with self.subTest(victim=name, what=what):
                child = self.ready(what)
                os.kill(vm_processes(child.pid)[victim], signal.SIGKILL)
                out, err = child.communicate(timeout=3)
                report = f'bulkhead: compartment "{name}" crashed: the process of VM {victim} was killed by signal 9'
                self.assertTrue(err.decode().startswith(report), err)
                self.assertEqual(err.count(b"bulkhead: "), 1, err)
                self.assertEqual((child.returncode, out), (4, b"peer died\n" if victim else b""))
                self.all_gone(child, within=0)

    def test_stdin(self):
        cases = {
            "nothing": (subprocess.DEVNULL, None, 0),
            "pipe": (subprocess.PIPE, b"x" * 100_001, 100_001),
            "empty pipe": (subprocess.PIPE, b"", 0),
        }
        for name, (stdin, data, size) in cases.items():
            with self.subTest(name):
                done = self.run_app("life", "count", data=data, stdin=stdin)
                self.assertEqual(done.stdout.decode(), f"{size} bytes, then the end\n", done.stderr)
        with self.subTest("slow pipe"):
            child = self.start("life", "count")
            for _ in range(5):
                child.stdin.write(b"12345")
                child.stdin.flush()
                time.sleep(0.05)
            out, err = child.communicate(timeout=5)
            self.assertEqual((out, err), (b"25 bytes, then the end\n", b""))

    def closed(self, redirection: str, *arguments: str) -> subprocess.CompletedProcess:
        command = ["sh", "-c", f'exec "$@" {redirection}', "sh", *self.command("life", *arguments)]
        return subprocess.run(command, capture_output=True, timeout=10)

    def test_closed_stdin(self):
        done = self.closed("<&-", "count")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout.decode(), r"^0 bytes, then .+\n$")

    def test_closed_stdout(self):
        done = self.closed(">&-", "exit", "7")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (7, b"", b""))
        done = self.closed(">&-", "show")
        self.assertEqual((done.stdout, done.stderr), (b"", b""))

    def test_reader_gone(self):
        child = self.ready("fill")
        child.stdout.close()
        self.assertEqual(child.wait(timeout=5), 9)
        self.assertEqual(child.stderr.read(), b"write: Broken pipe\n")
        self.all_gone(child, within=0)

    def test_reader_slow(self):
        """A full pipe blocks the VM without using time."""
        child = self.ready("fill")
        time.sleep(0.3)
        pids = session_members(child.pid)
        before = cpu_seconds(pids)
        time.sleep(0.5)
        self.assertLessEqual(cpu_seconds(pids) - before, 0.01)

    def test_idle(self):
        """Two parked VMs: less than 1 % of a core."""
        child = self.ready("idle")
        time.sleep(0.3)
        pids = session_members(child.pid)
        self.assertEqual(len(pids), 3)
        before = cpu_seconds(pids)
        time.sleep(2)
        self.assertLess(cpu_seconds(pids) - before, 0.02)

    def test_memory(self):
        """At most 2 MiB private to each VM's process, what is used of the heap included."""
        child = self.ready("idle")
        for pid in vm_processes(child.pid):
            sizes = {}
            for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]:
                name, size, *_ = line.split()
                sizes[name] = int(size) * 1024
            private = sizes["Private_Clean:"] + sizes["Private_Dirty:"]
            self.assertLessEqual(private, 2 * MIB, sizes)

    def test_hundred_starts(self):
        for i in range(100):
            done = self.run_app("life", "exit", str(i), timeout=10)
            self.assertEqual((done.returncode, done.stdout, done.stderr), (i, b"", b""))

    def test_several_appliances_at_once(self):
        children = [self.ready("idle") for _ in range(3)]
        done = self.run_app("life", "exit", "5")
        self.assertEqual(done.returncode, 5)
        for child in children:
            self.assertEqual(len(session_members(child.pid)), 3)
            child.terminate()
            self.assertEqual((child.wait(timeout=3), child.stderr.read()), (143, b""))
