"""Generates the callee's side of a compartment: its export table and the checks behind each entry.

SPDX-License-Identifier: BSD-3-Clause
"""

from collections.abc import Sequence

from .contract import number
from .edl_model import Callback, Function, Library
from .gen_callee import Callee, handle_types
from .gen_caller import Caller
from .gen_common import (
    Writer,
    callback_types,
    checks,
    frame_types,
    preamble,
    sites,
    used_callbacks,
    wire,
    word_of,
)

THUNKS = number("BH_THUNKS")


def generate(libraries: Sequence[Library], callers: int = 1) -> str:
    """C source that defines bh_exports: the functions of each library in file order, libraries in this order.
    `callers`: how many edges lead here."""
    out = Writer()
    out("/* Generated: what this compartment offers to others. */")
    out("#include <bh/marshal.h>")
    out()
    for library in libraries:
        _library(out, library, callers)
    functions = [(library, f) for library in libraries for f in library.functions]
    if functions:
        out("const struct bh_export bh_exports[] = {")
    else:
        out("const struct bh_export bh_exports[1] = {")
    for library, function in functions:
        name = f"bh_dispatch_{library.name}_{function.name}"
        flags = "BH_EXPORT_NONBLOCKING" if function.nonblocking else "0"
        direct = f"bh_direct_{library.name}_{function.name}" if function.errno else function.name
        out(f'{{(uint64_t){direct}, (uint64_t){name}, (uint64_t)"{function.name}", {flags}, 0}},')
    if not functions:
        out("{0},")
    out("};")
    out(f"const uint64_t bh_n_exports = {len(functions)};")
    return out.text


def _library(out: Writer, library: Library, callers: int) -> None:
    callbacks = used_callbacks(library.functions)
    out(f"/* ---- {library.name} ---- */")
    preamble(out, library)
    checks(out, library, [*library.functions, *callbacks])
    sites(out, library, callbacks) if callbacks else None
    handle_types(out, library, library.functions)
    callback_types(out, library, callbacks)
    for callback in callbacks:
        _thunks(out, library, callback, callers)
    for function in library.functions:
        w = wire(library, function)
        frame_types(out, w)
        out(f"static enum bh_status bh_dispatch_{w.name}(struct bh_incoming *bh_call)")
        out("{")
        Callee(out, library, function, w, back=False).body()
        out("}")
        out()
        if function.errno:
            _direct(out, library, function)


def _direct(out: Writer, library: Library, function: Function) -> None:
    """What a caller without isolation calls: a plain call that also hands over errno, gen_stubs.py."""
    declarations = ", ".join(p.declaration for p in function.parameters) or "void"
    arguments = ", ".join(p.name for p in function.parameters)
    pointer = function.result.kind in ("handle", "user_check", "string")
    out(f"static struct bh_direct bh_direct_{library.name}_{function.name}({declarations})")
    out("{")
    out(f"{function.result.type.declare('bh_ret')} = {function.name}({arguments});")
    out(f"return (struct bh_direct){{{word_of('bh_ret', pointer)}, errno}};")
    out("}")
    out()


def _thunks(out: Writer, library: Library, callback: Callback, callers: int) -> None:
    """A pool of C functions with the callback's type, each of which calls back for one call at a time; each caller has
    some of its own."""
    w = wire(library, callback)
    name = w.name
    frame_types(out, w)
    declarations = ", ".join(p.declaration for p in callback.parameters)
    arguments = ", ".join(p.name for p in callback.parameters)
    extra = f", {declarations}" if declarations else ""
    total = f"{callers} * BH_THUNKS"
    out(f"static struct bh_thunk bh_pool_{name}[{total}];")
    out(f"static uint32_t bh_owners_{name}[{callers}];")
    out()
    out(f"static {callback.result.type.declare(f'bh_back_{name}')}(const struct bh_thunk *bh_thunk{extra})")
    out("{")
    _unused_context(out, callback)
    out("if (!bh_thunk->busy) { /* kept after the call that it was given to */")
    out("static bool bh_told;")
    out(f"bh_callback_late(&bh_site_{name}, &bh_told);")
    out("return;" if callback.result.kind == "void" else f"return {callback.error or 0};")
    out("}")
    Caller(out, library, callback, w, back=True).body()
    out("}")
    out()
    for i in range(callers * THUNKS):
        back = f"bh_back_{name}(&bh_pool_{name}[{i}]{f', {arguments}' if arguments else ''});"
        out(f"static {callback.result.type.declare(f'bh_thunk_{name}_{i}')}({declarations or 'void'})")
        out("{")
        out(back if callback.result.kind == "void" else f"return {back}")
        out("}")
    out()
    out(f"static bh_type_{name} *const bh_thunks_{name}[{total}] = {{")
    for i in range(0, callers * THUNKS, 2):
        out(f"bh_thunk_{name}_{i}, bh_thunk_{name}_{i + 1},")
    out("};")
    out()


def _unused_context(out: Writer, callback: Callback | Function) -> None:
    for p in callback.parameters:
        if p.kind in ("context",):
            out(f"(void){p.name}; /* the caller's stub has it */")
