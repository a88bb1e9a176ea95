"""Crash reports: the words, the stack across gates, the cores, for every cause there is.

SPDX-License-Identifier: BSD-3-Clause
"""

import os
import re
import shutil
import signal
import subprocess
import time
import unittest

import pytest

from tests.debug.debug_support import Session
from tests.observe.observe_support import ObserveTest
from tests.support.paths import PROGRAM, ROOT

pytestmark = [pytest.mark.kvm, pytest.mark.build("all")]

WRECKER = str(ROOT / "tests/guests/apps/wrecker/compartments.toml")
NONE = ("--set", "compartments.lib.mechanism=none")

# how: (arguments, in words, where)
CAUSES = {
    "null": (["write", "0"], r'compartment "lib" crashed: page fault writing 0: null pointer', "touch"),
    "wild": (["write", "0x123456789000"], r'page fault writing 0x123456789000: nothing is there', "touch"),
    "other's": (["secret"], r'page fault writing 0x[0-9a-f]+: memory of compartment "app"', "touch"),
    "overflow": (["overflow"], r"stack overflow of thread \d+: compartments.lib.stack is \d+ KiB", "deeper"),
    "assert": (["assert"], r"failed an assertion: assertion failed in wreck\(\): how\[0\] == 'z'", "wreck"),
    "smash": (["smash"], r"failed an assertion: stack smashing detected", "smash"),
    "undefined": (["undefined"], r"crashed: undefined instruction", "wreck"),
    "divide": (["divide"], r"crashed: division by zero or overflow", "wreck"),
    "free": (["free"], r"free\(\) of memory that is not allocated", "free_twice"),
    "heap": (["heap"], r"page fault writing 0: null pointer", "wreck"),
    "jump": (["jump", "0x123456789000"], r"page fault executing 0x123456789000: nothing is there", "wreck"),
}


