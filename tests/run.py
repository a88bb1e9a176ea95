#!/usr/bin/env python3
"""Runs all tests and prints `N passed, N failed, N skipped` as its last line.

SPDX-License-Identifier: BSD-3-Clause

    tests/run.py [-k PATTERN]... [--list] [--no-rig] [--fuzz-seconds N] [--second-try]

Three kinds of test, found by themselves (scripts/test builds first, then calls this):
  unit/NAME                  a program registered with test() in the native build directory,
                             build-asan; passes with status 0, skips with 77 (the reason is the
                             last line of its output). In suite `fuzz` it is a libFuzzer target,
                             run for --fuzz-seconds (default 5).
  FOLDER/FILE.CLASS.METHOD   a method of a unittest.TestCase in tests/FOLDER/test_*.py. Its time
                             limit is the class's attribute `time_limit`, in seconds (default 120).
  rig/NAME                   a line `NAME: SHELL COMMAND` of tests/rig/*.list; status as above. All
                             of them run in ONE boot of scripts/rig. In the same file, `with PATH`
                             names what the rig needs besides build/bulkhead and build/appliances,
                             `prepare COMMAND` what has to run on the host before; both are relative
                             to the top folder.
PATTERN is a part of the name, or has wildcards (* ?) and then matches the whole name.

With --second-try a test that fails runs once more when the others of its kind are over, and counts
as that try ends; both are printed. Not for a fuzzer, whose finding stands, and not when more than
SECOND_TRIES of a kind failed.
"""
import argparse
import contextlib
import fnmatch
import importlib.util
import io
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent
TESTS = ROOT / "tests"
ASAN = ROOT / "build-asan"
SKIP = 77
PYTHON_LIMIT = 120
RIG_LIMIT = 1800
RIG_EACH_LIMIT = 300
SECOND_TRIES = 5


class Report:
    """Counts verdicts and prints one line for each test; failures in full, when they happen."""

    def __init__(self, second_try=False):
        self.passed = self.failed = self.skipped = 0
        self.second_try = second_try
        self.failed_once = None  # name -> text of the tests that get another try, while a first try runs
        self.unsteady = []

    def line(self, verdict, name, seconds, note=""):
        took = f"{seconds:6.2f}s" if seconds is not None else " " * 7
        print(f"{verdict:4} {took}  {name}{': ' + note if note else ''}", flush=True)

    def ok(self, name, seconds=None):
        self.passed += 1
        self.line("ok", name, seconds)

    def skip(self, name, reason, seconds=None):
        self.skipped += 1
        last = (reason.strip().splitlines() or ["no reason given"])[-1]
        self.line("skip", name, seconds, last)

    def fail(self, name, text, seconds=None):
        if self.failed_once is not None:
            self.failed_once[name] = text
            self.line("once", name, seconds, "failed")
        else:
            self.failed += 1
            self.line("FAIL", name, seconds)
        for line in text.rstrip().splitlines():
            print(f"     | {line}", flush=True)

    def verdict(self, name, status, output, seconds=None):
        """Of a program that ended with this exit status."""
        if status == 0:
            self.ok(name, seconds)
        elif status == SKIP:
            self.skip(name, output, seconds)
        else:
            self.fail(name, f"{output.rstrip()}\nexit status {status}", seconds)

    def run(self, tests, runner, aliases):
        """`runner(tests)`, and once more for those that failed; `aliases(test)`: the names it can fail under."""
        if not self.second_try:
            runner(tests)
            return
        self.failed_once = {}
        runner(tests)
        once, self.failed_once = self.failed_once, None
        if len(once) > SECOND_TRIES:
            print(f"     {len(once)} failed: too many for a second try", flush=True)
            self.failed += len(once)
        elif once:
            print(f"     second try of {', '.join(once)}", flush=True)
            chosen = [t for t in tests if aliases(t) & once.keys()]
            before = self.failed
            runner(chosen)
            for name in once.keys() - {alias for t in chosen for alias in aliases(t)}:
                self.fail(name, once[name])
            if self.failed == before:
                self.unsteady += once


def wanted(name, patterns):
    return not patterns or any(
        fnmatch.fnmatch(name, p) if set(p) & set("*?[") else p in name for p in patterns)


# --- programs registered with Meson ----------------------------------------------------------


def find_unit():
    path = ASAN / "meson-info/intro-tests.json"
    if not path.exists():
        return []
    return [("unit/" + t["name"], t) for t in json.loads(path.read_text())]


def without_aslr():
    """Prefix for sanitized programs: clang 14's ASan fails under ASLR of more than 28 bits."""
    with contextlib.suppress(OSError, ValueError):
        bits = int(pathlib.Path("/proc/sys/vm/mmap_rnd_bits").read_text())
        command = ["setarch", "-R"]
        if bits > 28 and subprocess.run([*command, "true"], capture_output=True).returncode == 0:
            return command
    return []


