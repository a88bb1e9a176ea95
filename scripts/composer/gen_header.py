"""Generates <bh/gate_NAME.h>: the library's headers, and bh_fn_NAME_FUNCTION for bh_gate().

SPDX-License-Identifier: BSD-3-Clause
"""

from .edl_model import Library
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
    out()
    if library.functions:
        out("/* Indices of the functions in the library. */")
        out("enum {")
        for index, function in enumerate(library.functions):
            out(f"bh_fn_{library.name}_{function.name} = {index},")
        out("};")
        out()
    out("#endif")
    return out.text
