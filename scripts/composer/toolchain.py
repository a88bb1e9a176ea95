"""The compiler and linker that the build uses (compose.json), and how to run them.

SPDX-License-Identifier: BSD-3-Clause
"""

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LINES_MAX = 20  # of a tool's own words
BUILD_HINT = "build it first: scripts/setup && ninja -C build"


class ToolError(Exception):
    """A file of the build is missing, or a tool failed; the text is complete."""

    def __init__(self, text: str, output: str = ""):
        super().__init__(text)
        self.output = output  # all that the tool itself said


@dataclass(frozen=True)
class Toolchain:
    file: Path  # compose.json
    cc: tuple[str, ...]
    cflags: tuple[str, ...]
    ldflags: tuple[str, ...]
    libc: Path
    libgcc: Path
    runtime: Path
    fallback: Path
    linker_script: Path
    source_root: Path
    build_root: Path

    @property
    def base(self) -> tuple[Path, ...]:
        """The archives in every image, in the order in which they are searched. The fallback has
        simple versions of what a library may do better."""
        return (self.runtime, self.fallback, self.libc, self.libgcc)

    def compile(self, source: Path, includes: list[Path], context: str) -> tuple[Path, list[Path]]:
        """The object beside `source`, and the headers that it was made from."""
        target, depfile = source.with_suffix(".o"), source.with_suffix(".d")
        command = [*self.cc, *self.cflags, f"-I{self.source_root}"]
        command += [f"-isystem{path}" for path in includes]
        # The same bytes wherever the source tree and this temporary directory are.
        command += [f"-ffile-prefix-map={source.parent}=/generated"]
        command += ["-MD", "-MF", str(depfile), "-c", source.name, "-o", target.name]
        run(command, source.parent, context)
        return target, headers(depfile, source.parent)

    def link(
        self,
        objects: list[Path],
        whole: list[Path],
        archives: list[Path],
        target: Path,
        options: list[str],
    ) -> list[str]:
        """The command that links an image. `whole`: archives that take over functions of the C
        library (library.toml, `whole`)."""
        return [
            *self.cc,
            *self.ldflags,
            "-Wl,--gc-sections,--build-id=none,-z,max-page-size=4096,--fatal-warnings",
            *options,
            f"-Wl,-T,{self.linker_script}",
            *(str(path) for path in objects),
            # Whole, so that none of their functions comes from the C library instead; what is
            # not used is dropped.
            "-Wl,--whole-archive",
            *(str(path) for path in (self.runtime, *whole)),
            "-Wl,--no-whole-archive",
            "-Wl,--start-group",
            *(str(path) for path in (*archives, self.fallback, self.libc, self.libgcc)),
            "-Wl,--end-group",
            "-o",
            str(target),
        ]


def headers(depfile: Path, directory: Path) -> list[Path]:
    """From a Makefile rule: all prerequisites but the source itself, which is the first. A compiler cache may name them
    relative to `directory`, in which the compiler ran."""
    text = depfile.read_text(encoding="utf-8", errors="surrogateescape")
    words = text.partition(":")[2].replace("\\\n", " ").replace("\\ ", "\0").split()
    return [Path(os.path.normpath(directory / word.replace("\0", " "))) for word in words[1:]]


def load(build: Path) -> Toolchain:
    file = build / "guest" / "compose.json"
    try:
        content = json.loads(file.read_bytes())
        lists: dict[str, Any] = {key: tuple(content[key]) for key in ("cc", "cflags", "ldflags")}
        names = ("libc", "libgcc", "runtime", "fallback", "linker_script", "source_root", "build_root")
        values: dict[str, Any] = lists | {key: Path(content[key]) for key in names}
    except FileNotFoundError:
        raise ToolError(f"{file} is missing\nhint: {BUILD_HINT}") from None
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise ToolError(f"{file} cannot be used: {error}\nhint: {BUILD_HINT}") from None
    return Toolchain(file=file, **values)


def run(command: list[str], directory: Path, context: str) -> None:
    """`context`: which compartment and step, for the first line of a failure."""
    environment = os.environ | {"LC_ALL": "C"}
    try:
        done = subprocess.run(
            command,
            cwd=directory,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
    except OSError as error:
        raise ToolError(f"{context}: cannot start {command[0]}: {error.strerror}") from None
    if done.returncode != 0:
        output = done.stdout.decode(errors="replace")
        lines = output.rstrip().split("\n")
        if len(lines) > LINES_MAX:
            lines[LINES_MAX:] = [f"... and {len(lines) - LINES_MAX} more lines"]
        raise ToolError("\n".join([f"{context} failed", *lines]), output)
