"""Redis's sources are the verified tarball with Debian's patches: not a line of them is ours.

SPDX-License-Identifier: BSD-3-Clause
"""

import filecmp
import sys
import tempfile
import tomllib
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "scripts"))

import fetch  # noqa: E402  (needs the path)

ADDED = {".bulkhead-fetched", "meson.build"}  # the stamp, and a build rule at the top


class NoNetwork:
    def options(self, kind: str, suite: str) -> list[str]:
        raise AssertionError(f"{kind} of {suite}: the archives have to be in the cache already")


def files(tree: Path) -> set[str]:
    return {str(path.relative_to(tree)) for path in tree.rglob("*") if not path.is_dir()}


class Sources(unittest.TestCase):
    def test_tree_is_tarball_and_patches(self):
        source = tomllib.loads((ROOT / "scripts/sources.toml").read_text())["redis"]
        tree = ROOT / "subprojects" / f"redis-{source['version']}"
        with tempfile.TemporaryDirectory() as name:
            fresh = Path(name) / "redis"
            fetch.source_tree("redis", source, fresh, NoNetwork())
            self.assertEqual(files(tree) - files(fresh), ADDED)
            self.assertEqual(files(fresh) - files(tree), set())
            same, different, unreadable = filecmp.cmpfiles(fresh, tree, files(fresh), shallow=False)
            self.assertEqual((different, unreadable), ([], []))
            self.assertGreater(len(same), 1000)

    def test_no_overlay_hides_a_source(self):
        overlay = ROOT / "subprojects/packagefiles/redis"
        self.assertEqual(files(overlay), {"meson.build"})


if __name__ == "__main__":
    unittest.main()
