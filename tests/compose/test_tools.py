"""Wrong descriptions of sources, and wrong usage of the tree's generators: one line each, never a traceback.

SPDX-License-Identifier: BSD-3-Clause
"""

import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
GOOD = """[zlib]
version = "1"
suite = "bookworm"
file = "zlib.tar"
sha256 = "00"
needed = false
"""


def run(*command: object) -> tuple[int, str, str]:
    environment = os.environ | {"PYTHONPATH": str(ROOT / "scripts")}
    done = subprocess.run(
        [sys.executable, *map(str, command)], capture_output=True, env=environment, text=True, timeout=60
    )
    return done.returncode, done.stdout, done.stderr


class Sources(unittest.TestCase):
    def refused(self, text: str, message: str) -> None:
        with tempfile.TemporaryDirectory() as top:
            scripts = Path(top, "scripts")
            scripts.mkdir()
            shutil.copy(ROOT / "scripts/fetch.py", scripts)
            (scripts / "sources.toml").write_text(text)
            status, out, error = run(scripts / "fetch.py", "other")
        self.assertEqual((status, out), (3, ""))
        self.assertEqual(error, f"setup: error: {message}\n")

    def test_good(self):
        self.refused(GOOD, "unknown source 'other': one of zlib, rig-kernel")

    def test_missing_key(self):
        end = "; the top of the file explains the keys"
        for key in ("version", "suite", "file", "needed"):
            text = "".join(line for line in GOOD.splitlines(True) if not line.startswith(key))
            self.refused(text, f"scripts/sources.toml: [zlib] has no {key}: add it{end}")
        hint = " (with a wrong one, scripts/fetch.py NAME tells the right one)"
        text = GOOD.replace('sha256 = "00"\n', "")
        self.refused(text, f"scripts/sources.toml: [zlib] has no sha256: add it{hint}{end}")
        patches = GOOD + 'patches = { suite = "bookworm", file = "x" }\n'
        self.refused(patches, f"scripts/sources.toml: [zlib] patches has no sha256: add it{hint}{end}")

    def test_wrong_key(self):
        end = "; the top of the file explains the keys"
        text = GOOD.replace("false", '"no"')
        self.refused(text, f"scripts/sources.toml: [zlib]: needed has the wrong type{end}")
        known = "one of version, suite, file, sha256, needed, patches, application"
        self.refused(GOOD + 'sha = ""\n', f"scripts/sources.toml: [zlib]: unknown key sha: {known}")
        self.refused("zlib = 1\n", "scripts/sources.toml: [zlib] is no table: it needs the keys version, suite, file,"
                     " sha256, needed")  # fmt: skip

    def test_wrong_syntax(self):
        error = "Expected ']' at the end of a table declaration (at line 1, column 6)"
        self.refused("[zlib\n", f"scripts/sources.toml: {error}")


class Generators(unittest.TestCase):
    def test_hops(self):
        with tempfile.TemporaryDirectory() as top:
            status, _, error = run(ROOT / "tests/guests/hops/generate.py", top)
        self.assertEqual(status, 1)
        self.assertRegex(error, r"^generate.py: error: .* has no folder tests/guests: .*\n$")

    def test_marshal(self):
        for arguments in ((), ("x.edl",), ("x.edl", "/nonexistent")):
            status, _, error = run(ROOT / "tests/unit/marshal/generate.py", *arguments)
            self.assertEqual(status, 2)
            self.assertEqual(error, "generate.py: error: name an interface file and a folder that exists\n")


if __name__ == "__main__":
    unittest.main()
