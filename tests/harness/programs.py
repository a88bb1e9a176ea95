"""Hosted C programs and fuzzers as tests: each RUN(case) of a program of tests/unit is a test of its own.

SPDX-License-Identifier: BSD-3-Clause

The names of cases are read from the source, so that nothing is built for what is not selected. A program runs once,
for all of its cases, and prints its results in the Test Anything Protocol (tests/unit/check.h). Meson knows how to
start it; meson.build names the program as its source file.
"""

import concurrent.futures
import contextlib
import json
import os
import re
import signal
import subprocess
from pathlib import Path

import pytest

from tests.support.paths import ASAN

SKIP = 77  # exit status of a program that cannot run here; the reason is its last line
CASE = re.compile(r"^\s*RUN(?:_ONE)?\((\w+)\);", re.M)
RESULT = re.compile(r"(not )?ok \d+ - (\w+)(?: # SKIP ?(.*))?$")
SKIP_ALL = re.compile(r"1\.\.0 # SKIP ?(.*)")


class ProgramFailed(Exception):
    """The text of this is the report; where in the harness it was raised helps nobody."""


class Program:
    """One run of a program that is registered with test() in build-asan."""

    running: set[subprocess.Popen] = set()

    def __init__(self, name: str, *arguments: str, limit: float | None = None):
        test = registered(name)
        command = [*without_aslr(), *test["cmd"], *arguments]
        limit = limit or test["timeout"] or None
        env = {**os.environ, "UBSAN_OPTIONS": "print_stacktrace=1", **test["env"]}
        # In a group of its own, so that the time limit also ends what the program started.
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                 env=env, cwd=test["workdir"] or ASAN, start_new_session=True)
        self.running.add(child)
        try:
            output, _ = child.communicate(timeout=limit)
            note = f"exit status {child.returncode}"
        except BaseException as problem:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            output, _ = child.communicate()
            if not isinstance(problem, subprocess.TimeoutExpired):
                raise
            note = f"time limit: {limit} s"
        finally:
            self.running.discard(child)
        self.status = child.returncode
        self.text = f"{output.decode(errors='replace').rstrip()}\n{note}"
        self.reason = skip_reason(self.status, self.text)


def skip_reason(status: int, text: str) -> str | None:
    """Why a program did not run, or None if it did."""
    if match := SKIP_ALL.match(text):
        return match[1]
    lines = text.strip().splitlines()[:-1]
    return (lines[-1] if lines else "no reason given") if status == SKIP else None


def registered(name: str) -> dict:
    tests = json.loads((ASAN / "meson-info/intro-tests.json").read_text())
    found = [test for test in tests if test["name"] == name]
    if len(found) != 1:
        raise ProgramFailed(f"{name} is not registered with test() in a meson.build")
    return found[0]


def targets_of(name: str) -> list[str]:
    """Ninja's targets in build-asan: the program, and what it is started with."""
    test = registered(name)
    files = {target["id"]: target["filename"] for target in
             json.loads((ASAN / "meson-info/intro-targets.json").read_text())}
    paths = [test["cmd"][0], *(path for each in test["depends"] for path in files.get(each, []))]
    return sorted({str(Path(path).relative_to(ASAN)) for path in paths})


def without_aslr() -> list[str]:
    """Prefix for sanitized programs: the ASan of clang 14 fails under ASLR of more than 28 bits."""
    with contextlib.suppress(OSError, ValueError):
        bits = int(Path("/proc/sys/vm/mmap_rnd_bits").read_text())
        command = ["setarch", "-R"]
        if bits > 28 and subprocess.run([*command, "true"], capture_output=True).returncode == 0:
            return command
    return []


class ProgramItem(pytest.Item):
    """What the two kinds of program have in common."""

    def repr_failure(self, excinfo, style=None):
        if isinstance(excinfo.value, ProgramFailed):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self):
        return self.path, None, self.name


