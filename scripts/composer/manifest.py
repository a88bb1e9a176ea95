"""Writes an appliance's manifest: the device tree that the VMM reads at launch.

Nodes and properties have the names of the keys in compartments.toml; u64 values are two cells.

SPDX-License-Identifier: BSD-3-Clause
"""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from .device_tree import TreeWriter
from .model import Appliance, Edge, Net, Stamp

COMPATIBLE = "bulkhead,appliance-1"


@dataclass(frozen=True, slots=True)
class Export:
    """A function that other compartments may call; its index is its place in the list."""

    name: str
    library: str
    direct: int  # address of the function itself
    dispatch: int  # address of the entry for gate calls
    nonblocking: bool


@dataclass(frozen=True, slots=True)
class Import:
    """A function of another compartment that the image calls; its index: its place in the list."""

    name: str
    library: str
    compartment: int  # index of the callee
    function: int  # index among the callee's exports


@dataclass(frozen=True, slots=True)
class ImageInfo:
    """The linked image of one compartment."""

    path: str  # absolute
    sha256: str  # of the file, in hexadecimal
    exports: tuple[Export, ...]
    imports: tuple[Import, ...]


class ManifestError(ValueError):
    """The images do not fit the appliance."""


def stamp(path: str | Path) -> Stamp:
    """To be taken before the file is read, so that a change during the reading is noticed."""
    stat = os.stat(path)
    return Stamp(os.path.realpath(path), stat.st_mtime_ns, stat.st_size)


def write(
    appliance: Appliance,
    images: Sequence[ImageInfo],
    path: str | Path,
    inputs: Iterable[Stamp] = (),
) -> None:
    """`images`: one for each compartment, in their order. `inputs`: the files besides the TOML file
    whose change makes the manifest stale. The file at `path` is replaced in one step."""
    data = blob(appliance, images, inputs)
    temporary = f"{path}.{os.getpid()}.new"
    try:
        with open(temporary, "wb") as stream:
            stream.write(data)
        os.replace(temporary, path)
    except OSError:
        if os.path.exists(temporary):
            os.unlink(temporary)
        raise


def blob(appliance: Appliance, images: Sequence[ImageInfo], inputs: Iterable[Stamp] = ()) -> bytes:
    """The manifest's content; see write()."""
    if len(images) != len(appliance.compartments):
        message = f"{len(images)} images for {len(appliance.compartments)} compartments"
        raise ManifestError(message)
    tree = TreeWriter()
    with tree.add_node(""):
        tree.string("compatible", COMPATIBLE)
        tree.string("appliance", appliance.name)
        tree.string("toml", appliance.toml.path)
        # PATH<TAB>MTIME_NS<TAB>SIZE; a path may have tabs itself, the last two count
        stamps = dict.fromkeys((appliance.toml, *inputs))
        tree.strings("inputs", (f"{s.path}\t{s.mtime_ns}\t{s.size}" for s in stamps))
        tree.strings("args", appliance.application.args)
        tree.strings("env", (f"{key}={value}" for key, value in appliance.application.env))
        with tree.add_node("compartments"):
            _compartments(tree, appliance, images)
        with tree.add_node("shares"):
            _shares(tree, appliance)
        with tree.add_node("edges"):
            _edges(tree, appliance, images)
        if appliance.net is not None:
            with tree.add_node("net"):
                _net(tree, appliance.net)
        if appliance.mounts:
            with tree.add_node("mounts"):
                _mounts(tree, appliance)
    return tree.blob()


