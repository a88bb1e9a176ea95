"""One line for each test, failures in full, and `N passed, N failed, N skipped` as the last line.

SPDX-License-Identifier: BSD-3-Clause
"""

import json
from pathlib import Path

import pytest
from _pytest.terminal import TerminalReporter

from .names import name_of


class Tally:
    """The verdicts so far. An earlier session hands its own over in a file (see scripts/test)."""

    def __init__(self) -> None:
        self.passed = self.failed = self.skipped = 0
        self.unsteady: list[str] = []  # names of what passed at the second try only
        self.retry: list[str] = []  # tests that failed in the earlier session and get a second try in this one

    def save(self, path: str) -> None:
        Path(path).write_text(json.dumps(vars(self)))

    def load(self, path: str) -> bool:
        try:
            vars(self).update(json.loads(Path(path).read_text()))
        except (OSError, ValueError):
            return False
        return True


class Report(TerminalReporter):
    """Stands in for pytest's own reporter and is silent but for what is said here."""

    def __init__(self, config: pytest.Config, tally: Tally):
        super().__init__(config)
        self.tally = tally
        self.phases: dict[str, list[pytest.TestReport]] = {}
        # While a first try runs that may be followed by a second: node id to the name under which it failed.
        self.failed_once: dict[str, str] | None = None

    # What pytest's own reporter prints around the tests.
    def pytest_sessionstart(self, session):
        self._session = session
        if distributed := self.config.pluginmanager.getplugin("dsession"):  # pytest-xdist may have the other reporter
            distributed.terminal = distributed.trdist.tr = self

    def pytest_collection(self):
        pass

    def pytest_collection_finish(self, session):
        if self.config.getoption("collectonly"):
            for item in session.items:
                self.say(name_of(item.nodeid))

    def pytest_deselected(self, items):
        pass

    def pytest_runtest_logstart(self, nodeid, location):
        pass

    def pytest_runtest_logfinish(self, nodeid):
        pass

    @pytest.hookimpl(hookwrapper=True)
    def pytest_sessionfinish(self, session, exitstatus):
        yield

    @pytest.hookimpl(hookwrapper=True)
    def pytest_terminal_summary(self):
        yield

    def pytest_unconfigure(self):
        pass

    def pytest_warning_recorded(self, warning_message, nodeid):
        pass

    def rewrite(self, *_, **__):
        pass

    def write_line(self, *_, **__):
        """What pytest-xdist says of its processes."""

    def pytest_internalerror(self, excrepr):
        self.say(str(excrepr))
        return True

    def say(self, line: str) -> None:
        self._tw.line(line)
        self._tw.flush()

    # The tests.
    def line(self, verdict: str, name: str, seconds: float | None, note: str = "") -> None:
        took = f"{seconds:6.2f}s" if seconds is not None else " " * 7
        self.say(f"{verdict:4} {took}  {name}{': ' + note if note else ''}")

    def pytest_collectreport(self, report):
        if report.failed:
            self.tally.failed += 1
            self.line("FAIL", name_of(report.nodeid), None, "cannot be read in")
            self.indented(report.longreprtext)

    def pytest_runtest_logreport(self, report):
        phases = self.phases.setdefault(report.nodeid, [])
        phases.append(report)
        if report.when == "teardown":
            self.verdict(self.phases.pop(report.nodeid))

    def verdict(self, phases: list[pytest.TestReport]) -> None:
        nodeid, name = phases[0].nodeid, name_of(phases[0].nodeid)
        seconds = sum(phase.duration for phase in phases)
        failed = [phase for phase in phases if phase.failed]
        skipped = [phase for phase in phases if phase.skipped]
        if failed:
            # A class that cannot be set up fails once, however many tests it has.
            cause = nodeid.rpartition("::")[0] if failed[0].when == "setup" else nodeid
            self.fail(nodeid, name, seconds, cause)
            for phase in failed:
                self.indented(phase.longreprtext)
                for title, text in phase.sections:
                    self.indented(f"{title}:\n{text}")
        elif skipped:
            self.tally.skipped += 1
            self.line("skip", name, seconds, reason_of(skipped[0]))
        else:
            self.tally.passed += 1
            self.line("ok", name, seconds)

    def fail(self, nodeid: str, name: str, seconds: float | None, cause: str) -> None:
        if self.failed_once is not None:
            self.failed_once[nodeid] = cause
            self.line("once", name, seconds, "failed")
        else:
            self.tally.failed += 1
            self.line("FAIL", name, seconds)

    def indented(self, text: str) -> None:
        for line in text.rstrip().splitlines():
            self.say(f"     | {line}")

    def close(self) -> None:
        """Prints what stands at the end."""
        if self.tally.unsteady:
            self.say(f"passed at the second try only: {', '.join(self.tally.unsteady)}")
        self.say(f"{self.tally.passed} passed, {self.tally.failed} failed, {self.tally.skipped} skipped")


def reason_of(report: pytest.TestReport) -> str:
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longreprtext
    lines = str(reason).removeprefix("Skipped: ").strip().splitlines()
    return lines[-1] if lines else "no reason given"
