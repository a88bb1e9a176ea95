"""The Promela models of parking, events and lanes, checked with SPIN; and that each of their mutants fails.

SPDX-License-Identifier: BSD-3-Clause
"""

import re
import subprocess
import tempfile
from pathlib import Path

import pytest

MODELS = Path(__file__).resolve().parent

# Model, what is defined: every state is looked at, and none is bad.
GOOD = (
    ("park", "PAIR"),
    ("park", "PAIR WEAK"),
    ("park", "PAIR TIMED=1 CALLS=1"),
    ("park", "CHAIN LEAN CALLS=1"),
    ("park", "STAR LEAN CALLS=1"),
    ("park", "PAIR SUPERVISOR CALLS=1"),
    ("park", "PAIR LEAN SUPERVISOR"),
    ("deadline", ""),
    ("events", ""),
    ("lanes", ""),
)
BAD = (
    ("park", "PAIR NO_MARK_FENCE"),
    ("park", "PAIR NO_POST_FENCE"),
    ("park", "PAIR NO_SECOND_LOOK"),
    ("park", "PAIR MARK_AFTER_LOOK"),
    ("park", "PAIR RING_ONCE"),
    ("park", "PAIR KEEP_BELL_NUMBER"),
    ("park", "PAIR NO_LEAVING_FENCE"),
    ("park", "PAIR NO_BELLS"),
    ("park", "PAIR WEAK NO_RELEASE"),
    ("park", "CHAIN LEAN MARK_ONE_EDGE"),
    ("park", "STAR LEAN CALLS=1 NO_BELLS"),
    ("park", "PAIR SUPERVISOR CALLS=1 ONE_PASS"),
    ("park", "PAIR LEAN SUPERVISOR CALLS=2 NO_COMPARE"),
    ("park", "PAIR SUPERVISOR CALLS=1 NO_BELL_CHECK"),
    ("park", "PAIR SUPERVISOR CALLS=1 FLAG_FIRST"),
    ("park", "PAIR SUPERVISOR CALLS=1 AWAKE_AFTER_BELL"),
    ("deadline", "STALE_DEADLINE"),
    ("deadline", "RELATIVE_TIMEOUT"),
    ("deadline", "NO_EXPIRY_IN_TRAFFIC"),
    ("events", "NO_CHECK"),
    ("events", "CHECK_FIRST"),
    ("events", "WHOLE_RING"),
    ("events", "SOME_LOST"),
    ("events", "SEEN_LAST"),
    ("events", "WORD_LAST"),
    ("events", "ENTRY_LAST"),
    ("events", "NO_TELL_FENCE"),
    ("events", "NO_ARM_FENCE"),
    ("events", "NO_SECOND_LOOK"),
    ("lanes", "INBOX_ONLY"),
    ("lanes", "EVENT_FIRST"),
    ("lanes", "NO_LEVEL"),
    ("lanes", "CALL_PASSES_LANE"),
    ("lanes", "NO_REST"),
    ("lanes", "STALL_UNTOLD"),
    ("lanes", "STALL_FORGOTTEN"),
)


def check(model: str, defined: str) -> tuple[int, str]:
    """The number of errors that SPIN finds, and what it says. An incomplete search counts as an error."""
    with tempfile.TemporaryDirectory() as directory:
        flags = [f"-D{word}" for word in defined.split()]
        subprocess.run(["spin", *flags, "-a", MODELS / f"{model}.pml"], cwd=directory, check=True,
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
        subprocess.run(["gcc", "-O2", "-w", "-DSAFETY", "-DNOCLAIM", "-DHC4", "-DVECTORSZ=2048", "-o", "pan", "pan.c"],
                       cwd=directory, check=True, timeout=120)
        done = subprocess.run(["./pan", "-E", "-m1000000", "-w24"], cwd=directory, capture_output=True, text=True,
                              timeout=300)
    said = done.stdout + done.stderr
    errors = re.search(r"errors: (\d+)", said)
    assert errors, said
    incomplete = re.search(r"max search depth too small|out of memory|not completed", said)
    return int(errors[1]) + (incomplete is not None and errors[1] == "0"), said


@pytest.mark.parametrize(("model", "defined"), GOOD, ids=str)
def test_model(model, defined):
    errors, said = check(model, defined)
    assert errors == 0, said


@pytest.mark.parametrize(("model", "defined"), BAD, ids=str)
def test_mutant(model, defined):
    """What the model checks is what the code needs: without it, something is lost."""
    errors, said = check(model, defined)
    assert errors > 0, said
    assert "assertion violated" in said, said
