"""Writes and reads flattened device trees, version 17 (Devicetree Specification 0.4, chapter 5).

Only what a manifest needs: no memory reservations, no phandles, no includes.

SPDX-License-Identifier: BSD-3-Clause
"""

import re
import struct
from collections.abc import Iterable
from dataclasses import dataclass, field

MAGIC = 0xD00DFEED
VERSION, COMPATIBLE_VERSION = 17, 16
BEGIN_NODE, END_NODE, PROP, NOP, END = 1, 2, 3, 4, 9
HEADER = struct.Struct(">10I")
RESERVATIONS = bytes(16)  # the list's terminator only
NAME = re.compile(r"[A-Za-z0-9,._+-]+(@[A-Za-z0-9,._+-]+)?")


class FdtError(ValueError):
    """A name or value that has no place in a device tree, or a blob that is none."""


@dataclass
class Node:
    """Properties and children, both in order. Values are in the device tree's own form, bytes."""

    properties: dict[str, bytes] = field(default_factory=dict)
    children: dict[str, "Node"] = field(default_factory=dict)

    def child(self, name: str) -> "Node":
        """A new child."""
        _check_name(name, self.children)
        return self.children.setdefault(name, Node())

    def set(self, name: str, value: bytes = b"") -> None:
        """A new property; without a value, its presence is what it says."""
        _check_name(name, self.properties)
        self.properties[name] = value

    def set_u32(self, name: str, *values: int) -> None:
        try:
            self.set(name, struct.pack(f">{len(values)}I", *values))
        except struct.error as error:
            raise FdtError(f"property {name}: {error}") from None

    def set_u64(self, name: str, *values: int) -> None:
        """Two cells each, the higher one first."""
        try:
            self.set(name, struct.pack(f">{len(values)}Q", *values))
        except struct.error as error:
            raise FdtError(f"property {name}: {error}") from None

    def set_strings(self, name: str, values: Iterable[str]) -> None:
        """A string list; no strings at all is an empty property."""
        data = b""
        for value in values:
            if "\0" in value:
                raise FdtError(f"property {name}: a string with a NUL character")
            data += value.encode("utf-8", "surrogateescape") + b"\0"
        self.set(name, data)

    def set_string(self, name: str, value: str) -> None:
        self.set_strings(name, (value,))

    def u32s(self, name: str) -> tuple[int, ...]:
        return self._unpack(name, "I", 4)

    def u64s(self, name: str) -> tuple[int, ...]:
        return self._unpack(name, "Q", 8)

    def strings(self, name: str) -> tuple[str, ...]:
        data = self.properties[name]
        if data and data[-1] != 0:
            raise FdtError(f"property {name}: not a string list")
        parts = data.split(b"\0")[:-1]
        return tuple(part.decode("utf-8", "surrogateescape") for part in parts)

    def _unpack(self, name: str, letter: str, width: int) -> tuple[int, ...]:
        data = self.properties[name]
        if len(data) % width:
            raise FdtError(f"property {name}: {len(data)} bytes are no list of {width}-byte cells")
        return struct.unpack(f">{len(data) // width}{letter}", data)


def _check_name(name: str, taken: Iterable[str]) -> None:
    if not NAME.fullmatch(name):
        raise FdtError(f"{name!r} is no device tree name")
    if name in taken:
        raise FdtError(f"{name!r} is there already")


def _pad(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)


class _Strings:
    """The strings block: every property name once."""

    def __init__(self):
        self.block = bytearray()
        self.offsets: dict[str, int] = {}

    def offset(self, name: str) -> int:
        if name not in self.offsets:
            self.offsets[name] = len(self.block)
            self.block += name.encode("ascii") + b"\0"
        return self.offsets[name]


def write(root: Node) -> bytes:
    strings = _Strings()
    structure = _structure("", root, strings) + struct.pack(">I", END)
    structure_at = HEADER.size + len(RESERVATIONS)
    strings_at = structure_at + len(structure)
    header = HEADER.pack(
        MAGIC,
        strings_at + len(strings.block),
        structure_at,
        strings_at,
        HEADER.size,
        VERSION,
        COMPATIBLE_VERSION,
        0,  # the CPU that boots: none
        len(strings.block),
        len(structure),
    )
    return header + RESERVATIONS + structure + strings.block


def _structure(name: str, node: Node, strings: _Strings) -> bytes:
    parts = [struct.pack(">I", BEGIN_NODE), _pad(name.encode("ascii") + b"\0")]
    for key, value in node.properties.items():
        parts.append(struct.pack(">3I", PROP, len(value), strings.offset(key)))
        parts.append(_pad(value))
    parts += [_structure(key, child, strings) for key, child in node.children.items()]
    parts.append(struct.pack(">I", END_NODE))
    return b"".join(parts)


def read(blob: bytes) -> Node:
    """The root node. Raises FdtError for anything that is not a tree of this version."""
    if len(blob) < HEADER.size:
        raise FdtError("shorter than a header")
    magic, total, structure_at, strings_at, _, version, compatible, *sizes = (
        HEADER.unpack_from(blob)
    )
    _, strings_size, structure_size = sizes
    if magic != MAGIC or version < VERSION or compatible > VERSION:
        raise FdtError("not a device tree of version 17")
    if total > len(blob) or max(structure_at + structure_size, strings_at + strings_size) > total:
        raise FdtError("a block lies outside of the blob")
    structure = blob[structure_at : structure_at + structure_size]
    reader = _Reader(structure, blob[strings_at : strings_at + strings_size])
    reader.expect(BEGIN_NODE)
    reader.text()
    root = reader.node()
    reader.expect(END)
    return root


class _Reader:
    def __init__(self, structure: bytes, strings: bytes):
        self.structure = structure
        self.strings = strings
        self.at = 0

    def cell(self) -> int:
        if self.at + 4 > len(self.structure):
            raise FdtError("the structure block ends early")
        (cell,) = struct.unpack_from(">I", self.structure, self.at)
        self.at += 4
        return cell

    def token(self) -> int:
        while (token := self.cell()) == NOP:
            pass
        return token

    def expect(self, wanted: int) -> None:
        if (token := self.token()) != wanted:
            raise FdtError(f"token {token} where {wanted} has to be")

    def text(self) -> str:
        end = self.structure.find(b"\0", self.at)
        if end < 0:
            raise FdtError("a name without an end")
        name = self.structure[self.at : end].decode("ascii", "replace")
        self.at = end + 1 + (-(end + 1) % 4)
        return name

    def node(self) -> Node:
        node = Node()
        while (token := self.token()) != END_NODE:
            if token == PROP:
                self.property(node)
            elif token == BEGIN_NODE:
                name = self.text()
                _check_name(name, node.children)
                node.children[name] = self.node()
            else:
                raise FdtError(f"token {token} inside a node")
        return node

    def property(self, node: Node) -> None:
        size, name_at = self.cell(), self.cell()
        if size > len(self.structure) - self.at:
            raise FdtError("a property longer than the structure block")
        end = self.strings.find(b"\0", name_at)
        if name_at >= len(self.strings) or end < 0:
            raise FdtError("a property without a name")
        name = self.strings[name_at:end].decode("ascii", "replace")
        node.set(name, self.structure[self.at : self.at + size])
        self.at += size + (-size % 4)