def _compartments(tree: TreeWriter, appliance: Appliance, images: Sequence[ImageInfo]) -> None:
    for compartment, image in zip(appliance.compartments, images, strict=True):
        with tree.add_node(compartment.name):
            tree.u32("index", compartment.index)
            if compartment.default:
                tree.flag("default")
            tree.strings("mechanism", compartment.mechanisms)  # in order of preference
            if compartment.vm is not None:
                tree.string("vm", compartment.vm)
            tree.u64("memory", compartment.memory)
            tree.u64("stack", compartment.stack)
            tree.u32("threads", compartment.threads)
            tree.strings("hardening", compartment.hardening)
            tree.strings("libraries", compartment.libraries)
            tree.string("image", image.path)
            tree.string("image-sha256", image.sha256)
            _functions(tree, image)


def _functions(tree: TreeWriter, image: ImageInfo) -> None:
    with tree.add_node("exports"):
        for index, export in enumerate(image.exports):
            with tree.add_node(str(index)):
                tree.string("symbol", export.name)
                tree.string("library", export.library)
                tree.u64("direct", export.direct)
                tree.u64("dispatch", export.dispatch)
                if export.nonblocking:
                    tree.flag("nonblocking")
    with tree.add_node("imports"):
        for index, wanted in enumerate(image.imports):
            with tree.add_node(str(index)):
                tree.string("symbol", wanted.name)
                tree.string("library", wanted.library)
                tree.u32("compartment", wanted.compartment)
                tree.u32("function", wanted.function)


def _shares(tree: TreeWriter, appliance: Appliance) -> None:
    for share in appliance.shares:
        with tree.add_node(share.name):
            tree.u32("index", share.index)
            tree.u64("size", share.size)
            tree.u32s("members", share.members)
            if share.everyone:
                tree.flag("everyone")


def _edges(tree: TreeWriter, appliance: Appliance, images: Sequence[ImageInfo]) -> None:
    for edge in appliance.edges:
        with tree.add_node(appliance.edge_name(edge)):
            tree.u32("index", edge.index)
            tree.u32("from", edge.caller)
            tree.u32("to", edge.callee)
            tree.string("data", edge.data)
            tree.string("gate", edge.gate)
            tree.u64("arena", edge.arena)
            tree.u32s("functions", granted(edge, images))
            if edge.ports is not None:
                tree.strings("ports", (ports.text for ports in edge.ports))


def _net(tree: TreeWriter, net: Net) -> None:
    """Every text is at most 63 bytes long."""
    tree.u32("compartment", net.compartment)
    tree.string("mode", net.mode)
    for name in ("interface", "address", "gateway", "dns", "address6", "hostname"):
        value = getattr(net, name)
        if value is not None:
            tree.string(name, value)
    tree.property("mac", net.mac)
    tree.u32("mtu", net.mtu)
    tree.strings("forward", (forward.text for forward in net.forward))
    tree.u32("connections", net.connections)
    if net.reach is not None:
        tree.strings("reach", (reach.text for reach in net.reach))


def _mounts(tree: TreeWriter, appliance: Appliance) -> None:
    for index, mount in enumerate(appliance.mounts):
        with tree.add_node(mount.name):
            tree.u32("index", index)
            tree.u32("compartment", mount.compartment)
            tree.string("path", mount.path)
            tree.string("directory", mount.directory)
            if mount.read_only:
                tree.flag("read-only")
            if mount.create:
                tree.flag("create")
            if mount.size:
                tree.u64("size", mount.size)


def granted(edge: Edge, images: Sequence[ImageInfo]) -> list[int]:
    """The callee's functions that the caller may call, as indices in ascending order."""
    exports = images[edge.callee].exports
    if edge.functions is None:
        imports = images[edge.caller].imports
        used = {wanted.function for wanted in imports if wanted.compartment == edge.callee}
        if any(index >= len(exports) for index in used):
            raise ManifestError(f"edge {edge.index}: an import beyond the callee's exports")
        return sorted(used)
    indices = {export.name: index for index, export in enumerate(exports)}
    missing = [name for name in edge.functions if name not in indices]
    if missing:
        raise ManifestError(f"edge {edge.index}: the callee's image has no function {missing[0]}")
    return sorted(indices[name] for name in edge.functions)
