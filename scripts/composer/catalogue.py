"""The libraries and applications that a source tree offers.

A library is a directory with library.toml and NAME.edl, an application one with meson.build.

SPDX-License-Identifier: BSD-3-Clause
"""

import tomllib
from dataclasses import dataclass
from pathlib import Path

from . import edl

PLACES = ("guest", "tests/guests")  # the second one: for tests only


@dataclass(frozen=True, slots=True)
class Library:
    name: str
    directory: Path  # relative to the source root
    root: Path

    @property
    def interface_file(self) -> Path:
        return self.root / self.directory / f"{self.name}.edl"

    @property
    def description_file(self) -> Path:
        return self.root / self.directory / "library.toml"

    def archive(self, build: Path) -> Path:
        return build / self.directory / f"lib{self.name}.a"

    @property
    def stateless(self) -> bool:
        """Does library.toml say that copies of it do not differ? What is wrong with that file is said elsewhere."""
        try:
            return tomllib.loads(self.description_file.read_text(encoding="utf-8")).get("state") == "none"
        except (ValueError, OSError):
            return False

    def functions(self) -> list[str]:
        """What its interface file exports, in order. Raises Refused when that file is wrong."""
        shown = str(self.directory / self.interface_file.name)
        return [function.name for function in edl.parse(self.interface_file, shown).functions]


@dataclass(frozen=True, slots=True)
class Application:
    name: str
    directory: Path  # relative to the source root

    def archive(self, build: Path) -> Path:
        return build / self.directory / f"lib{self.name}.a"


class Catalogue:
    def __init__(self, root: Path):
        self.root = root
        self._libraries: dict[str, Library] = {}
        self._incomplete: dict[str, Path] = {}
        self._applications: dict[str, Application] = {}
        for place in PLACES:
            for directory in self._directories(f"{place}/libs"):
                name = directory.name
                missing = [file for file in ("library.toml", f"{name}.edl") if not (root / directory / file).is_file()]
                if missing:
                    self._incomplete.setdefault(name, directory / missing[0])
                else:
                    self._libraries.setdefault(name, Library(name, directory, root))
            for directory in self._directories(f"{place}/apps"):
                if (root / directory / "meson.build").is_file():
                    name = directory.name
                    self._applications.setdefault(name, Application(name, directory))

    def _directories(self, place: str) -> list[Path]:
        if not (self.root / place).is_dir():
            return []
        found = (path for path in (self.root / place).iterdir() if path.is_dir())
        return sorted(path.relative_to(self.root) for path in found)

    @property
    def library_names(self) -> list[str]:
        return sorted(self._libraries)

    @property
    def application_names(self) -> list[str]:
        return sorted(self._applications)

    def library(self, name: str) -> Library | None:
        return self._libraries.get(name)

    def valid_library(self, name: str) -> Library:
        """Of a file that was checked: it is there."""
        return self._libraries[name]

    def valid_application(self, name: str) -> Application:
        return self._applications[name]

    def missing_file(self, name: str) -> Path | None:
        """Of a folder that has the place and the name of a library, but is none yet; relative to the source root."""
        return None if name in self._libraries else self._incomplete.get(name)

    def application(self, name: str) -> Application | None:
        return self._applications.get(name)
