"""Sources that face the network are the verified tarballs with Debian's patches: not a line of them is ours.

SPDX-License-Identifier: BSD-3-Clause
"""

import filecmp
import os
import pwd
import tempfile
import tomllib
import unittest
from pathlib import Path

import pytest

import fetch
from tests.support.paths import ROOT

pytestmark = [pytest.mark.quick]

# What lies beside the sources: the stamp, a build rule at the top, and what nginx's configure would have written.
ADDED = {
    "redis": {".bulkhead-fetched", "meson.build"},
    "nginx": {".bulkhead-fetched", "meson.build"}
    | {f"bulkhead/{name}" for name in ("ngx_auto_config.h", "ngx_auto_headers.h", "ngx_modules.c")},
}
FILES = {"redis": 1000, "nginx": 400}  # at least


class NoNetwork:
    def options(self, kind: str, suite: str) -> list[str]:
        raise AssertionError(f"{kind} of {suite}: the archives have to be in the cache already")


def files(tree: Path) -> set[str]:
    return {str(path.relative_to(tree)) for path in tree.rglob("*") if not path.is_dir()}


class Sources(unittest.TestCase):
    def tree_is_tarball_and_patches(self, package: str):
        source = tomllib.loads((ROOT / "scripts/sources.toml").read_text())[package]
        tree = ROOT / "subprojects" / f"{package}-{source['version']}"
        self.assertIn("patches", source)
        with tempfile.TemporaryDirectory() as name:
            fresh = Path(name) / package
            fetch.source_tree(package, source, fresh, NoNetwork())
            self.assertEqual(files(tree) - files(fresh), ADDED[package])
            self.assertEqual(files(fresh) - files(tree), set())
            same, different, unreadable = filecmp.cmpfiles(fresh, tree, files(fresh), shallow=False)
            self.assertEqual((different, unreadable), ([], []))
            self.assertGreater(len(same), FILES[package])

    def test_redis(self):
        self.tree_is_tarball_and_patches("redis")

    def test_nginx(self):
        self.tree_is_tarball_and_patches("nginx")

    def test_no_overlay_hides_a_source(self):
        for package, added in ADDED.items():
            overlay = ROOT / "subprojects/packagefiles" / package
            self.assertEqual(files(overlay), added - {".bulkhead-fetched"})


@pytest.mark.root
def test_a17_root_downloads_as_apts_own_user(tmp_path, monkeypatch):
    """With a package index and an archive in place of the network: who downloads may write nowhere else."""
    user = pwd.getpwnam("_apt").pw_uid
    calls = []

    def run(command, what, **more):
        calls.append(command)
        if "source" in command:
            folder = Path(more["cwd"])
            assert (folder.stat().st_uid, folder.stat().st_mode & 0o022) == (user, 0)
            (folder / "zlib.tar").write_bytes(b"archive")

    monkeypatch.setattr(fetch, "run", run)
    monkeypatch.setattr(fetch, "debian_archive", lambda suite: ("http://archive.invalid/debian", {}))
    monkeypatch.setattr(fetch, "CACHE", tmp_path)
    apt = fetch.Apt()
    try:
        fetch.download("zlib", ["bookworm"], "zlib.tar", "--tar-only", apt)
        written = [path for path in apt.dir.rglob("*") if path.is_dir() and path.stat().st_uid == user]
        assert {path.name for path in written} > {"partial"}
    finally:
        apt.close()
    assert len(calls) == 2  # the index, the archive
    assert all("APT::Sandbox::User=_apt" in command for command in calls)
    got = tmp_path / "zlib.tar"
    assert (got.read_bytes(), got.stat().st_uid) == (b"archive", os.geteuid())
    assert [path.name for path in tmp_path.iterdir()] == ["zlib.tar"]
