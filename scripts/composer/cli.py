"""The composer's command line: `compose COMMAND ...`.

Exit status: 0; 2 for wrong usage or wrong input; 3 (from scripts/compose) if libfdt is missing.

SPDX-License-Identifier: BSD-3-Clause
"""

import argparse
import dataclasses
import json
import os
import re
import sys
from pathlib import Path
from typing import NoReturn

from . import build, config, edl, gen_header
from .catalogue import Catalogue
from .elf import BadFile
from .model import Appliance
from .problems import Problems, Refused
from .schema import SIZE, UNITS
from .toolchain import ToolError

SOURCE_ROOT = Path(__file__).resolve().parent.parent.parent
OK, WRONG_INPUT = 0, 2


class Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """One line, as for every other error."""
        self.exit(WRONG_INPUT, f"{self.prog}: error: {message}; see {self.prog} --help\n")


def default_build() -> Path:
    """The build directory: as in vmm/plan/compose.h."""
    return Path(os.environ.get("BULKHEAD_BUILD") or SOURCE_ROOT / "build")


def host_memory() -> int | None:
    """Bytes of RAM; None if /proc does not say."""
    try:
        with open("/proc/meminfo", encoding="ascii") as stream:
            found = re.search(r"^MemTotal: +(\d+) kB$", stream.read(), re.M)
    except OSError:
        return None
    return int(found[1]) * 1024 if found else None


def _size(text: str) -> int:
    if text.isascii() and text.isdigit():
        return int(text[:20])
    match = SIZE.fullmatch(text)
    if match is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no size such as 24GiB")
    return int(match[1]) * UNITS[match[2]]


def add_appliance_options(parser: argparse.ArgumentParser, several: bool = False) -> None:
    """What every command that reads a compartments.toml takes; see load()."""
    if several:
        parser.add_argument("files", metavar="FILE", nargs="+", help="a compartments.toml")
    else:
        parser.add_argument("file", metavar="FILE", help="a compartments.toml")
    parser.add_argument(
        "--set",
        dest="sets",
        metavar="KEY=VALUE",
        action="append",
        default=[],
        help="change one value of it, such as compartments.zlib.mechanism=none; repeatable",
    )
    parser.add_argument(
        "--root", metavar="DIR", type=Path, default=SOURCE_ROOT, help="source tree to look into"
    )
    parser.add_argument(
        "--host-memory", metavar="SIZE", type=_size, help="instead of what this host has"
    )


def load(options: argparse.Namespace) -> tuple[Appliance, Catalogue]:
    """Raises Refused."""
    if options.host_memory is None:
        options.host_memory = host_memory()
    catalogue = Catalogue(options.root)
    return config.load(options.file, catalogue, options.sets, options.host_memory), catalogue


def _validate(options: argparse.Namespace) -> int:
    try:
        appliance, _ = load(options)
    except Refused as refused:
        if not options.json:
            raise
        print(json.dumps(_problems_dict(refused.problems), indent=2))
        return WRONG_INPUT
    if options.json:
        content = {"valid": True, "file": options.file} | dataclasses.asdict(appliance)
        del content["toml"]  # its time stamp
        print(json.dumps(content, indent=2, default=_json_value))
    return OK


def _json_value(value: object) -> str:
    """Of a model.Appliance: what JSON has no form for."""
    return value.hex(":") if isinstance(value, bytes) else str(value)


def _header(options: argparse.Namespace) -> int:
    options.output.write_text(gen_header.generate(edl.parse(options.file)), encoding="utf-8")
    return OK


def _problems_dict(problems: Problems) -> dict:
    errors = [
        {
            "place": problem.place.text,
            "line": problem.place.line,
            "column": problem.place.column,
            "message": problem.message,
            "hint": problem.hint,
        }
        for problem in problems.sorted
    ]
    return {"valid": False, "file": problems.file, "errors": errors}


def _parser() -> Parser:
    parser = Parser(prog="compose", description="Composes appliances.", allow_abbrev=False)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    validate = commands.add_parser(
        "validate",
        help="is a file valid? Where its compartments would lie is told by `bulkhead check`",
        allow_abbrev=False,
    )
    add_appliance_options(validate)
    validate.add_argument("--json", action="store_true", help="for programs: what the file says, or what is wrong")
    validate.set_defaults(run=_validate)
    header = commands.add_parser(
        "header", help="write <bh/gate_NAME.h> of an interface file", allow_abbrev=False
    )
    header.add_argument("file", metavar="FILE", type=Path, help="a NAME.edl")
    header.add_argument("output", metavar="OUTPUT", type=Path, help="the header")
    header.set_defaults(run=_header)
    build.add_commands(commands, add_appliance_options, load, default_build())
    return parser


def main(arguments: list[str]) -> int:
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # file names may be any bytes
    try:
        options = _parser().parse_args(arguments)
        status = options.run(options)
        sys.stdout.flush()
    except Refused as refused:
        print(refused.problems, file=sys.stderr)
        return WRONG_INPUT
    except (ToolError, BadFile) as error:
        print(f"compose: error: {error}", file=sys.stderr)
        return WRONG_INPUT
    except BrokenPipeError:  # the reader has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    return status
