"""Scripts in a tree of their own, with programs in place of the build's that say what they were asked for.

SPDX-License-Identifier: BSD-3-Clause
"""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

import fetch
from tests.support.paths import ROOT

pytestmark = [pytest.mark.quick]

SOURCES = """
[lib]
version = "1"

[redis]
version = "7"
application = "redis"
"""

FOLDERS = ("lib-1", "packagefiles", "redis-7", "rig-kernel")

FAKE = """#!/bin/sh
echo "$(basename "$0") $*" >> "$CALLS"
case "$(basename "$0") $1" in
"meson setup") [ "$2" = build ] && mkdir -p build && touch build/build.ninja ;;
"ninja -C") echo "ninja: no work to do." ;;
esac
exit 0
"""


@pytest.fixture
def tree(tmp_path) -> Path:
    """A checkout that is set up and built, as far as scripts/build looks."""
    root = tmp_path / "original"
    (root / "scripts").mkdir(parents=True)
    (root / "subprojects").mkdir()
    shutil.copy(ROOT / "scripts/build", root / "scripts")
    shutil.copy(ROOT / "scripts/run", root / "scripts")
    for name in ("fetch.py", "guest.cross"):
        (root / "scripts" / name).touch()
    (root / "scripts/sources.toml").write_text(SOURCES)
    (root / "scripts/setup").write_text(FAKE)
    (root / "scripts/setup").chmod(0o755)
    for name in ("guest", "rpc", "shared-mem", "vmm", "tests"):
        (root / name).mkdir()
    for name, folder in (("lib", "lib-1"), ("redis", "redis-7")):
        (root / f"subprojects/{name}.wrap").write_text(f"[wrap-file]\ndirectory = {folder}\n")
    for name in ("packagefiles", "rig-kernel", "lib-1", "redis-7"):
        (root / "subprojects" / name).mkdir(parents=True)
    (root / "subprojects/rig-kernel/kernel").touch()
    (root / "subprojects/.set-up").touch()
    (root / "build/meson-info").mkdir(parents=True)
    (root / "build/build.ninja").touch()
    (root / "build/.configured").write_text("".join(f"subprojects/{name}/\n" for name in FOLDERS))
    info = {"meson_version": {}, "directories": {"source": str(root.resolve()), "build": str(root / "build")}}
    (root / "build/meson-info/meson-info.json").write_text(json.dumps(info))
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in ("meson", "ninja"):
        (programs / name).write_text(FAKE)
        (programs / name).chmod(0o755)
    return root


def build(tree: Path, *arguments: str, script: str = "build") -> tuple[list[str], str]:
    """What the script calls, and what it says."""
    calls = tree.parent / "calls"
    calls.write_text("")
    programs = tree.parent / "programs"
    environment = {**os.environ, "CALLS": str(calls), "PATH": f"{programs}:{os.environ['PATH']}"}
    done = subprocess.run([tree / "scripts" / script, *arguments], env=environment, capture_output=True, text=True,
                          timeout=30, check=True)
    return calls.read_text().splitlines(), done.stderr


def test_a_tree_that_is_configured_is_left_alone(tree):
    assert build(tree, "--only", "build") == ([], "")


@pytest.mark.parametrize("move", [shutil.copytree, shutil.move], ids=["copied", "renamed"])
def test_c4_a_tree_elsewhere_is_configured_for_itself(tree, move):
    other = tree.parent / "other place"
    move(tree, other)
    shutil.copystat(other / "build", other / "subprojects/.set-up")
    os.utime(other / "subprojects/.set-up")
    (other / "build/compiled").touch()
    calls, said = build(other, "--only", "build")
    assert [call.split(" --")[0] for call in calls] == ["meson setup build"]
    assert f"build was made for {tree.resolve()}: it is made again" in said
    assert not (other / "build/compiled").exists()


def without(tree: Path, *names: str) -> None:
    for name in names:
        shutil.rmtree(tree / "subprojects" / name)


def setups(calls: list[str]) -> list[str]:
    return [call for call in calls if call.startswith("setup")]


def test_c13_what_another_application_needs_is_not_fetched(tree):
    without(tree, "redis-7", "rig-kernel")
    assert setups(build(tree, "--for", "hello")[0]) == ["setup --for hello"]
    (tree / "build/.configured").write_text("")
    calls, _ = build(tree, "--for", "hello")
    assert setups(calls) == []  # what is missing is not for this one
    assert "meson setup --reconfigure build" in calls  # the build leaves that application out
    assert setups(build(tree, "--for", "redis")[0]) == ["setup --for redis"]
    assert setups(build(tree, "--only")[0]) == ["setup "]


def test_c13_what_the_application_needs_is_fetched(tree):
    without(tree, "lib-1")
    assert setups(build(tree, "--for", "hello")[0]) == ["setup --for hello"]


def test_c13_run_asks_for_its_application(tree):
    (tree / "scripts/build").write_text(FAKE)
    (tree / "build/bulkhead").write_text(FAKE)
    (tree / "build/bulkhead").chmod(0o755)
    toml = tree / "own.toml"
    toml.write_text('[appliance]\nname = "mine"\n\n[application]\nname = "hello" # the smallest\n\n[net]\nx = 1\n')
    assert build(tree, str(toml), script="run")[0] == ["build --for hello", f"bulkhead run {toml}"]
    toml.write_text('[appliance]\nname = "mine"\n')  # bulkhead says what is wrong with it
    assert build(tree, str(toml), script="run")[0] == ["build ", f"bulkhead run {toml}"]


@pytest.mark.parametrize(("arguments", "unwanted"), [
    (["--for", "hello"], {"redis", "nginx", "rig-kernel"}),
    (["--for", "nginx"], {"redis", "rig-kernel"}),
    ([], set()),
])
def test_c13_sources_by_what_is_asked_for(arguments, unwanted, monkeypatch, tmp_path):
    fetched = set()
    monkeypatch.setattr(fetch, "CACHE", tmp_path)
    monkeypatch.setattr(fetch, "fetch_source", lambda name, *_: fetched.add(name))
    monkeypatch.setattr(fetch, "fetch_kernel", lambda _: fetched.add("rig-kernel"))
    fetch.main(arguments)
    assert fetched >= {"picolibc", "lwip"}
    assert {"redis", "nginx", "rig-kernel"} - fetched == unwanted
