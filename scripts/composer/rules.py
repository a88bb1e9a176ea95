"""The rules of compartments.toml that concern more than one value.

Each rule works on drafts: tables whose values were read one by one; refused ones are None.

SPDX-License-Identifier: BSD-3-Clause
"""

from dataclasses import dataclass

from .catalogue import Catalogue
from .positions import Path
from .problems import Refused, names, quote, suggest
from .contract import number
from .schema import PAGE, STACKS_MAX, Context, size_text


NETWORK = "lwip"  # the library whose callers have ports
PORTS_MAX = number("BH_PORTS_MAX")


@dataclass(frozen=True)
class Draft:
    path: Path
    raw: dict  # as in the file
    values: dict  # of all keys; None: refused, or absent without a default

    @property
    def name(self) -> str:
        return str(self.path[-1])

    def at(self, key: str) -> Path:
        return self.path + (key,)


@dataclass(frozen=True)
class Drafts:
    application: Draft
    compartments: dict[str, Draft]
    edges: list[Draft]
    shares: dict[str, Draft]


def check(context: Context, drafts: Drafts, catalogue: Catalogue, host_memory: int | None) -> None:
    application_known(context, drafts, catalogue)
    if not drafts.compartments:
        return  # reported; all that follows would be about their absence
    one_default(context, drafts)
    for draft in drafts.compartments.values():
        if draft.values["default"] or len(drafts.compartments) == 1:
            default_makes_the_vm(context, draft)
        group_without_vm(context, draft)
        stacks_fit(context, draft)
    libraries_placed(context, drafts, catalogue)
    edges_connect(context, drafts)
    for draft in drafts.edges:
        light_gate_has_keys(context, drafts, draft)
        functions_exist(context, drafts, catalogue, draft)
        ports_fit(context, drafts, draft)
    for draft in drafts.shares.values():
        members_exist(context, drafts, draft)
    if host_memory is not None:
        memory_suffices(context, drafts, host_memory)


def application_known(context: Context, drafts: Drafts, catalogue: Catalogue) -> None:
    wanted = drafts.application.values["name"]
    if wanted is not None and catalogue.application(wanted) is None:
        hint = suggest(wanted, catalogue.application_names, "known applications")
        context.refuse(drafts.application.at("name"), f"unknown application {quote(wanted)}", hint)


def one_default(context: Context, drafts: Drafts) -> None:
    compartments = list(drafts.compartments.values())
    defaults = [draft for draft in compartments if draft.values["default"]]
    for other in defaults[1:]:
        first = defaults[0]
        message = f"two default compartments, {quote(first.name)} and {quote(other.name)}"
        where = context.source.key(first.at("default")).short
        hint = f"{quote(first.name)} is the default already ({where}): keep only one of the two"
        context.refuse(other.at("default"), message, hint)
    unclear = any(draft.values["default"] is None for draft in compartments)
    implied = len(compartments) == 1 and "default" not in compartments[0].raw
    if compartments and not defaults and not unclear and not implied:
        hint = "write default = true in the compartment that holds the application"
        place = context.source.key(compartments[0].path)
        context.problems.add(place, "no compartment is the default", hint)


def default_makes_the_vm(context: Context, draft: Draft) -> None:
    mechanisms = draft.values["mechanism"] or ()
    if "mpk" in mechanisms:
        path = draft.at("mechanism")
        raw = draft.raw["mechanism"]
        path += (raw.index("mpk"),) if isinstance(raw, list) else ()
        message = f'the default compartment {quote(draft.name)} cannot have mechanism "mpk"'
        context.refuse(path, message, 'it makes the VM: write "vm", or "none"')
    if draft.values["vm"] is not None:
        message = f"the default compartment {quote(draft.name)} cannot join another VM"
        context.refuse(draft.at("vm"), message, "it makes a VM of its own: remove this key")


def group_without_vm(context: Context, draft: Draft) -> None:
    mechanisms = draft.values["mechanism"]
    if draft.values["vm"] is None or mechanisms is None or set(mechanisms) != {"vm"}:
        return
    if draft.values["default"]:
        return  # refused for a better reason
    message = f'vm names a group, but the mechanism of {quote(draft.name)} is only "vm"'
    hint = 'remove this key, or choose mechanism "mpk" or "none"'
    context.refuse(draft.at("vm"), message, hint)


