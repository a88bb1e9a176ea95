#!/bin/sh
# Calls between protection keys in the statistics, in the rig (busybox): counted if that was asked for, else said not
# to be.
# SPDX-License-Identifier: BSD-3-Clause
#
#   counts.sh NAME    the benchmark's guest, with its library under a key
export BULKHEAD_RUNTIME_DIR=/tmp/run
[ -d /tmp/run ] || mkdir -m 700 /tmp/run
failures=0

# observe OPTION: 50 calls, then `top` into /tmp/json and /tmp/text.
observe() {
    rm -f /tmp/in /tmp/out
    mkfifo /tmp/in
    build/bulkhead run $1 "build/appliances/$name/manifest.dtb" </tmp/in >/tmp/out 2>/tmp/err &
    exec 3>/tmp/in
    echo "args0 50" >&3
    i=0
    while ! grep -q '^samples args0 ' /tmp/out && [ $i -lt 300 ]; do
        sleep 0.1
        i=$((i + 1))
    done
    build/bulkhead top --once --json | tr -d ' \n' >/tmp/json
    build/bulkhead top --once --interval 0.1 >/tmp/text
    exec 3>&-
    wait
}

expect() {
    grep -qE "$2" "$1" || { echo "FAIL $1: no $2"; cat "$1" /tmp/err; failures=$((failures + 1)); }
}

name=$1
observe
expect /tmp/json '"mechanism":"mpk","counted":false}'
expect /tmp/text 'app -> lib +mechanism mpk: not counted'
observe --count-mpk
expect /tmp/json '"mechanism":"mpk","counted":true,"calls":([5-9][0-9]|[1-9][0-9][0-9]+)}'
expect /tmp/text 'app -> lib +0 mechanism mpk: calls alone are counted'
exit $failures
