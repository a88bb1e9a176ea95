"""unittest's subTest() under pytest, which by itself would end a test with its first sub-test that fails.

SPDX-License-Identifier: BSD-3-Clause
"""

from _pytest.unittest import TestCaseFunction


def add_sub_test(item: TestCaseFunction, test, subtest, problem) -> None:
    """unittest calls this at the end of each sub-test, if the method is there. `problem`: as sys.exc_info()."""
    if problem is not None:
        item.add_report_section("call", "sub-test", str(subtest))
        item.addFailure(test, problem)


def support_subtests() -> None:
    TestCaseFunction.addSubTest = add_sub_test  # type: ignore[attr-defined]
