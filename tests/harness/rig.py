"""Commands in the emulator as tests: one boot of scripts/rig runs all of them that are selected.

SPDX-License-Identifier: BSD-3-Clause

A file tests/rig/NAME.toml has

    with = [PATH, ...]          what the rig needs inside, besides build/bulkhead and build/appliances
    prepare = [COMMAND, ...]    shell commands that have to run on the host before

    [appliances.NAME]           composed into build/appliances/NAME if a selected test needs it
    from = FOLDER               the folder, or a TOML file
    set = [KEY=VALUE, ...]      as for `--set`
    then = [COMMAND, ...]       shell commands that have to run on the host afterwards; it is composed anew each time

    [tests.NAME]
    needs = [APPLIANCE, ...]
    run = COMMAND               a shell command; status 0 passes, 77 skips

with all paths relative to the top folder.
"""

import re
import shutil
import subprocess
import tempfile
import time
import tomllib

import pytest

from tests.support.paths import ROOT

from .programs import ProgramFailed, ProgramItem, skip_reason

LIMIT = 1800  # seconds for one boot
EACH_LIMIT = 300
KEYS = {"with", "prepare", "appliances", "tests"}


class RigFile(pytest.File):
    def collect(self):
        self.table = tomllib.loads(self.path.read_text())
        if unknown := self.table.keys() - KEYS:
            raise self.CollectError(f"{self.path}: unknown key {min(unknown)}")
        for name, test in self.table["tests"].items():
            yield RigTest.from_parent(self, name=name, command=test["run"], needs=test.get("needs", []))


class RigTest(ProgramItem):
    def __init__(self, *, command: str, needs: list[str], **kwargs):
        super().__init__(**kwargs)
        self.command, self.needs = command, needs
        self.add_marker("rig")
        self.add_marker(pytest.mark.timeout(0))

    def runtest(self):
        status, text = self.session.stash[Boot.key].result(self)
        reason = skip_reason(status, text)
        if reason is not None:
            pytest.skip(reason)
        if status:
            raise ProgramFailed(text)


class Boot:
    """One run of scripts/rig with all tests whose preparations succeed; the first that asks for a result starts it."""

    key = pytest.StashKey["Boot"]()

    def __init__(self, items: list[RigTest], say):
        self.items, self.say = items, say
        self.unprepared: dict[str, str] = {}  # name of a test to what went wrong on the host
        self.results: dict[str, tuple[int, str]] = {}
        self.process: subprocess.Popen | None = None

    def result(self, item: RigTest) -> tuple[int, str]:
        """Exit status and output."""
        if self.process is None:
            self.start()
        if item.name in self.unprepared:
            raise ProgramFailed(self.unprepared[item.name])
        while item.name not in self.results:
            if not self.read_one():
                raise ProgramFailed(f"did not end: {self.complaints().strip()}")
        return self.results[item.name]

    def start(self) -> None:
        for item in self.items:
            if problem := prepared(item.parent, item.needs):
                self.unprepared[item.name] = problem
        ready = [item for item in self.items if item.name not in self.unprepared]
        self.files = tempfile.TemporaryFile("w+"), tempfile.NamedTemporaryFile("w+", suffix=".rig")
        self.files[1].writelines(f"{item.name}: {item.command}\n" for item in ready)
        self.files[1].flush()
        paths = sorted({path for item in ready for path in item.parent.table.get("with", [])})
        command = [ROOT / "scripts/rig", "--timeout", LIMIT, "--each", EACH_LIMIT,
                   *(word for path in paths for word in ("--with", path)), "--script", self.files[1].name]
        self.began = time.monotonic()
        self.process = subprocess.Popen(list(map(str, command)) if ready else ["true"], cwd=ROOT, text=True,
                                        errors="replace", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=self.files[0])

    def read_one(self) -> bool:
        """Reads one test's result; false if there are no more."""
        name, lines = None, []
        for line in self.process.stdout:
            if match := re.match(r"=== BEGIN (\S+)$", line):
                name, lines = match[1], []
            elif name and (match := re.match(rf"=== END {re.escape(name)} (\d+)$", line)):
                self.results[name] = int(match[1]), f"{''.join(lines).rstrip()}\nexit status {match[1]}"
                return True
            else:
                lines.append(line)
        return False

    def complaints(self) -> str:
        self.process.wait()
        self.files[0].seek(0)
        return self.files[0].read()

    def __enter__(self):
        return self

    def __exit__(self, *_) -> None:
        if self.process is None:
            return
        if len(self.results) + len(self.unprepared) < len(self.items):
            self.process.terminate()
        self.process.stdout.close()
        for note in re.findall(r"^rig: note: .*$", self.complaints(), re.M):
            self.say(note)
        self.say(f"     {time.monotonic() - self.began:6.2f}s  the rig")
        for file in self.files:
            file.close()


def prepared(file: RigFile, needs: list[str]) -> str:
    """Does on the host what has to be done before, once for each file; returns what went wrong."""
    done = file.stash.setdefault(PREPARED, {})
    for command in file.table.get("prepare", []):
        if command not in done:
            done[command] = shell(command)
    for name in needs:
        if name not in done:
            done[name] = compose(name, file.table["appliances"][name])
    return "\n".join(done[each] for each in [*file.table.get("prepare", []), *needs] if done[each])


PREPARED = pytest.StashKey[dict[str, str]]()


def compose(name: str, appliance: dict) -> str:
    out = ROOT / "build/appliances" / name
    source = ROOT / appliance["from"]
    toml = source if source.suffix == ".toml" else source / "compartments.toml"
    sets = [word for value in appliance.get("set", []) for word in ("--set", value)]
    if appliance.get("then"):
        shutil.rmtree(out, ignore_errors=True)
    problem = run([ROOT / "scripts/compose", "build", "--out", out, *sets, toml.relative_to(ROOT)])
    for command in appliance.get("then", []):
        problem = problem or shell(command)
    return problem


def shell(command: str) -> str:
    return run(["sh", "-c", command])


def run(command: list) -> str:
    done = subprocess.run(list(map(str, command)), cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, errors="replace")
    return f"{' '.join(map(str, command))}\n{done.stdout}" if done.returncode else ""
