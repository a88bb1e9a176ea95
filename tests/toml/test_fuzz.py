"""Random changes to good files: an answer for each, never a traceback, never slow.

SPDX-License-Identifier: BSD-3-Clause
"""

import random
import re
import tempfile
import time
import tomllib
import unittest
from pathlib import Path

import pytest

from composer.positions import scan
from tests.toml.toml_support import HERE, flatten, validate

pytestmark = [pytest.mark.quick]

COUNT = 2000
SEED = 20261121
SECONDS_MAX = 20.0  # for one file: an endless loop, not slowness
ERROR = re.compile(r"(.+?):(\d+):(\d+): error: \S.*")
TOKENS = (
    "[", "]", "[[", "]]", "{", "}", "=", ",", ".", '"', "'", '"""', "'''", "#", "\n", "\r\n", "\\",
    "\\u0000", "\0", "\x7f", "\u00e9", "\U0001f6a2", "true", "-1", "0x10", "1e400", "nan",
    "1979-05-27 07:32:00", '"vm"', '"mpk"', '"*"', '"64KiB"', "[compartments.x]", "[[edges]]",
    "[shares.y]", "default = true", "compartments.app = 1", "edges = 3", "99999999999999999999",
    "[[[[[[", "{a={a={a=1}}}", "a.b.c = 1",
)  # fmt: skip


def mutate(random_: random.Random, data: bytes, other: bytes) -> bytes:
    for _ in range(random_.choice((1, 1, 1, 2, 4))):
        at = random_.randrange(len(data) + 1)
        lines = data.split(b"\n")
        kind = random_.randrange(8)
        if kind == 0:
            data = data[:at] + bytes([random_.randrange(256)]) + data[at + 1 :]
        elif kind == 1:
            data = data[:at] + data[at + random_.randrange(1, 9) :]
        elif kind == 2:
            data = data[:at] + random_.choice(TOKENS).encode() + data[at:]
        elif kind == 3:
            data = data[:at]
        elif kind == 4:
            lines.insert(random_.randrange(len(lines) + 1), random_.choice(lines))
            data = b"\n".join(lines)
        elif kind == 5:
            del lines[random_.randrange(len(lines))]
            data = b"\n".join(lines)
        elif kind == 6:
            random_.shuffle(lines)
            data = b"\n".join(lines)
        else:
            piece = random_.randrange(len(other) + 1)
            data = data[:at] + other[piece : piece + 40] + data[at:]
    return data


class Fuzz(unittest.TestCase):
    def well_formed(self, file: str, data: bytes, status: int, out: str, err: str) -> None:
        if status == 0:
            self.assertEqual((out, err), ("", ""))
            return
        self.assertEqual((status, out), (2, ""))
        lines = err.splitlines()
        if lines[-1].startswith(f"{file}: "):
            self.assertRegex(lines.pop(), r": \d+ more errors? not shown$")
        self.assertEqual(len(lines) % 2, 0)
        rows = data.replace(b"\r\n", b"\n").split(b"\n")
        for error, hint in zip(lines[::2], lines[1::2], strict=True):
            match = ERROR.fullmatch(error)
            self.assertIsNotNone(match, error)
            self.assertEqual(match[1], file)
            self.assertRegex(hint, r"^hint: \S")
            row, column = int(match[2]), int(match[3])
            self.assertLessEqual(row, len(rows), error)
            self.assertLessEqual(column, len(rows[row - 1]) + 1, error)

    def positions_complete(self, data: bytes) -> bool:
        """Of a valid document, the scanner knows the place of everything that tomllib sees."""
        try:
            text = data.decode().replace("\r\n", "\n")
            tree = tomllib.loads(text)
        except (ValueError, RecursionError):
            return False
        found = scan(text)
        for path in flatten(tree):
            self.assertTrue(path in found.keys or path in found.values, (path, text))
        return True

    def test_mutations(self):
        random_ = random.Random(SEED)
        good = [path.read_bytes() for path in sorted((HERE / "good").glob("*.toml"))]
        statuses = {0: 0, 2: 0}
        valid = 0
        with tempfile.TemporaryDirectory() as directory:
            file = f"{directory}/x.toml"
            for number in range(COUNT):
                data = mutate(random_, random_.choice(good), random_.choice(good))
                Path(file).write_bytes(data)
                start = time.monotonic()
                with self.subTest(number=number, data=data):
                    status, out, err = validate([file])
                    self.assertLess(time.monotonic() - start, SECONDS_MAX)
                    self.well_formed(file, data, status, out, err)
                    statuses[status] += 1
                    valid += self.positions_complete(data)
        # A fuzzer that only ever reaches one verdict tests nothing.
        self.assertGreater(statuses[0], COUNT // 50)
        self.assertGreater(statuses[2], COUNT // 2)
        self.assertGreater(valid, COUNT // 10)

    def test_endless_keys(self):
        """Dotted keys of 100,000 parts: refused in a moment, where following them would take minutes."""
        endless = "a" + ".a" * 99999
        position = {f"{endless} = 1": (3, 1), f"[{endless}]": (3, 2), f"[[x]]\n[[x.{endless}]]": (4, 3)}
        position[f"x = {{ y = 1, {endless} = 1 }}"] = (3, 14)
        for text, (line, column) in position.items():
            with tempfile.NamedTemporaryFile("w", suffix=".toml") as file, self.subTest(text=text[:9]):
                file.write(f"# an appliance\n\n{text}\n")
                file.flush()
                start = time.monotonic()
                status, out, err = validate([file.name])
                self.assertLess(time.monotonic() - start, 2)
                message = f"{file.name}:{line}:{column}: error: this key has more than 32 parts\n"
                hint = "hint: no key of compartments.toml has more than three\n"
                self.assertEqual((status, out, err), (2, "", message + hint))
        for option in (f"{endless}=1", f"compartments.zlib.libraries=[{{ {endless} = 1 }}]"):
            start = time.monotonic()
            status, _, err = validate([f"--set={option}", "good/gzip.toml"])
            self.assertLess(time.monotonic() - start, 2)
            self.assertEqual((status, err.count("\n")), (2, 2), err[:200])

    def test_mutated_sets(self):
        random_ = random.Random(SEED)
        seeds = (
            b'compartments.zlib.mechanism=["mpk","vm"]', b"compartments.app.memory=64MiB",
            b"edges.app-zlib.data=copy", b"shares.heap.members=['app']", b'application.env."K"="V"',
        )  # fmt: skip
        for number in range(COUNT // 4):
            option = mutate(random_, random_.choice(seeds), random_.choice(seeds))
            option = option.replace(b"\0", b"").decode("utf-8", "surrogateescape")
            with self.subTest(number=number, option=option):
                status, out, err = validate([f"--set={option}", "good/gzip.toml"])
                self.assertIn(status, (0, 2))
                self.assertEqual((out, status == 0), ("", err == ""))
                if status == 2:
                    self.assertRegex(err, r"^(--set|good/gzip\.toml:\d+:\d+:).*error: ")
                    self.assertRegex(err.splitlines()[1], r"^hint: \S")
