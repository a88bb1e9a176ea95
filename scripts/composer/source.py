"""Reads one TOML file: text, values and the places of both, or what keeps it from being read.

SPDX-License-Identifier: BSD-3-Clause
"""

import os
import re
import tomllib
from dataclasses import dataclass, field

from .model import Stamp
from .positions import KEY_PARTS_MAX, Path, Positions, scan
from .problems import Place, Problems, Refused, quote

SIZE_MAX = 256 * 1024  # bytes of a file; the largest sensible appliance needs a third
EXAMPLE_HINT = "docs/toml.md begins with a complete example"

# How tomllib begins its messages about names that are there twice. Our own scanner finds them:
# tomllib's position is somewhere behind them.
DUPLICATE = ("Cannot declare", "Cannot overwrite", "Cannot mutate", "Cannot redefine", "Duplicate")
# How its other messages begin, and what to do.
SYNTAX = (
    ("Invalid statement", 'a line is KEY = VALUE, [TABLE], [[TABLE]] or "# comment"'),
    ("Invalid value", 'write "text" in quotes, 12, true, or [a, list]'),
    (
        "Invalid initial character",
        "a key is of A-Z a-z 0-9 _ -, or in quotes; { } tables take one line",
    ),
    ("Expected '='", "a line is KEY = VALUE"),
    (
        "Expected newline",
        'one KEY = VALUE per line; text and sizes with a unit need quotes: "16MiB"',
    ),
    ("Expected ']", "a table begins with [NAME], an element of a list of tables with [[NAME]]"),
    ("Unclosed array", "close the list with ]"),
    ("Unclosed inline", "close the table with }; it has to be on one line"),
    ("Unterminated string", "close the text with the same quotes that open it"),
    (
        "Illegal character",
        "close the text on the line it began, and write special characters as \\uXXXX",
    ),
    ("Unescaped", "write \\\\ for a backslash, or use 'single quotes'"),
    ("Found invalid character", "remove the character; it may be invisible in an editor"),
)


@dataclass
class Source:
    """A parsed file. `overlays`: what --set changed, and the places of these options."""

    file: str  # as the user wrote it
    stamp: Stamp
    tree: dict
    positions: Positions
    overlays: dict[Path, Place] = field(default_factory=dict)

    def _overlay(self, path: Path) -> Place | None:
        while path:
            if path in self.overlays:
                return self.overlays[path]
            path = path[:-1]
        return None

    def key(self, path: Path) -> Place:
        """Place of a key or table."""
        return self._overlay(path) or at(self.file, *self.positions.key(path))

    def value(self, path: Path) -> Place:
        """Place of a key's value or of a list's element."""
        return self._overlay(path) or at(self.file, *self.positions.value(path))


def at(file: str, line: int, column: int) -> Place:
    return Place(f"{file}:{line}:{column}", line, column)


def refuse(file: str, position: tuple[int, int], message: str, hint: str) -> Refused:
    problems = Problems(file)
    problems.add(at(file, *position), message, hint)
    return Refused(problems)


def read(file: str) -> Source:
    """Raises Refused."""
    data, stamp = _read_bytes(file)
    text = _decode(file, data)
    positions = scan(text)
    if positions.endless_key:  # before tomllib sees it
        message = f"this key has more than {KEY_PARTS_MAX} parts"
        raise refuse(file, positions.endless_key, message, "no key of compartments.toml has more than three")
    return Source(file, stamp, _parse(file, text), positions)


def _read_bytes(file: str) -> tuple[bytes, Stamp]:
    hint = "check the name and the permissions of the file"
    try:
        # O_NONBLOCK: opening a FIFO without a writer must not hang.
        fd = os.open(file, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        with os.fdopen(fd, "rb") as stream:
            os.set_blocking(fd, True)
            data = stream.read(SIZE_MAX + 1)
            stat = os.fstat(fd)
    except IsADirectoryError:
        raise refuse(file, (1, 1), "this is a directory", "name the TOML file in it") from None
    except FileNotFoundError:
        raise refuse(file, (1, 1), "there is no such file", "check the name of the file") from None
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise refuse(file, (1, 1), f"cannot be read: {why}", hint) from None
    if len(data) > SIZE_MAX:
        message = f"the file is larger than {SIZE_MAX // 1024} KiB"
        raise refuse(file, (1, 1), message, "is this a compartments.toml? " + EXAMPLE_HINT)
    return data, Stamp(os.path.realpath(file), stat.st_mtime_ns, stat.st_size)


def _decode(file: str, data: bytes) -> str:
    if data.startswith(b"\xef\xbb\xbf"):
        message = "the file begins with a byte order mark"
        raise refuse(file, (1, 1), message, "save it as UTF-8 without a byte order mark")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        good = data[: error.start].decode("utf-8")
        message = f"byte 0x{data[error.start]:02x} is not UTF-8 text"
        raise refuse(file, _end(good), message, "save the file as UTF-8") from None
    text = text.replace("\r\n", "\n")
    if "\0" in text:
        position = _end(text[: text.index("\0")])
        hint = "is this a compartments.toml? " + EXAMPLE_HINT
        raise refuse(file, position, "this is binary data, not text", hint)
    if not text.strip():
        raise refuse(file, (1, 1), "the file is empty", EXAMPLE_HINT)
    return text


def _end(text: str) -> tuple[int, int]:
    """Position behind the last character."""
    return text.count("\n") + 1, len(text) - (text.rfind("\n") + 1) + 1


def _parse(file: str, text: str) -> dict:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _syntax_error(file, text, str(error)) from None
    except RecursionError:
        hint = "compartments.toml needs lists of depth one only"
        raise refuse(file, (1, 1), "lists or tables are nested too deeply", hint) from None
    except ValueError as error:  # an integer of more digits than Python converts
        digits = re.search(r"[0-9_]{4000,}", text)
        position = _end(text[: digits.start()]) if digits else (1, 1)
        message = "an integer has too many digits" if digits else f"TOML syntax: {error}"
        raise refuse(file, position, message, "no value in compartments.toml is so large") from None


def _syntax_error(file: str, text: str, error: str) -> Refused:
    found = re.fullmatch(r"(.*) \(at (?:line (\d+), column (\d+)|end of document)\)", error, re.S)
    if found is None:
        return refuse(file, (1, 1), f"TOML syntax: {error}", EXAMPLE_HINT)
    what = found[1]
    at_end = found[2] is None
    position = _end(text.rstrip("\n")) if at_end else (int(found[2]), int(found[3]))
    if what.startswith(DUPLICATE):
        return _duplicate(file, text, position)
    hint = next((hint for start, hint in SYNTAX if what.startswith(start)), EXAMPLE_HINT)
    what = "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in what)
    what = what[0].lower() + what[1:]
    if at_end:
        what += " at the end of the file"
        hint = "something before it is unfinished: " + hint
    return refuse(file, position, f"TOML syntax: {what}", hint)


def _duplicate(file: str, text: str, position: tuple[int, int]) -> Refused:
    duplicate = scan(text).duplicate
    if duplicate is None:
        hint = "define each table and each key once"
        return refuse(file, position, "a name is defined twice up to here", hint)
    path, first, second = duplicate
    name = quote(".".join(str(part) for part in path if isinstance(part, str)))
    hint = f"it is already on line {first[0]}: remove or rename one of the two"
    return refuse(file, second, f"{name} is defined twice", hint)
