"""Names of files, errors and streams: a guest and a native program print the same, in memory and on a mount.

SPDX-License-Identifier: BSD-3-Clause
"""

import subprocess
from pathlib import Path

import pytest

from tests.support import appliances
from tests.support.paths import GUESTS

pytestmark = [pytest.mark.kvm, pytest.mark.build("all")]

APP = GUESTS / "file_names"


def output_of(command: list[str]) -> list[str]:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


@pytest.fixture(name="wanted", scope="module")
def native_output(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder = tmp_path_factory.mktemp("native")
    sources = [str(source) for source in sorted(APP.glob("*.c"))]
    subprocess.run(["gcc", "-w", "-D_GNU_SOURCE", *sources, "-o", str(folder / "program")], check=True)
    (folder / "files").mkdir()
    lines = output_of([str(folder / "program"), str(folder / "files")])
    assert len(lines) > 100
    return lines


@pytest.mark.parametrize("directory", ["/tmp", "/host"])
def test_b9_b13_names_errors_and_streams(wanted: list[str], tmp_path: Path, directory: str):
    place = ("--set", f"mounts.host.directory={tmp_path}")
    assert output_of([*appliances.command(APP / "compartments.toml", *place), directory]) == wanted
