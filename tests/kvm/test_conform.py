"""The conformance suite under every mechanism and data strategy: same checks, same results.

SPDX-License-Identifier: BSD-3-Clause
"""

import pytest

pytestmark = [pytest.mark.kvm, pytest.mark.build("all"), pytest.mark.timeout(60)]

EDGES = ("app-conform", "app-relay", "relay-conform")
LIBRARIES = ("conform", "relay")
MODES: dict[str, list[str]] = {
    "share": [],
    "copy": [f"edges.{edge}.data=copy" for edge in EDGES],
    "strict": [f"edges.{edge}.data=strict" for edge in EDGES],
    "none": [f"compartments.{name}.mechanism=none" for name in LIBRARIES],
}
SPINS = ("0", "1000", "50000")  # cycles: parks at once, soon, seldom


def options(mode: str) -> list[str]:
    return [word for setting in MODES[mode] for word in ("--set", setting)]


def pattern(size: int) -> bytes:
    """What `conform flood` writes."""
    return bytes((i * 31 + i // 251) % 256 for i in range(size))


def check(appliances, mode: str, *groups: str, spin: str = "") -> list[str]:
    """Runs one mode; returns the names of its checks."""
    more = ["--spin", spin] if spin else []
    done = appliances.run("conform", *groups, options=[*options(mode), *more])
    lines = done.stdout.decode().splitlines()
    failed = [line for line in lines if line.startswith("FAIL")]
    assert failed == [], done.stderr.decode()
    assert done.returncode == 0, done.stderr.decode()
    assert lines[-1] == "0 failed"
    return [line[3:] for line in lines if line.startswith("ok ")]


@pytest.fixture(scope="module")
def first_names() -> list[str]:
    """Names of the checks that the first mode made; empty before."""
    return []


@pytest.mark.parametrize("mode", MODES)
def test_results(appliances, first_names, mode):
    names = check(appliances, mode)
    assert len(names) == len(set(names)), "a name is there twice"
    assert len(names) > 200
    if not first_names:
        first_names += names
    assert names == first_names


@pytest.mark.parametrize("spin", SPINS)
def test_spin(appliances, spin):
    check(appliances, "share", "callbacks", "threads", "timeouts", spin=spin)


def test_flood(appliances):
    """1 MiB to standard output, byte for byte."""
    done = appliances.run("conform", "flood", str(1 << 20))
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout == pattern(1 << 20)


def test_echo(appliances):
    """Standard input to standard output, byte for byte, larger than any buffer on the way."""
    data = pattern(1_000_003)
    done = appliances.run("conform", "echo", data=data)
    assert (done.returncode, done.stderr, done.stdout == data) == (0, b"", True)
