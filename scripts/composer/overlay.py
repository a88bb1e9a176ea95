"""Applies --set KEY=VALUE options to a parsed TOML file.

SPDX-License-Identifier: BSD-3-Clause
"""

import tomllib
from collections.abc import Iterable, Mapping
from typing import Any

from .net import NET
from .positions import KEY_PARTS_MAX, scan
from .problems import Place, Problems, quote, suggest
from .schema import APPLIANCE, APPLICATION, ROOT
from .source import Source

NAMED = ("compartments", "shares", "edges", "mounts")  # their paths have a name in the middle


def apply(source: Source, sets: Iterable[str], problems: Problems) -> None:
    """Changes `source.tree`; the last of several options for one key counts."""
    for rank, option in enumerate(sets):
        name, equals, value = _split(option)
        place = Place(f"--set {_printable(name)}".rstrip(), None, None, rank)
        if not equals:
            problems.add(place, 'there is no "=" in it', "write --set KEY=VALUE")
            continue
        path = _path(name)
        if path is None:
            hint = "write the key as in TOML, such as compartments.app.memory"
            problems.add(place, "this is no key", hint)
            continue
        _set(source, place, path, _value(value), problems)


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text.strip())


def _split(option: str) -> tuple[str, str, str]:
    """At the first "=" outside quotes."""
    quoted = ""
    for at, character in enumerate(option):
        if quoted:
            quoted = "" if character == quoted else quoted
        elif character in "\"'":
            quoted = character
        elif character == "=":
            return option[:at], "=", option[at + 1 :]
    return option, "", ""


def _path(name: str) -> list[str] | None:
    if "\n" in name or "#" in name or name.count(".") > KEY_PARTS_MAX:
        return None
    try:
        tree = tomllib.loads(f"{name} = 0")
    except (tomllib.TOMLDecodeError, RecursionError):
        return None
    path = []
    part: object = tree
    while isinstance(part, dict):
        ((key, part),) = part.items()
        path.append(key)
    return path


def _value(text: str) -> object:
    """What a TOML value says, or else the text itself."""
    document = f"v = {text}"
    if scan(document).endless_key:
        return text
    try:
        tree = tomllib.loads(document)
    except (ValueError, RecursionError):  # TOMLDecodeError is a ValueError
        return text
    return tree["v"] if len(tree) == 1 else text


def _set(source: Source, place: Place, path: list[str], value: object, problems: Problems) -> None:
    root = path[0]
    roots = [key.name for key in ROOT]
    if root not in roots:
        problems.add(place, f"unknown key {quote(root)}", suggest(root, roots, "known keys"))
    elif root in NAMED:
        _set_named(source, place, path, value, problems)
    elif len(path) == 2 or path[:2] == ["application", "env"] and len(path) == 3:
        _store(source, place, tuple(path), value)
    else:
        tables = {"appliance": APPLIANCE, "application": APPLICATION, "net": NET}
        keys = [key.name for key in tables[root]]
        hint = f"write --set {root}.KEY=VALUE; known keys: {', '.join(keys)}"
        problems.add(place, "this names no single value", hint)


def _set_named(
    source: Source, place: Place, path: list[str], value: object, problems: Problems
) -> None:
    root, example = path[0], {"edges": "FROM-TO"}.get(path[0], "NAME")
    if len(path) != 3:
        hint = f"write --set {root}.{example}.KEY=VALUE"
        problems.add(place, "this names no single value", hint)
        return
    if root == "edges" and path[2] in ("from", "to"):
        problems.add(place, "the ends of an edge cannot be set", "change the file instead")
        return
    known: Mapping[str, str | int] = _table_names(source, root)
    if root == "edges":
        known = _edge_names(source)
    if path[1] not in known:
        message = f"there is no {root[:-1]} {quote(path[1])}"
        problems.add(place, message, suggest(path[1], list(known), root))
        return
    _store(source, place, (root, known[path[1]], path[2]), value)


def _table_names(source: Source, root: str) -> dict[str, str]:
    tables = source.tree.get(root)
    if not isinstance(tables, dict):
        return {}
    return {name: name for name, table in tables.items() if isinstance(table, dict)}


def _edge_names(source: Source) -> dict[str, int]:
    edges = source.tree.get("edges")
    if not isinstance(edges, list):
        return {}
    named: dict[str, int] = {}
    for index, edge in enumerate(edges):
        if isinstance(edge, dict):
            caller, callee = edge.get("from"), edge.get("to")
            if isinstance(caller, str) and isinstance(callee, str):
                named.setdefault(f"{caller}-{callee}", index)
    return named


def _store(source: Source, place: Place, path: tuple, value: object) -> None:
    table: Any = source.tree
    for part in path[:-1]:
        if isinstance(table, dict):
            table = table.setdefault(part, {})
        elif isinstance(table, list) and isinstance(part, int):
            table = table[part]
    # Anything but a table here is a wrong type in the file, which is reported there.
    if isinstance(table, dict):
        table[path[-1]] = value
        source.overlays[path] = place
