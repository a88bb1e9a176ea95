"""The keys of compartments.toml: type, range and default of each; reads tables by them.

SPDX-License-Identifier: BSD-3-Clause
"""

import datetime
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .contract import number
from .model import PortRange
from .positions import Path
from .problems import Problems, quote, show, suggest
from .source import Source

KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30
PAGE = number("BH_PAGE_SIZE")

COMPARTMENTS_MAX = number("BH_COMPARTMENTS_MAX")
SHARES_MAX = number("BH_SHARES_MAX")
EDGES_MAX = number("BH_EDGES_MAX")
THREADS_MAX = number("BH_THREADS_MAX")
STACKS_MAX = number("BH_STACKS_MAX")  # of one compartment: every stack with the guard page below it

MECHANISMS = ("vm", "mpk", "none")
DATA = ("share", "copy", "strict")
GATES = ("full", "light")
HARDENING = ("stack-protector", "ubsan", "kasan", "cfi", "safestack")

NAME_MAX = number("BH_NAME_MAX") - 1  # without the NUL
NAME = re.compile(rf"[a-z][a-z0-9_-]{{0,{NAME_MAX - 1}}}")
NAME_HINT = f"a name has 1 to {NAME_MAX} characters of a-z 0-9 _ - and begins with a letter"
SIZE = re.compile(r"([0-9]{1,18})(KiB|MiB|GiB)", re.ASCII)
UNITS = {"KiB": KIB, "MiB": MIB, "GiB": GIB}
PORTS = re.compile(r"(?:(tcp|udp):)?([0-9]{1,5})(?:-([0-9]{1,5}))?", re.ASCII)
PORT_LAST = 65535
PORTS_HINT = '"[tcp:|udp:]PORT" or "[tcp:|udp:]FIRST-LAST", such as "6379"'
ENV_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

TYPES: tuple[tuple[Any, str], ...] = (
    (bool, "a boolean"),
    (int, "an integer"),
    (float, "a float"),
    (str, "a string"),
    (list, "a list"),
    (dict, "a table"),
    (datetime.date | datetime.time, "a date or time"),
)


@dataclass(frozen=True)
class Context:
    """What every reader needs."""

    source: Source
    problems: Problems

    def refuse(self, path: Path, message: str, hint: str) -> None:
        """About the value at `path`."""
        self.problems.add(self.source.value(path), message, hint)


# Reads the value at a path; None: refused, and reported. What else it returns depends on the key.
Reader = Callable[[Context, Path, object], Any]


@dataclass(frozen=True)
class Key:
    name: str
    read: Reader
    default: object = None  # already in the form that `read` returns
    required: str = ""  # not empty: the key has to be there; how to write it


def type_name(value: object) -> str:
    return next((name for kind, name in TYPES if isinstance(value, kind)), "something else")


def size_text(size: int) -> str:
    """As a TOML file writes it: 16MiB; 4097 when no unit divides it."""
    for unit in ("GiB", "MiB", "KiB"):
        if size and size % UNITS[unit] == 0:
            return f"{size // UNITS[unit]}{unit}"
    return str(size)


def _label(path: Path) -> str:
    """How a message calls the value at `path`: its key, or an element of it."""
    if isinstance(path[-1], int):
        return f"an element of {path[-2]}"
    return path[-1] if re.fullmatch("[A-Za-z0-9_-]+", path[-1]) else quote(path[-1])


def wrong_type(context: Context, path: Path, value: object, wanted: str, hint: str) -> None:
    message = f"{_label(path)} has to be {wanted}, not {type_name(value)}"
    context.refuse(path, message, hint)


def boolean(context: Context, path: Path, value: object) -> bool | None:
    if isinstance(value, bool):
        return value
    wrong_type(context, path, value, "a boolean", f"write {_label(path)} = true or false")
    return None


def text(context: Context, path: Path, value: object) -> str | None:
    if not isinstance(value, str):
        wrong_type(context, path, value, "a string", 'put it in quotes: "..."')
    elif "\0" in value:
        context.refuse(path, f"{_label(path)} has a NUL character in it", "remove \\u0000")
    else:
        return value
    return None


def name(what: str) -> Reader:
    def read(context: Context, path: Path, value: object) -> str | None:
        if not isinstance(value, str):
            wrong_type(context, path, value, "a string", NAME_HINT)
        elif not NAME.fullmatch(value):
            context.refuse(path, f"{quote(value)} is no good name for {what}", NAME_HINT)
        else:
            return value
        return None

    return read


