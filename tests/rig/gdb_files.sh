#!/bin/sh
# Puts what GDB needs in the rig into build/tests/rig-gdb: itself, its own files, and most of Python's library.
# SPDX-License-Identifier: BSD-3-Clause
set -e
to=build/tests/rig-gdb
gdb=$(command -v gdb) || { echo "no gdb: run scripts/setup"; exit 1; }
say() {
    gdb -nx -batch -ex "python $1"
}
[ -z "$(find -L "$to/gdb" -newer "$gdb" 2>/dev/null)" ] || exit 0
data=$(say 'print(gdb.PYTHONDIR)')
library=$(say 'import os; print(os.path.dirname(os.__file__))')
name=$(basename "$library")
rm -rf "$to"
mkdir -p "$to/lib" "$to/share"
cp -r "$data" "$to/share/python"
cp -rL "$library" "$to/lib/"
for part in config-* test lib2to3 pydoc_data distutils asyncio multiprocessing email xml unittest ensurepip \
    lib-dynload idlelib tkinter; do
    rm -rf "$to/lib/${name:?}"/$part
done
cp "$gdb" "$to/gdb"