class UnitFile(pytest.File):
    """A source file of tests/unit with a main() that runs cases."""

    run: "UnitRun | None" = None

    def collect(self):
        cases = CASE.findall(self.path.read_text())
        for name in cases:
            yield UnitCase.from_parent(self, name=name, last=name == cases[-1])

    def results(self) -> "UnitRun":
        if self.run is None:
            self.run = UnitRun(Program(self.path.stem))
        return self.run


class UnitRun:
    """A program's results: for each case whether it passed, and what was printed while it ran."""

    def __init__(self, program: Program):
        self.program = program
        self.cases: dict[str, tuple[bool, str | None, str]] = {}
        before: list[str] = []
        for line in self.program.text.splitlines():
            if match := RESULT.match(line):
                self.cases[match[2]] = (not match[1], match[3], "\n".join(before))
                before = []
            else:
                before.append(line)
        self.rest = "\n".join(before)


class UnitCase(ProgramItem):
    def __init__(self, *, last: bool, **kwargs):
        super().__init__(**kwargs)
        self.last = last
        self.add_marker("unit")
        self.add_marker(pytest.mark.timeout(0))  # Program has its own limit

    def runtest(self):
        run = self.parent.results()
        if run.program.reason is not None:
            pytest.skip(run.program.reason)
        if self.name not in run.cases:
            raise ProgramFailed(f"{run.rest}\nthe program ended before this case did")
        good, skipped, text = run.cases[self.name]
        if not good:
            raise ProgramFailed(text)
        if self.last:
            self.check_the_end(run)
        if skipped is not None:
            pytest.skip(skipped)

    def check_the_end(self, run: UnitRun) -> None:
        """What no case stands for: cases that the source does not show, a leak found at the end."""
        unknown = run.cases.keys() - set(CASE.findall(self.path.read_text()))
        if unknown:
            raise ProgramFailed(f"cases that are no RUN(name) of the source: {', '.join(sorted(unknown))}")
        if run.program.status and all(good for good, _, _ in run.cases.values()):
            raise ProgramFailed(f"{run.rest}\nevery case passed, and then the program failed")


class FuzzFile(pytest.File):
    """A source file of tests/fuzz with a libFuzzer target."""

    def collect(self):
        yield Fuzzer.from_parent(self, name=self.path.stem)


class Fuzzer(ProgramItem):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.add_marker("fuzz")
        self.add_marker(pytest.mark.timeout(0))

    def runtest(self):
        program = self.session.stash[FuzzPool.key].result(self)
        if program.reason is not None:
            pytest.skip(program.reason)
        if program.status:
            raise ProgramFailed(program.text)


class FuzzPool:
    """Runs the selected fuzzers, as many at once as there are processors."""

    key = pytest.StashKey["FuzzPool"]()

    def __init__(self, items: list[pytest.Item]):
        seconds = items[0].config.getoption("fuzz_seconds")
        self.pool = concurrent.futures.ThreadPoolExecutor(max_workers=len(os.sched_getaffinity(0)))
        limit = f"-max_total_time={seconds}"
        self.results = {item.name: self.pool.submit(Program, item.name, limit, limit=seconds + 60) for item in items}

    def result(self, item: pytest.Item) -> Program:
        return self.results[item.name].result()

    def __enter__(self):
        return self

    def __exit__(self, *_) -> None:
        """If the session was interrupted, some still run."""
        self.pool.shutdown(wait=False, cancel_futures=True)
        for child in Program.running:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)


def forget_results(items: list[pytest.Item]) -> None:
    """So that a second try is one."""
    for item in items:
        if isinstance(item.parent, UnitFile):
            item.parent.run = None
        if hasattr(item, "_excinfo"):
            item._excinfo = None  # a TestCase's: a second problem of the first try may be left in it


def collect_program(path: Path, parent: pytest.Collector) -> pytest.File | None:
    if path.suffix != ".c":
        return None
    if path.parent.name == "fuzz" and "LLVMFuzzerTestOneInput" in path.read_text():
        return FuzzFile.from_parent(parent, path=path)
    if path.parent.name == "unit" and CASE.search(path.read_text()):
        return UnitFile.from_parent(parent, path=path)
    return None