def integer(low: int, high: int, default: int) -> Reader:
    hint = f"an integer from {low} to {high}; default {default}"

    def read(context: Context, path: Path, value: object) -> int | None:
        if type(value) is not int:
            wrong_type(context, path, value, "an integer", hint)
        elif not low <= value <= high:
            context.refuse(path, f"{_label(path)} = {show(value)} is out of range", hint)
        else:
            return value
        return None

    return read


def size(low: int, high: int, default: int | None, power_of_two: bool = False) -> Reader:
    shape = "a power of two" if power_of_two else "a multiple of 4KiB"
    hint = f"{size_text(low)} to {size_text(high)}, {shape}"
    hint += f"; default {size_text(default)}" if default else ""
    form = 'an integer of bytes, or "NKiB", "NMiB" or "NGiB"'

    def read(context: Context, path: Path, value: object) -> int | None:
        label = _label(path)
        match = SIZE.fullmatch(value) if isinstance(value, str) else None
        if match is not None:
            count = int(match[1]) * UNITS[match[2]]
        elif isinstance(value, str):
            context.refuse(path, f"{label} = {show(value)} is no size", f"write {form}")
            return None
        elif isinstance(value, int) and not isinstance(value, bool):
            count = value
        else:
            wrong_type(context, path, value, "a size", f"write {form}")
            return None
        if not low <= count <= high:
            context.refuse(path, f"{label} = {show(value)} is out of range", hint)
        elif count % PAGE or power_of_two and count & (count - 1):
            context.refuse(path, f"{label} = {show(value)} is not {shape}", hint)
        else:
            return count
        return None

    return read


def choice(what: str, known: tuple[str, ...]) -> Reader:
    def read(context: Context, path: Path, value: object) -> str | None:
        hint = suggest(value if isinstance(value, str) else "", known, "known ones")
        if not isinstance(value, str):
            wrong_type(context, path, value, "a string", hint)
        elif value not in known:
            context.refuse(path, f"unknown {what} {quote(value)}", hint)
        else:
            return value
        return None

    return read


def list_of(element: Reader, distinct: bool = True) -> Reader:
    """A tuple of what `element` reads; refused elements are left out."""

    def read(context: Context, path: Path, value: object) -> tuple | None:
        if not isinstance(value, list):
            wrong_type(context, path, value, "a list", f'write {_label(path)} = ["...", "..."]')
            return None
        good = []
        for index, item in enumerate(value):
            item = element(context, path + (index,), item)
            if item is not None and item in good and distinct:
                message = f"{quote(item)} is in {_label(path)} twice"
                context.refuse(path + (index,), message, "remove one of them")
            elif item is not None:
                good.append(item)
        return tuple(good)

    return read


def mechanism(context: Context, path: Path, value: object) -> tuple[str, ...] | None:
    """One mechanism, or a list in order of preference."""
    one = choice("mechanism", MECHANISMS)
    if not isinstance(value, list):
        found = one(context, path, value)
        return None if found is None else (found,)
    if not value:
        context.refuse(path, "mechanism is an empty list", suggest("", MECHANISMS, "known ones"))
        return None
    return list_of(one)(context, path, value) or None


def members(context: Context, path: Path, value: object) -> str | tuple[str, ...] | None:
    """"*", or compartment names, which the caller checks."""
    hint = 'write members = "*" for all compartments, or a list of their names'
    if value == "*":
        return "*"
    if not isinstance(value, list):
        if isinstance(value, str):
            context.refuse(path, f"members = {show(value)} is neither \"*\" nor a list", hint)
        else:
            wrong_type(context, path, value, '"*" or a list', hint)
        return None
    if not value:
        context.refuse(path, "members is an empty list", hint)
        return None
    return list_of(text)(context, path, value)


def environment(
    context: Context, path: Path, value: object
) -> tuple[tuple[str, str], ...] | None:
    if not isinstance(value, dict):
        wrong_type(context, path, value, "a table", 'write env = { NAME = "value" }')
        return None
    pairs = []
    for key, item in value.items():
        if not ENV_NAME.fullmatch(key):
            hint = "a name has characters of A-Z a-z 0-9 _ and does not begin with a digit"
            message = f"{quote(key)} is no good name for an environment variable"
            context.problems.add(context.source.key(path + (key,)), message, hint)
            continue
        item = text(context, path + (key,), item)
        if item is not None:
            pairs.append((key, item))
    return tuple(pairs)


