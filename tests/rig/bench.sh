#!/bin/sh
# What tests/rig/bench.toml runs in the rig (busybox), from the top folder: does the benchmark's guest measure what this
# machine's kind of host cannot? No time means anything there. Exit status: 0, or a number of failures.
# SPDX-License-Identifier: BSD-3-Clause
#
#   bench.sh guest NAME COUNT MEASUREMENT...   of build/appliances/NAME
#   bench.sh floors COUNT MEASUREMENT...       of the host's own program

failures=0

# check COUNT MEASUREMENT...: one line of samples for each in /tmp/out, of COUNT calls.
check() {
    count=$1
    shift
    for what in "$@"; do
        got=$(grep "^samples $what " /tmp/out | tr ' ' '\n' | sed -n 's/^[0-9]*:\([0-9]*\)$/\1/p' |
            awk '{n += $1} END {print n + 0}')
        [ "$got" = "$count" ] || { echo "FAIL $what: $got samples, not $count"; failures=$((failures + 1)); }
    done
    [ $failures = 0 ] || cat /tmp/out /tmp/err
}

commands() {
    count=$1
    shift
    for what in "$@"; do
        echo "$what $count"
    done
}

echo "host: tcg, no time means anything"
what=$1
shift
case $what in
guest)
    name=$1
    shift
    commands "$@" >/tmp/in
    build/bulkhead run "build/appliances/$name/manifest.dtb" </tmp/in >/tmp/out 2>/tmp/err || failures=1
    check "$@"
    ;;
floors)
    commands "$@" | build/bench/floors 0 1 >/tmp/out 2>/tmp/err || failures=1
    check "$@"
    ;;
*)
    echo "usage: see the top of this file"
    exit 2
    ;;
esac
cut -c1-60 /tmp/out
exit $failures
