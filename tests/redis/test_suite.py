"""The test suite in Redis's own source tree against the appliance; one test for each unit that CI runs.

SPDX-License-Identifier: BSD-3-Clause

scripts/redis-suite runs them, and has the list of what is left out and why; docs/redis-suite.md has the results.
"""

import importlib.machinery
import importlib.util
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

import pytest

from tests.support.needs import why_no_tap
from tests.support.paths import ROOT

pytestmark = [pytest.mark.kvm, pytest.mark.net, pytest.mark.build("all")]

SCRIPT = str(ROOT / "scripts/redis-suite")


def load_script():
    loader = importlib.machinery.SourceFileLoader("redis_suite", SCRIPT)
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("redis_suite", loader))
    sys.modules["redis_suite"] = module  # dataclasses look there
    loader.exec_module(module)
    return module


suite = load_script()


@pytest.fixture(scope="module")
def complete():
    """Skips if this computer lacks something that the suite needs."""
    if reason := suite.missing():
        pytest.skip(reason)


@pytest.mark.timeout(200)
@pytest.mark.parametrize("unit", suite.CI_UNITS)
def test_unit(complete, unit):
    result = suite.run_unit(unit, limit=150)
    assert result.failures == []
    assert result.passed > 0, "every test was denied"


def marked(mark: str) -> list[str]:
    """Processes that have these bytes in their environment."""
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            if mark.encode() in path.read_bytes():
                found.append((path.parent / "cmdline").read_text().replace("\0", " "))
        except OSError:
            pass  # it ended meanwhile
    return found


class Script(unittest.TestCase):
    def setUp(self):
        if reason := suite.missing():
            self.skipTest(reason)

    def test_tests_that_need_order(self):
        """Over a TAP interface, which keeps the order in which several connections were written to."""
        if reason := why_no_tap():
            self.skipTest(reason)
        with tempfile.NamedTemporaryFile() as out:
            command = [SCRIPT, "--tap", "--only", suite.ORDERED, "--json", out.name, "unit/type/list", "unit/type/zset"]
            done = subprocess.run(command, capture_output=True, text=True, timeout=100)
            self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
            self.assertEqual([unit["passed"] for unit in json.load(out)], [2, 1])

    def test_sigterm_leaves_nothing_behind(self):
        mark = f"BULKHEAD_TEST_MARK={os.getpid()}-{time.time_ns()}"
        name, value = mark.split("=")
        script = subprocess.Popen([SCRIPT, "unit/scan"], stdout=subprocess.DEVNULL, env=os.environ | {name: value})
        end = time.monotonic() + 60
        while not any("test_helper" in line for line in marked(mark)) and time.monotonic() < end:
            time.sleep(0.1)
        self.assertGreater(len(marked(mark)), 3)  # the script, the appliance, Tcl
        script.send_signal(signal.SIGTERM)
        self.assertEqual(script.wait(30), 128 + signal.SIGTERM)
        end = time.monotonic() + 10
        while (left := marked(mark)) and time.monotonic() < end:
            time.sleep(0.1)
        self.assertEqual(left, [])
