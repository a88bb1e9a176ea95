#!/bin/sh
# GDB itself in the rig (busybox): what it prints while hello runs under it; from tests/rig/gdb.toml, in the top folder.
# SPDX-License-Identifier: BSD-3-Clause
#
#   gdb_real.sh NAME COMPARTMENT COMMAND... -- PATTERN...    the patterns come in this order, each on a later line
name=$1 compartment=$2
shift 2
export BULKHEAD_RUNTIME_DIR=/tmp/gdb-real-$name PYTHONHOME=$PWD/build/tests/rig-gdb PYTHONDONTWRITEBYTECODE=1 HOME=/tmp
mkdir -m 700 "$BULKHEAD_RUNTIME_DIR"
build/bulkhead run --gdb "build/appliances/$name/manifest.dtb" >/tmp/out 2>/tmp/err </dev/null &
appliance=$!
while ! ls "$BULKHEAD_RUNTIME_DIR"/*/gdb.sock >/dev/null 2>&1; do
    kill -0 $appliance || { cat /tmp/err; exit 1; }
    sleep 0.2
done
count=0
for word in "$@"; do
    [ "$word" = -- ] && break
    count=$((count + 1))
done
set -- "$@" # commands, --, patterns
n=0
while [ $n -lt $count ]; do
    word=$1
    shift
    set -- "$@" -ex "$word"
    n=$((n + 1))
done
shift # --
patterns=$(($# - 2 * count))
n=0
: >/tmp/patterns
while [ $n -lt $patterns ]; do
    echo "$1" >>/tmp/patterns
    shift
    n=$((n + 1))
done
timeout 150 build/tests/rig-gdb/gdb --data-directory="$PYTHONHOME/share" -nx -batch \
    -ex 'set width 0' -ex 'set confirm off' \
    -x "$BULKHEAD_RUNTIME_DIR"/*/gdb.script -ex "bulkhead compartment $compartment" "$@" >/tmp/gdb </dev/null 2>&1
line=0
while read -r pattern; do
    found=$(tail -n +$((line + 1)) /tmp/gdb | grep -nEm 1 -e "$pattern" | cut -d : -f 1)
    [ -n "$found" ] || {
        echo "no line, from $line on, with: $pattern"
        cat /tmp/gdb /tmp/err
        kill $appliance
        exit 1
    }
    line=$((line + found))
done </tmp/patterns
wait $appliance || { echo "exit status $?"; cat /tmp/out /tmp/err; exit 1; }
