"""The order in which tests run, and the second try of one that failed.

SPDX-License-Identifier: BSD-3-Clause

With --second-try a test that failed runs once more when the others of its kind are over. Both tries are printed, and
the second one counts. A fuzzer gets none, for its finding stands, and no test gets one if more than SECOND_TRIES of a
kind failed.
"""

import contextlib
import itertools

import pytest

from .names import KINDS, kind_of, name_of
from .programs import FuzzPool, forget_results
from .report import Report
from .rig import Boot

SECOND_TRIES = 5


class Loop:
    def __init__(self, config: pytest.Config, report: Report):
        self.config = config
        self.report = report

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        if self.config.getoption("collectonly"):
            return None
        kinds = {kind: [item for item in session.items if kind_of(item) == kind] for kind in KINDS}
        for kind, items in kinds.items():
            if kind == "fuzz" or not self.config.getoption("second_try"):
                self.run(session, kind, items)
            else:
                self.run_twice(session, kind, items)
        return True

    def run(self, session: pytest.Session, kind: str, items: list[pytest.Item]) -> None:
        if not items:
            return
        with contextlib.ExitStack() as stack:
            if kind == "fuzz":
                session.stash[FuzzPool.key] = stack.enter_context(FuzzPool(items))
            if kind == "rig":
                session.stash[Boot.key] = stack.enter_context(Boot(items, self.report.say))
            for item, following in itertools.zip_longest(items, items[1:]):
                item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
                if session.shouldfail:
                    raise session.Failed(session.shouldfail)
                if session.shouldstop:
                    raise session.Interrupted(session.shouldstop)

    def run_twice(self, session: pytest.Session, kind: str, items: list[pytest.Item]) -> None:
        report, tally = self.report, self.report.tally
        earlier = [item for item in items if item.nodeid in tally.retry]  # their first try was in another session
        report.failed_once = {item.nodeid: item.nodeid for item in earlier}
        self.run(session, kind, [item for item in items if item not in earlier])
        once, report.failed_once = report.failed_once, None
        if not once:
            return
        if len(set(once.values())) > SECOND_TRIES:
            report.say(f"     {len(once)} failed: too many for a second try")
            tally.failed += len(once)
            return
        report.say(f"     second try of {', '.join(map(name_of, once))}")
        again = [item for item in items if item.nodeid in once]
        forget_results(again)
        before = tally.failed
        self.run(session, kind, again)
        if tally.failed == before:
            tally.unsteady += map(name_of, once)
