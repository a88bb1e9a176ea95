"""Finds the line and column of every key and value of a TOML document, which tomllib does not tell.

The scanner follows the structure only: what a value means, and whether the document is valid, is
tomllib's business. On a document that is not valid it stops where it no longer understands.

A path is a tuple of keys and, for elements of arrays and arrays of tables, indices:
("compartments", "app", "libraries", 0) or ("edges", 1, "from").

SPDX-License-Identifier: BSD-3-Clause
"""

import re
import tomllib
from bisect import bisect_right
from dataclasses import dataclass, field

Path = tuple[str | int, ...]
Position = tuple[int, int]  # line, column; both from 1, columns in characters

BLANK = re.compile(r"[ \t]*")
FILLER = re.compile(r"(?:[ \t\n]|#[^\n]*)*")
COMMENT = re.compile(r"[ \t]*(?:#[^\n]*)?(?:\n|\Z)")
BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
QUOTED_KEY = re.compile(r'"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'')
STRING = re.compile(
    r'"""(?:[^"\\]|\\[\s\S]|"(?!""))*"{3,5}'
    r"|'''(?:[^']|'(?!''))*'{3,5}"
    r'|"(?:[^"\\\n]|\\.)*"'
    r"|'[^'\n]*'"
)
SCALAR = re.compile(r"[^\s,\]}#]+(?: [0-9][^\s,\]}#]*)?")  # the blank: between a date and a time


# A longer dotted key is not followed: the paths of its parts would take quadratic time and memory, in tomllib as well.
KEY_PARTS_MAX = 32


class _Stop(Exception):
    """The text at this point is no valid TOML."""


@dataclass
class Positions:
    keys: dict[Path, Position] = field(default_factory=dict)
    values: dict[Path, Position] = field(default_factory=dict)
    # The first name that is defined a second time: path, place of the first, place of the second.
    duplicate: tuple[Path, Position, Position] | None = None
    endless_key: Position | None = None  # a dotted key of more than KEY_PARTS_MAX parts: the scanner stopped there

    def key(self, path: Path) -> Position:
        """Where the key is, or else the nearest table around it."""
        return _nearest(path, self.keys, self.values)

    def value(self, path: Path) -> Position:
        """Where the value or element is, or else the nearest one around it."""
        return _nearest(path, self.values, self.keys)


def _nearest(path: Path, *known: dict[Path, Position]) -> Position:
    while path:
        for positions in known:
            if path in positions:
                return positions[path]
        path = path[:-1]
    return (1, 1)


def scan(text: str) -> Positions:
    """`text`: the document, its line ends already "\\n"."""
    scanner = _Scanner(text)
    try:
        scanner.document()
    except (_Stop, RecursionError):
        pass  # what was found so far is right
    return scanner.found


class _Scanner:
    def __init__(self, text: str):
        self.text = text
        self.at = 0
        self.lines = [0] + [match.end() for match in re.finditer("\n", text)]
        self.found = Positions()
        self.arrays: dict[Path, int] = {}  # arrays of tables: how many elements so far
        self.headers: dict[Path, Position] = {}  # tables declared with [name]
        self.leaves: dict[Path, Position] = {}  # keys that were given a value

    def position(self, at: int) -> Position:
        line = bisect_right(self.lines, at)
        return line, at - self.lines[line - 1] + 1

    def match(self, pattern: re.Pattern) -> str | None:
        match = pattern.match(self.text, self.at)
        if match is None:
            return None
        self.at = match.end()
        return match.group()

    def accept(self, word: str) -> bool:
        if not self.text.startswith(word, self.at):
            return False
        self.at += len(word)
        return True

    def expect(self, word: str) -> None:
        if not self.accept(word):
            raise _Stop

    def duplicated(self, path: Path, first: Position, second: Position) -> None:
        if self.found.duplicate is None:
            self.found.duplicate = (path, first, second)

    def document(self) -> None:
        table: Path = ()
        while True:
            self.match(FILLER)
            if self.at >= len(self.text):
                return
            if self.text[self.at] == "[":
                table = self.header()
            else:
                self.key_value(table)
            if self.match(COMMENT) is None:
                raise _Stop

    def key(self) -> list[tuple[str, Position]]:
        parts: list[tuple[str, Position]] = []
        while True:
            self.match(BLANK)
            position = self.position(self.at)
            parts.append((self.match(BARE_KEY) or self.quoted_key(), position))
            if len(parts) > KEY_PARTS_MAX:
                self.found.endless_key = parts[0][1]
                raise _Stop
            self.match(BLANK)
            if not self.accept("."):
                return parts

    def quoted_key(self) -> str:
        raw = self.match(QUOTED_KEY)
        if raw is None:
            raise _Stop
        try:
            return tomllib.loads(f"k = {raw}")["k"]
        except tomllib.TOMLDecodeError:
            raise _Stop from None

    def header(self) -> Path:
        self.expect("[")
        array = self.accept("[")
        parts = self.key()
        self.expect("]]" if array else "]")
        path: Path = ()
        for name, position in parts[:-1]:
            path += (name,)
            if path in self.leaves:
                self.duplicated(path, self.leaves[path], position)
            self.found.keys.setdefault(path, position)
            path = self.inside(path)
        name, position = parts[-1]
        path += (name,)
        if array:
            return self.new_element(path, position)
        # A second [name], a [name] after name = ..., or [name] for an array of tables.
        for earlier in (self.headers, self.leaves):
            if path in earlier:
                self.duplicated(path, earlier[path], position)
        if path in self.arrays:
            self.duplicated(path, self.found.keys[path], position)
        self.headers[path] = position
        self.found.keys[path] = position
        return path

    def new_element(self, path: Path, position: Position) -> Path:
        for earlier in (self.headers, self.leaves):
            if path in earlier:
                self.duplicated(path, earlier[path], position)
        index = self.arrays.get(path, 0)
        self.arrays[path] = index + 1
        self.found.keys.setdefault(path, position)
        self.found.keys[path + (index,)] = position
        return path + (index,)

    def inside(self, path: Path) -> Path:
        """The table that `path` names: of an array of tables, its last element."""
        return path + (self.arrays[path] - 1,) if path in self.arrays else path

    def key_value(self, table: Path) -> None:
        path = table
        parts = self.key()
        for name, position in parts:
            path += (name,)
            if path in self.leaves and path != table:
                self.duplicated(path, self.leaves[path], position)
            self.found.keys.setdefault(path, position)
        position = parts[-1][1]
        if path in self.headers or path in self.arrays:
            self.duplicated(path, self.found.keys[path], position)
        if len(parts) == 1 and self.found.keys[path] != position:
            self.duplicated(path, self.found.keys[path], position)
        self.leaves[path] = position
        self.expect("=")
        self.match(BLANK)
        self.value(path)

    def value(self, path: Path) -> None:
        self.found.values[path] = self.position(self.at)
        if self.accept("["):
            self.array(path)
        elif self.accept("{"):
            self.inline_table(path)
        elif self.match(STRING) is None and self.match(SCALAR) is None:
            raise _Stop

    def array(self, path: Path) -> None:
        index = 0
        while True:
            self.match(FILLER)
            if self.accept("]"):
                return
            self.value(path + (index,))
            index += 1
            self.match(FILLER)
            if not self.accept(","):
                self.expect("]")
                return

    def inline_table(self, path: Path) -> None:
        self.match(BLANK)
        if self.accept("}"):
            return
        while True:
            self.key_value(path)
            self.match(BLANK)
            if not self.accept(","):
                self.expect("}")
                return
            self.match(BLANK)
