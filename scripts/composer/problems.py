"""What is wrong with an input file: where, what, and what to do about it.

SPDX-License-Identifier: BSD-3-Clause
"""

import difflib
import json
from dataclasses import dataclass, field

SHOWN_MAX = 20  # problems printed of one file
NAMES_MAX = 16  # names listed in one hint
VALUE_MAX = 60  # characters of a value quoted in a message


@dataclass(frozen=True, slots=True)
class Place:
    """Where a problem is: in the file, or (`line` None) in the --set option number `rank`."""

    text: str  # as printed before ": error:"
    line: int | None
    column: int | None
    rank: int = 0

    @property
    def order(self) -> tuple[int, int, int]:
        if self.line is None:
            return (1, self.rank, 0)
        return (0, self.line, self.column or 0)

    @property
    def short(self) -> str:
        """For use inside a message about another place of the same file."""
        return self.text if self.line is None else f"line {self.line}"


@dataclass(frozen=True, slots=True)
class Problem:
    place: Place
    message: str
    hint: str

    def __str__(self) -> str:
        return f"{self.place.text}: error: {self.message}\nhint: {self.hint}"


@dataclass
class Problems:
    """The problems of one file, in any order while they are collected."""

    file: str
    found: list[Problem] = field(default_factory=list)

    def add(self, place: Place, message: str, hint: str) -> None:
        problem = Problem(place, message, hint)
        if problem not in self.found:
            self.found.append(problem)

    def __bool__(self) -> bool:
        return bool(self.found)

    @property
    def sorted(self) -> list[Problem]:
        return sorted(self.found, key=lambda p: p.place.order)

    def __str__(self) -> str:
        lines = [str(problem) for problem in self.sorted[:SHOWN_MAX]]
        hidden = len(self.found) - SHOWN_MAX
        if hidden > 0:
            lines.append(f"{self.file}: {hidden} more error{'s' if hidden > 1 else ''} not shown")
        return "\n".join(lines)


class Refused(Exception):
    """The input is refused; `problems` says why."""

    def __init__(self, problems: Problems):
        super().__init__(str(problems))
        self.problems = problems


def quote(text: str) -> str:
    """`text` in double quotes on one line, control characters escaped, long ones cut."""
    if len(text) > VALUE_MAX:
        text = text[: VALUE_MAX - 3] + "..."
    quoted = json.dumps(text, ensure_ascii=False)
    return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in quoted)


def show(value: object) -> str:
    """A TOML value as one would write it, on one line."""
    if isinstance(value, str):
        return quote(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        # Python refuses to convert huge integers to decimal; nobody reads so many digits either.
        return str(value) if abs(value) < 10**30 else "a huge integer"
    return str(value)


def names(known: list[str] | tuple[str, ...]) -> str:
    """A list for a hint: all of a few, the first of many."""
    shown = ", ".join(known[:NAMES_MAX])
    return shown if len(known) <= NAMES_MAX else f"{shown}, ... ({len(known)} in all)"


def suggest(wrong: str, known: list[str] | tuple[str, ...], what: str) -> str:
    """Hint for an unknown name: the closest known one if there is any, then the known ones."""
    if not known:
        return f"there are no {what}"
    # get_close_matches is quadratic: nobody means a known name by something so long.
    close = difflib.get_close_matches(wrong[:64], known, n=1, cutoff=0.6)
    maybe = f"did you mean {quote(close[0])}? " if close else ""
    return f"{maybe}{what}: {names(known)}"
