#!/usr/bin/env python3
"""Makes SQLite's amalgamation and shell with its own configure and make, which need tclsh.

SPDX-License-Identifier: BSD-3-Clause

    scripts/sqlite_amalgamation.py SOURCE OUTPUT

Writes sqlite3.c, sqlite3.h and shell.c to OUTPUT; nothing is written to SOURCE.
"""
import pathlib
import shutil
import subprocess
import sys
import tempfile

MADE = ("sqlite3.c", "sqlite3.h", "shell.c")


def run(command, place):
    done = subprocess.run(command, cwd=place, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, errors="replace")
    if done.returncode:
        sys.exit("\n".join(done.stdout.splitlines()[-5:]) + f"\nsqlite: {command[0]} failed: is tcl installed?")


def main(source, output):
    with tempfile.TemporaryDirectory() as place:
        run([str(pathlib.Path(source).resolve() / "configure"), "--disable-tcl", "--disable-readline"], place)
        run(["make", "-s", *MADE], place)
        for name in MADE:
            shutil.copyfile(pathlib.Path(place, name), pathlib.Path(output, name))


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__.strip())
    main(*sys.argv[1:])
