"""From a compartments.toml, and --set options, to an Appliance.

SPDX-License-Identifier: BSD-3-Clause
"""

from collections.abc import Iterable

from . import mounts, net, overlay, rules, schema
from .catalogue import Catalogue
from .model import Appliance, Application, Compartment, Edge, Share
from .positions import Path
from .problems import Problems, Refused, quote
from .rules import Draft, Drafts
from .schema import Context
from .source import read


def load(
    file: str, catalogue: Catalogue, sets: Iterable[str] = (), host_memory: int | None = None
) -> Appliance:
    """Raises Refused with everything that is wrong with `file` and `sets`.

    `host_memory`: bytes that the appliance may take at most; None: no limit."""
    source = read(file)
    context = Context(source, Problems(file))
    overlay.apply(source, sets, context.problems)
    root = schema.read_table(context, (), source.tree, schema.ROOT)
    _count(context, root)
    appliance = _draft(context, ("appliance",), root["appliance"] or {}, schema.APPLIANCE)
    drafts = _drafts(context, root)
    rules.check(context, drafts, catalogue, host_memory)
    device = None
    if root["net"] is not None:
        device = _draft(context, ("net",), root["net"], net.NET)
        net.check(context, device, drafts)
    directories = _named(context, "mounts", root["mounts"], mounts.MOUNT)
    mounts.check(context, directories, drafts)
    if context.problems:
        raise Refused(context.problems)
    return _build(context, appliance, drafts, device, directories)


def _count(context: Context, root: dict) -> None:
    """Beyond a limit nothing else is checked: it would only repeat itself."""
    limits = (
        ("compartments", schema.COMPARTMENTS_MAX),
        ("shares", schema.SHARES_MAX),
        ("edges", schema.EDGES_MAX),
        ("mounts", mounts.MOUNTS_MAX),
    )
    for name, limit in limits:
        entries = root[name]
        if entries is None or len(entries) <= limit:
            continue
        key = limit if isinstance(entries, list) else list(entries)[limit]
        place = context.source.key((name, key))
        message = f"there are {len(entries)} {name}, and at most {limit} are possible"
        context.problems.add(place, message, f"remove {len(entries) - limit} of them")
        raise Refused(context.problems)
    if root["compartments"] == {} and "compartments" in context.source.tree:
        place = context.source.key(("compartments",))
        hint = "add [compartments.app] with default = true"
        context.problems.add(place, "there is no compartment", hint)


def _draft(context: Context, path: Path, value: dict, keys: tuple[schema.Key, ...]) -> Draft:
    return Draft(path, value, schema.read_table(context, path, value, keys))


def _drafts(context: Context, root: dict) -> Drafts:
    compartments = _named(context, "compartments", root["compartments"], schema.COMPARTMENT)
    shares = _named(context, "shares", root["shares"], schema.SHARE)
    edges = []
    for index, value in enumerate(root["edges"] or []):
        path = ("edges", index)
        if schema.table(context, path, value) is not None:
            edges.append(_draft(context, path, value, schema.EDGE))
    if root["application"] is None:
        application = Draft(("application",), {}, {"name": None, "args": None, "env": None})
    else:
        application = _draft(context, ("application",), root["application"], schema.APPLICATION)
    return Drafts(application, compartments, edges, shares)


def _named(
    context: Context, what: str, entries: dict | None, keys: tuple[schema.Key, ...]
) -> dict[str, Draft]:
    drafts = {}
    for name, value in (entries or {}).items():
        path = (what, name)
        if schema.table(context, path, value) is None:
            continue
        if not schema.NAME.fullmatch(name):
            message = f"{quote(name)} is no good name for a {what[:-1]}"
            context.problems.add(context.source.key(path), message, schema.NAME_HINT)
        drafts[name] = _draft(context, path, value, keys)
    return drafts


def _build(
    context: Context,
    appliance: Draft,
    drafts: Drafts,
    device: Draft | None,
    directories: dict[str, Draft],
) -> Appliance:
    """Everything was checked: no value is None that has to be there."""
    indices = {name: index for index, name in enumerate(drafts.compartments)}
    application = Application(**drafts.application.values)
    name = appliance.values["name"] or application.name
    return Appliance(
        name=name,
        toml=context.source.stamp,
        application=application,
        compartments=tuple(
            _compartment(index, draft, len(indices) == 1)
            for index, draft in enumerate(drafts.compartments.values())
        ),
        edges=tuple(_edge(index, draft, indices) for index, draft in enumerate(drafts.edges)),
        shares=tuple(
            _share(index, draft, indices) for index, draft in enumerate(drafts.shares.values())
        ),
        net=None if device is None else net.build(context, device, indices, name),
        mounts=mounts.build(directories, drafts, indices),
    )


def _compartment(index: int, draft: Draft, single: bool) -> Compartment:
    values = draft.values
    return Compartment(
        index=index,
        name=draft.name,
        default=values["default"] or single,
        mechanisms=values["mechanism"],
        vm=values["vm"],
        memory=values["memory"],
        stack=values["stack"],
        threads=values["threads"],
        hardening=values["hardening"],
        libraries=values["libraries"],
    )


def _edge(index: int, draft: Draft, indices: dict[str, int]) -> Edge:
    values = draft.values
    return Edge(
        index=index,
        caller=indices[values["from"]],
        callee=indices[values["to"]],
        data=values["data"],
        gate=values["gate"],
        arena=values["arena"],
        functions=values["functions"],
        ports=values["ports"],
    )


def _share(index: int, draft: Draft, indices: dict[str, int]) -> Share:
    members = draft.values["members"]
    everyone = members == "*"
    granted = indices.values() if everyone else (indices[name] for name in members)
    return Share(index, draft.name, draft.values["size"], tuple(sorted(granted)), everyone)
