"""Generates both ends of an interface for one hosted program.

Usage: generate.py FILE.edl DIRECTORY, with scripts/ in PYTHONPATH. Both ends live in one program, so the library's own
functions are renamed (rename.h, included before everything on the library's side).

SPDX-License-Identifier: BSD-3-Clause
"""

import sys
from pathlib import Path

from composer import edl, gen_async, gen_dispatch, gen_header, gen_stubs
from composer.gen_common import located


def main(arguments: list[str]) -> int:
    if len(arguments) != 2 or not Path(arguments[1]).is_dir():
        print("generate.py: error: name an interface file and a folder that exists", file=sys.stderr)
        return 2
    interface, directory = arguments
    try:
        library = edl.parse(interface)
    except edl.EdlErrors as errors:
        print(errors, file=sys.stderr)
        return 2
    out = Path(directory)
    used = {function.name: index for index, function in enumerate(library.functions)}
    halves = {f.name for f in library.functions if gen_async.offered(library, f)}
    (out / "stubs.c").write_text(located(gen_stubs.generate(library, used, halves), "stubs.c"))
    (out / "dispatch.c").write_text(located(gen_dispatch.generate([library]), "dispatch.c"))
    (out / "fn.h").write_text(gen_header.generate(library))
    renames = [f"#define {f.name} real_{f.name}\n" for f in library.functions]
    (out / "rename.h").write_text("/* Generated. */\n" + "".join(renames))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
