"""How each function's arguments and results travel, and the C text that both ends of a gate share.

A call whose arguments fit into the six words of a request travels in those ("words"); one with
structs, strings that come back, or more arguments travels as one struct in the edge's arena
("frame"), whose address is word 0.

SPDX-License-Identifier: BSD-3-Clause
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from .contract import number
from .edl_model import Callback, Field, Function, Library, Struct, Term
from .problems import Place

WORDS = number("BH_GATE_ARGS")
REPLY_WORDS = number("BH_REPLY_WORDS")
COLUMNS = 110  # of generated lines
HERE = "#line @"  # for located()
GIVEN = "bh_given"  # which single objects are not NULL: one bit each


class Writer:
    """C text, line by line, indented by braces."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.depth = 0

    def __call__(self, line: str = "") -> None:
        if line.startswith("}"):
            self.depth -= 1
        indent = "    " * self.depth
        rest = line
        while len(indent) + len(rest) > COLUMNS and (at := _break(rest, COLUMNS - len(indent))):
            self.lines.append(indent + rest[:at].rstrip())
            rest = rest[at:]
            indent = "    " * (self.depth + 1)
        self.lines.append(indent + rest if rest else "")
        if line.endswith("{"):
            self.depth += 1

    @property
    def text(self) -> str:
        return "\n".join(self.lines) + "\n"


def _break(line: str, columns: int) -> int:
    """Where a long line may be broken: behind the last "= " that fits, else behind the last ", "; 0: nowhere."""
    ends = [m.end() for m in re.finditer(r" = |, ", line[:columns]) if line.count('"', 0, m.end()) % 2 == 0]
    equals = [at for at in ends if line[at - 2] == "="]
    return (equals or ends or [0])[-1]


@dataclass
class Wire:
    """What crosses for one function: paths of request and reply fields, "NAME" or "STRUCT.MEMBER"."""

    name: str  # prefix of the generated types and functions: LIBRARY_FUNCTION
    requests: list[str] = field(default_factory=list)
    replies: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)  # strings that come back
    arrays: dict[str, str] = field(default_factory=dict)  # path to C expression of the array
    frame: bool = False

    def request(self, path: str, dot: str) -> str:
        """`dot`: how the code at hand gets at members of bh_call."""
        return f"bh_in.{path}" if self.frame else f"bh_call{dot}args[{self.requests.index(path)}]"

    def reply(self, path: str, dot: str) -> str:
        return f"bh_out.{path}" if self.frame else f"bh_call{dot}words[{self.replies.index(path)}]"

    def text(self, path: str) -> str:
        return f"bh_frame->{path.replace('.', '_')}_text"


def wire(library: Library, function: Function) -> Wire:
    w = Wire(f"{library.name}_{function.name}")
    if any(p.kind == "object" for p in function.parameters):
        w.requests.append(GIVEN)
    for p in function.parameters:
        if p.kind in ("struct", "twin"):
            w.frame = True
            _struct(w, p)
        elif p.kind in ("handle_out", "lent"):
            w.replies.append(p.name)
        elif p.kind == "object":
            w.requests += [p.name] if p.is_in else []
            w.replies += [p.name] if p.is_out else []
        elif p.kind not in ("null", "context"):
            w.requests.append(p.name)
    if function.result.kind == "string":
        w.replies.append("bh_ret")
        w.texts.append("bh_ret")
    room = REPLY_WORDS - (1 if function.errno else 0)
    w.frame |= bool(w.texts) or len(w.requests) > WORDS or len(w.replies) > room
    return w


def _struct(w: Wire, p: Field) -> None:
    w.requests.append(f"{p.name}.{GIVEN}")
    if p.handle == "new":
        w.replies.append(f"{p.name}.bh_number")
    elif p.handle:
        w.requests.append(f"{p.name}.bh_number")
    if p.handle == "free":
        w.replies.append(f"{p.name}.bh_freed")
    for m in () if p.has("copy") else p.struct.members:
        path = f"{p.name}.{m.name}"
        if m.kind == "array":
            w.arrays[path] = f"BH_MEMBER({p.struct.c_type}, {m.name})"
        if (
            m.kind == "user_check" or m.kind == "bulk" or m.kind not in ("null", "handle") and m.is_in
        ):
            w.requests.append(path)
        if p.type.const:
            continue  # nothing comes back into it
        if m.kind == "bulk" and m.has("cursor"):
            w.replies.append(f"{path}_moved")
        elif m.kind in ("scalar", "array") and m.is_out:
            w.replies.append(path)
        elif m.kind == "string" and m.is_out:
            w.replies.append(path)
            w.texts.append(path)


def frame_types(out: Writer, w: Wire) -> None:
    """struct bh_NAME_in, bh_NAME_out and bh_NAME_frame: the frame that both ends see."""
    if not w.frame:
        return
    sides = [("in", w.requests)] if w.requests else []
    sides += [("out", w.replies)] if w.replies else []
    for side, paths in sides:
        out(f"struct bh_{w.name}_{side} {{")
        _members(out, w, paths)
        out("};")
    out(f"struct bh_{w.name}_frame {{")
    for side, _ in sides:
        out(f"struct bh_{w.name}_{side} {side};")
    for path in w.texts:
        out(f"char {path.replace('.', '_')}_text[BH_STRING_MAX];")
    out("};")
    out()


