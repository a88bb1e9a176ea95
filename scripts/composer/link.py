"""From an appliance's libraries to one linked image per compartment.

An image depends on what its compartment contains and calls, never on mechanisms, sizes or data
strategies; it is kept in the build directory under a hash of all that went into it, so that
changing those relinks nothing.

SPDX-License-Identifier: BSD-3-Clause
"""

import hashlib
import json
import os
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from . import generated
from .catalogue import Catalogue
from .connect import MAIN, Connector, Plan
from .elf import Archive
from .gen_common import located
from .generated import Interface
from .manifest import ImageInfo, stamp
from .missing import Missing
from .model import Appliance, Compartment, Stamp
from .problems import quote
from .source import Source
from .toolchain import Toolchain, ToolError, run

START = "bh_runtime_main"  # guest/kernel/rt/start.c: calls main()


@dataclass(frozen=True)
class Linked:
    images: tuple[ImageInfo, ...]  # path: in the build directory, to be put where the appliance is
    inputs: tuple[Stamp, ...]  # every file that was read


class Linker:
    def __init__(
        self, appliance: Appliance, source: Source, catalogue: Catalogue, toolchain: Toolchain
    ):
        self.appliance = appliance
        self.source = source
        self.catalogue = catalogue
        self.toolchain = toolchain
        self.inputs: dict[Path, Stamp] = {}
        self._archives: dict[Path, Archive] = {}
        self._hashes: dict[Path, str] = {}
        self.cache = toolchain.build_root / "images"

    def link(self) -> Linked:
        """Raises Refused for what the TOML file does not allow, ToolError for all else."""
        self._note(self.toolchain.file)
        interfaces = self._interfaces()
        self._base = [self._archive(path) for path in self.toolchain.base]
        plans = [self._plan(c, interfaces) for c in self.appliance.compartments]
        Connector(self.appliance, self.source, self._base).connect(plans)
        self._missing = Missing(self.source, self.catalogue, self.toolchain.build_root, plans)
        for plan in plans:
            self._generate(plan, plans)
        self.cache.mkdir(parents=True, exist_ok=True)
        with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
            images = tuple(pool.map(self._image, plans))
        return Linked(images, tuple(self.inputs.values()))

    # ---- What there is ----

    def _note(self, path: Path) -> bytes:
        """Reads a file that the result depends on."""
        try:
            self.inputs.setdefault(path, stamp(path))
            data = path.read_bytes()
        except OSError as error:
            hint = "build it first: ninja -C " + str(self.toolchain.build_root)
            raise ToolError(f"{path} cannot be read: {error.strerror}\nhint: {hint}") from None
        self._hashes[path] = hashlib.sha256(data).hexdigest()
        return data

    def _archive(self, path: Path) -> Archive:
        if path not in self._archives:
            self._archives[path] = Archive(path, self._note(path))
        return self._archives[path]

    def _interfaces(self) -> dict[str, Interface]:
        found = {}
        for compartment in self.appliance.compartments:
            for name in compartment.libraries:
                library = self.catalogue.valid_library(name)
                for path in (library.interface_file, library.description_file):
                    self._note(path)
                found[name] = generated.interface(library)
        return found

    def _plan(self, compartment: Compartment, interfaces: dict[str, Interface]) -> Plan:
        build = self.toolchain.build_root
        archives = []
        if compartment.default:
            application = self.catalogue.valid_application(self.appliance.application.name)
            archives.append(self._archive(application.archive(build)))
        whole = set()
        for name in compartment.libraries:
            archives.append(self._archive(self.catalogue.valid_library(name).archive(build)))
            if interfaces[name].whole:
                whole.add(archives[-1].path)
        return Plan(
            compartment=compartment,
            interfaces=[interfaces[name] for name in compartment.libraries],
            callers=sum(edge.callee == compartment.index for edge in self.appliance.edges),
            archives=archives,
            whole=frozenset(whole),
        )

    # ---- Images ----

    def _generate(self, plan: Plan, plans: Sequence[Plan]) -> None:
        interfaces = {i.name: i for other in plans for i in other.interfaces}
        plan.generated = {
            "stubs.c": generated.stubs(plan.imports, interfaces, plan.interfaces, plan.in_halves),
            "exports.c": generated.exports(plan.interfaces if plan.callers else [], plan.callers),
        }
        name = self.appliance.application.name if plan.compartment.default else ""
        plan.generated["exports.c"] += generated.program(name)
        plan.generated = {file: located(text, file) for file, text in plan.generated.items()}
        used = {wanted.library for wanted in plan.imports}
        used |= {i.name for i in plan.interfaces} if plan.callers or plan.in_halves else set()
        plan.includes = [path for name in sorted(used) for path in interfaces[name].include_dirs]
        self._note(self.toolchain.linker_script)
        toolchain = self.toolchain
        parts = [
            [*toolchain.cc, *toolchain.cflags, *toolchain.ldflags],
            [str(path) for path in plan.includes],
            plan.generated,
            [self._hashes[a.path] for a in (*plan.archives, *self._base)],
            self._hashes[toolchain.linker_script],
            [archive.path in plan.whole for archive in plan.archives],
            toolchain.link([], [], [], Path("image"), self._options(plan)),
        ]
        plan.key = hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]

    def _image(self, plan: Plan) -> ImageInfo:
        path = self.cache / f"{plan.key}.elf"
        if not self._cached(plan, path):
            self._build(plan, path)
        data = path.read_bytes()
        exporting = plan.interfaces if plan.callers else []
        return ImageInfo(
            path=str(path),
            sha256=hashlib.sha256(data).hexdigest(),
            exports=generated.export_table(data, exporting, str(path)),
            imports=plan.imports,
        )

    def _options(self, plan: Plan) -> list[str]:
        """What the linker has to know of the compartment itself."""
        options = [f"-Wl,--defsym=BH_INDEX={plan.compartment.index}"]
        if plan.compartment.default:
            options += [f"-Wl,--undefined={name}" for name in (MAIN, START)]
        return options

    def _cached(self, plan: Plan, path: Path) -> bool:
        """Is there an image, made from headers that are still the same?"""
        try:
            headers = json.loads(path.with_suffix(".json").read_bytes())
            path.stat()
            for header, digest in headers.items():
                file = Path(header)
                self.inputs.setdefault(file, stamp(file))
                if hashlib.sha256(file.read_bytes()).hexdigest() != digest:
                    return False
        except (OSError, ValueError, AttributeError):
            return False
        return True

    def _build(self, plan: Plan, path: Path) -> None:
        context = f"compartment {quote(plan.compartment.name)}: "
        with tempfile.TemporaryDirectory(dir=self.cache, prefix="new.") as name:
            directory = Path(name)
            objects, headers = [], {}
            for file, text in plan.generated.items():
                source = directory / file
                source.write_text(text, encoding="utf-8")
                kept = path.with_suffix(f".{file}")  # for those who read errors, or step through it
                kept.write_text(text, encoding="utf-8")
                step = f"{context}compiling the generated {file}"
                try:
                    made, read = self.toolchain.compile(source, plan.includes, step)
                except ToolError as error:
                    raise ToolError(f"{error}\n{file} is kept as {kept}", error.output) from None
                objects.append(made)
                for header in read:
                    self.inputs.setdefault(header, stamp(header))
                    headers[str(header)] = hashlib.sha256(header.read_bytes()).hexdigest()
            image = directory / "image.elf"
            archives = [archive.path for archive in plan.archives]
            whole = [path for path in archives if path in plan.whole]
            archives = [path for path in archives if path not in plan.whole]
            command = self.toolchain.link(objects, whole, archives, image, self._options(plan))
            try:
                run(command, directory, f"{context}linking its image")
            except ToolError as error:
                self._missing.explain(plan, error.output)
                raise
            (directory / "image.json").write_text(json.dumps(headers), encoding="utf-8")
            os.replace(image, path)
            os.replace(directory / "image.json", path.with_suffix(".json"))
