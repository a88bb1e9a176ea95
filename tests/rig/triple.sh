#!/bin/sh
# A triple fault in the rig (busybox): a debugger wipes out the interrupt table of a VM whose guest then traps.
# SPDX-License-Identifier: BSD-3-Clause
#
#   triple.sh APPLIANCE PROCESS    in GDB's process PROCESS
export BULKHEAD_CRASH_DIR=/tmp/crash BULKHEAD_RUNTIME_DIR=/tmp/run
[ -d /tmp/run ] || mkdir -m 700 /tmp/run
build/bulkhead run --gdb "build/appliances/$1/manifest.dtb" -- undefined >/tmp/out 2>/tmp/err </dev/null &
appliance=$!
while ! ls /tmp/run/*-$appliance/gdb.sock >/dev/null 2>&1; do
    kill -0 $appliance || { cat /tmp/err; exit 1; }
    sleep 0.2
done
gates=$(printf '%0480d' 0) # vmm/kvm/descriptor_tables.h: IDT_VA; vectors 0 to 14
build/tests/gdb_client /tmp/run/*-$appliance/gdb.sock '?' '^T05' "Hgp$2.1" OK "M400000001400,f0:$gates" OK D OK ||
    { cat /tmp/err; kill $appliance; exit 1; }
wait $appliance
status=$?
[ $status = 4 ] || { echo "exit status $status"; cat /tmp/out /tmp/err; exit 1; }
for words in 'crashed: triple fault: neither' '^  registers lost: KVM resets the processor'; do
    grep -q "$words" /tmp/err || { echo "no line with: $words"; cat /tmp/err; exit 1; }
done
! grep -q 'rip=' /tmp/err || { echo "registers of a reset processor"; cat /tmp/err; exit 1; }
