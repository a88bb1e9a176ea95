"""guest/apps/hello and its variants, in virtual machines: what each prints, and how it ends.

SPDX-License-Identifier: BSD-3-Clause
"""

import re
import subprocess
import unittest

import pytest

from tests.support import appliances
from tests.support.paths import ROOT

pytestmark = [pytest.mark.kvm, pytest.mark.build("all")]

HELLO = """Hello from the application. The library shall now
- write to a shared static buffer: "Greetings from the library!"
- write to a shared buffer on the stack: "Greetings from the library!"
- add one to a shared integer on the stack: 41 + 1 = 42
- call back: 3 calls, answers in all 7404
The secret is still 1234. A library in a VM of its own cannot even read it.
"""
CRASHED = 4


def line_of(source: str, text: str) -> int:
    """Number of the only line of a source file that contains `text`."""
    lines = (ROOT / source).read_text().splitlines()
    (number,) = [n for n, line in enumerate(lines, 1) if text in line]
    return number


class Hello(unittest.TestCase):
    def run_it(self, folder: str, *options: str) -> subprocess.CompletedProcess:
        command = appliances.command(f"{folder}/compartments.toml", *options)
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)

    def variant(self, name: str, *options: str) -> subprocess.CompletedProcess:
        return self.run_it(f"tests/guests/apps/{name}", *options)

    def verdict(self, done: subprocess.CompletedProcess) -> tuple[int, str, str]:
        return done.returncode, done.stdout, done.stderr

    def test_hello(self):
        self.assertEqual(self.verdict(self.run_it("guest/apps/hello")), (0, HELLO, ""))

    def test_hello_without_isolation(self):
        done = self.run_it("guest/apps/hello", "--set", "compartments.lib.mechanism=none")
        self.assertEqual(self.verdict(done), (0, HELLO, ""))

    def test_hello_by_copying(self):
        done = self.run_it("guest/apps/hello", "--set", "edges.app-lib.data=copy")
        self.assertEqual(self.verdict(done), (0, HELLO, ""))

    def test_nothing_marked_is_copied(self):
        self.assertEqual(self.verdict(self.variant("hello_plain")), (0, "hello_plain: ok\n", ""))

    def test_strict_refuses_what_is_not_marked(self):
        done = self.variant("hello_strict")
        self.assertEqual(done.returncode, CRASHED)
        self.assertEqual(done.stdout, "hello_strict: marked data crossed\n")
        source = "tests/guests/apps/hello_strict/main.c"
        place = f"{source}:{line_of(source, 'refused here')}"
        for part in ("greeter_write()", '"text"', 'compartment "app"', 'compartment "lib"', place):
            self.assertIn(part, done.stderr)

    def test_peeking_library_dies_alone(self):
        done = self.variant("hello_peek")
        self.assertEqual(done.returncode, CRASHED)
        found = re.fullmatch(
            r"hello_peek: the secret is at (0x[0-9a-f]+)\nhello_peek: peer died\n", done.stdout
        )
        self.assertIsNotNone(found, done.stdout)
        line = line_of("guest/libs/greeter/greeter.c", "return *address;")
        for part in (
            'compartment "lib" crashed: page fault reading',
            f"{found[1]}: compartment \"app\", section .data, symbol secret",
            "greeter_peek",
            f"guest/libs/greeter/greeter.c:{line}",
        ):
            self.assertIn(part, done.stderr)
        self.assertRegex(done.stderr, r"rip=[0-9a-f]{16}")