def stacks_fit(context: Context, draft: Draft) -> None:
    stack, threads = draft.values["stack"], draft.values["threads"]
    if stack is None or threads is None or (stack + PAGE) * threads <= STACKS_MAX:
        return
    key = "threads" if "threads" in draft.raw else "stack"
    message = f"{threads} stacks of {size_text(stack)} do not fit {size_text(STACKS_MAX)}"
    fitting = STACKS_MAX // (stack + PAGE)
    hint = f"each has a guard page of 4KiB: lower threads to {fitting}, or lower stack"
    context.refuse(draft.at(key), message, hint)


def libraries_placed(context: Context, drafts: Drafts, catalogue: Catalogue) -> None:
    placed: dict[str, tuple[str, Path]] = {}  # compartment, place in the file
    has_default = any(draft.values["default"] for draft in drafts.compartments.values())
    for draft in drafts.compartments.values():
        raw = draft.raw.get("libraries", [])
        if raw == [] and has_default and draft.values["default"] is False:
            message = f"compartment {quote(draft.name)} has no library"
            hint = f"add libraries = [\"...\"]; known libraries: {names(catalogue.library_names)}"
            context.problems.add(context.source.key(draft.path), message, hint)
        for library in draft.values["libraries"] or ():
            path = draft.at("libraries") + (raw.index(library),)
            missing = catalogue.missing_file(library)
            if missing is not None:
                hint = f"add {missing}: docs/porting.md says what belongs into it"
                context.refuse(path, f"library {quote(library)} is not complete: {missing} is missing", hint)
            elif (found := catalogue.library(library)) is None:
                hint = suggest(library, catalogue.library_names, "known libraries")
                context.refuse(path, f"unknown library {quote(library)}", hint)
            elif library in placed and not found.stateless:
                other, first = placed[library]
                message = f"library {quote(library)} is in two compartments, "
                message += f"{quote(other)} and {quote(draft.name)}"
                where = context.source.value(first).short
                hint = f"it is in {quote(other)} already ({where}): keep only one of the two; each copy would have"
                hint += ' its own state, so only libraries with state = "none" in library.toml may have several'
                context.refuse(path, message, hint)
            placed.setdefault(library, (draft.name, path))


def edges_connect(context: Context, drafts: Drafts) -> None:
    seen: dict[tuple[str, str], Draft] = {}
    labels: dict[str, Draft] = {}
    known = list(drafts.compartments)
    for draft in drafts.edges:
        caller, callee = draft.values["from"], draft.values["to"]
        missing = False
        for key, end in (("from", caller), ("to", callee)):
            if end is not None and end not in drafts.compartments:
                message = f"this edge goes {key} {quote(end)}, which is no compartment"
                context.refuse(draft.at(key), message, suggest(end, known, "compartments"))
                missing = True
        if caller is None or callee is None or missing:
            continue
        if caller == callee:
            hint = "calls inside a compartment need no edge: remove it"
            message = f"this edge goes from {quote(caller)} to itself"
            context.refuse(draft.at("to"), message, hint)
            continue
        first = seen.setdefault((caller, callee), draft)
        label = labels.setdefault(f"{caller}-{callee}", draft)
        where = context.source.key(label.path).short
        if first is not draft:
            message = f"there are two edges from {quote(caller)} to {quote(callee)}"
            hint = f"the first is on {where}: merge them into one"
            context.problems.add(context.source.key(draft.path), message, hint)
        elif label is not draft:
            message = f"two edges have the name {quote(f'{caller}-{callee}')}"
            hint = f"the other is on {where}: rename a compartment, with fewer dashes"
            context.problems.add(context.source.key(draft.path), message, hint)


def light_gate_has_keys(context: Context, drafts: Drafts, draft: Draft) -> None:
    found = [drafts.compartments.get(draft.values[key]) for key in ("from", "to")]
    ends = [end for end in found if end is not None]
    if draft.values["gate"] != "light" or len(ends) < 2:
        return
    mechanisms = [end.values["mechanism"] for end in ends]
    if None in mechanisms or any("mpk" in of_end for of_end in mechanisms):
        return
    message = f'gate "light" needs mechanism "mpk", which neither {quote(ends[0].name)} '
    message += f"nor {quote(ends[1].name)} has"
    context.refuse(draft.at("gate"), message, 'use gate = "full", or mechanism "mpk" for one end')


