"""Reads and writes the table "Known differences" of docs/posix.md.

SPDX-License-Identifier: BSD-3-Clause

A row has four cells: the part of the program, the observation, its result natively, and its result in a guest. The
first one names a place, as in "files (/host)", if the difference is not the same in all places where the part runs.
"""

import re
from typing import NamedTuple

from tests.support.paths import ROOT

PAGE = ROOT / "docs" / "posix.md"
HEAD = "| part | observation | natively | here |\n|---|---|---|---|\n"
ROW = re.compile(r"\| (\w+)(?: \(([^)]+)\))? \| `(.*)` \| (?:`(.*?)`)? \| (?:`(.*?)`)? \|")


class Difference(NamedTuple):
    native: str
    here: str


Table = dict[tuple[str, str], dict[str, Difference]]  # by part and place, then by observation
Places = dict[str, dict]  # by part


def _split() -> tuple[str, str, str]:
    """The page before the table's rows, the rows, and the rest."""
    before, head, after = PAGE.read_text(encoding="utf-8").partition(HEAD)
    assert head, "docs/posix.md has no table of known differences"
    rows = re.match(r"(?:\|.*\n)*", after)
    assert rows
    return before + head, rows[0], after[rows.end():]


def read_table(places: Places) -> Table:
    table: Table = {}
    for line in _split()[1].splitlines():
        row = ROW.fullmatch(line)
        assert row, f"no row of the table: {line}"
        part, place, *cells = row.groups("")
        name, native, here = (cell.replace("\\|", "|") for cell in cells)
        for where in [place] if place else places[part]:
            table.setdefault((part, where), {})[name] = Difference(native, here)
    return table


def _cell(text: str) -> str:
    return f"`{text}`".replace("|", "\\|") if text else ""


def _row(part: str, place: str, name: str, difference: Difference) -> str:
    label = f"{part} ({place})" if place else part
    cells = (label, _cell(name), _cell(difference.native), _cell(difference.here))
    return "".join(f"| {cell} " for cell in cells) + "|\n"


def write_table(part: str, place: str, differences: dict[str, Difference], places: Places) -> None:
    """Replaces the rows of one part in one place."""
    before, _, after = _split()
    table = read_table(places)
    table[part, place] = differences
    rows = ""
    for each, its_places in places.items():
        found = [table.get((each, where), {}) for where in its_places]
        everywhere = {name: d for name, d in found[0].items() if all(other.get(name) == d for other in found)}
        rows += "".join(_row(each, "", name, d) for name, d in everywhere.items())
        for where, own in zip(its_places, found, strict=True):
            rows += "".join(_row(each, where, name, d) for name, d in own.items() if name not in everywhere)
    PAGE.write_text(before + rows + after, encoding="utf-8")
