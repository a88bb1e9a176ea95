#!/bin/sh
# What tests/rig/gdb.toml runs in the rig (busybox), from the top folder: hello under a debugger.
# SPDX-License-Identifier: BSD-3-Clause
#
#   gdb.sh NAME PROCESS [KEYS]    the library is in GDB's process PROCESS; KEYS: it has a protection key
name=$1 process=$2 keys=$3
none='^$' # QEMU's emulation of AMD-V has no hardware breakpoints
directory=build/appliances/$name
export BULKHEAD_RUNTIME_DIR=/tmp/gdb-$name
mkdir -m 700 "$BULKHEAD_RUNTIME_DIR"

# address SYMBOL: hexadecimal, as `nm` had it.
address() {
    sed -n "s/^0*\([0-9a-f]*\) . $1\$/\1/p" "$directory/symbols"
}

# The same as registers come: lowest byte first.
register() {
    printf '%016x' "0x$1" | sed 's/\(..\)\(..\)\(..\)\(..\)\(..\)\(..\)\(..\)\(..\)/\8\7\6\5\4\3\2\1/'
}

build/bulkhead run --gdb "$directory/manifest.dtb" >/tmp/out 2>/tmp/err </dev/null &
appliance=$!
while ! ls "$BULKHEAD_RUNTIME_DIR"/*/gdb.sock >/dev/null 2>&1; do
    kill -0 $appliance || { cat /tmp/err; exit 1; }
    sleep 0.2
done
socket=$(ls "$BULKHEAD_RUNTIME_DIR"/*/gdb.sock)
write=$(address greeter_write) count=$(address greeter_count) card=$(address card)
set -- "$socket" qSupported 'multiprocess[+]' '?' '^T05thread:p' "Hgp$process.1" OK \
    "m$write,4" '^[0-9a-f]{8}$' "Z0,$write,1" OK "m$write,1" '^[^c]|^c[^c]' \
    'vCont;c' "^T05thread:p$process.*swbreak:;.*10:$(register "$write");" "Hgp$process.1" OK "z0,$write,1" OK \
    "vCont;s:p$process.-1;c" "^T05thread:p$process.*10:" p11 '^[0-9a-f]{8}$' \
    "Z1,$write,1" "$none" "Z2,$card,8" "$none" "Z0,$count,1" OK \
    'vCont;c' "^T05thread:p$process.*swbreak:;.*10:$(register "$count");" "z0,$count,1" OK \
    "m$card,9" '^4772656574696e6773$'
[ -n "$keys" ] && set -- "$@" p4b '[1-9a-f]'
build/tests/gdb_client "$@" || { cat /tmp/err; kill $appliance; exit 1; }
wait $appliance || { echo "exit status $?"; cat /tmp/out /tmp/err; exit 1; }
grep "The secret is still 1234" /tmp/out
