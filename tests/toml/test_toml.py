"""Every good file is read as expected, every bad one its exact message, and no file a traceback.

Each file of good/ and bad/ has the whole expected output beside it (.expected) and, where it takes
options, one argument per line in .args. After a wanted change of messages: run with UPDATE=1, then
read the diff.

SPDX-License-Identifier: BSD-3-Clause
"""

import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import pytest

from composer import cli, net, schema
from tests.support.paths import ROOT
from tests.toml.toml_support import COMPOSE, HERE, HOST, validate

pytestmark = [pytest.mark.quick]


def run(arguments: list[str], **more) -> subprocess.CompletedProcess:
    """The real command line, from this directory."""
    command = [sys.executable, str(COMPOSE), "validate", *arguments]
    return subprocess.run(command, cwd=HERE, capture_output=True, text=True, timeout=60, **more)


def corpus() -> list:
    """(file, exit status) of every file of good/ and bad/."""
    return [pytest.param(file, status, id=f"{file.parent.name}-{file.stem}")
            for directory, status in (("bad", 2), ("good", 0)) for file in sorted((HERE / directory).glob("*.toml"))]


@pytest.mark.parametrize(("file", "status"), corpus())
def test_corpus(file, status):
    options = file.with_suffix(".args")
    more = options.read_text().splitlines() if options.exists() else []
    wrong = status != 0
    form = [] if wrong else ["--json"]
    result = run([*HOST, *form, *more, str(file.relative_to(HERE))])
    expected = file.with_suffix(".expected")
    assert result.returncode == status, result.stderr
    assert "Traceback" not in result.stderr
    if os.environ.get("UPDATE"):
        expected.write_text(result.stderr if wrong else result.stdout)
    assert (result.stderr if wrong else result.stdout) == expected.read_text()
    assert (result.stdout if wrong else result.stderr) == ""


class Files(unittest.TestCase):
    """Files that cannot lie in the corpus."""

    def refused(self, file: str, message: str, hint: str) -> None:
        status, out, err = validate([file])
        self.assertEqual((status, out), (2, ""))
        self.assertEqual(err, f"{file}:1:1: error: {message}\nhint: {hint}\n")

    def test_missing(self):
        self.refused("none.toml", "there is no such file", "check the name of the file")

    def test_directory(self):
        self.refused("good", "this is a directory", "name the TOML file in it")

    def test_below_a_file(self):
        hint = "check the name and the permissions of the file"
        self.refused("good/gzip.toml/x", "cannot be read: Not a directory", hint)

    @unittest.skipIf(os.geteuid() == 0, "root may read everything")
    def test_not_readable(self):
        with tempfile.NamedTemporaryFile() as file:
            os.chmod(file.name, 0)
            hint = "check the name and the permissions of the file"
            self.refused(file.name, "cannot be read: Permission denied", hint)

    def test_too_large(self):
        with tempfile.NamedTemporaryFile() as file:
            file.write(b"#" * 262145)
            file.flush()
            hint = "is this a compartments.toml? docs/toml.md begins with a complete example"
            self.refused(file.name, "the file is larger than 256 KiB", hint)

    def test_endless(self):
        hint = "is this a compartments.toml? docs/toml.md begins with a complete example"
        self.refused("/dev/zero", "the file is larger than 256 KiB", hint)

    def test_fifo_without_writer(self):
        with tempfile.TemporaryDirectory() as directory:
            fifo = f"{directory}/fifo"
            os.mkfifo(fifo)
            self.refused(fifo, "the file is empty", "docs/toml.md begins with a complete example")

    def test_name_of_any_bytes(self):
        result = run([*HOST, b"\xff\n.toml"])
        self.assertEqual(result.returncode, 2)
        self.assertNotIn("Traceback", result.stderr)
        self.assertIn("there is no such file", result.stderr)

    def test_share_too_small_for_its_members(self):
        names = [f"lib{number}" for number in range(16)]
        with tempfile.TemporaryDirectory() as root:
            for name in names:
                directory = Path(root, "guest/libs", name)
                directory.mkdir(parents=True)
                (directory / "library.toml").touch()
                (directory / f"{name}.edl").touch()
            Path(root, "guest/apps/app").mkdir(parents=True)
            Path(root, "guest/apps/app/meson.build").touch()
            lines = ["application.name = 'app'", "compartments.app.default = true"]
            lines += [f"compartments.{name}.libraries = ['{name}']" for name in names]
            lines += ['shares.heap = { size = "64KiB", members = "*" }']
            file = Path(root, "x.toml")
            file.write_text("\n".join(lines))
            status, _, err = validate([str(file), "--root", root])
            self.assertEqual(status, 2)
            message = 'share "heap" is too small for its 17 members'
            hint = "each of them allocates from 4KiB of its own: write at least 68KiB"
            self.assertEqual(err, f"{file}:19:24: error: {message}\nhint: {hint}\n")
            options = ["--root", root, "--set", "shares.heap.size=68KiB"]
            self.assertEqual(validate([str(file), *options])[0], 0)


