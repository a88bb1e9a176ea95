"""What the tests of linking have in common: a tree of small libraries, compiled like real ones.

SPDX-License-Identifier: BSD-3-Clause
"""

import contextlib
import io
import json
import subprocess
from pathlib import Path

from composer import cli, toolchain
from tests.support.paths import BUILD, ROOT

HERE = Path(__file__).resolve().parent


def compile_c(source: str, target: Path, options: list[str] | None = None) -> Path:
    """An object, made as the build makes them."""
    tools = toolchain.load(BUILD)
    command = [*tools.cc, *tools.cflags, f"-I{ROOT}", *(options or []), "-xc", "-"]
    command += ["-c", "-o", str(target)]
    subprocess.run(command, input=source.encode(), check=True)
    return target


def archive(target: Path, sources: dict[str, str]) -> Path:
    """A library of one object for each of `sources` (name to C text)."""
    target.parent.mkdir(parents=True, exist_ok=True)
    objects = [compile_c(text, target.parent / f"{name}.o") for name, text in sources.items()]
    target.unlink(missing_ok=True)
    subprocess.run(["ar", "rcs", str(target), *map(str, objects)], check=True)
    for file in objects:
        file.unlink()
    return target


class Tree:
    """A source tree and its build directory, with the real run-time and C library."""

    def __init__(self, root: Path):
        self.root = root
        self.build = root / "build"
        content = json.loads((BUILD / "guest/compose.json").read_bytes())
        content["build_root"] = str(self.build)
        (self.build / "guest").mkdir(parents=True)
        (self.build / "guest/compose.json").write_text(json.dumps(content))

    def library(self, name: str, interface: str, header: str, sources: dict[str, str]) -> None:
        folder = self.root / "guest/libs" / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.h").write_text(header)
        text = f'library {name} {{ include "{name}.h"; {interface} }}\n'
        (folder / f"{name}.edl").write_text(text)
        (folder / "library.toml").write_text(f'includes = ["guest/libs/{name}"]\n')
        archive(self.build / f"guest/libs/{name}/lib{name}.a", sources)

    def application(self, name: str, sources: dict[str, str]) -> None:
        folder = self.root / "guest/apps" / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "meson.build").touch()
        archive(self.build / f"guest/apps/{name}/lib{name}.a", sources)

    def toml(self, text: str) -> None:
        (self.root / "t.toml").write_text(text)

    def compose(self, *options: str) -> tuple[int, str]:
        """Exit status and standard error of composing t.toml into `out`."""
        arguments = ["build", "t.toml", "--root", str(self.root), "--build", str(self.build)]
        arguments += ["--host-memory", "24GiB", "--out", str(self.root / "out"), *options]
        error = io.StringIO()
        with contextlib.chdir(self.root), contextlib.redirect_stderr(error):
            status = cli.main(arguments)
        return status, error.getvalue()

    def image(self, compartment: str) -> Path:
        return self.root / "out" / f"{compartment}.elf"


def disassembly(image: Path, function: str) -> str:
    """Disassembly of one function of an image."""
    command = ["objdump", "-d", f"--disassemble={function}", "--no-show-raw-insn", str(image)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout
