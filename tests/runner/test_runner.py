"""The runner itself: every test has a name that chooses it, and the report tells what happened.

SPDX-License-Identifier: BSD-3-Clause
"""

import os
import subprocess
import sys
from types import SimpleNamespace

import pytest

from tests.harness.programs import ProgramFailed, UnitCase, UnitRun, skip_reason
from tests.support.paths import ROOT

pytestmark = [pytest.mark.quick]

SAMPLE = '''
import pathlib, unittest, pytest

def test_good():
    pass

def test_bad():
    assert 1 + 1 == 3

def test_skipped():
    pytest.skip("no reason")

def test_unsteady():
    tries = pathlib.Path(__file__).with_suffix(".tries")
    first = not tries.exists()
    tries.touch()
    assert not first

class Whole(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        raise OSError("the class cannot be set up")

    def test_one(self):
        pass

    def test_two(self):
        pass

class Parts(unittest.TestCase):
    time_limit = 1

    def test_of_two_parts(self):
        for number in range(2):
            with self.subTest(number=number):
                self.assertEqual(number, 0)

    def test_endless(self):
        while True:
            pass
'''


def listed(*arguments: str) -> list[str]:
    command = [sys.executable, "-m", "pytest", "--list", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    return done.stdout.splitlines()


@pytest.fixture(scope="module")
def names() -> list[str]:
    return listed()


def test_every_folder_has_tests(names):
    """A file that looks like tests but gives none is a mistake in it, or in the harness."""
    files = {path for pattern in ("*/test_*.py", "rig/*.toml", "unit/test_*.c", "unit/vmm_[hklr]*.c", "fuzz/fuzz_*.c")
             for path in (ROOT / "tests").glob(pattern) if "RUN" in (text := path.read_text()) or path.suffix != ".c"
             or "LLVMFuzzer" in text}
    for path in sorted(files):
        stem = str(path.relative_to(ROOT / "tests").with_suffix(""))
        if path.suffix == ".toml":
            stem = "rig/"
        assert any(name.startswith(stem) for name in names), f"{path} has no tests"
    assert len(set(names)) == len(names)
    assert len(names) > 1400


def test_a_name_chooses_its_test():
    chosen = ["cli/test_cli.Usage.test_help", "fuzz/fuzz_fs", "rig/mpk-hello-light", "unit/test_keys.light_gates"]
    assert sorted(listed("-k", " or ".join(chosen))) == chosen
    assert listed("tests/unit/test_keys.c::light_gates") == ["unit/test_keys.light_gates"]
    assert {name.split("/")[0] for name in listed("-m", "rig")} == {"rig"}


def test_only_shown_names_are_matched():
    """Not the suffixes of files, nor markers."""
    assert all("toml" in name for name in listed("-k", "toml"))
    assert all("net" in name.lower() for name in listed("-k", "net"))
    assert listed("-k", "RIG/mpk-hello-LIGHT") == ["rig/mpk-hello-light"]


def test_an_unknown_name_is_an_error():
    command = [ROOT / "scripts/test", "-k", "no_test_has_this_name"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode != 0
    assert (done.stdout, done.stderr) == ("", "test: error: no test matches -k no_test_has_this_name\n")


def run_sample(folder, *options: str) -> subprocess.CompletedProcess:
    (folder / "test_sample.py").write_text(SAMPLE)
    places = ["-c", ROOT / "pyproject.toml", "--rootdir", folder, "-p", "tests.conftest"]
    command = [sys.executable, "-m", "pytest", *places, *options, folder]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=60, check=False)


def verdicts(done: subprocess.CompletedProcess) -> list[str]:
    """`verdict name` of each line that tells of a test."""
    lines = [line.split() for line in done.stdout.splitlines()]
    told = [words for words in lines if words[0] in ("ok", "skip", "once", "FAIL") and len(words) > 2]
    return [f"{words[0]} {words[2].rpartition('.test_')[2].rstrip(':')}" for words in told]


def test_the_report(tmp_path):
    done = run_sample(tmp_path)
    assert verdicts(done) == ["ok good", "FAIL bad", "skip skipped", "FAIL unsteady", "FAIL one", "FAIL two",
                              "FAIL endless", "FAIL of_two_parts"]
    assert "test_skipped: no reason\n" in done.stdout
    for text in ("assert (1 + 1) == 3", "the class cannot be set up", "(number=1)", "Timeout >1.0s"):
        assert text in done.stdout
    assert done.stdout.endswith("\n1 passed, 6 failed, 1 skipped\n")
    assert (done.returncode, done.stderr) == (1, "")


def test_a_second_try(tmp_path):
    done = run_sample(tmp_path, "--second-try", "-k", "good or bad or unsteady")
    assert verdicts(done) == ["ok good", "once bad", "once unsteady", "FAIL bad", "ok unsteady"]
    assert done.stdout.endswith("\n2 passed, 1 failed, 0 skipped\n")
    (tmp_path / "test_sample.tries").unlink()
    done = run_sample(tmp_path, "--second-try", "-k", "good or unsteady")
    assert done.stdout.endswith("\n2 passed, 0 failed, 0 skipped\n")
    assert "\npassed at the second try only: " in done.stdout
    assert done.returncode == 0


def test_two_sessions_have_one_closing_line(tmp_path):
    tally = tmp_path / "tally.json"
    first = run_sample(tmp_path, "--tally-to", str(tally), "-n", "2", "-k", "good or bad or skipped")
    assert sorted(verdicts(first)) == ["FAIL bad", "ok good", "skip skipped"]
    assert "passed," not in first.stdout and "scheduling" not in first.stdout
    second = run_sample(tmp_path, "--tally-from", str(tally), "-k", "good")
    assert (second.returncode, second.stdout.splitlines()[-1]) == (1, "2 passed, 1 failed, 1 skipped")
    first = run_sample(tmp_path, "--second-try", "--tally-to", str(tally), "-n", "2", "-k", "unsteady or bad")
    assert sorted(verdicts(first)) == ["once bad", "once unsteady"]
    second = run_sample(tmp_path, "--second-try", "--tally-from", str(tally), "-k", "unsteady or bad or good")
    assert verdicts(second) == ["ok good", "FAIL bad", "ok unsteady"]
    assert second.stdout.endswith("\n2 passed, 1 failed, 0 skipped\n")
    tally.unlink()
    second = run_sample(tmp_path, "--tally-from", str(tally), "-k", "good")
    assert (second.returncode, second.stdout.splitlines()[-1]) == (1, "1 passed, 1 failed, 0 skipped")


# What a C program prints, and what that makes of the cases of a source that has three.
PROGRAMS = {
    "good": ("ok 1 - a\nok 2 - b\nok 3 - c\n1..3", 0, "ok ok ok"),
    "failed": ("ok 1 - a\n# x.c:7: failed: false\nnot ok 2 - b\nok 3 - c\n1..3", 1, "ok x.c:7 ok"),
    "crashed": ("ok 1 - a\nSegmentation fault", -11, "ok Segmentation Segmentation"),
    "a leak at the end": ("ok 1 - a\nok 2 - b\nok 3 - c\n1..3\n8 bytes leaked", 23, "ok ok leaked"),
    "a case too many": ("ok 1 - a\nok 2 - b\nok 3 - c\nok 4 - d\n1..4", 0, "ok ok RUN"),
    "one skipped": ("ok 1 - a\nok 2 - b # SKIP no disk\nok 3 - c\n1..3", 0, "ok skip ok"),
    "all skipped": ("1..0 # SKIP no KVM", 0, "skip skip skip"),
    "all skipped by status": ("no KVM", 77, "skip skip skip"),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_cases_of_a_program(tmp_path, name):
    output, status, expected = PROGRAMS[name]
    text = f"{output}\nexit status {status}"
    program = SimpleNamespace(text=text, status=status, reason=skip_reason(status, text))
    source = tmp_path / "x.c"
    source.write_text("    RUN(a);\n    RUN(b);\n    RUN(c);\n")
    for case, verdict in zip("abc", expected.split()):
        item = SimpleNamespace(name=case, last=case == "c", path=source,
                               parent=SimpleNamespace(results=lambda: UnitRun(program)))
        item.check_the_end = lambda run, item=item: UnitCase.check_the_end(item, run)
        if verdict == "ok":
            UnitCase.runtest(item)
        elif verdict == "skip":
            with pytest.raises(pytest.skip.Exception):
                UnitCase.runtest(item)
        else:
            with pytest.raises(ProgramFailed, match=verdict):
                UnitCase.runtest(item)