class Options(unittest.TestCase):
    def test_set_is_like_the_file(self):
        sets = (
            "compartments.zlib.mechanism=none",
            'compartments.zlib.libraries = [ "zlib", "tiny" ]',
            "compartments.app.memory=128MiB",
            "compartments.app.memory=256MiB",
            "edges.app-zlib.gate=full",
            "edges.app-zlib.data=strict",
            "shares.heap.members=['zlib']",
            "application.env.LEVEL='9'",
            "application.args=[]",
            'appliance."name"=other',
        )
        options = [part for item in sets for part in ("--set", item)]
        status, out, err = validate(["--json", *options, "good/gzip.toml"])
        self.assertEqual((status, err), (0, ""))
        layout = json.loads(out)
        self.assertEqual(layout["name"], "other")
        self.assertEqual(layout["application"]["args"], [])
        self.assertEqual(layout["application"]["env"], [["LEVEL", "9"], ["EMPTY", ""]])
        app, zlib = layout["compartments"]
        self.assertEqual(app["memory"], 256 << 20)
        self.assertEqual((zlib["mechanisms"], zlib["libraries"]), (["none"], ["zlib", "tiny"]))
        (edge,) = layout["edges"]
        self.assertEqual((edge["data"], edge["gate"]), ("strict", "full"))
        self.assertEqual(layout["shares"][0]["members"], [1])

    def test_set_creates_the_appliance_table(self):
        status, out, _ = validate(["--json", "--set", "appliance.name=x", "good/minimal.toml"])
        self.assertEqual((status, json.loads(out)["name"]), (0, "x"))

    def test_set_mends_a_wrong_value(self):
        options = ["--set", "compartments.zlib.mechanism=vm"]
        self.assertEqual(validate([*options, "bad/112-unknown-mechanism.toml"])[0], 0)

    def test_set_where_the_file_has_a_wrong_type(self):
        for option in ("application.env.K=V", "compartments.app.memory=1MiB"):
            for file in sorted((HERE / "bad").glob("*-type-*.toml")):
                status, _, err = validate(["--set", option, f"bad/{file.name}"])
                self.assertIn(status, (0, 2))
                self.assertEqual("error" in err, status == 2)

    def test_set_of_two_lines_sets_one_key(self):
        option = 'compartments.app.memory=1\ncompartments.app.threads = 1'
        status, _, err = validate(["--set", option, "good/gzip.toml"])
        self.assertEqual(status, 2)
        self.assertEqual(err.count("\n"), 2)
        self.assertIn("--set compartments.app.memory: error: memory = ", err)

    def test_json_of_errors(self):
        status, out, err = validate(["--json", "bad/112-unknown-mechanism.toml"])
        self.assertEqual((status, err), (2, ""))
        (error,) = json.loads(out)["errors"]
        self.assertEqual((error["line"], error["column"]), (9, 13))
        self.assertEqual(error["message"], 'unknown mechanism "docker"')

    def test_wrong_usage_is_one_line(self):
        host = (["--host-memory", "x", "a"], ["--host-memory", "1TiB", "a"])
        for arguments in ([], ["a", "b"], *host, ["--sett", "a"]):
            status, out, err = validate(arguments)
            self.assertEqual((status, out, err.count("\n")), (2, "", 1), err)

    def test_memory_of_this_host(self):
        self.assertGreater(cli.host_memory(), 64 << 20)

    def test_output_closed_early(self):
        read_end, write_end = os.pipe()
        os.close(read_end)
        command = [sys.executable, str(COMPOSE), "validate", "--json", *HOST, "good/gzip.toml"]
        pipes = {"stdout": write_end, "stderr": subprocess.PIPE}
        result = subprocess.run(command, cwd=HERE, timeout=60, **pipes)
        os.close(write_end)
        self.assertEqual((result.returncode, result.stderr), (0, b""))


class Documentation(unittest.TestCase):
    text = (ROOT / "docs/toml.md").read_text()

    def test_example_is_valid(self):
        example = self.text.split("```toml\n", 1)[1].split("```", 1)[0]
        with tempfile.NamedTemporaryFile("w", suffix=".toml") as file:
            file.write(example)
            file.flush()
            status, _, err = validate([file.name])
        self.assertEqual((status, err), (0, ""))
        keys = ("appliance", "application", "compartments", "edges", "shares", "mounts", "net")
        for key in keys:
            self.assertIn(f"[{key}", example)

    def test_every_key_has_an_entry_with_its_default(self):
        tables = {
            "appliance.": schema.APPLIANCE,
            "application.": schema.APPLICATION,
            "compartments.NAME.": schema.COMPARTMENT,
            "edges.": schema.EDGE,
            "shares.NAME.": schema.SHARE,
            "net.": net.NET,
        }
        for prefix, keys in tables.items():
            for key in keys:
                heading = f"### `{prefix}{key.name}`\n"
                self.assertIn(heading, self.text)
                entry = self.text.split(heading, 1)[1].split("\n#", 1)[0]
                for field in ("- Type: ", "- Range: ", "- Default: ", "- Why: "):
                    self.assertIn(field, entry, heading)
                default = entry.split("- Default: ", 1)[1].split("\n", 1)[0]
                if key.required:
                    self.assertEqual(default, "none, required", heading)
                elif type(key.default) is int:
                    number = key.default
                    text = schema.size_text(number) if number >= 4096 else str(number)
                    self.assertRegex(default, f'^`"?{text}"?`', heading)
                elif isinstance(key.default, str):
                    self.assertTrue(default.startswith(f'`"{key.default}"`'), heading)