def port_range(context: Context, path: Path, value: object) -> PortRange | None:
    """Ports of one protocol."""
    if not isinstance(value, str):
        wrong_type(context, path, value, "a string", f"write {PORTS_HINT}")
        return None
    match = PORTS.fullmatch(value)
    if match is None:
        context.refuse(path, f"{show(value)} is no port", f"write {PORTS_HINT}")
        return None
    first = int(match[2])
    found = PortRange(match[1] or "tcp", first, int(match[3] or first))
    if 1 <= found.first <= found.last <= PORT_LAST:
        return found
    context.refuse(path, f"{show(value)} is out of range", f"a port is a number from 1 to {PORT_LAST}")
    return None


def table(context: Context, path: Path, value: object) -> dict | None:
    """A table whose content the caller reads."""
    if isinstance(value, dict):
        return value
    hint = f"write {_declaration(path)} and KEY = VALUE below it"
    wrong_type(context, path, value, "a table", hint)
    return None


def tables(context: Context, path: Path, value: object) -> list | None:
    """An array of tables whose content the caller reads."""
    if isinstance(value, list):
        return value
    wrong_type(context, path, value, "an array of tables", f"write [[{_label(path)}]] for each")
    return None


ROOT = (
    Key("appliance", table, {}),
    Key("application", table, required='[application] with name = "..."'),
    Key("compartments", table, required="[compartments.app] with default = true"),
    Key("edges", tables, []),
    Key("shares", table, {}),
    Key("mounts", table, {}),
    Key("net", table),
)
APPLIANCE = (Key("name", name("an appliance")),)
APPLICATION = (
    Key("name", text, required='name = "..."'),
    Key("args", list_of(text, distinct=False), ()),
    Key("env", environment, ()),
)
COMPARTMENT = (
    Key("default", boolean, False),
    Key("mechanism", mechanism, ("vm",)),
    Key("vm", name("a VM")),
    Key("memory", size(MIB, 48 * GIB, 16 * MIB), 16 * MIB),
    Key("stack", size(16 * KIB, 64 * MIB, 256 * KIB, power_of_two=True), 256 * KIB),
    Key("threads", integer(1, THREADS_MAX, 32), 32),
    Key("hardening", list_of(choice("hardening", HARDENING)), ()),
    Key("libraries", list_of(text), ()),
)
EDGE = (
    Key("from", text, required='from = "COMPARTMENT"'),
    Key("to", text, required='to = "COMPARTMENT"'),
    Key("data", choice("data strategy", DATA), "share"),
    Key("gate", choice("gate", GATES), "full"),
    Key("arena", size(64 * KIB, 64 * MIB, 256 * KIB), 256 * KIB),
    Key("functions", list_of(text)),
    Key("ports", list_of(port_range)),
)
SHARE = (
    Key("size", size(64 * KIB, 48 * GIB, None), required='size = "16MiB"'),
    Key("members", members, required='members = "*"'),
)


def heading(path: Path) -> str:
    """How a message calls the table at `path`."""
    if not path:
        return "the file"
    return f"this {_declaration(path)}" if isinstance(path[-1], int) else _declaration(path)


def _declaration(path: Path) -> str:
    """How the file declares the table at `path`."""
    if isinstance(path[-1], int):
        return f"[[{path[-2]}]]"
    return "[" + ".".join(_label((part,)) for part in path) + "]"


def read_table(context: Context, path: Path, value: dict, keys: tuple[Key, ...]) -> dict:
    """Key to value for all of `keys`; None where one is refused, or absent without a default."""
    known = [key.name for key in keys]
    for found in value:
        if found not in known:
            place = context.source.key(path + (found,))
            hint = suggest(found, known, "known keys")
            context.problems.add(place, f"unknown key {quote(found)} in {heading(path)}", hint)
    good = {}
    for key in keys:
        if key.name in value:
            good[key.name] = key.read(context, path + (key.name,), value[key.name])
            continue
        good[key.name] = key.default
        if key.required:
            message = f"{quote(key.name)} is missing in {heading(path)}"
            context.problems.add(context.source.key(path), message, f"add {key.required}")
    return good
