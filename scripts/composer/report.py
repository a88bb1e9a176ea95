"""What an appliance becomes on a given host: its VMs, addresses, shares and edges, as text or JSON.

SPDX-License-Identifier: BSD-3-Clause
"""

import shlex
from collections.abc import Collection
from dataclasses import dataclass

from . import addresses
from .catalogue import Catalogue
from .model import Appliance, Compartment, Edge, Mount
from .rules import rounded
from .schema import MECHANISMS, size_text


@dataclass(frozen=True, slots=True)
class Vm:
    name: str
    members: tuple[Compartment, ...]


def mechanism(compartment: Compartment, offered: Collection[str]) -> str | None:
    """The preferred one of those the host offers; None: it offers none of them."""
    return next((name for name in compartment.mechanisms if name in offered), None)


def vms(appliance: Appliance, offered: Collection[str] = MECHANISMS) -> list[Vm]:
    """Who shares a VM with whom. A VM has the name of its "vm" compartment, or of its group."""
    members: dict[str, list[Compartment]] = {}
    for compartment in appliance.compartments:
        if compartment.default or mechanism(compartment, offered) in ("vm", None):
            name = compartment.name
        else:
            name = compartment.vm or appliance.default.name
        members.setdefault(name, []).append(compartment)
    return [Vm(name, tuple(of_vm)) for name, of_vm in members.items()]


def _callable(appliance: Appliance, catalogue: Catalogue, edge: Edge) -> list[str]:
    if edge.functions is not None:
        return list(edge.functions)
    libraries = appliance.compartments[edge.callee].libraries
    return [name for library in libraries for name in catalogue.library(library).functions()]


def as_dict(
    appliance: Appliance, catalogue: Catalogue, offered: Collection[str], host_memory: int | None
) -> dict:
    """For --json. Sizes are bytes, addresses integers."""
    names = [compartment.name for compartment in appliance.compartments]
    return {
        "valid": True,
        "name": appliance.name,
        "toml": appliance.toml.path,
        "application": {
            "name": appliance.application.name,
            "args": list(appliance.application.args),
            "env": dict(appliance.application.env),
        },
        "memory": appliance.memory,
        "host_memory": host_memory,
        "vms": [
            {"name": vm.name, "compartments": [c.name for c in vm.members]}
            for vm in vms(appliance, offered)
        ],
        "compartments": [_compartment_dict(c, offered) for c in appliance.compartments],
        "shares": [
            {
                "name": share.name,
                "index": share.index,
                "address": addresses.share(share.index),
                "size": share.size,
                "members": [names[index] for index in share.members],
            }
            for share in appliance.shares
        ],
        "edges": [
            {
                "index": edge.index,
                "from": names[edge.caller],
                "to": names[edge.callee],
                "data": edge.data,
                "gate": edge.gate,
                "address": addresses.edge(edge.index),
                "arena": edge.arena,
                "restricted": edge.functions is not None,
                "functions": _callable(appliance, catalogue, edge),
            }
            for edge in appliance.edges
        ],
        "net": None if appliance.net is None else _net_dict(appliance),
        "mounts": [_mount_dict(appliance, mount) for mount in appliance.mounts],
    }


def _compartment_dict(compartment: Compartment, offered: Collection[str]) -> dict:
    window = addresses.compartment(compartment.index)
    return {
        "name": compartment.name,
        "index": compartment.index,
        "default": compartment.default,
        "mechanism": mechanism(compartment, offered),
        "mechanisms": list(compartment.mechanisms),
        "libraries": list(compartment.libraries),
        "hardening": list(compartment.hardening),
        "image_address": window + addresses.IMAGE_OFFSET,
        "stacks_address": window + addresses.STACKS_OFFSET,
        "stack": compartment.stack,
        "threads": compartment.threads,
        "heap_address": window + addresses.HEAP_OFFSET,
        "memory": compartment.memory,
    }


