"""Who calls whom: fills each compartment's imports, or says which call the file does not allow.

SPDX-License-Identifier: BSD-3-Clause
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from .edl import Function
from .elf import Archive
from .gen_async import offered, submit_name, wait_name
from .generated import Interface
from .manifest import Import
from .model import Appliance, Compartment, Edge
from .problems import Problems, Refused, names, quote
from .resolve import Needs, needs
from .source import Source

# In every image: its header (guest/kernel/rt/image.S); in the default one the application.
HEADER, MAIN = "bh_image", "main"


@dataclass
class Plan:
    """What the image of one compartment is made of."""

    compartment: Compartment
    interfaces: list[Interface]
    callers: int  # edges that lead to this compartment
    archives: list[Archive]
    whole: frozenset[Path] = frozenset()  # which of `archives` are linked whole
    imports: tuple[Import, ...] = ()
    in_halves: frozenset[tuple[str, str]] = frozenset()  # libraries' functions that it submits and waits for
    generated: dict[str, str] = field(default_factory=dict)  # file name to C source
    includes: list[Path] = field(default_factory=list)  # where the generated sources find headers
    key: str = ""


def same_domain(a: Compartment, b: Compartment) -> bool:
    """Do these two always fail together, whichever of their mechanisms is chosen at launch?"""
    mechanisms = {m for c in (a, b) if not c.default for m in c.mechanisms}
    return mechanisms == {"none"} and a.vm == b.vm


def _halves(plans: Sequence[Plan]) -> dict[str, tuple[str, str]]:
    """What bh_gate_submit() and bh_gate_wait() call, to library and function that it is a half of."""
    found = {}
    for interface in (interface for plan in plans for interface in plan.interfaces):
        for function in interface.functions:
            if offered(interface.parsed, function):
                of = (interface.name, function.name)
                found[submit_name(*of)] = found[wait_name(*of)] = of
    return found


class Connector:
    """`base`: the archives in every image."""

    def __init__(self, appliance: Appliance, source: Source, base: Sequence[Archive]):
        self.appliance = appliance
        self.source = source
        self.base = base
        self.problems = Problems(source.file)

    def connect(self, plans: Sequence[Plan]) -> None:
        """Fills `imports` of all. Raises Refused with every call that the file does not allow."""
        for plan in plans:
            self._connect(plan, plans)
        if self.problems:
            raise Refused(self.problems)

    def _connect(self, plan: Plan, plans: Sequence[Plan]) -> None:
        index = plan.compartment.index
        edges = {e.callee: e for e in self.appliance.edges if e.caller == index}
        offers: dict[str, list[tuple[Interface, int, int]]] = {}
        for other in plans:
            if other is plan:
                continue
            number = 0
            for interface in other.interfaces:
                for function in interface.functions:
                    offer = (interface, other.compartment.index, number)
                    offers.setdefault(function.name, []).append(offer)
                    number += 1
        reachable = {n for n, of in offers.items() if any(callee in edges for _, callee, _ in of)}
        found = self._needs(plan, reachable, offers.keys() - reachable, _halves(plans))
        plan.in_halves = frozenset(found.in_halves)
        for name in sorted(found.forbidden):
            self._no_edge(plan, name, offers[name])
        imports = []
        for name in sorted(found.imports):
            possible = [offer for offer in offers[name] if offer[1] in edges]
            if len(possible) > 1:
                self._ambiguous(plan, name, possible)
                continue
            interface, callee, number = possible[0]
            self._survivable(plan, interface.functions, name, callee)
            imports.append(Import(name, interface.name, callee, number))
            self._listed(edges[callee], plan, name)
        plan.imports = tuple(sorted(imports, key=lambda i: (i.library, i.name)))

    def _needs(
        self, plan: Plan, reachable: set[str], unreachable: set[str], halves: dict[str, tuple[str, str]]
    ) -> Needs:
        roots = [HEADER]
        if plan.compartment.default:
            self._has_main(plan)
            roots.append(MAIN)
        if plan.callers:
            for interface in plan.interfaces:
                for function in interface.functions:
                    self._defined(plan, interface, function)
                    roots.append(function.name)
        return needs(roots, plan.archives, self.base, reachable, unreachable, halves)

    def _has_main(self, plan: Plan) -> None:
        if not any(MAIN in archive.index for archive in plan.archives):
            name = self.appliance.application.name
            place = self.source.value(("application", "name"))
            message = f"application {quote(name)} has no main()"
            self.problems.add(place, message, "add int main(int argc, char **argv) to its sources")

    def _defined(self, plan: Plan, interface: Interface, function: Function) -> None:
        if any(function.name in archive.index for archive in plan.archives):
            return
        library = interface.name
        message = f"library {library} exports {function.name}(), but lib{library}.a has none"
        hint = "remove it here, or add the source file that defines it to the library"
        self.problems.add(function.place, message, hint)

    def _no_edge(self, plan: Plan, name: str, offers: list) -> None:
        caller = plan.compartment.name
        interface, index, _ = offers[0]
        callee = self.appliance.compartments[index].name
        message = (
            f"compartment {quote(caller)} calls {name}() of library {interface.name} in compartment"
            f" {quote(callee)}, but no edge allows it"
        )
        hint = f"add [[edges]] with from = {quote(caller)} and to = {quote(callee)}"
        self.problems.add(self.source.key(("compartments", caller)), message, hint)

    def _ambiguous(self, plan: Plan, name: str, offers: list) -> None:
        libraries = [interface.name for interface, _, _ in offers]
        message = (
            f"compartment {quote(plan.compartment.name)} calls {name}(), which edges allow in"
            f" several libraries: {names(libraries)}"
        )
        hint = "keep the edge to one of them only"
        self.problems.add(self.source.key(("compartments", plan.compartment.name)), message, hint)

    def _survivable(self, plan: Plan, functions: Sequence[Function], name: str, callee: int) -> None:
        """The interface file has to say what a caller gets when a compartment that may die apart from it has died."""
        function = next(f for f in functions if f.name == name)
        other = self.appliance.compartments[callee]
        if function.error is not None or function.fatal or same_domain(plan.compartment, other):
            return
        message = (
            f"compartment {quote(plan.compartment.name)} calls {name}() of compartment {quote(other.name)}, and nothing"
            " says what it gets when that gate fails"
        )
        value = "error" if function.result.kind == "void" else "error=VALUE"
        hint = f"write {value} behind the prototype, or fatal if the caller shall end then"
        self.problems.add(function.place, message, hint)

    def _listed(self, edge: Edge, plan: Plan, name: str) -> None:
        if edge.functions is None or name in edge.functions:
            return
        message = (
            f"compartment {quote(plan.compartment.name)} calls {name}(), which functions of this"
            " edge does not list"
        )
        hint = f"add {quote(name)} to the list, or remove the list to allow what the caller uses"
        place = self.source.value(("edges", edge.index, "functions"))
        self.problems.add(place, message, hint)
