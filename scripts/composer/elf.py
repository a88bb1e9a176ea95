"""Reads what the composer has to know of ELF objects, archives and images: their symbols.

SPDX-License-Identifier: BSD-3-Clause
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PT_LOAD = 1
SHT_SYMTAB = 2
SHN_UNDEF = 0
STB_WEAK = 2

FILE_HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
PROGRAM_HEADER = struct.Struct("<IIQQQQQQ")
SECTION_HEADER = struct.Struct("<IIQQQQIIQQ")
SYMBOL = struct.Struct("<IBBHQQ")
ARCHIVE_MAGIC = b"!<arch>\n"
MEMBER_HEADER = struct.Struct("<16s12s6s6s8s10s2s")


class BadFile(Exception):
    """A file is not what its name promises; the text says which and why."""


@dataclass(frozen=True, slots=True)
class Symbol:
    name: str
    value: int
    defined: bool
    weak: bool


def symbols(data: bytes, what: str) -> list[Symbol]:
    """The global symbols of an object or image; `what` names it in the text of a BadFile."""
    try:
        return list(_symbols(data, what))
    except (struct.error, ValueError, IndexError):
        raise BadFile(f"{what}: damaged ELF file") from None


def _symbols(data: bytes, what: str) -> Iterator[Symbol]:
    if data[:6] != b"\x7fELF\x02\x01":
        raise BadFile(f"{what}: no 64-bit ELF file")
    header = FILE_HEADER.unpack_from(data)
    sections_at, section_size, count = header[6], header[11], header[12]
    headers = [
        SECTION_HEADER.unpack_from(data, sections_at + n * section_size) for n in range(count)
    ]
    for section in headers:
        if section[1] != SHT_SYMTAB:
            continue
        names_at = headers[section[6]][4]
        # sh_info: index of the first symbol that is not local
        table = data[section[4] + section[7] * SYMBOL.size : section[4] + section[5]]
        for name, info, _other, index, value, _size in SYMBOL.iter_unpack(table):
            begin = names_at + name
            text = data[begin : data.index(b"\0", begin)].decode()
            yield Symbol(text, value, index != SHN_UNDEF, info >> 4 == STB_WEAK)


@dataclass(frozen=True, slots=True)
class Member:
    """An object in an archive, as far as linking is concerned."""

    defines: frozenset[str]
    needs: tuple[str, ...]  # undefined, not weak: what a linker looks for in archives


class Archive:
    """A library file (.a); members are read when they are asked for."""

    def __init__(self, path: Path, data: bytes | None = None):
        self.path = path
        self.data = path.read_bytes() if data is None else data
        self._members: dict[int, Member] = {}
        try:
            self.index = self._read_index()
        except (struct.error, ValueError):
            raise BadFile(f"{path}: damaged archive") from None

    def _read_index(self) -> dict[str, int]:
        """Symbol to the offset of the first member that defines it."""
        if not self.data.startswith(ARCHIVE_MAGIC):
            why = "a thin archive" if self.data.startswith(b"!<thin>\n") else "no archive"
            raise BadFile(f"{self.path}: {why}")
        if len(self.data) == len(ARCHIVE_MAGIC):
            return {}
        name, begin, size = self._header(len(ARCHIVE_MAGIC))
        if name != "/":
            return {}  # no index: no member defines a global symbol
        (count,) = struct.unpack_from(">I", self.data, begin)
        offsets = struct.unpack_from(f">{count}I", self.data, begin + 4)
        names = self.data[begin + 4 + 4 * count : begin + size].split(b"\0")[:count]
        index: dict[str, int] = {}
        for symbol, offset in zip(names, offsets, strict=True):
            index.setdefault(symbol.decode(), offset)
        return index

    def _header(self, offset: int) -> tuple[str, int, int]:
        fields = MEMBER_HEADER.unpack_from(self.data, offset)
        return fields[0].decode().rstrip(), offset + MEMBER_HEADER.size, int(fields[5])

    def member(self, offset: int) -> Member:
        if offset not in self._members:
            try:
                name, begin, size = self._header(offset)
            except (struct.error, ValueError):
                raise BadFile(f"{self.path}: damaged archive") from None
            what = f"{self.path}({name.rstrip('/')})"
            found = symbols(self.data[begin : begin + size], what)
            self._members[offset] = Member(
                frozenset(s.name for s in found if s.defined),
                tuple(s.name for s in found if not s.defined and not s.weak and s.name),
            )
        return self._members[offset]


def contents(data: bytes, address: int, size: int, what: str) -> bytes:
    """`size` bytes that an image has at `address`; `what` names it in the text of a BadFile."""
    header = FILE_HEADER.unpack_from(data)
    for number in range(header[10]):
        segment = PROGRAM_HEADER.unpack_from(data, header[5] + number * header[9])
        kind, _flags, offset, start, _physical, filled = segment[:6]
        if kind == PT_LOAD and start <= address and address + size <= start + filled:
            return data[offset + address - start : offset + address - start + size]
    raise BadFile(f"{what}: nothing at {address:#x}")
