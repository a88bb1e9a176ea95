"""The test suite in Redis's own source tree against the appliance; one test for each unit that CI runs.

SPDX-License-Identifier: BSD-3-Clause

scripts/redis-suite runs them, and has the list of what is left out and why; docs/redis-suite.md has the results.
"""

import importlib.machinery
import importlib.util
import sys
import unittest

from server import appliances


def load_script():
    path = str(appliances.ROOT / "scripts/redis-suite")
    loader = importlib.machinery.SourceFileLoader("redis_suite", path)
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("redis_suite", loader))
    sys.modules["redis_suite"] = module  # dataclasses look there
    loader.exec_module(module)
    return module


suite = load_script()


class Suite(unittest.TestCase):
    time_limit = 200

    @classmethod
    def setUpClass(cls):
        if reason := suite.missing():
            raise unittest.SkipTest(reason)

    def run_unit(self, unit: str) -> None:
        result = suite.run_unit(unit, limit=150)
        self.assertEqual(result.failures, [])
        self.assertGreater(result.passed, 0, "every test was denied")


def add(unit: str) -> None:
    name = unit.removeprefix("unit/").replace("/", "_").replace("-", "_")
    setattr(Suite, f"test_{name}", lambda self: self.run_unit(unit))


for each in suite.CI_UNITS:
    add(each)


if __name__ == "__main__":
    unittest.main()
