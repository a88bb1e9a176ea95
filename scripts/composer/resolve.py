"""Finds which functions of other compartments an image needs, as a linker would.

SPDX-License-Identifier: BSD-3-Clause
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from .elf import Archive


@dataclass
class Needs:
    """What a compartment's code refers to and does not have."""

    imports: set[str] = field(default_factory=set)  # functions of others that it may call
    forbidden: set[str] = field(default_factory=set)  # functions of others that no edge leads to
    unknown: set[str] = field(default_factory=set)  # nobody has them; perhaps generated code
    in_halves: set[tuple[str, str]] = field(default_factory=set)  # libraries' functions that it submits and waits for


def needs(
    roots: Iterable[str],
    own: Sequence[Archive],
    base: Sequence[Archive],
    reachable: Collection[str],
    unreachable: Collection[str],
    halves: Mapping[str, tuple[str, str]] = MappingProxyType({}),
) -> Needs:
    """Follows undefined symbols from `roots` through the members of archives, in this order: the
    compartment's `own` libraries, `reachable` functions of other compartments, the run-time and C
    library (`base`), and at last functions of compartments that no edge leads to. So a library may
    take over what the C library does in simpler ways, where an edge leads to it. `halves` maps the generated halves of
    calls to library and function, of this compartment or others."""
    found = Needs()
    seen: set[str] = set()
    todo = list(roots)
    visited: set[tuple[int, int]] = set()
    while todo:
        name = todo.pop()
        if name in seen:
            continue
        seen.add(name)
        if name in halves:
            found.in_halves.add(halves[name])
            todo.append(halves[name][1])
            continue
        place = _find(name, own)
        if place is None and name in reachable:
            found.imports.add(name)
            continue
        place = place or _find(name, base)
        if place is None:
            (found.forbidden if name in unreachable else found.unknown).add(name)
            continue
        archive, offset = place
        if (id(archive), offset) not in visited:
            visited.add((id(archive), offset))
            todo.extend(archive.member(offset).needs)
    return found


def _find(name: str, archives: Sequence[Archive]) -> tuple[Archive, int] | None:
    for archive in archives:
        offset = archive.index.get(name)
        if offset is not None:
            return archive, offset
    return None
