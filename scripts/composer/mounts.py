"""The [mounts.NAME] tables of compartments.toml: directories of the host in the file system.

SPDX-License-Identifier: BSD-3-Clause
"""

from .contract import number
from .model import Mount
from .positions import Path
from .problems import quote, show
from .rules import Draft, Drafts
from .schema import GIB, MIB, Context, Key, boolean, choice, size, text

MOUNTS_MAX = number("BH_MOUNTS_MAX")
PATH_MAX = number("sizeof(((struct bh_boot_mount *)0)->path)") - 1  # bytes of a path in the appliance
DIRECTORY_MAX = 4095  # bytes
LIBRARY = "vfs"
ACCESS = ("read-write", "read-only")


def path(context: Context, place: Path, value: object) -> str | None:
    """Where in the appliance: absolute, in its shortest form."""
    value = text(context, place, value)
    if value is None:
        return None
    hint = 'write an absolute path without "." and "..", such as "/data"'
    parts = value.split("/")
    if not value.startswith("/") or value == "/" or "" in parts[1:] or {".", ".."} & set(parts):
        message = f"{show(value)} is no place for a mount"
        hint += '; "/" itself is always in memory' if value == "/" else ""
        context.refuse(place, message, hint)
    elif len(value.encode()) > PATH_MAX or any(len(part.encode()) > 255 for part in parts):
        context.refuse(place, "path is too long", f"at most {PATH_MAX} bytes")
    else:
        return value
    return None


def directory(context: Context, place: Path, value: object) -> str | None:
    """Of the host; relative to where bulkhead is started."""
    value = text(context, place, value)
    if value is None:
        return None
    if not value:
        hint = 'name a directory of the host, such as "data" or "/srv/data"'
        context.refuse(place, "directory is empty", hint)
    elif len(value.encode()) > DIRECTORY_MAX:
        context.refuse(place, "directory is too long", f"at most {DIRECTORY_MAX} bytes")
    else:
        return value
    return None


MOUNT = (
    Key("path", path, required='path = "/data"'),
    Key("directory", directory, required='directory = "data"'),
    Key("access", choice("access", ACCESS), "read-write"),
    Key("create", boolean, False),
    Key("size", size(MIB, 1024 * 1024 * GIB, None)),
)


def check(context: Context, mounts: dict[str, Draft], drafts: Drafts) -> None:
    """The rules that concern more than one value."""
    if not mounts:
        return
    first = next(iter(mounts.values()))
    unclear = any(draft.values["libraries"] is None for draft in drafts.compartments.values())
    if drafts.compartments and not unclear and _compartment(drafts) is None:
        message = f"mounts need library {quote(LIBRARY)}, which no compartment has"
        hint = f"add {quote(LIBRARY)} to the libraries of a compartment"
        context.problems.add(context.source.key(first.path), message, hint)
    taken: dict[str, str] = {}
    for draft in mounts.values():
        where = draft.values["path"]
        if where is not None and where in taken:
            message = f"mounts {quote(taken[where])} and {quote(draft.name)} are both at {quote(where)}"
            context.refuse(draft.at("path"), message, "choose another path for one of them")
        elif where is not None:
            taken[where] = draft.name
        if draft.values["create"] and draft.values["access"] == "read-only":
            message = "create would make a directory that nothing can be written to"
            hint = 'remove this key, or choose access = "read-write"'
            context.refuse(draft.at("create"), message, hint)
        if draft.values["size"] and draft.values["access"] == "read-only":
            message = "size would limit a directory that nothing can be written to"
            hint = 'remove this key, or choose access = "read-write"'
            context.refuse(draft.at("size"), message, hint)


def _compartment(drafts: Drafts) -> str | None:
    for name, draft in drafts.compartments.items():
        if LIBRARY in (draft.values["libraries"] or ()):
            return name
    return None


def build(mounts: dict[str, Draft], drafts: Drafts, indices: dict[str, int]) -> tuple[Mount, ...]:
    """Everything was checked. In the order in which they have to be made: parents first."""
    owner = _compartment(drafts)
    if owner is None:
        return ()
    made = [
        Mount(
            name=draft.name,
            compartment=indices[owner],
            path=draft.values["path"],
            directory=draft.values["directory"],
            read_only=draft.values["access"] == "read-only",
            create=draft.values["create"],
            size=draft.values["size"],
        )
        for draft in mounts.values()
    ]
    return tuple(sorted(made, key=lambda mount: mount.path.split("/")))
