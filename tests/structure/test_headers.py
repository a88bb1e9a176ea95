"""A header of the VMM declares what the source of the same name defines, and nothing else.

SPDX-License-Identifier: BSD-3-Clause

The patterns rely on the format that clang-format gives every file: what has external linkage begins in the first
column, and so does the brace that opens a function's body.
"""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VMM = ROOT / "vmm"

# Headers without a C source: they hold types, constants and inline functions only.
TYPES_ONLY = {
    "appliance/appliance.h",
    "base/text.h",
    "gdb/gdb.h",
    "kvm/guest_va.h",
    "resources/run_options.h",
    "resources/vm_stats.h",
    "supervisor/state.h",
    "vm/crash.h",
    "vm/debug.h",
    "vm/debug_signals.h",
}
# These declare the labels of an assembly source.
ASSEMBLY = {"kvm/trap_shim.h", "mpk/templates.h"}

COMMENT = re.compile(r"/\*.*?\*/", re.S)
ATTRIBUTE = re.compile(r"__attribute__\s*\(\((?:[^()]|\([^()]*\))*\)\)\s*")
# One statement from the first column on that ends with a semicolon and has no braces.
STATEMENT = re.compile(r"^(?!static\b|typedef\b|_Static_assert\b)[A-Za-z_][^;{}#]*;", re.M)
BODY = re.compile(r"^(?!static\b|typedef\b)[A-Za-z_][^;{}#=]*?\b(\w+)\([^;{}]*\)\n\{", re.M)
VARIABLE = re.compile(r"^(?!static\b|extern\b|typedef\b)[A-Za-z_][^;{}()#=\n]*?\b(\w+)(?:\[[^]\n]*\])*(?: =[ \n]|;)",
                      re.M)
EXTERN = re.compile(r"^\s*extern\b", re.M)


def read(path):
    """The text without comments and attributes."""
    return ATTRIBUTE.sub("", COMMENT.sub("", path.read_text()))


def declared(text):
    """Names of the functions and variables that a header declares."""
    names = set()
    for statement in STATEMENT.findall(text):
        while re.search(r"\([^()]*\)", statement):  # lists of parameters, the innermost first
            statement = re.sub(r"\([^()]*\)", "@", statement)
        if "@" in statement:
            names |= set(re.findall(r"(\w+)@", statement))
        elif statement.startswith("extern"):
            names |= set(re.findall(r"(\w+)(?:\[[^]]*\])*[,;]", statement))
    return names


def defined(text):
    """Names of the functions and variables with external linkage that a source defines."""
    return set(BODY.findall(text)) | set(VARIABLE.findall(text))


def headers():
    """All headers of the VMM that have a source."""
    return [h for h in sorted(VMM.rglob("*.h")) if h.with_suffix(".c").exists()]


def test_a_header_declares_what_its_source_defines():
    """`vm/console.h` is where a reader looks for what `vm/console.c` offers, and the other way round."""
    wrong, total = {}, 0
    for header in headers():
        names = declared(read(header))
        strangers = names - defined(read(header.with_suffix(".c")))
        total += len(names)
        if strangers:
            wrong[str(header.relative_to(ROOT))] = sorted(strangers)
    assert not wrong, wrong
    assert total > 250, "the patterns no longer recognize declarations"


def test_what_a_source_exports_is_in_its_own_header():
    """A function that no header declares is static; -Wmissing-prototypes sees to the rest."""
    wrong = {}
    for source in sorted(VMM.rglob("*.c")):
        header = source.with_suffix(".h")
        names = defined(read(source)) - (declared(read(header)) if header.exists() else set()) - {"main"}
        if names:
            wrong[str(source.relative_to(ROOT))] = sorted(names)
    assert not wrong, wrong


def test_headers_without_a_source_hold_types_only():
    """A new header gets a source, or a place in the list above."""
    alone = {str(h.relative_to(VMM)): h for h in VMM.rglob("*.h") if not h.with_suffix(".c").exists()}
    assert not alone.keys() - TYPES_ONLY - ASSEMBLY
    wrong = {name: sorted(declared(read(h))) for name, h in alone.items() if name in TYPES_ONLY and declared(read(h))}
    assert not wrong, wrong


def test_no_source_declares_what_another_defines():
    """`extern` belongs into headers: otherwise nothing compares the declaration with the definition."""
    assert not [str(c.relative_to(ROOT)) for c in sorted(VMM.rglob("*.c")) if EXTERN.search(read(c))]
