#!/bin/sh
# A crash in the rig (busybox): words of its report, then the functions of its stack, in this order.
# SPDX-License-Identifier: BSD-3-Clause
#
#   observe.sh APPLIANCE "ARGUMENTS" WORDS FUNCTION...
appliance=$1 arguments=$2 words=$3
shift 3
export BULKHEAD_CRASH_DIR=/tmp/crash BULKHEAD_RUNTIME_DIR=/tmp/run
# shellcheck disable=SC2086 # the arguments are words
build/bulkhead run "build/appliances/$appliance/manifest.dtb" -- $arguments >/tmp/out 2>/tmp/err </dev/null
status=$?
[ $status = 4 ] || { echo "exit status $status"; cat /tmp/out /tmp/err; exit 1; }
grep -qF "$words" /tmp/err || { echo "no line with: $words"; cat /tmp/err; exit 1; }
stack=$(sed -n 's/^    #[0-9]* *0x[0-9a-f]* \[[a-z]*\] \([A-Za-z_0-9]*\).*/\1/p' /tmp/err)
left=" $(echo $stack) "
for function in "$@"; do
    case $left in
    *" $function "*) left=" ${left#* "$function" }" ;;
    *) echo "not on the stack, or not in order: $function"; cat /tmp/err; exit 1 ;;
    esac
done
