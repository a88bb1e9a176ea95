"""Options, kinds of test and guards of `scripts/test`; docs/testing.md describes them.

SPDX-License-Identifier: BSD-3-Clause
"""

import signal
import subprocess
import sys

import pytest

from tests.harness.loop import Loop
from tests.harness.names import kind_of, match_names_only
from tests.harness.programs import collect_program, targets_of
from tests.harness.report import Report, Tally
from tests.harness.rig import RigFile
from tests.harness.subtests import support_subtests
from tests.support.appliances import Appliances
from tests.support.needs import GUARDS
from tests.support.paths import BUILD, ROOT


def pytest_addoption(parser):
    group = parser.getgroup("Bulkhead")
    group.addoption("--list", action="store_true", help="print the names of the tests only")
    group.addoption("--fuzz-seconds", type=int, default=5, metavar="N", help="how long each fuzzer runs (default 5)")
    group.addoption("--no-rig", action="store_true", help="leave out what runs in the emulator")
    group.addoption("--second-try", action="store_true", help="run a failed test once more, and count that")
    group.addoption("--part", choices=("quick", "rest"), help="only the tests with the marker quick, or all others")
    group.addoption("--tally-to", metavar="FILE", help="print no closing line; the verdicts are for a later session")
    group.addoption("--tally-from", metavar="FILE", help="count the verdicts of that session, too")


def is_worker(config: pytest.Config) -> bool:
    """Whether this is a process that pytest-xdist started."""
    return hasattr(config, "workerinput")


@pytest.hookimpl(trylast=True)
def pytest_configure(config):
    support_subtests()
    match_names_only()
    if config.getoption("list"):
        config.option.collectonly = True
    if is_worker(config):
        return
    # Both end what the tests started; a shell has background commands ignore the first.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    config.pluginmanager.unregister(name="terminalreporter")
    report = Report(config, Tally())
    config.pluginmanager.register(report, "terminalreporter")
    if config.getoption("dist", "no") == "no":
        config.pluginmanager.register(Loop(config, report))
    if config.getoption("tally_to") and config.getoption("second_try"):
        report.failed_once = {}  # the later session has the second tries
    earlier = config.getoption("tally_from")
    if earlier and not report.tally.load(earlier):
        report.tally.failed += 1
        report.line("FAIL", "the session before this one", None, "it did not end")


def pytest_collect_file(file_path, parent):
    if file_path.parent.name == "rig" and file_path.suffix == ".toml":
        return RigFile.from_parent(parent, path=file_path)
    return collect_program(file_path, parent)


def pytest_itemcollected(item):
    limit = getattr(getattr(item, "cls", None), "time_limit", None)
    if limit:
        item.add_marker(pytest.mark.timeout(limit))


def pytest_collection_modifyitems(config, items):
    part = config.getoption("part")
    retry = () if is_worker(config) else config.pluginmanager.getplugin("terminalreporter").tally.retry

    def wanted(item: pytest.Item) -> bool:
        if config.getoption("no_rig") and kind_of(item) == "rig":
            return False
        quick = item.get_closest_marker("quick") is not None
        return part is None or quick == (part == "quick") or item.nodeid in retry

    items[:] = [item for item in items if wanted(item)]


@pytest.hookimpl(trylast=True)
def pytest_collection_finish(session):
    """Builds what the selected tests need, and nothing else."""
    config = session.config
    if is_worker(config) or config.getoption("collectonly") or config.getoption("part") or not session.items:
        return
    hosted = [item.path.stem for item in session.items if kind_of(item) in ("fuzz", "unit")]
    if hosted:
        build("build-asan", "build.ninja")  # regenerated if a meson.build has changed, before its tests are looked up
        build("build-asan", *(target for name in sorted(set(hosted)) for target in targets_of(name)))
    targets = {target for item in session.items for mark in item.iter_markers("build") for target in mark.args}
    if any(kind_of(item) == "rig" for item in session.items):
        targets.add("all")
    if targets and BUILD == ROOT / "build":
        build("build", *(["all"] if "all" in targets else sorted(targets)))


def build(*arguments: str) -> None:
    done = subprocess.run([ROOT / "scripts/build", "--only", *arguments], stdin=subprocess.DEVNULL, check=False)
    if done.returncode:
        pytest.exit("the build failed", done.returncode)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    for marker, why_not in GUARDS.items():
        if item.get_closest_marker(marker) and (reason := why_not()):
            pytest.skip(reason)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session, exitstatus):
    config = session.config
    if is_worker(config) or config.getoption("collectonly"):
        return
    report = config.pluginmanager.getplugin("terminalreporter")
    tally = report.tally
    if exitstatus in (pytest.ExitCode.INTERNAL_ERROR, pytest.ExitCode.USAGE_ERROR):
        return
    if exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED and not config.getoption("tally_from"):
        chosen = " ".join(config.invocation_params.args)
        print(f"test: error: no test matches {chosen}", file=sys.stderr)
        return
    if path := config.getoption("tally_to"):
        tally.retry = list(report.failed_once or [])
        tally.save(path)
        return
    if exitstatus == pytest.ExitCode.INTERRUPTED:
        report.say("interrupted before the end")
    session.exitstatus = exitstatus if exitstatus > 1 else int(tally.failed > 0 or not tally.passed)
    report.close()


@pytest.fixture
def appliances():
    """Starts and runs appliances; they are ended with the test."""
    started = Appliances()
    yield started
    started.close()
