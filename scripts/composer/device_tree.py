"""What a manifest needs beyond libfdt's own way to write a flattened device tree: lists of strings and of numbers.

SPDX-License-Identifier: BSD-3-Clause
"""

import struct
from collections.abc import Iterable

import libfdt

SIZE_HINT = 1 << 18  # bytes; libfdt grows a tree beyond it in small steps


class TreeWriter(libfdt.FdtSw):
    """Of each node, first its properties, then its children: `with tree.add_node(NAME):`. A value that does not fit its
    form raises ValueError."""

    def __init__(self) -> None:
        super().__init__(SIZE_HINT)
        self.finish_reservemap()

    def flag(self, name: str) -> None:
        """A property whose presence is what it says."""
        self.property(name, b"")

    def u32s(self, name: str, values: Iterable[int]) -> None:
        self._numbers(name, "I", values)

    def u64(self, name: str, value: int) -> None:
        """Two cells, the higher one first."""
        self._numbers(name, "Q", (value,))

    def u32(self, name: str, value: int) -> None:
        self._numbers(name, "I", (value,))

    def _numbers(self, name: str, letter: str, values: Iterable[int]) -> None:
        """libfdt itself would cut a number that is too large."""
        try:
            self.property(name, b"".join(struct.pack(f">{letter}", value) for value in values))
        except struct.error as error:
            raise ValueError(f"property {name}: {error}") from None

    def strings(self, name: str, values: Iterable[str]) -> None:
        """A string list; no strings at all is an empty property. File names may be any bytes."""
        data = b""
        for value in values:
            if "\0" in value:
                raise ValueError(f"property {name}: a string with a NUL character")
            data += value.encode("utf-8", "surrogateescape") + b"\0"
        self.property(name, data)

    def string(self, name: str, value: str) -> None:
        self.strings(name, (value,))

    def blob(self) -> bytes:
        """The finished tree."""
        tree = self.as_fdt()
        return bytes(tree.as_bytearray()[: tree.totalsize()])
