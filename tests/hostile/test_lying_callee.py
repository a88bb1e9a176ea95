"""A file system and a network that lie about what they return, below an application on the POSIX layer (FAULTS A4).

SPDX-License-Identifier: BSD-3-Clause
"""

import re
from pathlib import Path

import pytest

from tests.support.paths import ROOT

pytestmark = [pytest.mark.kvm, pytest.mark.build("all")]

LIES = 20  # at least


def words(file: Path) -> str:
    """What an interface file says to callers, without comments, `library NAME {` and the last brace."""
    text = " ".join(re.sub(r"//[^\n]*", "", file.read_text()).split())
    text = re.sub(r" (caller|nonblocking)\b", "", text)
    return text[text.index("{") + 1 : text.rindex("}")].strip()


@pytest.mark.parametrize("library", ["vfs", "lwip"])
def test_a4_the_liar_has_the_interface_of(library):
    liar = words(ROOT / "tests/guests/libs/liar/liar.edl")
    assert words(ROOT / f"guest/libs/{library}/{library}.edl") in liar


def test_a4_posix_believes_no_lie(appliances):
    done = appliances.run("believer")
    lines = done.stdout.decode().splitlines()
    assert ([line for line in lines if not line.startswith("ok ")], done.returncode) == (["0 failures"], 0)
    assert len(lines) > LIES


def test_a4_the_report_names_result_and_value(appliances):
    report = appliances.run("believer").stderr.decode()
    assert (
        'bulkhead: compartment "app" calls vfs_read() of compartment "liar": refused: result "return" is outside of '
        "the range that the interface file gives\n" in report
    )
    assert "  detail    it is 1000000\n" in report
