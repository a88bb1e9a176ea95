"""Why an image cannot be linked: which library has what is undefined, and what it takes to be allowed to use it.

SPDX-License-Identifier: BSD-3-Clause
"""

import re
from collections.abc import Sequence
from pathlib import Path

from .catalogue import Catalogue, Library
from .connect import Plan
from .elf import Archive, BadFile
from .problems import Problems, Refused, quote
from .source import Source

UNDEFINED = re.compile(r"undefined reference to `([^']+)'")


class Missing:
    """What the appliance could use besides what it uses, for one failed link."""

    def __init__(self, source: Source, catalogue: Catalogue, build: Path, plans: Sequence[Plan]):
        self.source = source
        self.catalogue = catalogue
        self.build = build
        self.placed = {i.name: other.compartment.name for other in plans for i in other.interfaces}

    def explain(self, plan: Plan, output: str) -> None:
        """`output`: the linker's. Raises Refused if a library has some of what is undefined; else that is left to the
        linker's own words."""
        problems = Problems(self.source.file)
        place = self.source.key(("compartments", plan.compartment.name))
        for name in sorted(set(UNDEFINED.findall(output))):
            library = next((found for found in self._libraries() if self._has(found, name)), None)
            if library is None:
                continue
            message = f"compartment {quote(plan.compartment.name)} uses {name}, which library {library.name} "
            where = self.placed.get(library.name)
            if where is None:
                message += "has, but that library is in no compartment"
                hint = f"add {quote(library.name)} to the libraries of a compartment"
            else:
                message += f"in compartment {quote(where)} has, but does not export"
                interface = library.directory / library.interface_file.name
                hint = f"add its prototype to {interface}, or put both into one compartment"
            problems.add(place, message, hint)
        if problems:
            raise Refused(problems)

    def _libraries(self) -> list[Library]:
        """Those in compartments first."""
        names = [*self.placed, *(name for name in self.catalogue.library_names if name not in self.placed)]
        found = (self.catalogue.library(name) for name in names)
        return [library for library in found if library is not None]

    def _has(self, library: Library, name: str) -> bool:
        try:
            return name in Archive(library.archive(self.build)).index
        except (OSError, BadFile):
            return False  # not built: nobody can use it yet