def _net_dict(appliance: Appliance) -> dict:
    net = appliance.net
    return {
        "compartment": appliance.compartments[net.compartment].name,
        "mode": net.mode,
        "interface": net.interface,
        "address": net.address,
        "gateway": net.gateway,
        "dns": net.dns,
        "address6": net.address6,
        "mac": net.mac.hex(":"),
        "mtu": net.mtu,
        "hostname": net.hostname,
        "forward": [forward.text for forward in net.forward],
    }


def _mount_dict(appliance: Appliance, mount: Mount) -> dict:
    return {
        "name": mount.name,
        "compartment": appliance.compartments[mount.compartment].name,
        "path": mount.path,
        "directory": mount.directory,
        "access": "read-only" if mount.read_only else "read-write",
        "create": mount.create,
    }


def as_text(
    appliance: Appliance, catalogue: Catalogue, offered: Collection[str], host_memory: int | None
) -> str:
    """For people."""
    application = appliance.application
    command = shlex.join([application.name, *application.args])
    lines = [f"appliance {appliance.name}, application {command}"]
    lines += [f"  with {name}={shlex.quote(value)}" for name, value in application.env]
    for vm in vms(appliance, offered):
        lines += ["", f"VM {vm.name}"]
        for compartment in vm.members:
            lines += _compartment_lines(compartment, offered)
    if appliance.shares:
        lines += ["", "shares"]
    for share in appliance.shares:
        members = "all compartments"
        if not share.everyone:
            members = ", ".join(appliance.compartments[index].name for index in share.members)
        place = f"{size_text(share.size)} at {addresses.share(share.index):#x}"
        lines.append(f"  {share.name}: {place}, for {members}")
    if appliance.edges:
        lines += ["", "edges"]
    for edge in appliance.edges:
        lines += _edge_lines(appliance, catalogue, edge)
    if appliance.net:
        lines += ["", "network"]
        lines += [
            f"  {key}: {', '.join(value) if isinstance(value, list) else value}"
            for key, value in _net_dict(appliance).items()
            if value not in (None, [])
        ]
    if appliance.mounts:
        lines += ["", "mounts"]
    for mount in appliance.mounts:
        access = "read-only" if mount.read_only else "read-write"
        create = ", made if it is missing" if mount.create else ""
        compartment = appliance.compartments[mount.compartment].name
        lines.append(f"  {mount.path}: {access}, host directory {mount.directory}{create}, in {compartment}")
    limit = "" if host_memory is None else f" of this host's {rounded(host_memory)}"
    lines += ["", f"memory: {rounded(appliance.memory)}{limit}"]
    return "\n".join(lines)


def _compartment_lines(compartment: Compartment, offered: Collection[str]) -> list[str]:
    window = addresses.compartment(compartment.index)
    chosen = mechanism(compartment, offered)
    if chosen is None:
        wanted = " or ".join(compartment.mechanisms)
        chosen = f"needs mechanism {wanted}, which this host does not offer"
    note = ", holds the application" if compartment.default else ""
    lines = [
        f"  {compartment.name}: {chosen}{note}",
        f"    image   at {window + addresses.IMAGE_OFFSET:#x}",
        f"    stacks  at {window + addresses.STACKS_OFFSET:#x},"
        f" {compartment.threads} of {size_text(compartment.stack)}",
        f"    heap    at {window + addresses.HEAP_OFFSET:#x}, {size_text(compartment.memory)}",
    ]
    if compartment.libraries:
        lines.append(f"    libraries: {', '.join(compartment.libraries)}")
    if compartment.hardening:
        lines.append(f"    hardening: {', '.join(compartment.hardening)}")
    return lines


def _edge_lines(appliance: Appliance, catalogue: Catalogue, edge: Edge) -> list[str]:
    caller = appliance.compartments[edge.caller].name
    callee = appliance.compartments[edge.callee].name
    functions = _callable(appliance, catalogue, edge)
    which = "may call" if edge.functions is not None else f"may call what {caller} uses of"
    return [
        f"  {caller} -> {callee}: data {edge.data}, gate {edge.gate},"
        f" arena {size_text(edge.arena)}, ring and arena from {addresses.edge(edge.index):#x}",
        f"    {which}: {', '.join(functions) or 'nothing'}",
    ]