def is_fuzzer(test):
    return any(suite.split(":")[-1] == "fuzz" for suite in test["suite"])


def run_unit(tests, fuzz_seconds, report):
    prefix = without_aslr() if tests else []
    for name, test in tests:
        env = {**os.environ, "UBSAN_OPTIONS": "print_stacktrace=1", **test["env"]}
        command, limit = prefix + test["cmd"], test["timeout"] or None
        if is_fuzzer(test):
            command, limit = [*command, f"-max_total_time={fuzz_seconds}"], fuzz_seconds + 60
        start = time.monotonic()
        # In a group of its own, so that the time limit ends what the test started, too.
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                 stderr=subprocess.STDOUT, env=env, cwd=test["workdir"] or ASAN,
                                 start_new_session=True)
        try:
            output, _ = child.communicate(timeout=limit)
            status, text = child.returncode, output.decode(errors="replace")
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            output, _ = child.communicate()
            status, text = -9, output.decode(errors="replace") + f"\ntime limit: {limit} s"
        report.verdict(name, status, text, time.monotonic() - start)


# --- Python ----------------------------------------------------------------------------------


def find_python(report):
    found = []
    for path in sorted(TESTS.glob("*/test_*.py")):
        base = f"{path.parent.name}/{path.stem}"
        sys.path[:0] = [str(path.parent)]
        try:
            spec = importlib.util.spec_from_file_location(f"{path.parent.name}_{path.stem}", path)
            module = importlib.util.module_from_spec(spec)
            sys.modules[spec.name] = module
            spec.loader.exec_module(module)
            suite = unittest.defaultTestLoader.loadTestsFromModule(module)
        except Exception as e:  # a file that cannot be read in is a failed test, not the end
            report.fail(base, f"cannot be loaded: {type(e).__name__}: {e}")
            continue
        finally:
            sys.path.remove(str(path.parent))
        found += [(f"{base}.{type(t).__name__}.{t._testMethodName}", t) for t in flatten(suite)]
    return found


def flatten(suite):
    for item in suite:
        if isinstance(item, unittest.TestSuite):
            yield from flatten(item)
        else:
            yield item


class TimeLimit(Exception):
    """Raised in a test by the alarm."""


class PythonResult(unittest.TestResult):
    """Hands each method's verdict to the report; a method with several failed parts fails once."""

    def __init__(self, report, names):
        super().__init__()
        self.report = report
        self.names = names
        self.problems = []
        self.skipped_because = None

    def startTest(self, test):
        super().startTest(test)
        self.problems = []
        self.skipped_because = None
        self.start = time.monotonic()
        limit = getattr(test, "time_limit", PYTHON_LIMIT)

        def on_alarm(*_):
            raise TimeLimit(f"time limit of {limit:g} s reached")

        signal.signal(signal.SIGALRM, on_alarm)
        signal.setitimer(signal.ITIMER_REAL, limit)

    def stopTest(self, test):
        signal.setitimer(signal.ITIMER_REAL, 0)
        name, seconds = self.names[test.id()], time.monotonic() - self.start
        if self.problems:
            self.report.fail(name, "\n".join(self.problems), seconds)
        elif self.skipped_because is not None:
            self.report.skip(name, self.skipped_because, seconds)
        else:
            self.report.ok(name, seconds)
        super().stopTest(test)

    def addError(self, test, err):
        text = self._exc_info_to_string(err, test)
        if test.id() in self.names:
            self.problems.append(text)
        else:  # setUpClass or setUpModule: none of its methods will be started
            self.report.fail(str(test), text)

    def addFailure(self, test, err):
        self.problems.append(self._exc_info_to_string(err, test))

    def addSubTest(self, test, subtest, err):
        if err is not None:
            self.problems.append(f"{subtest}\n{self._exc_info_to_string(err, test)}")

    def addSkip(self, test, reason):
        if test.id() in self.names:
            self.skipped_because = reason
        else:
            self.report.skip(str(test), reason)

    def addUnexpectedSuccess(self, test):
        self.problems.append("succeeded, although marked as an expected failure")


def run_python(tests, report):
    names = {test.id(): name for name, test in tests}
    unittest.TestSuite(test for _, test in tests).run(PythonResult(report, names))


def python_aliases(test):
    """A class or module that cannot be set up fails under a name of its own, and its tests are not run."""
    name, case = test
    strclass = unittest.util.strclass(type(case))
    return {name, *(f"{step}Class ({strclass})" for step in ("setUp", "tearDown")),
            *(f"{step}Module ({type(case).__module__})" for step in ("setUp", "tearDown"))}


# --- the rig ---------------------------------------------------------------------------------


