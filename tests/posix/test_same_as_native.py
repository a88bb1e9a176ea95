"""One program in a guest and natively: both print the same, in memory and in a directory of the host.

SPDX-License-Identifier: BSD-3-Clause
"""

import subprocess
from pathlib import Path

import pytest

from tests.support import appliances
from tests.support.paths import GUESTS

pytestmark = [pytest.mark.kvm, pytest.mark.build("all")]

APP = GUESTS / "same_as_native"


def output_of(command: list[str]) -> list[str]:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


@pytest.fixture(name="native", scope="module")
def native_program(tmp_path_factory: pytest.TempPathFactory) -> str:
    program = tmp_path_factory.mktemp("native") / "same_as_native"
    sources = [str(source) for source in sorted(APP.glob("*.c"))]
    subprocess.run(["gcc", "-w", "-D_GNU_SOURCE", *sources, "-o", str(program)], check=True)
    return str(program)


def compare(native: str, folder: Path, part: str, guest_directory: str) -> None:
    for name in ("native", "guest"):
        (folder / name).mkdir()
    wanted = output_of([native, str(folder / "native"), part])
    place = ("--set", f"mounts.host.directory={folder / 'guest'}")
    command = [*appliances.command(APP / "compartments.toml", *place), guest_directory, part]
    assert output_of(command) == wanted
    assert len(wanted) > 3


@pytest.mark.parametrize("directory", ["/tmp", "/host"])
class TestSameAsNative:
    def test_b4_modes_of_fopen(self, native: str, tmp_path: Path, directory: str):
        compare(native, tmp_path, "stdio_modes", directory)

    def test_b8_time_before_1970(self, native: str, tmp_path: Path, directory: str):
        compare(native, tmp_path, "old_times", directory)

    def test_b9_limits_and_allocation(self, native: str, tmp_path: Path, directory: str):
        compare(native, tmp_path, "limits", directory)

    def test_d2_allocation(self, native: str, tmp_path: Path, directory: str):
        compare(native, tmp_path, "memory", directory)

    def test_b13_links_with_a_slash_and_access(self, native: str, tmp_path: Path, directory: str):
        compare(native, tmp_path, "slashes", directory)
