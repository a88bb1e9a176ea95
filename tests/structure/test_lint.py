"""Each part of scripts/lint finds nothing.

SPDX-License-Identifier: BSD-3-Clause
"""
import os
import subprocess

import pytest

from tests.support.paths import BUILD, ROOT

pytestmark = [pytest.mark.quick, pytest.mark.timeout(900)]


def lint(part):
    done = subprocess.run([ROOT / "scripts/lint", part], cwd=ROOT, env={**os.environ, "BULKHEAD_BUILD": str(BUILD)},
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("part", ["format", "cppcheck", "flake8", "mypy", "shellcheck"])
def test_lint(part):
    lint(part)


@pytest.mark.build("all")
def test_lint_tidy():
    """It needs the commands of a build, and the headers that are generated in one."""
    lint("tidy")


def test_no_other_parts():
    """One that is added has to be listed here."""
    usage = subprocess.run([ROOT / "scripts/lint", "--help"], capture_output=True, text=True, check=False)
    assert usage.returncode == 2
    assert set("format cppcheck tidy flake8 mypy shellcheck c python shell".split()) == set(
        usage.stderr.partition("[")[2].partition("]")[0].split(" | "))