def find_rig(report):
    """Tests of tests/rig/*.list as (name, (command, file)); and each file's with/prepare lines."""
    tests, files = [], {}
    for path in sorted((TESTS / "rig").glob("*.list")):
        files[path] = {"with": [], "prepare": []}
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if not line.strip() or line.startswith("#"):
                continue
            if match := re.match(r"(with|prepare)\s+(\S.*)$", line):
                files[path][match[1]].append(match[2])
            elif match := re.match(r"([A-Za-z0-9_./+-]+):\s+(\S.*)$", line):
                tests.append(("rig/" + match[1], (match[2], path)))
            else:
                report.fail(f"rig/{path.name}:{number}", "not a test, `with` or `prepare` line")
    return tests, files


def run_rig(tests, files, report):
    if not tests:
        return
    missing = [x for x in ("qemu-system-x86_64", "busybox") if shutil.which(x) is None]
    if missing:
        for name, _ in tests:
            report.skip(name, f"{missing[0]} is not installed")
        return
    used = {path for _, (_, path) in tests}
    arguments = []
    for path in sorted(used):
        for command in files[path]["prepare"]:
            done = subprocess.run(command, shell=True, cwd=ROOT, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, text=True, errors="replace")
            if done.returncode:
                report.fail(f"rig/{path.name}", f"prepare {command}\n{done.stdout}")
                tests = [t for t in tests if t[1][1] != path]
                break
        for item in files[path]["with"]:
            arguments += ["--with", item]
    if tests:
        boot_rig(tests, arguments, report)


def boot_rig(tests, arguments, report):
    with tempfile.NamedTemporaryFile("w", suffix=".rig") as script:
        for name, (command, _) in tests:
            script.write(f"{name}: {command}\n")
        script.flush()
        start = time.monotonic()
        done = subprocess.run(
            [ROOT / "scripts/rig", "--timeout", str(RIG_LIMIT), "--each", str(RIG_EACH_LIMIT),
             *arguments, "--script", script.name], cwd=ROOT, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    output = done.stdout.decode(errors="replace")
    found = {m[1]: (int(m[3]), m[2]) for m in re.finditer(
        r"^=== BEGIN (\S+)\n(.*?)^=== END \1 (\d+)$", output, re.M | re.S)}
    for name, _ in tests:
        if name in found:
            report.verdict(name, *found[name])
        else:
            report.fail(name, "did not end: " + done.stderr.decode(errors="replace").strip())
    for note in re.findall(r"^rig: note: .*$", done.stderr.decode(errors="replace"), re.M):
        print(note, flush=True)
    print(f"     {time.monotonic() - start:6.2f}s  the rig", flush=True)


def main():
    parser = argparse.ArgumentParser(prog="scripts/test", description="Runs Bulkhead's tests.")
    parser.add_argument("-k", dest="patterns", action="append", default=[], metavar="PATTERN",
                        help="only tests whose name contains or matches PATTERN")
    parser.add_argument("--list", action="store_true", help="print the names only")
    parser.add_argument("--fuzz-seconds", type=int, default=5, metavar="N",
                        help="how long each fuzzer runs (default 5)")
    parser.add_argument("--no-rig", action="store_true", help="leave the rig out")
    parser.add_argument("--second-try", action="store_true",
                        help="run a failed test once more (not a fuzzer) and count that")
    args = parser.parse_args()
    # As SIGINT does, so that tests end what they started; unittest takes SystemExit for a test's failure and goes on.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    report = Report(args.second_try)
    sys.path.insert(0, str(TESTS))
    with contextlib.redirect_stdout(io.StringIO()) if args.list else contextlib.nullcontext():
        python = find_python(report)
        rig, files = ([], {}) if args.no_rig else find_rig(report)
    unit, python, rig = ([t for t in group if wanted(t[0], args.patterns)]
                         for group in (find_unit(), python, rig))
    if args.list:
        for name, _ in unit + python + rig:
            print(name)
        return 0
    fuzzers = [t for t in unit if is_fuzzer(t[1])]
    unit = [t for t in unit if t not in fuzzers]
    run_unit(fuzzers, args.fuzz_seconds, report)
    report.run(unit, lambda tests: run_unit(tests, 0, report), lambda t: {t[0]})
    report.run(python, lambda tests: run_python([(name, type(case)(case._testMethodName)) for name, case in tests],
                                                report), python_aliases)
    report.run(rig, lambda tests: run_rig(tests, files, report), lambda t: {t[0], f"rig/{t[1][1].name}"})
    if report.unsteady:
        print(f"passed at the second try only: {', '.join(report.unsteady)}")
    print(f"{report.passed} passed, {report.failed} failed, {report.skipped} skipped")
    return 0 if report.passed and not report.failed else 1


if __name__ == "__main__":
    sys.exit(main())
