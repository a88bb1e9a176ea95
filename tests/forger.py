"""Device trees for tests: forges them, also such as libfdt would not write, and reads them with libfdt.

A forged tree has the form of version 17 (Devicetree Specification 0.4, chapter 5), whatever its names and values are.

SPDX-License-Identifier: BSD-3-Clause
"""

import struct
from collections.abc import Iterable
from dataclasses import dataclass, field

MAGIC = 0xD00DFEED
VERSION, COMPATIBLE_VERSION = 17, 16
BEGIN_NODE, END_NODE, PROP, END = 1, 2, 3, 9
HEADER = struct.Struct(">10I")
RESERVATIONS = bytes(16)  # the list's terminator only


@dataclass
class Node:
    """Properties and children, both in order. Values are in the device tree's own form, bytes."""

    properties: dict[str, bytes] = field(default_factory=dict)
    children: dict[str, "Node"] = field(default_factory=dict)

    def child(self, name: str) -> "Node":
        """A new child."""
        self.children[name] = Node()
        return self.children[name]

    def set(self, name: str, value: bytes = b"") -> None:
        self.properties[name] = value

    def set_u32(self, name: str, *values: int) -> None:
        self.set(name, struct.pack(f">{len(values)}I", *values))

    def set_u64(self, name: str, *values: int) -> None:
        self.set(name, struct.pack(f">{len(values)}Q", *values))

    def set_strings(self, name: str, values: Iterable[str]) -> None:
        self.set(name, b"".join(value.encode("utf-8", "surrogateescape") + b"\0" for value in values))

    def set_string(self, name: str, value: str) -> None:
        self.set_strings(name, (value,))

    def u32s(self, name: str) -> tuple[int, ...]:
        return self._unpack(name, "I", 4)

    def u64s(self, name: str) -> tuple[int, ...]:
        return self._unpack(name, "Q", 8)

    def strings(self, name: str) -> tuple[str, ...]:
        parts = self.properties[name].split(b"\0")
        assert parts.pop() == b"", f"property {name} is no string list"
        return tuple(part.decode("utf-8", "surrogateescape") for part in parts)

    def _unpack(self, name: str, letter: str, width: int) -> tuple[int, ...]:
        data = self.properties[name]
        return struct.unpack(f">{len(data) // width}{letter}", data)


def _pad(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)


class _Strings:
    """The strings block: every property name once."""

    def __init__(self) -> None:
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
    """The root node. Raises libfdt.FdtException for anything that is not a tree of this version."""
    import libfdt  # not every test that forges has a Python with libfdt

    tree = libfdt.Fdt(blob)
    if tree.totalsize() > len(blob):
        raise libfdt.FdtException(-libfdt.FDT_ERR_TRUNCATED)

    def node(offset: int) -> Node:
        found = Node()
        at = tree.first_property_offset(offset, libfdt.QUIET_NOTFOUND)
        while at >= 0:
            item = tree.get_property_by_offset(at)
            found.set(item.name, bytes(item))
            at = tree.next_property_offset(at, libfdt.QUIET_NOTFOUND)
        at = tree.first_subnode(offset, libfdt.QUIET_NOTFOUND)
        while at >= 0:
            found.children[tree.get_name(at)] = node(at)
            at = tree.next_subnode(at, libfdt.QUIET_NOTFOUND)
        return found

    return node(0)
