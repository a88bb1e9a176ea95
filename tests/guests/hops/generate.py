#!/usr/bin/env python3
"""Writes the 15 libraries hop01 to hop15 and the appliance `many`, which has each in a VM of its own.

SPDX-License-Identifier: BSD-3-Clause

    tests/guests/hops/generate.py [TOP]      TOP: the top folder, by default this one's

They are all of one source, hop.c. What this writes is committed; tests/kvm/test_many.py compares.
"""
import sys
from pathlib import Path

N = 15
TOML = """\
# {marker}
# SPDX-License-Identifier: BSD-3-Clause
[application]
name = "many"

[compartments.app]
default = true
memory = "1MiB"
threads = 20
"""
COMPARTMENT = """
[compartments.{name}]
libraries = ["{name}"]
memory = "1MiB"
threads = 4
"""
EDL = """\
// {marker}
// SPDX-License-Identifier: BSD-3-Clause
library {name} {{
    include "hop.h";

    uint64_t {name}(uint64_t value, unsigned more) fatal;
}}
"""
LIBRARY = """\
# {marker}
# SPDX-License-Identifier: BSD-3-Clause
description = "test: number {number} of a chain of libraries"
includes = ["tests/guests/hops"]
"""
MESON = """\
# {marker}
# SPDX-License-Identifier: BSD-3-Clause
guest_archives += static_library('{name}', '../../hops/hop.c',
  c_args: ['-DHOP={number}', '-DSELF={name}'{next}],
  kwargs: guest_archive)
"""


def files() -> dict[str, str]:
    """Path to content."""
    marker = "Written by tests/guests/hops/generate.py."
    names = [f"hop{number:02}" for number in range(1, N + 1)]
    edges = [("app", name) for name in names] + list(zip(names, names[1:]))
    made = {
        "apps/many/compartments.toml": TOML.format(marker=marker)
        + "".join(COMPARTMENT.format(name=name) for name in names)
        + "".join(f'\n[[edges]]\nfrom = "{a}"\nto = "{b}"\narena = "64KiB"\n' for a, b in edges)
    }
    for number, name in enumerate(names, 1):
        after = f", '-DNEXT={names[number]}'" if number < N else ""
        words = {"marker": marker, "name": name, "number": number, "next": after}
        made[f"libs/{name}/{name}.edl"] = EDL.format(**words)
        made[f"libs/{name}/library.toml"] = LIBRARY.format(**words)
        made[f"libs/{name}/meson.build"] = MESON.format(**words)
    return made


def main() -> None:
    top = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parents[3]
    if not (top / "tests/guests").is_dir():
        sys.exit(f"generate.py: error: {top} has no folder tests/guests: name the top folder of a source tree, or none")
    for path, text in files().items():
        file = top / "tests/guests" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        if not file.exists() or file.read_text() != text:
            file.write_text(text)


if __name__ == "__main__":
    main()
