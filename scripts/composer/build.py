"""`compose build` and `compose path`: from a TOML file to a directory of images and a manifest.

SPDX-License-Identifier: BSD-3-Clause
"""

import argparse
import os
import shutil
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

from . import manifest, overlay, toolchain
from .catalogue import Catalogue
from .link import Linked, Linker
from .manifest import ImageInfo, stamp
from .model import Appliance, Stamp
from .problems import Problems
from .source import read

Load = Callable[[argparse.Namespace], tuple[Appliance, Catalogue]]  # of cli.py
MANIFEST = "manifest.dtb"
FNV_START, FNV_PRIME = 0x811C9DC5, 0x01000193  # FNV-1a, 32 bits
NAME_MAX = 64  # bytes


def fnv1a(data: bytes) -> int:
    value = FNV_START
    for byte in data:
        value = (value ^ byte) * FNV_PRIME & 0xFFFFFFFF
    return value


def directory(build: Path, file: str, sets: Iterable[str]) -> Path:
    """Where `bulkhead run` looks for an appliance: vmm/plan/compose.h says how its name is made."""
    path = os.fsencode(os.path.realpath(file))
    parent, name = os.path.split(path)
    name = os.path.basename(parent) if name == b"compartments.toml" else name.partition(b".")[0]
    number = fnv1a(b"\0".join((path, *(os.fsencode(option) for option in sets))))
    return build / "appliances" / f"{os.fsdecode(name[:NAME_MAX])}-{number:08x}"


def compose(
    appliance: Appliance,
    catalogue: Catalogue,
    file: str,
    sets: list[str],
    build: Path,
    target: Path,
) -> tuple[Stamp, ...]:
    """Returns all that was read. Raises Refused, ToolError or OSError."""
    source = read(file)
    overlay.apply(source, sets, Problems(file))
    linked = Linker(appliance, source, catalogue, toolchain.load(build)).link()
    return publish(appliance, linked, target)


def publish(appliance: Appliance, linked: Linked, target: Path) -> tuple[Stamp, ...]:
    """Each file is replaced in one step, the manifest last."""
    target.mkdir(parents=True, exist_ok=True)
    images = []
    for compartment, image in zip(appliance.compartments, linked.images, strict=True):
        path = target / f"{compartment.name}.elf"
        place(Path(image.path), path)
        images.append(ImageInfo(str(path), image.sha256, image.exports, image.imports))
    inputs = (*linked.inputs, *own_files())
    manifest.write(appliance, images, target / MANIFEST, inputs)
    for left in set(target.glob("*.elf")) - {Path(image.path) for image in images}:
        left.unlink()  # of a compartment that is no longer
    return (appliance.toml, *inputs)


def place(image: Path, path: Path) -> None:
    """A hard link, or a copy where that is not possible."""
    if path.exists() and path.samefile(image):
        return
    temporary = path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        os.link(image, temporary)
    except OSError:
        shutil.copyfile(image, temporary)
    os.replace(temporary, path)


def own_files() -> list[Stamp]:
    """A composer that changed may compose something else."""
    return [stamp(path) for path in sorted(Path(__file__).parent.glob("*.py"))]


def write_depfile(path: Path, target: str, inputs: Iterable[Stamp]) -> None:
    """A Makefile's rule, for ninja: `target` is out of date when one of `inputs` changed."""
    escaped = [s.path.replace("$", "$$").replace(" ", "\\ ") for s in dict.fromkeys(inputs)]
    path.write_text(f"{target}: {' '.join(escaped)}\n", errors="surrogateescape")


def _build(load: Load, options: argparse.Namespace) -> int:
    if options.out and len(options.files) > 1:
        raise toolchain.ToolError("--out is for one FILE; leave it out")
    inputs: list[Stamp] = []
    for options.file in options.files:
        appliance, catalogue = load(options)
        target = options.out or directory(options.build, options.file, options.sets)
        target = Path(os.path.abspath(target))
        arguments = (options.file, options.sets, options.build, target)
        inputs += compose(appliance, catalogue, *arguments)
    if options.stamp:
        write_depfile(options.stamp.with_name(f"{options.stamp.name}.d"), options.stamp, inputs)
        options.stamp.touch()
    return 0


def _path(options: argparse.Namespace) -> int:
    print(directory(options.build, options.file, options.sets))
    return 0


def add_commands(
    commands: Any, add_options: Callable[..., None], load: Load, default_build: Path
) -> None:
    """To the parser of cli.py, with its way to read an appliance."""
    build = commands.add_parser("build", help="compose appliances", allow_abbrev=False)
    add_options(build, several=True)
    build.add_argument("--out", metavar="DIR", type=Path, help="instead of what `path` prints")
    build.add_argument(
        "--stamp", metavar="FILE", type=Path, help="touch FILE, write what was read to FILE.d"
    )
    build.set_defaults(run=partial(_build, load))
    path = commands.add_parser("path", help="where an appliance is composed to", allow_abbrev=False)
    add_options(path)
    path.set_defaults(run=_path)
    for parser in (build, path):
        parser.add_argument(
            "--build", metavar="DIR", type=Path, default=default_build, help="build directory"
        )