def _members(out: Writer, w: Wire, paths: list[str]) -> None:
    done = set()
    for path in paths:
        outer, dot, _ = path.partition(".")
        if not dot:
            out(f"uint64_t {path};")
        elif outer not in done:
            done.add(outer)
            out("struct {")
            for inner in (p for p in paths if p.startswith(outer + ".")):
                name = inner.partition(".")[2]
                if inner in w.arrays:
                    out(f"_Alignas(8) unsigned char {name}[sizeof({w.arrays[inner]})];")
                else:
                    out(f"uint64_t {name};")
            out(f"}} {outer};")


# ---- C text ----


def preamble(out: Writer, library: Library) -> None:
    for include in library.includes:
        out(f"#include {include}")
    out()
    out("#include <bh/marshal.h>")
    out()


def checks(out: Writer, library: Library, functions: Sequence[Function]) -> None:
    """Compile-time checks of what the interface file claims about types. The compiler's errors name the claim there."""
    claims: dict[str, tuple[Place, str]] = {}  # C condition to its place and what is wrong otherwise
    structs: dict[tuple[str, str], Struct] = {}
    for f in functions:
        for p in (*f.parameters, f.result):
            target = p.type.text if p.kind == "scalar" else p.type.pointee
            if p.kind in ("scalar", "object"):
                text = f"{target} is no number; a pointer needs an attribute and * or a typedef"
                claims.setdefault(f"BH_IS_WORD(*({target} *)NULL)", (p.place, text))
            if p.has("range"):
                claims.setdefault(f"BH_IS_INTEGER(*({target} *)NULL)", (p.place, f"range= of {target}, no integer"))
            if p.struct:
                structs[p.struct.name, p.struct.view] = p.struct
    for s in structs.values():
        for m in s.members:
            member = f"BH_MEMBER({s.c_type}, {m.name})"
            if m.kind == "scalar":
                text = f"member {m.name} is no number; say what it points to, or array"
                claims.setdefault(f"BH_IS_WORD({member})", (m.place, text))
            elif m.kind == "handle":
                text = f"[handle] {m.name} is no pointer; the number of a handle that it keeps needs 64 bits"
                claims.setdefault(f"BH_IS_POINTER({member})", (m.place, text))
            if m.has("range"):
                claims.setdefault(f"BH_IS_INTEGER({member})", (m.place, f"range= of {m.name}, no integer"))
    for condition, (place, text) in claims.items():
        out.lines.append(f'#line {place.line} "{place.text.partition(":")[0]}"')
        out.lines.append(f'_Static_assert({condition}, "interface file: {text}");')
    if claims:
        out.lines.append(HERE)
        out()


def located(text: str, name: str) -> str:
    """Generated text, complete now, whose lines after checks have their own numbers in file `name` again."""
    lines = text.split("\n")
    return "\n".join(f'#line {i + 2} "{name}"' if line == HERE else line for i, line in enumerate(lines))


def sites(out: Writer, library: Library, functions: Sequence[Function]) -> None:
    for f in functions:
        flags = ["BH_SITE_ERROR"] if f.error is not None else []
        flags += ["BH_SITE_CALLBACK"] if isinstance(f, Callback) else []
        out(f"static const struct bh_site bh_site_{library.name}_{f.name} = {{")
        handles, word = _handles(library, f)
        out(f'"{library.name}", "{f.name}", {" | ".join(flags) or "0"}, {handles}, {word},')
        out("};")
    out()


def _handles(library: Library, f: Function) -> tuple[str, int]:
    """What the function's handles are called, and the argument word with the only one."""
    found = [p for p in f.parameters if p.kind == "handle" or p.kind == "twin" and p.handle != "new"]
    if not found:
        return "NULL", -1
    w = wire(library, f)
    alone = len(found) == 1 and found[0].kind == "handle" and not w.frame
    shown = " or ".join(f"{p.name}->{p.struct.number.name}" if p.kind == "twin" else p.name for p in found)
    return f'"{shown}"', w.requests.index(found[0].name) if alone else -1


def callback_types(out: Writer, library: Library, callbacks: list[Callback]) -> None:
    for c in callbacks:
        inside = ", ".join(p.declaration for p in c.parameters) or "void"
        out(f"typedef {c.result.type.declare(f'bh_type_{library.name}_{c.name}')}({inside});")
    if callbacks:
        out()


def used_callbacks(functions: Sequence[Function]) -> list[Callback]:
    found = {p.callback.name: p.callback for f in functions for p in f.parameters if p.callback}
    return list(found.values())


def size_text(p: Field, target: str, names: dict[str, str]) -> str:
    """C expression of a buffer's bytes; `names`: where the values of "n" and "*n" are."""
    factors = [_factor(term, names) for term in p.size]
    if p.has("count"):
        factors.append(f"sizeof({target})")
    return product(factors)


def used_text(p: Field, names: dict[str, str]) -> str:
    return product([f"bh_used({_factor(term, names)})" for term in p.value("used")])


def _factor(term: Term, names: dict[str, str]) -> str:
    if term.number:
        return f"{term.text}u"
    return f"bh_length({names['*' + term.text if term.deref else term.text]})"


def product(factors: list[str]) -> str:
    text = factors[0]
    for factor in factors[1:]:
        text = f"bh_product({text}, {factor})"
    return text


def value_of(kind_type: str, word: str, pointer: bool) -> str:
    return f"bh_value{'_pointer' if pointer else ''}({kind_type}, {word})"


def word_of(expression: str, pointer: bool) -> str:
    return f"bh_word{'_pointer' if pointer else ''}({expression})"
