"""The numbers that the C headers of the contract define, for Python and GDB: limits, addresses, sizes of structures.

SPDX-License-Identifier: BSD-3-Clause

The build runs this file as a program and keeps what it finds in BUILD/contract.json, which scripts/gdb/bulkhead.py
reads as well. Where that file is missing or older than a header, the numbers come from the compiler directly:

    contract.py OUTPUT.json DEPFILE
"""

import ast
import json
import operator
import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

HEADERS = ("rpc/boot.h", "rpc/hypercall.h", "rpc/image.h", "rpc/map.h", "rpc/mount.h", "rpc/mpk.h", "bh/marshal.h")
# Besides all macros BH_* that are plain numbers; each is kept under its own text.
EXPRESSIONS = (
    "sizeof(struct bh_export)",
    "offsetof(struct bh_export, direct)",
    "offsetof(struct bh_export, dispatch)",
    "sizeof(struct bh_frame)",
    "offsetof(struct bh_frame, previous)",
    "sizeof(((struct bh_boot_mount *)0)->path)",
)

ROOT = Path(__file__).resolve().parent.parent.parent
COMPILER = ("gcc", "-xc", "-", f"-I{ROOT}", f"-I{ROOT}/guest/kernel/include", "-o-")
INCLUDES = "#include <stddef.h>\n" + "".join(f'#include "{header}"\n' for header in HEADERS)
CAST = re.compile(r"\(\s*u?int(?:8|16|32|64|ptr)_t\s*\)")
SUFFIX = re.compile(r"\b(0[xX][0-9a-fA-F]+|[0-9]+)[uUlL]+\b")
OPERATORS = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.FloorDiv: operator.floordiv,
    ast.LShift: operator.lshift, ast.RShift: operator.rshift, ast.BitOr: operator.or_, ast.BitAnd: operator.and_,
}  # fmt: skip


def compiler(source: str, *options: str) -> str:
    """What the compiler makes of `source`."""
    command = (*COMPILER, *options)
    environment = os.environ | {"LC_ALL": "C"}
    # From /, so that all names of headers are absolute, in depfiles as well.
    return subprocess.run(
        command, input=source, env=environment, cwd="/", check=True, stdout=subprocess.PIPE, text=True
    ).stdout


def value(text: str) -> int | None:
    """Of a fully expanded macro; None: it is no plain number."""

    def of(node: ast.expr) -> int:
        if isinstance(node, ast.Constant) and type(node.value) is int:
            return node.value
        if isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
            return OPERATORS[type(node.op)](of(node.left), of(node.right))
        raise ValueError

    text = SUFFIX.sub(r"\1", CAST.sub("", text)).replace("/", "//")
    try:
        return of(ast.parse(text.strip(), mode="eval").body)
    except (SyntaxError, ValueError):
        return None


def macros() -> dict[str, int]:
    names = re.findall(r"^#define (BH_\w+) ", compiler(INCLUDES, "-E", "-dM"), re.M)
    expanded = compiler(INCLUDES + "".join(f'"{name}" {name}\n' for name in names), "-E", "-P")
    found = {name: value(text) for name, text in re.findall(r'^"(BH_\w+)" (.*)$', expanded, re.M)}
    return {name: number for name, number in sorted(found.items()) if number is not None}


def expressions() -> dict[str, int]:
    lines = "".join(f'asm("@{n} %c0" :: "i"({text}));\n' for n, text in enumerate(EXPRESSIONS))
    found = re.findall(r"@(\d+) (\d+)", compiler(f"{INCLUDES}void f(void)\n{{\n{lines}}}\n", "-S", "-std=gnu17"))
    return {EXPRESSIONS[int(n)]: int(number) for n, number in found}


def from_compiler() -> dict[str, int]:
    return macros() | expressions()


@cache
def numbers() -> dict[str, int]:
    """All of them, by name."""
    file = Path(os.environ.get("BULKHEAD_BUILD") or ROOT / "build") / "contract.json"
    sources = [Path(__file__), *(ROOT / "rpc").glob("*.h")]
    try:
        if file.stat().st_mtime > max(source.stat().st_mtime for source in sources):
            return json.loads(file.read_bytes())
    except (OSError, ValueError):
        pass
    return from_compiler()


def number(name: str) -> int:
    return numbers()[name]


def main(output: str, depfile: str) -> None:
    Path(output).write_text(json.dumps(from_compiler(), indent=1) + "\n", encoding="utf-8")
    Path(depfile).write_text(compiler(INCLUDES, "-M", "-MT", output), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
