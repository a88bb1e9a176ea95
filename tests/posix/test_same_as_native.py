"""One program in a guest and natively: both print the same, in memory, in a directory of the host, and with sockets.

SPDX-License-Identifier: BSD-3-Clause

What differs is listed in docs/posix.md, "Known differences". A difference that appears or vanishes fails the test of
its part; with UPDATE=1 in the environment the tests write the table anew instead.
"""

import os
import subprocess
from pathlib import Path

import pytest

from tests.posix.known_differences import Difference, read_table, write_table
from tests.support import appliances
from tests.support.paths import GUESTS

pytestmark = [pytest.mark.kvm, pytest.mark.build("all")]

APP = GUESTS / "same_as_native"
OBSERVATIONS = 2000  # at least, natively; the random numbers are not counted

Place = tuple[str, str, tuple[str, ...]]  # the appliance, the directory, options

# Where a part runs: everywhere it prints the same natively.
ONCE: dict[str, Place] = {"once": ("compartments.toml", "/tmp", ())}
FOLDERS: dict[str, Place] = {"/tmp": ("compartments.toml", "/tmp", ()), "/host": ("compartments.toml", "/host", ())}
NETWORKS: dict[str, Place] = {
    "vm": ("compartments-net.toml", "/tmp", ()),
    "none": ("compartments-net.toml", "/tmp", ("--set", "compartments.net.mechanism=none")),
}
PLACES: dict[str, dict[str, Place]] = {
    "addresses": NETWORKS,
    "heap": ONCE,
    "ctype": ONCE,
    "descriptors": FOLDERS,
    "digits": ONCE,
    "directories": FOLDERS,
    "epoll": ONCE,
    "files": FOLDERS,
    "limits": FOLDERS,
    "links": FOLDERS,
    "memory": FOLDERS,
    "names": FOLDERS,
    "old_times": FOLDERS,
    "pipes": ONCE,
    "poll": ONCE,
    "printf": ONCE,
    "process": ONCE,
    "scanf": ONCE,
    "signals": ONCE,
    "slashes": FOLDERS,
    "socket_misuse": NETWORKS,
    "socket_options": NETWORKS,
    "socketpair": ONCE,
    "stdio_modes": FOLDERS,
    "streams": FOLDERS,
    "strings": ONCE,
    "strtod": ONCE,
    "strtol": ONCE,
    "tcp": NETWORKS,
    "thread_sync": ONCE,
    "threads": ONCE,
    "time": ONCE,
    "udp": NETWORKS,
}
ROWS = {
    "heap": "d2",
    "limits": "b9",
    "old_times": "b8",
    "slashes": "b13",
    "stdio_modes": "b4",
}  # of the list of faults
CASES = [(part, place) for part, places in PLACES.items() for place in places]


def output_of(command: list[str]) -> list[str]:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


def observations(lines: list[str]) -> dict[str, str]:
    """By name; no name comes twice."""
    found = dict(line.split(": ", 1) for line in lines)
    assert len(found) == len(lines), "a name is printed twice"
    return found


@pytest.fixture(name="native", scope="module")
def native_program(tmp_path_factory: pytest.TempPathFactory) -> str:
    program = tmp_path_factory.mktemp("native") / "same_as_native"
    sources = [str(source) for source in sorted(APP.glob("*.c"))]
    command = ["gcc", "-w", "-D_GNU_SOURCE", *sources, "-o", str(program), "-lm", "-lpthread"]
    subprocess.run(command, check=True)
    return str(program)


def run_natively(native: str, folder: Path, part: str) -> list[str]:
    folder.mkdir()
    return output_of([native, str(folder), part])


def run_in_a_guest(folder: Path, part: str, place: Place) -> list[str]:
    toml, directory, options = place
    if toml == "compartments.toml":
        folder.mkdir()
        options = ("--set", f"mounts.host.directory={folder}", *options)
    return output_of([*appliances.command(APP / toml, *options), directory, part])


def compare(native: str, folder: Path, part: str, place: str) -> None:
    wanted = observations(run_natively(native, folder / "native", part))
    found = observations(run_in_a_guest(folder / "guest", part, PLACES[part][place]))
    assert not set(wanted) ^ set(found), "other observations"
    differences = {
        name: Difference(result, found[name]) for name, result in wanted.items() if result != found[name]
    }
    if os.environ.get("UPDATE") == "1":
        write_table(part, place, differences, PLACES)
        return
    assert differences == read_table(PLACES).get((part, place), {})


def name_of(case: tuple[str, str]) -> str:
    return "-".join([*([ROWS[case[0]]] if case[0] in ROWS else []), *case])


@pytest.mark.parametrize(("part", "place"), CASES, ids=map(name_of, CASES))
def test_same_as_native(native: str, tmp_path: Path, part: str, place: str):
    compare(native, tmp_path, part, place)


def test_d5_digits_of_random_numbers(native: str, tmp_path: Path):
    """8,000 long doubles and as many doubles, printed with several formats, and parsed again."""
    wanted = run_natively(native, tmp_path / "native", "random_digits")
    found = run_in_a_guest(tmp_path / "guest", "random_digits", ONCE["once"])
    assert len(wanted) == 16000
    wrong = [pair for pair in zip(wanted, found, strict=True) if pair[0] != pair[1]]
    assert not wrong, (len(wrong), wrong[:5])


def test_number_of_observations(native: str, tmp_path: Path):
    total = sum(len(observations(run_natively(native, tmp_path / part, part))) for part in PLACES)
    assert total >= OBSERVATIONS


def test_the_table_names_what_is_observed(native: str, tmp_path: Path):
    """A row whose observation is gone would be compared with nothing."""
    strangers = []
    for (part, place), differences in read_table(PLACES).items():
        folder = tmp_path / f"{part}-{place.strip('/')}"
        seen = observations(run_natively(native, folder, part))
        strangers += [(part, name) for name in differences if name not in seen]
    assert not strangers
