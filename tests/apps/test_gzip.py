"""guest/apps/gzip beside the system's gzip: same data, same exit status, same words.

SPDX-License-Identifier: BSD-3-Clause
"""

import gzip
import random
import shlex
import subprocess
import tempfile
import unittest
from pathlib import Path

import pytest

from tests.support import appliances
from tests.support.paths import ROOT

pytestmark = [pytest.mark.build("all")]

ZLIB = ROOT / "subprojects/zlib-1.2.13"
ZLIB_FILES = "adler32 crc32 deflate inffast inflate inftrees trees zutil".split()


def sample(size: int) -> bytes:
    """Compressible, but not trivially; the same each time."""
    words = [bytes(random.Random(n).choices(b"abcdefghij \n", k=n % 9 + 2)) for n in range(500)]
    source = random.Random(1)
    text = b"".join(source.choices(words, k=size // 6 + 1))
    return text[: size // 2] + source.randbytes(size - size // 2)


class Hosted(unittest.TestCase):
    """As a host program, with sanitizers."""

    command: list[str]

    @classmethod
    def setUpClass(cls):
        cls.data = sample(1_200_000)
        cls.packed = gzip.compress(cls.data, mtime=0)
        cls.prepare()

    @classmethod
    def prepare(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.temporary.cleanup)
        cls.program = Path(cls.temporary.name) / "gzip"
        includes = [f"-I{path}" for path in (ROOT, ROOT / "guest/kernel/include", ZLIB)]
        sources = sorted((ROOT / "guest/apps/gzip").glob("*.c"))
        sources += [ROOT / "tests/apps/gzip_host.c", *(ZLIB / f"{name}.c" for name in ZLIB_FILES)]
        command = ["gcc", "-O1", "-g", "-w", "-D_GNU_SOURCE", "-fsanitize=address,undefined"]
        command += ["-fno-sanitize-recover=all", *includes, *map(str, sources)]
        subprocess.run([*command, "-o", str(cls.program)], check=True)
        cls.command = [str(cls.program)]

    def run_it(self, data: bytes, *options: str) -> subprocess.CompletedProcess:
        command = [*self.command, *options]
        return subprocess.run(command, input=data, capture_output=True, check=False, timeout=60)

    def test_compresses(self):
        for level in ("-1", "-6", "-9"):
            with self.subTest(level=level):
                done = self.run_it(self.data, level)
                self.assertEqual((done.returncode, done.stderr), (0, b""))
                system = subprocess.run(["gzip", "-dc"], input=done.stdout, capture_output=True)
                self.assertEqual((system.returncode, system.stderr), (0, b""))
                self.assertEqual(system.stdout, self.data)
        fast, best = (len(self.run_it(self.data, level).stdout) for level in ("-1", "-9"))
        self.assertLess(best, fast)

    def test_compresses_nothing(self):
        done = self.run_it(b"")
        self.assertEqual((done.returncode, gzip.decompress(done.stdout)), (0, b""))

    def test_decompresses(self):
        for options in (["-d"], ["-cd"]):
            done = self.run_it(self.packed, *options)
            self.assertEqual((done.returncode, done.stderr), (0, b""))
            self.assertEqual(done.stdout, self.data)

    def test_says_what_gzip_says(self):
        packed, size = self.packed, len(self.packed)
        cases = {
            "two members": packed + gzip.compress(b"more", mtime=0),
            "empty input": b"",
            "one byte": packed[:1],
            "half a header": packed[:3],
            "truncated": packed[: size // 2],
            "truncated trailer": packed[:-1],
            "no gzip file": self.data,
            "wrong crc": packed[: size - 8] + bytes([packed[-8] ^ 1]) + packed[-7:],
            "wrong length": packed[:-1] + bytes([packed[-1] ^ 1]),
            "garbage behind": packed + b"garbage",
            "zeros behind": packed + bytes(1000),
            "zeros and garbage behind": packed + bytes(1000) + b"x",
            "half a magic number behind": packed + packed[:1],
            "half a header behind": packed + packed[:2],
            "unknown method": b"\x1f\x8b\x07" + packed[3:],
        }
        self.says_the_same(cases)

    def test_b18_garbage_behind(self):
        garbage = (b"x", b"\1", b"xy", b"\0x", b"\x1fx")
        self.says_the_same({str(end): self.packed + end for end in garbage})

    def says_the_same(self, cases: dict[str, bytes]) -> None:
        for name, data in cases.items():
            with self.subTest(name):
                wanted = subprocess.run(["gzip", "-dc"], input=data, capture_output=True)
                done = self.run_it(data, "-d")
                self.assertEqual(done.stderr, wanted.stderr.lstrip(b"\n"))
                self.assertEqual(done.returncode, wanted.returncode)
                if wanted.returncode != 1:
                    self.assertEqual(done.stdout, wanted.stdout)

    def test_b7_writes_what_it_could_decode(self):
        packed, size = self.packed, len(self.packed)
        middle = size // 2
        cases = {
            "truncated early": packed[:5000],
            "truncated": packed[:middle],
            "truncated trailer": packed[:-1],
            "wrong crc": packed[: size - 8] + bytes([packed[-8] ^ 1]) + packed[-7:],
            "corrupt": packed[:5000] + bytes(100) + packed[5100:],
        }
        for name, data in cases.items():
            with self.subTest(name):
                wanted = subprocess.run(["gzip", "-dc"], input=data, capture_output=True)
                done = self.run_it(data, "-d")
                self.assertEqual((done.returncode, wanted.returncode), (1, 1))
                self.assertGreater(len(done.stdout), 4000)
                if name == "corrupt":  # the system's gzip leaves out what its last window holds
                    self.assertEqual(done.stdout[:4000], self.data[:4000])
                    continue
                # It may stop a few symbols earlier, because it asks for more bits than a symbol has.
                self.assertTrue(done.stdout.startswith(wanted.stdout))
                self.assertTrue(self.data.startswith(done.stdout))

    def test_b15_closed_streams(self):
        """A closed standard output is an error that is told, and so is a closed input."""
        cases = {
            "{} -1 < /dev/null >&-": "gzip: stdout: Bad file (descriptor|number)\n",
            "{} -h >&-": "gzip: stdout: Bad file (descriptor|number)\n",
            "{} -1 <&-": "gzip: stdin: Bad file (descriptor|number)\n",
        }
        for line, message in cases.items():
            with self.subTest(line):
                command = ["sh", "-c", line.format(shlex.join(self.command))]
                done = subprocess.run(command, capture_output=True, check=False, timeout=60)
                self.assertEqual((done.returncode, done.stdout), (1, b""))
                self.assertRegex(done.stderr.decode(), f"^{message}$")

    def test_format_violated(self):
        header, block_of_type_3 = self.packed[:10], b"\x07"
        done = self.run_it(header + block_of_type_3 + bytes(100), "-d")
        self.assertEqual(done.stderr, b"gzip: stdin: invalid compressed data--format violated\n")
        self.assertEqual(done.returncode, 1)

    def test_options(self):
        self.assertEqual(self.run_it(b"", "-x").returncode, 1)
        done = self.run_it(b"", "file")
        self.assertEqual(done.stderr, b"gzip: file: this gzip reads standard input only\n")
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"Usage: gzip", self.run_it(b"", "-h").stdout)

    def test_full_device(self):
        with open("/dev/full", "wb") as full:
            done = subprocess.run(
                self.command, input=self.data, stdout=full, stderr=subprocess.PIPE, timeout=60
            )
        self.assertEqual(done.stderr, b"gzip: stdout: No space left on device\n")
        self.assertEqual(done.returncode, 1)


@pytest.mark.kvm
class TwoVms(Hosted):
    """With zlib in a virtual machine of its own."""

    @classmethod
    def prepare(cls):
        cls.command = appliances.command("guest/apps/gzip/compartments.toml")


@pytest.mark.kvm
class OneCompartment(Hosted):
    """With zlib linked to the application."""

    @classmethod
    def prepare(cls):
        cls.command = appliances.command("guest/apps/gzip/compartments-one.toml")
