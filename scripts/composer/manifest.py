"""Writes an appliance's manifest: the device tree that the VMM reads at launch.

Nodes and properties have the names of the keys in compartments.toml; u64 values are two cells.

SPDX-License-Identifier: BSD-3-Clause
"""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from .fdt import Node, write as write_fdt
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
    blob = write_fdt(tree(appliance, images, inputs))
    temporary = f"{path}.{os.getpid()}.new"
    try:
        with open(temporary, "wb") as stream:
            stream.write(blob)
        os.replace(temporary, path)
    except OSError:
        if os.path.exists(temporary):
            os.unlink(temporary)
        raise


def tree(
    appliance: Appliance, images: Sequence[ImageInfo], inputs: Iterable[Stamp] = ()
) -> Node:
    if len(images) != len(appliance.compartments):
        message = f"{len(images)} images for {len(appliance.compartments)} compartments"
        raise ManifestError(message)
    root = Node()
    root.set_string("compatible", COMPATIBLE)
    root.set_string("appliance", appliance.name)
    root.set_string("toml", appliance.toml.path)
    # PATH<TAB>MTIME_NS<TAB>SIZE; a path may have tabs itself, the last two count
    stamps = dict.fromkeys((appliance.toml, *inputs))
    root.set_strings("inputs", (f"{s.path}\t{s.mtime_ns}\t{s.size}" for s in stamps))
    root.set_strings("args", appliance.application.args)
    root.set_strings("env", (f"{key}={value}" for key, value in appliance.application.env))
    _compartments(root.child("compartments"), appliance, images)
    _shares(root.child("shares"), appliance)
    _edges(root.child("edges"), appliance, images)
    if appliance.net is not None:
        _net(root.child("net"), appliance.net)
    if appliance.mounts:
        _mounts(root.child("mounts"), appliance)
    return root


def _compartments(parent: Node, appliance: Appliance, images: Sequence[ImageInfo]) -> None:
    for compartment, image in zip(appliance.compartments, images, strict=True):
        node = parent.child(compartment.name)
        node.set_u32("index", compartment.index)
        if compartment.default:
            node.set("default")
        node.set_strings("mechanism", compartment.mechanisms)  # in order of preference
        if compartment.vm is not None:
            node.set_string("vm", compartment.vm)
        node.set_u64("memory", compartment.memory)
        node.set_u64("stack", compartment.stack)
        node.set_u32("threads", compartment.threads)
        node.set_strings("hardening", compartment.hardening)
        node.set_strings("libraries", compartment.libraries)
        node.set_string("image", image.path)
        node.set_string("image-sha256", image.sha256)
        _functions(node, image)


def _functions(node: Node, image: ImageInfo) -> None:
    exports = node.child("exports")
    for index, export in enumerate(image.exports):
        child = exports.child(str(index))
        child.set_string("symbol", export.name)
        child.set_string("library", export.library)
        child.set_u64("direct", export.direct)
        child.set_u64("dispatch", export.dispatch)
        if export.nonblocking:
            child.set("nonblocking")
    imports = node.child("imports")
    for index, wanted in enumerate(image.imports):
        child = imports.child(str(index))
        child.set_string("symbol", wanted.name)
        child.set_string("library", wanted.library)
        child.set_u32("compartment", wanted.compartment)
        child.set_u32("function", wanted.function)


def _shares(parent: Node, appliance: Appliance) -> None:
    for share in appliance.shares:
        node = parent.child(share.name)
        node.set_u32("index", share.index)
        node.set_u64("size", share.size)
        node.set_u32("members", *share.members)
        if share.everyone:
            node.set("everyone")


def _edges(parent: Node, appliance: Appliance, images: Sequence[ImageInfo]) -> None:
    for edge in appliance.edges:
        node = parent.child(appliance.edge_name(edge))
        node.set_u32("index", edge.index)
        node.set_u32("from", edge.caller)
        node.set_u32("to", edge.callee)
        node.set_string("data", edge.data)
        node.set_string("gate", edge.gate)
        node.set_u64("arena", edge.arena)
        node.set_u32("functions", *granted(edge, images))


def _net(node: Node, net: Net) -> None:
    """Every text is at most 63 bytes long."""
    node.set_u32("compartment", net.compartment)
    node.set_string("mode", net.mode)
    for name in ("interface", "address", "gateway", "dns", "address6", "hostname"):
        value = getattr(net, name)
        if value is not None:
            node.set_string(name, value)
    node.set("mac", net.mac)
    node.set_u32("mtu", net.mtu)
    node.set_strings("forward", (forward.text for forward in net.forward))


def _mounts(parent: Node, appliance: Appliance) -> None:
    for index, mount in enumerate(appliance.mounts):
        node = parent.child(mount.name)
        node.set_u32("index", index)
        node.set_u32("compartment", mount.compartment)
        node.set_string("path", mount.path)
        node.set_string("directory", mount.directory)
        if mount.read_only:
            node.set("read-only")
        if mount.create:
            node.set("create")


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
