"""Man pages and completion: they know every command and every option that --help knows.

SPDX-License-Identifier: BSD-3-Clause
"""

import os
import re
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("BULKHEAD_BUILD") or ROOT / "build")
PAGES = sorted((BUILD / "man").glob("*.1"))


def run(*command):
    """Standard output of a command that succeeds and complains about nothing."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout


def commands():
    """The commands that the overview names."""
    overview = run(BUILD / "bulkhead", "--help").split("\n\n")[1]
    return [line.split()[0] for line in overview.splitlines() if not line.startswith("  -")]


def options(command):
    """Names of the options in a command's help."""
    lines = run(BUILD / "bulkhead", command, "--help").splitlines()
    heads = [line[:23] for line in lines if line.startswith("  -")]
    return [name for head in heads for name in re.findall(r"(?<![\w-])--?[a-z][\w-]*", head)]


def completions(*words):
    """What the shell offers for the last of the words."""
    line = " ".join(f"'{word}'" for word in words)
    script = f"""source {BUILD}/completion/bulkhead
COMP_WORDS=({line}) COMP_CWORD={len(words) - 1}
_bulkhead
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
    return run("bash", "-c", script).split()


def test_every_command_has_a_page():
    assert len(commands()) >= 7
    assert {page.stem for page in PAGES} == {"bulkhead"} | {f"bulkhead-{command}" for command in commands()}


def test_every_option_is_in_its_page():
    for command in commands():
        page = (BUILD / f"man/bulkhead-{command}.1").read_text().replace("\\-", "-")
        tags = re.findall(r"^\.TP\n\.B (-.*)$", page, re.M)
        named = [name for tag in tags for name in re.findall(r"(?<![\w-])--?[a-z][\w-]*", tag)]
        assert options(command) and sorted(named) == sorted(options(command)), command


def test_the_overview_names_every_command():
    page = (BUILD / "man/bulkhead.1").read_text()
    for command in commands():
        assert f".BR bulkhead\\-{command} (1)" in page


def test_the_formatter_has_no_complaint():
    for page in PAGES:
        if shutil.which("groff"):
            assert "SYNOPSIS" in run("groff", "-man", "-Tascii", "-P-cbou", "-ww", page)
        if shutil.which("mandoc"):
            assert run("mandoc", "-Tlint", page) == ""


def test_the_shell_knows_the_function():
    assert "_bulkhead bulkhead" in run("bash", "-c", f"source {BUILD}/completion/bulkhead; complete -p bulkhead")


def test_every_command_is_completed():
    assert set(completions("bulkhead", "")) == set(commands()) | {"help", "--help", "--version"}
    assert completions("bulkhead", "do") == ["doctor"]


def test_every_option_is_completed():
    for command in commands():
        assert sorted(completions("bulkhead", command, "-")) == sorted(options(command)), command


def test_values_are_completed():
    assert completions("bulkhead", "run", "--doorbell", "") == ["auto", "port", "vmcall"]
    assert completions("bulkhead", "run", "--doorbell", "=", "v") == ["vmcall"]
    assert completions("bulkhead", "run", "--spin", "") == []
    file = str(ROOT / "meson.build")
    assert completions("bulkhead", "check", file[:-1]) == [file]
    assert completions("bulkhead", "run", file, "--", file[:-1]) == [file]
    assert str(ROOT / "tests") in completions("bulkhead", "report", str(ROOT / "tes"))


def test_the_completion_has_no_finding():
    if shutil.which("shellcheck"):
        assert run("shellcheck", BUILD / "completion/bulkhead") == ""
