"""The composer's command line: `compose COMMAND ...`.

Exit status: 0; 2 for wrong usage or wrong input.

SPDX-License-Identifier: BSD-3-Clause
"""

import argparse
import fcntl
import json
import os
import re
import struct
import sys
from pathlib import Path

from . import build, config, edl, gen_header, report
from .catalogue import Catalogue
from .elf import BadFile
from .model import Appliance
from .problems import Problems, Refused
from .schema import MECHANISMS, SIZE, UNITS
from .toolchain import ToolError

SOURCE_ROOT = Path(__file__).resolve().parent.parent.parent
OK, WRONG_INPUT = 0, 2


class Parser(argparse.ArgumentParser):
    def error(self, message: str):
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


def offered_mechanisms() -> tuple[str, ...]:
    """"mpk" takes protection keys that the kernel has switched on, and that KVM offers to guests."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as stream:
            keys = re.search(r"^flags\b.* ospke\b", stream.read(), re.M)
    except OSError:
        keys = None
    if keys and guests_have_keys(supported_cpuid(os.environ.get("BULKHEAD_KVM", "/dev/kvm"))):
        return MECHANISMS
    return tuple(name for name in MECHANISMS if name != "mpk")


def supported_cpuid(device: str) -> bytes:
    """KVM_GET_SUPPORTED_CPUID (KVM's API documentation, 4.46): struct kvm_cpuid2; empty without KVM."""
    entries = 256
    buffer = bytearray(struct.pack("II", entries, 0) + bytes(40 * entries))
    try:
        with open(device, "rb", buffering=0) as kvm:
            fcntl.ioctl(kvm, 0xC008AE05, buffer)
    except OSError:
        return b""
    return bytes(buffer)


def guests_have_keys(cpuid: bytes) -> bool:
    """PKU, and AVX, which the gates clear registers with: as in vmm/kvm/host.c, host_probe_keys()."""
    found = set()
    for at in range(8, 8 + 40 * (struct.unpack_from("I", cpuid)[0] if cpuid else 0), 40):
        function, index, _, _, _, ecx = struct.unpack_from("6I", cpuid, at)
        if (function, index, ecx >> 3 & 1) == (7, 0, 1):
            found.add("pku")
        elif function == 1 and ecx >> 28 & 1:
            found.add("avx")
    return found == {"pku", "avx"}


def _size(text: str) -> int:
    if text.isascii() and text.isdigit():
        return int(text[:20])
    match = SIZE.fullmatch(text)
    if match is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no size such as 24GiB")
    return int(match[1]) * UNITS[match[2]]


def _mechanisms(text: str) -> tuple[str, ...]:
    offered = tuple(text.split(","))
    unknown = [name for name in offered if name not in MECHANISMS]
    if unknown:
        raise argparse.ArgumentTypeError(f"{unknown[0]!r} is no mechanism")
    return offered


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


def _check(options: argparse.Namespace) -> int:
    offered = options.mechanisms or offered_mechanisms()
    try:
        appliance, catalogue = load(options)
        arguments = (appliance, catalogue, offered, options.host_memory)
        if options.json:
            print(json.dumps(report.as_dict(*arguments), indent=2))
        else:
            print(report.as_text(*arguments))
    except Refused as refused:
        if not options.json:
            raise
        print(json.dumps(_problems_dict(refused.problems), indent=2))
        return WRONG_INPUT
    return OK


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
    check = commands.add_parser(
        "check", help="is a file valid? then print its layout", allow_abbrev=False
    )
    add_appliance_options(check)
    check.add_argument("--json", action="store_true", help="for programs")
    check.add_argument(
        "--mechanisms",
        metavar="A,B",
        type=_mechanisms,
        help="what the host offers, instead of finding out",
    )
    check.set_defaults(run=_check)
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
