"""Scripts in a tree of their own, with programs in place of the build's that say what they were asked for.

SPDX-License-Identifier: BSD-3-Clause
"""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.paths import ROOT

pytestmark = [pytest.mark.quick]

FAKE = """#!/bin/sh
echo "$(basename "$0") $*" >> "$CALLS"
case "$(basename "$0") $1" in
"meson setup") mkdir -p "$2" && touch "$2/build.ninja" ;;
"ninja -C") echo "ninja: no work to do." ;;
esac
"""


@pytest.fixture
def tree(tmp_path) -> Path:
    """A checkout that is set up and built, as far as scripts/build looks."""
    root = tmp_path / "original"
    (root / "scripts").mkdir(parents=True)
    (root / "subprojects").mkdir()
    shutil.copy(ROOT / "scripts/build", root / "scripts")
    for name in ("setup", "fetch.py", "sources.toml", "guest.cross"):
        (root / "scripts" / name).touch()
    for name in ("guest", "rpc", "shared-mem", "vmm", "tests"):
        (root / name).mkdir()
    (root / "subprojects/none.wrap").write_text("directory = rig-kernel\n")
    for name in ("packagefiles", "rig-kernel"):
        (root / "subprojects" / name).mkdir(parents=True)
    (root / "subprojects/rig-kernel/kernel").touch()
    (root / "subprojects/.set-up").touch()
    (root / "build/meson-info").mkdir(parents=True)
    (root / "build/build.ninja").touch()
    (root / "build/.configured").write_text("\n")
    info = {"meson_version": {}, "directories": {"source": str(root.resolve()), "build": str(root / "build")}}
    (root / "build/meson-info/meson-info.json").write_text(json.dumps(info))
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in ("meson", "ninja"):
        (programs / name).write_text(FAKE)
        (programs / name).chmod(0o755)
    return root


def build(tree: Path) -> tuple[list[str], str]:
    """What scripts/build calls, and what it says."""
    calls = tree.parent / "calls"
    calls.write_text("")
    programs = tree.parent / "programs"
    environment = {**os.environ, "CALLS": str(calls), "PATH": f"{programs}:{os.environ['PATH']}"}
    done = subprocess.run([tree / "scripts/build", "--only", "build"], env=environment, capture_output=True, text=True,
                          timeout=30, check=True)
    return calls.read_text().splitlines(), done.stderr


def test_a_tree_that_is_configured_is_left_alone(tree):
    assert build(tree) == ([], "")


@pytest.mark.parametrize("move", [shutil.copytree, shutil.move], ids=["copied", "renamed"])
def test_c4_a_tree_elsewhere_is_configured_for_itself(tree, move):
    other = tree.parent / "other place"
    move(tree, other)
    shutil.copystat(other / "build", other / "subprojects/.set-up")
    os.utime(other / "subprojects/.set-up")
    (other / "build/compiled").touch()
    calls, said = build(other)
    assert [call.split(" --")[0] for call in calls] == ["meson setup build"]
    assert f"build was made for {tree.resolve()}: it is made again" in said
    assert not (other / "build/compiled").exists()
