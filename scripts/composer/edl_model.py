"""What an interface file says: libraries, functions, parameters, structs and callbacks.

SPDX-License-Identifier: BSD-3-Clause
"""

from dataclasses import dataclass, field
from typing import Any

from .problems import Place


@dataclass(frozen=True, slots=True)
class Term:
    """One factor of a size: an integer, a name, or *name (a scalar behind a pointer)."""

    text: str  # "return" for the function's value
    deref: bool
    place: Place

    @property
    def number(self) -> bool:
        return self.text[0].isdigit()


@dataclass(frozen=True, slots=True)
class Bound:
    """An end of a range: a product of at most two terms. A name that is no parameter is a constant of the header's."""

    minus: bool
    terms: tuple[Term, ...]


@dataclass(frozen=True, slots=True)
class Range:
    """What a number that comes back may be."""

    low: Bound
    high: tuple[Bound, ...]  # it is enough to be within one of them


@dataclass(frozen=True, slots=True)
class Attribute:
    name: str
    value: tuple[Term, ...] | Range | str | None
    place: Place


@dataclass(slots=True)
class CType:
    """A type as written, and what is known of it after the file's own typedefs are followed."""

    text: str  # such as "const char *"
    place: Place
    function: bool = False  # a pointer to a function, written out
    depth: int = 0  # how many times a pointer
    pointee: str = ""  # type of what it points to, without const; depth >= 1
    const: bool = False  # what it points to is const
    struct: str = ""  # name of the declared struct that it is (depth 0) or points to (depth 1)

    def declare(self, name: str) -> str:
        return f"{self.text}{name}" if self.text.endswith("*") else f"{self.text} {name}"


@dataclass(slots=True)
class Field:
    """A parameter, a member of a struct or a return value, with its attributes."""

    name: str
    type: CType  # of a member, whose type the header has: without text
    declaration: str  # C text of the parameter
    attributes: dict[str, Attribute]
    place: Place
    # What it is, set by the checks: scalar, user_check, null, bulk, string, object (one scalar behind a
    # pointer), struct, handle, handle_out (handle made through a T **), lent (address of shared memory that comes
    # back through a T **), twin (struct that is a handle),
    # callback, context; void for a return value.
    kind: str = "scalar"
    # Set for the kinds that have one; None otherwise, which no caller has to expect who knows the kind.
    struct: "Struct" = None  # type: ignore[assignment]
    callback: "Callback" = None  # type: ignore[assignment]

    def has(self, name: str) -> bool:
        return name in self.attributes

    def value(self, name: str) -> Any:
        """Terms, a text, or None, by the attribute's own syntax."""
        attribute = self.attributes.get(name)
        return attribute.value if attribute else None

    @property
    def is_in(self) -> bool:
        return "in" in self.attributes

    @property
    def is_out(self) -> bool:
        return "out" in self.attributes

    @property
    def size(self) -> tuple[Term, ...]:
        return self.value("size") or self.value("count") or ()

    @property
    def handle(self) -> str:
        """"new", "free", "use", or "" for what is no handle."""
        return (self.value("handle") or "use") if "handle" in self.attributes else ""


@dataclass(slots=True)
class Struct:
    name: str
    c_type: str  # "struct NAME", or the name of a typedef
    view: str  # "": the full one
    members: list[Field]
    place: Place

    @property
    def title(self) -> str:
        return f"{self.name}, view {self.view}" if self.view else self.name

    @property
    def number(self) -> Any:
        """The member (Field) of the caller's struct that keeps the handle's number; None: this is no handle."""
        return next((m for m in self.members if m.kind == "handle"), None)

    def member(self, name: str) -> Field | None:
        return next((m for m in self.members if m.name == name), None)


@dataclass(slots=True)
class Function:
    name: str
    result: Field  # kind: void, scalar, string, handle, user_check
    parameters: list[Field]
    place: Place
    nonblocking: bool = False
    caller: bool = False  # it may ask who calls: bh_caller()
    errno: bool = False
    error: str | None = None  # C constant; "": of a function without a value, error
    fatal: bool = False  # a gate that fails is meant to end the caller
    success: list[str] = field(default_factory=list)  # C constants

    @property
    def prototype(self) -> str:
        inside = ", ".join(p.declaration for p in self.parameters) or "void"
        return f"{self.result.type.declare(self.name)}({inside})"

    def parameter(self, name: str) -> Field | None:
        return next((p for p in self.parameters if p.name == name), None)


@dataclass(slots=True)
class Callback(Function):
    @property
    def context(self) -> Field | None:
        return next((p for p in self.parameters if p.kind == "context"), None)


@dataclass(slots=True)
class Library:
    name: str
    path: str
    includes: list[str]  # with their quotes or angle brackets
    functions: list[Function]  # in file order: the function indices
    structs: list[Struct]
    callbacks: list[Callback]

    def struct(self, name: str, view: str = "") -> Struct | None:
        return next((s for s in self.structs if (s.name, s.view) == (name, view)), None)

    def callback(self, name: str) -> Callback | None:
        return next((c for c in self.callbacks if c.name == name), None)