class Crash(ObserveTest):
    time_limit = 120

    def wreck(self, *arguments: str, options=()) -> subprocess.CompletedProcess:
        return self.bulkhead("run", WRECKER, *options, "--", *arguments)

    def only_crash(self):
        (directory,) = self.crashes.iterdir()
        return directory

    def test_c1_poison_shows_a_pointer_that_was_kept(self):
        """A library reads what it was given in an earlier call: status 0 means nothing, unless it is overwritten."""
        self.assertEqual(self.wreck("kept").returncode, ord("a"))
        self.assertEqual(self.wreck("kept", options=("--poison",)).returncode, 0xdb)

    def test_every_cause(self):
        for cause, (arguments, words, where) in CAUSES.items():
            with self.subTest(cause=cause):
                done = self.wreck(*arguments)
                self.assertEqual(done.returncode, 4, done.stderr)
                self.assertRegex(done.stderr, words)
                stack = re.findall(r"(?m)^    #\d+ +0x[0-9a-f]+ \[(\w+|\?)\] (\w+)", done.stderr)
                self.assertIn(("lib", where), stack, done.stderr)
                if cause == "overflow":
                    continue  # more frames than are shown
                # across the gate, down to where it began
                if cause != "jump":  # where nothing is there is no code
                    self.assertRegex(done.stderr,
                                     r"(?m)^  code +([0-9a-f]{2} )+ [a-z]\w+( |$)|failed an assertion|free\(\)")
                gate = done.stderr.index('-- gate: "app" called wreck() of "lib" --')
                below = done.stderr[gate:]
                self.assertRegex(below, r"\[app\] middle.*main\.c:\d+", done.stderr)
                self.assertRegex(below, r"\[app\] main.*main\.c:\d+")
                self.assertRegex(below, r"in +app -> lib: wreck\(\), thread \d+: not over")

    def test_the_heap_that_is_full_is_told(self):
        done = self.wreck("heap")
        self.assertEqual(done.stderr.count('compartment "lib": its heap is full:'), 1)
        self.assertIn("compartments.lib.memory is 1024 KiB", done.stderr)

    def test_in_one_vm(self):
        done = self.wreck("write", "0x123456789000", options=NONE)
        self.assertEqual(done.returncode, 4)
        self.assertRegex(done.stderr, r"(?s)\[lib\] touch.*\[lib\] wreck.*\[app\] middle.*\[app\] main")

    def test_c2_in_a_callback(self):
        """The stack leads from the callback through the library to main, each frame once, with the callback's name."""
        done = self.wreck("callback", "0x123456789000")
        self.assertEqual(done.returncode, 4)
        stack = re.findall(r"(?m)^    (?:#\d+ +0x[0-9a-f]+ \[(\w+)\] (\w+)|-- (gate: .*) --$)", done.stderr)
        names = [gate or f"{where} {name}" for where, name, gate in stack]
        wanted = ["app listen_and_touch", 'gate: "lib" called callback listen_and_touch() of "app"', "lib wreck_back",
                  'gate: "app" called wreck_back() of "lib"', "app main"]
        self.assertEqual([name for name in names if name in wanted], wanted, done.stderr)
        self.assertEqual(sum(name.startswith("gate: ") for name in names), 2, done.stderr)
        if shutil.which("gdb"):
            bt = subprocess.run(["gdb", "-nx", "-batch", "-x", "gdb.txt", "-ex", "bt 1"], cwd=self.only_crash(),
                                capture_output=True, text=True, timeout=60, env={**os.environ, "DEBUGINFOD_URLS": ""})
            self.assertIn("listen_and_touch (", bt.stdout)

    def test_what_is_saved(self):
        done = self.wreck("write", "0x123456789000")
        directory = self.only_crash()
        self.assertIn(f"saved     {directory}", done.stderr)
        self.assertEqual(sorted(p.name for p in directory.iterdir()),
                         ["gdb.txt", "report.txt", "vm0.core", "vm1.core"])
        again = self.bulkhead("report", str(directory))
        self.assertEqual((again.returncode, again.stderr), (0, ""))
        self.assertIn(again.stdout, done.stderr)
        for name in ("vm0.core", "vm1.core"):
            held = (directory / name).stat()
            self.assertLess(held.st_blocks * 512, 4 << 20)

    def test_only_the_newest_are_kept(self):
        for _ in range(10):
            self.wreck("undefined")
        self.assertLessEqual(len(list(self.crashes.iterdir())), 8)

    def test_nothing_is_saved_if_not_wanted(self):
        done = self.wreck("undefined", options=("--crash-dir", "none"))
        self.assertIn("[lib] wreck", done.stderr)
        self.assertNotIn("saved", done.stderr)
        self.assertFalse(self.crashes.exists())

    @unittest.skipUnless(shutil.which("gdb"), "gdb is not installed")
    def test_gdb_opens_the_cores(self):
        self.wreck("write", "0x123456789000")
        done = subprocess.run(["gdb", "-nx", "-batch", "-x", "gdb.txt", "-ex", "inferior 1", "-ex", "bt",
                               "-ex", "inferior 2", "-ex", "bt", "-ex", "info threads"],
                              cwd=self.only_crash(), capture_output=True, text=True, timeout=60,
                              env={**os.environ, "DEBUGINFOD_URLS": ""})
        self.assertRegex(done.stdout, r"(?s)in middle .*main\.c:\d+.*in main ", done.stdout + done.stderr)
        self.assertRegex(done.stdout, r"(?s)touch \(.*in wreck \(", done.stdout + done.stderr)

    def test_a_report_that_is_not_there(self):
        done = self.bulkhead("report", str(self.scratch / "nothing"))
        self.assertEqual(done.returncode, 2)
        self.assertRegex(done.stderr, r"\Abulkhead: error: .*nothing: No such file")

    def start(self, *arguments: str) -> subprocess.Popen:
        child = subprocess.Popen([PROGRAM, "run", WRECKER, "--", *arguments], stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, env=self.env, text=True,
                                 start_new_session=True)
        self.appliances.adopt(child)
        self.assertEqual(child.stdout.readline(), "ready\n")
        return child

    def test_a_killed_process(self):
        child, pids = self.wait_in_the_library()
        os.kill(pids[1], signal.SIGKILL)
        _, errors = child.communicate(timeout=30)
        self.assertEqual(child.returncode, 4)
        self.assertIn("the process of VM 1 was killed by signal 9", errors)
        self.assertRegex(errors, r"in +app -> lib: wreck\(\), thread \d+: not over")
        self.assertEqual([p.name for p in self.only_crash().glob("*.core")], ["vm0.core"])

    def test_a_peer_that_is_slow(self):
        """The caller's process stands still for longer than the peers of a crash wait; its frames are there anyway."""
        child, pids = self.wait_in_the_library("later")
        os.kill(pids[0], signal.SIGSTOP)
        time.sleep(7.5)
        os.kill(pids[0], signal.SIGCONT)
        _, errors = child.communicate(timeout=30)
        self.assertEqual(child.returncode, 4)
        self.assertRegex(errors, r"(?s)\[lib\] wreck.*-- gate: .*\[app\] middle.*\[app\] main")
        self.assertEqual(sorted(p.name for p in self.only_crash().glob("*.core")), ["vm0.core", "vm1.core"])

    def test_the_vmm_is_killed(self):
        """Nothing outlives the supervisor; the next command finds no appliance, and its directory is swept."""
        child, pids = self.wait_in_the_library()
        child.kill()
        self.assertEqual(child.wait(timeout=30), -signal.SIGKILL)
        deadline = time.monotonic() + 30
        while any(self.runs(pid) for pid in pids):
            self.assertLess(time.monotonic(), deadline, "processes of VMs were left behind")
            time.sleep(0.02)
        self.assertEqual(self.totals(), [])
        self.assertEqual(list(self.runtime.iterdir()), [])

    def wait_in_the_library(self, how: str = "wait") -> tuple[subprocess.Popen, list[int]]:
        """An appliance whose library sleeps in a call, and the processes of its VMs."""
        child = self.start(how)
        self.assertEqual(child.stderr.readline(), "[lib] waits\n")
        deadline = time.monotonic() + 15
        while not (found := self.totals()):
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.02)
        return child, [vm["pid"] for vm in found[0]["vms"]]

    @staticmethod
    def runs(pid: int) -> bool:
        try:
            with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
                return stat.read().rsplit(")", 1)[1].split()[0] != "Z"
        except OSError:
            return False

    def test_triple_fault(self):
        """A guest cannot make one: its tables are out of its reach. A debugger can wipe them out."""
        child = subprocess.Popen([PROGRAM, "run", "--gdb", WRECKER, "--", "undefined"], stdout=subprocess.DEVNULL,
                                 stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, env=self.env, text=True,
                                 start_new_session=True)
        self.appliances.adopt(child)
        self.assertIn("waiting for a debugger", child.stderr.readline())
        (path,) = self.runtime.glob("*/gdb.sock")
        session = Session(str(path))
        self.addCleanup(session.close)
        self.assertRegex(session.ask("?"), "^T05")
        self.assertEqual(session.ask("Hgp2.1"), "OK")
        self.assertEqual(session.ask("M400000001400,210:" + "00" * 0x210), "OK")  # vmm/kvm/descriptor_tables.h: the IDT
        self.assertEqual(session.ask("D"), "OK")
        _, errors = child.communicate(timeout=60)
        self.assertEqual(child.returncode, 4, errors)
        self.assertRegex(errors, r'^bulkhead: compartment "lib" crashed: triple fault: neither an exception nor',
                         errors)
        if "registers lost" in errors:  # AMD-V
            self.assertNotRegex(errors, r"(?m)^  (at|registers|code) +(0x|rax|[0-9a-f]{2} )")
        else:
            self.assertRegex(errors, r"(?m)^  at +0x[0-9a-f]+ wreck\+?.*wreck\.c")
            self.assertRegex(errors, r"(?m)^  code +0f 0b +ud2$")
        self.assertRegex(errors, r"(?s)-- gate: .*\[app\] middle.*\[app\] main")

    def test_refused(self):
        done = self.wreck("big")
        self.assertEqual(done.returncode, 4)
        self.assertIn('compartment "app" calls wreck_take() of compartment "lib": refused: argument "bytes" '
                      "does not fit the edge's arena", done.stderr)
        self.assertRegex(done.stderr, r"\[app\] main.*main\.c:\d+")
        self.assertRegex(done.stderr, r"detail +131072 bytes do not fit the edge's arena of 65536")

    def deadlock(self, *arguments: str) -> str:
        child = self.start(*arguments)
        deadline = time.monotonic() + 30
        while not list(self.crashes.glob("*/gdb.txt")) and time.monotonic() < deadline:
            time.sleep(0.1)
        self.assertIsNone(child.poll())  # it goes on waiting
        child.send_signal(signal.SIGTERM)
        _, errors = child.communicate(timeout=30)
        self.assertEqual(child.returncode, 128 + signal.SIGTERM)
        return errors

    def test_deadlock(self):
        errors = self.deadlock("deadlock")
        self.assertEqual(errors.count("bulkhead: deadlock: every thread of the appliance waits"), 1)
        self.assertRegex(errors, r'of VM 0, compartment "app", waits for the reply of wreck\(\) from compartment "lib"')
        self.assertRegex(errors, r"of VM 1, .*waits for the mutex at .*symbol first .*; thread \d+ holds it")
        self.assertRegex(errors, r"\[lib\] deadlock.*wreck\.c:\d+")

    def test_sleeping_is_no_deadlock(self):
        child = self.start("sleep")
        time.sleep(2.5)
        child.send_signal(signal.SIGTERM)
        _, errors = child.communicate(timeout=30)
        self.assertEqual((child.returncode, errors), (128 + signal.SIGTERM, ""))
