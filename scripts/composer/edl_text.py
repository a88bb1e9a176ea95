"""Cuts an interface file into tokens that know their place.

SPDX-License-Identifier: BSD-3-Clause
"""

import re
from bisect import bisect_right
from dataclasses import dataclass
from typing import NoReturn

from .problems import Place, Problems, Refused, quote

SIZE_MAX = 1024 * 1024  # bytes of a file

TOKEN = re.compile(
    r"""(?P<blank>[ \t\r\n\f\v]+)
    | (?P<comment>//[^\n]*|/\*(?s:.*?)\*/)
    | (?P<name>[A-Za-z_][A-Za-z_0-9]*)
    | (?P<number>0[xX][0-9A-Fa-f]+|[0-9]+)
    | (?P<string>"[^"\n]*")
    | (?P<mark>\.\.\.|[][{}()<>*,;=|&/.+-])
    """,
    re.VERBOSE | re.ASCII,
)


class EdlErrors(Refused):
    """An interface file is refused; str() gives the lines to print, two for each error."""


@dataclass(frozen=True, slots=True)
class Token:
    kind: str  # name, number, string, mark, end
    text: str
    place: Place


class Text:
    def __init__(self, path: str, shown: str, problems: Problems):
        self.shown = shown
        self.problems = problems
        self.text = self._read(path)
        self.lines = [0] + [match.end() for match in re.finditer("\n", self.text)]

    def _read(self, path: str) -> str:
        nowhere = Place(self.shown, None, None)
        try:
            with open(path, "rb") as file:
                data = file.read(SIZE_MAX + 1)
        except OSError as error:
            self.refuse(nowhere, f"cannot be read: {error.strerror}", "check its name and its mode")
        if len(data) > SIZE_MAX:
            self.refuse(nowhere, "is larger than 1 MiB", "an interface file describes one library")
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            column = error.start - data.rfind(b"\n", 0, error.start)
            self.refuse(self.at(line, column), "this is not UTF-8", "save the file as UTF-8 text")

    def refuse(self, place: Place, message: str, hint: str) -> NoReturn:
        """The end: what follows could not be understood."""
        self.problems.add(place, message, hint)
        raise EdlErrors(self.problems)

    def at(self, line: int, column: int) -> Place:
        return Place(f"{self.shown}:{line}:{column}", line, column)

    def place(self, offset: int) -> Place:
        line = bisect_right(self.lines, offset)
        return self.at(line, offset - self.lines[line - 1] + 1)

    def tokens(self) -> list[Token]:
        found, offset = [], 0
        while offset < len(self.text):
            match = TOKEN.match(self.text, offset)
            if match is None or match.group() == "/" and self.text.startswith("/*", offset):
                self._refuse_character(offset)
            kind = match.lastgroup or ""
            if kind not in ("blank", "comment"):
                found.append(Token(kind, match.group(), self.place(offset)))
            offset = match.end()
        found.append(Token("end", "the end of the file", self.place(len(self.text))))
        return found

    def _refuse_character(self, offset: int) -> NoReturn:
        place = self.place(offset)
        if self.text.startswith("/*", offset):
            self.refuse(place, "this comment does not end", "close it with */")
        if self.text[offset] == '"':
            self.refuse(place, "this string does not end", 'close it with " on the same line')
        if self.text[offset] == "#":
            hint = 'there is no preprocessor: write include "x.h"; and // for comments'
            self.refuse(place, 'unexpected character "#"', hint)
        shown = quote(self.text[offset])
        self.refuse(place, f"unexpected character {shown}", "remove it, or put it in a comment")