def functions_exist(
    context: Context, drafts: Drafts, catalogue: Catalogue, draft: Draft
) -> None:
    callee = drafts.compartments.get(draft.values["to"])
    wanted = draft.values["functions"]
    if callee is None or wanted is None or callee.values["libraries"] is None:
        return
    if draft.raw["functions"] == []:
        hint = "name some, or remove this key to allow what the caller uses"
        context.refuse(draft.at("functions"), "functions is an empty list", hint)
    known: list[str] = []
    for name in callee.values["libraries"]:
        library = catalogue.library(name)
        if library is None:
            return  # reported as an unknown library
        try:
            known += library.functions()
        except Refused as refused:
            first = refused.problems.sorted[0]
            message = f"the interface of library {quote(library.name)} is wrong"
            hint = f"{first.place.text}: {first.message}"
            context.refuse(draft.at("functions"), message, hint)
            return
    for name in wanted:
        if name not in known:
            path = draft.at("functions") + (draft.raw["functions"].index(name),)
            message = f"compartment {quote(callee.name)} has no function {quote(name)}"
            hint = suggest(name, known, "its functions") if known else "it has no library to call"
            context.refuse(path, message, hint)


def ports_fit(context: Context, drafts: Drafts, draft: Draft) -> None:
    callee, ports = drafts.compartments.get(draft.values["to"]), draft.values["ports"]
    if callee is None or ports is None or callee.values["libraries"] is None:
        return
    if NETWORK not in callee.values["libraries"]:
        message = f"compartment {quote(callee.name)} has no ports: library {quote(NETWORK)} is not in it"
        context.refuse(draft.at("ports"), message, "remove this key, or set it in the edge to the network")
        return
    if len(ports) > PORTS_MAX:
        message = f"there are {len(ports)} ranges of ports, and at most {PORTS_MAX} are possible"
        context.refuse(draft.at("ports"), message, "write neighbours as one range, FIRST-LAST")
        return
    for index, one in enumerate(ports):
        path = draft.at("ports") + (index,)
        if len(ports) == len(draft.raw["ports"]) and any(one.overlaps(other) for other in ports[:index]):
            context.refuse(path, f"{quote(one.text)} overlaps an earlier range", "write each port once")
            continue
        for other in drafts.edges[: drafts.edges.index(draft)]:
            if other.values["to"] == callee.name and any(map(one.overlaps, other.values["ports"] or ())):
                message = f"ports of {quote(one.text)} belong to the edge from {quote(other.values['from'])} already"
                where = context.source.key(other.at("ports")).short
                context.refuse(path, message, f"a port has one owner ({where}): remove it from one of the two")
                break


def members_exist(context: Context, drafts: Drafts, draft: Draft) -> None:
    members = draft.values["members"]
    if members is None:
        return
    known = list(drafts.compartments)
    for name in () if members == "*" else members:
        if name not in drafts.compartments:
            path = draft.at("members") + (draft.raw["members"].index(name),)
            message = f"share {quote(draft.name)} has a member {quote(name)}, "
            message += "which is no compartment"
            context.refuse(path, message, suggest(name, known, "compartments"))
    count = len(known) if members == "*" else len(members)
    size = draft.values["size"]
    if size is not None and size < count * PAGE:
        message = f"share {quote(draft.name)} is too small for its {count} members"
        least = size_text(count * PAGE)
        hint = f"each of them allocates from 4KiB of its own: write at least {least}"
        context.refuse(draft.at("size"), message, hint)


def memory_suffices(context: Context, drafts: Drafts, host_memory: int) -> None:
    wanted = [(draft, "memory") for draft in drafts.compartments.values()]
    wanted += [(draft, "size") for draft in drafts.shares.values()]
    wanted = [(draft, key) for draft, key in wanted if draft.values[key] is not None]
    total = sum(draft.values[key] for draft, key in wanted)
    if total <= host_memory:
        return
    draft, key = max(wanted, key=lambda item: item[0].values[item[1]])
    sums = rounded(total), rounded(host_memory)
    if sums[0] == sums[1]:
        sums = f"{total} bytes", f"{host_memory} bytes"
    message = f"memory and shares add up to {sums[0]}, this host has {sums[1]}"
    largest = ".".join(map(str, draft.path)) + f".{key}"
    hint = f"the largest part is {largest} = {size_text(draft.values[key])}: lower it"
    context.refuse(draft.at(key), message, hint)


def rounded(size: int) -> str:
    """For people: 23.5 GiB."""
    for unit, bytes_per_unit in (("GiB", 1 << 30), ("MiB", 1 << 20)):
        if size >= bytes_per_unit:
            return f"{size / bytes_per_unit:.1f} {unit}".replace(".0 ", " ")
    return f"{size // 1024} KiB"
