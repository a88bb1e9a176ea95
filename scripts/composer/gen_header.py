"""Generates <bh/gate_NAME.h>: the library's headers, bh_fn_NAME_FUNCTION for bh_gate(), and what
bh_gate_submit() and bh_gate_wait() call.

SPDX-License-Identifier: BSD-3-Clause
"""

from .edl_model import Library
from .gen_async import offered, submit_prototype, wait_prototype
from .gen_common import Writer


def generate(library: Library) -> str:
    guard = f"BH_GATE_{library.name.upper()}_H"
    out = Writer()
    out(f"/* Generated from {library.name}.edl: what bh_gate({library.name}, FUNCTION, ...) may name. */")
    out(f"#ifndef {guard}")
    out(f"#define {guard}")
    out()
    for include in library.includes:
        out(f"#include {include}")
    out("#include <bh/bulkhead.h>")
    out()
    if library.functions:
        out("/* Indices of the functions in the library. */")
        out("enum {")
        for index, function in enumerate(library.functions):
            out(f"bh_fn_{library.name}_{function.name} = {index},")
        out("};")
        out()
        text = "The two halves of a call; not for functions with so many pointers that they do not fit struct bh_call."
        out(f"/* {text} */")
    for function in library.functions:
        if offered(library, function):
            out(f"{submit_prototype(library, function)};")
            out(f"{wait_prototype(library, function)};")
    if library.functions:
        out()
    out("#endif")
    return out.text
