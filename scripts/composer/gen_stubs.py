"""Generates the caller's side of a library: functions with the library's own names and types.

SPDX-License-Identifier: BSD-3-Clause
"""

from collections.abc import Collection, Mapping

from . import gen_async
from .edl_model import Callback, Function, Library
from .gen_callee import Callee
from .gen_caller import Caller
from .gen_common import (
    Writer,
    callback_types,
    checks,
    frame_types,
    preamble,
    sites,
    used_callbacks,
    value_of,
    wire,
)


def generate(library: Library, used: Mapping[str, int], in_halves: Collection[str] = ()) -> str:
    """C source with a stub for each function in `used`, which maps names to import indices, and with both halves of
    those that `in_halves` names, too.

    Texts of several libraries may be put into one file, one after the other.
    """
    functions = [f for f in library.functions if f.name in used]
    callbacks = used_callbacks(functions)
    out = Writer()
    out(f"/* Generated from {library.name}.edl: calls to library {library.name} in another compartment. */")
    preamble(out, library)
    checks(out, library, [*functions, *callbacks])
    sites(out, library, [*functions, *callbacks])
    callback_types(out, library, callbacks)
    for callback in callbacks:
        _callback(out, library, callback)
    for function in functions:
        _stub(out, library, function, used[function.name])
        if function.name in in_halves:
            gen_async.generate(out, library, function, used[function.name])
    return out.text


def generate_local(library: Library, in_halves: Collection[str]) -> str:
    """C source with both halves of calls to a library in the same compartment."""
    out = Writer()
    out(f"/* Generated from {library.name}.edl: calls in two halves within the compartment. */")
    preamble(out, library)
    for function in library.functions:
        if function.name in in_halves:
            gen_async.generate(out, library, function, None)
    return out.text


def _callback(out: Writer, library: Library, callback: Callback) -> None:
    w = wire(library, callback)
    frame_types(out, w)
    out("/* The called compartment calls back. */")
    name = f"bh_callback_{library.name}_{callback.name}"
    out(f"static enum bh_status {name}(struct bh_incoming *bh_call, uintptr_t bh_function)")
    out("{")
    Callee(out, library, callback, w, back=True).body()
    out("}")
    out()


def _stub(out: Writer, library: Library, function: Function, index: int) -> None:
    """Two functions: the one with the library's name is only the way to `direct`, without isolation a jump; all
    that needs a stack frame is in the other."""
    w = wire(library, function)
    frame_types(out, w)
    arguments = ", ".join(p.name for p in function.parameters)
    declarations = ", ".join(p.declaration for p in function.parameters) or "void"
    away = f"bh_away_{w.name}"
    out(f"static {function.result.type.declare(away)}({declarations}) __attribute__((noinline));")
    out(function.prototype)
    out("{")
    out(f"const struct bh_import *bh_import = &bh_gates.imports[{index}];")
    direct = f"((__typeof__({function.name}) *)bh_import->direct)({arguments});"
    if function.errno:
        _direct_errno(out, function, arguments)
        out(f"return {away}({arguments});")
    elif function.result.kind == "void":
        out("if (bh_import->direct)")
        out(f"    {direct}")
        out("else")
        out(f"    {away}({arguments});")
    else:
        out("if (bh_import->direct)")
        out(f"    return {direct}")
        out(f"return {away}({arguments});")
    out("}")
    out()
    out(f"static {function.result.type.declare(away)}({declarations})")
    out("{")
    out(f"const struct bh_import *bh_import = &bh_gates.imports[{index}];")
    Caller(out, library, function, w, back=False).body()
    out("}")
    out()


def _direct_errno(out: Writer, function: Function, arguments: str) -> None:
    """Each compartment has an errno of its own, so a plain call would lose the callee's: gen_dispatch.py."""
    declarations = ", ".join(p.declaration for p in function.parameters) or "void"
    result = function.result
    value = value_of(result.type.text, "bh_direct.value", result.kind in ("handle", "user_check", "string"))
    out("if (bh_import->direct) {")
    out("struct bh_direct bh_direct =")
    out(f"    ((struct bh_direct (*)({declarations}))bh_import->direct)({arguments});")
    out(f"{result.type.declare('bh_ret')} = {value};")
    out(f"if (bh_ret == {function.error})")
    out("    errno = bh_direct.error;")
    out("return bh_ret;")
    out("}")
