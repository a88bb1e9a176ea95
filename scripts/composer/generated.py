"""The C sources that an image gets besides its libraries: stubs for calls, dispatch for exports.

SPDX-License-Identifier: BSD-3-Clause
"""

import json
import struct
import tomllib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from . import edl, elf, gen_dispatch, gen_stubs
from .catalogue import Library
from .contract import number
from .edl import Function
from .manifest import Export, Import
from .problems import quote, suggest
from .toolchain import ToolError

NO_EXPORTS = """/* Generated: nobody may call this compartment. */
#include <rpc/image.h>

const struct bh_export bh_exports[0] = {};
"""
DESCRIPTION_KEYS = ("description", "includes", "state", "whole")  # of library.toml
EXPORT_SIZE = number("sizeof(struct bh_export)")
DIRECT, DISPATCH = (number(f"offsetof(struct bh_export, {member})") for member in ("direct", "dispatch"))
ADDRESS = struct.Struct("<Q")


@dataclass(frozen=True)
class Interface:
    """What a library offers, and where the headers are that its interface file names."""

    parsed: edl.Library
    include_dirs: tuple[Path, ...]
    whole: bool = False  # takes over functions of the C library

    @property
    def name(self) -> str:
        return self.parsed.name

    @property
    def functions(self) -> list[Function]:
        return self.parsed.functions


def interface(library: Library) -> Interface:
    """Raises Refused for a wrong interface file, ToolError for a wrong library.toml."""
    shown = str(library.directory / library.interface_file.name)
    parsed = edl.parse(library.interface_file, shown)
    file = library.directory / library.description_file.name
    if parsed.name != library.name:
        raise ToolError(f"{shown}: describes library {parsed.name}, not {library.name}")
    try:
        content = tomllib.loads(library.description_file.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise ToolError(f"{file}: {error}") from None
    for key in content:
        if key not in DESCRIPTION_KEYS:
            hint = suggest(key, DESCRIPTION_KEYS, "known keys")
            raise ToolError(f"{file}: unknown key {quote(key)}\nhint: {hint}")
    if not isinstance(content.get("description", ""), str):
        raise ToolError(f"{file}: description has to be a text in quotes")
    includes = content.get("includes", [])
    if not isinstance(includes, list) or not all(isinstance(path, str) for path in includes):
        raise ToolError(f'{file}: includes has to be a list of folders, such as ["guest/libs/x"]')
    if content.get("state", "none") != "none":
        raise ToolError(f'{file}: state has to be "none": copies of the library do not differ; otherwise leave it out')
    whole = content.get("whole", False)
    if not isinstance(whole, bool):
        raise ToolError(f"{file}: whole has to be true or false")
    return Interface(parsed, tuple(library.root / path for path in includes), whole)


def stubs(
    imports: Sequence[Import],
    interfaces: dict[str, Interface],
    own: Sequence[Interface],
    in_halves: Collection[tuple[str, str]],
) -> str:
    """C source of what stands for functions of other compartments; indices as in `imports`. Also of the halves of those
    functions of other and `own` libraries that are submitted and waited for."""
    used: dict[str, dict[str, int]] = {}
    for index, wanted in enumerate(imports):
        used.setdefault(wanted.library, {})[wanted.name] = index
    halves: dict[str, set[str]] = {}
    for library, function in in_halves:
        halves.setdefault(library, set()).add(function)
    texts = [gen_stubs.generate(interfaces[name].parsed, used[name], halves.get(name, ())) for name in used]
    texts += [gen_stubs.generate_local(i.parsed, halves[i.name]) for i in own if i.name in halves]
    return "\n".join(texts)


def exports(interfaces: Sequence[Interface], callers: int) -> str:
    """C source of the export table, in the order of `interfaces`, and of the checks behind it; `callers`: how many
    edges lead here."""
    if not any(interface.functions for interface in interfaces):
        return NO_EXPORTS
    return gen_dispatch.generate([interface.parsed for interface in interfaces], callers)


def program(name: str) -> str:
    """C source of the application's argv[0]; other compartments do not use it."""
    return f"const char bh_program_name[] = {json.dumps(name)};\n"


def export_table(image: bytes, interfaces: Sequence[Interface], what: str) -> tuple[Export, ...]:
    """The functions of `interfaces` in the order of their indices, with their addresses."""
    functions = [(i.name, function) for i in interfaces for function in i.functions]
    if not functions:
        return ()
    table = next((s.value for s in elf.symbols(image, what) if s.name == "bh_exports"), 0)
    data = elf.contents(image, table, len(functions) * EXPORT_SIZE, what)
    found = []
    for index, (library, function) in enumerate(functions):
        at = index * EXPORT_SIZE
        direct, dispatch = (ADDRESS.unpack_from(data, at + member)[0] for member in (DIRECT, DISPATCH))
        found.append(Export(function.name, library, direct, dispatch, function.nonblocking))
    return tuple(found)
