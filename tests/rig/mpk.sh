#!/bin/sh
# What tests/rig/mpk.list runs in the rig (busybox), from the top folder. Exit status: 0, or a number of failures.
# SPDX-License-Identifier: BSD-3-Clause
#
#   mpk.sh gzip NAME              compresses and decompresses
#   mpk.sh conform NAME MIN [GROUP...]  the conformance suite, or groups of it: at least MIN checks
#   mpk.sh same NAME...           the same images, by their hashes
#   mpk.sh attacks WHO            what tests/guests/apps/keys can do, from one side
#   mpk.sh jumps WHO HOW          to every WRPKRU of the trampolines; HOW: core or own, whose PKRU is asked for
#   mpk.sh isolation WHO ACTION   tests/guests/apps/isolation between two keys; ACTION: read or write
#   mpk.sh planted NAME PLACE     refused, because of a WRPKRU there
#   mpk.sh count NAME KIND LIMIT  single-steps; instructions of a crossing of that kind, at most

failures=0

run() {
    name=$1
    shift
    build/bulkhead run -v "build/appliances/$name/manifest.dtb" -- "$@"
}

failed() {
    echo "FAIL $*"
    cat /tmp/out /tmp/err
    failures=$((failures + 1))
}

# expect STATUS REGEX ARGUMENT...: exit status, and a line of the output or of the report.
expect() {
    status=$1 text=$2
    shift 2
    run "$appliance" "$@" >/tmp/out 2>/tmp/err </dev/null
    got=$?
    [ $got = "$status" ] || { failed "$*: exit status $got"; return; }
    grep -qE "$text" /tmp/out /tmp/err || failed "$*: no line with: $text"
}

round_trip() {
    head -c 300000 build/bulkhead >/tmp/plain
    run "$1" -c </tmp/plain >/tmp/packed 2>/tmp/err || { cat /tmp/err; return 1; }
    gunzip -c </tmp/packed | cmp - /tmp/plain || return 1
    run "$1" -d </tmp/packed 2>/tmp/err | cmp - /tmp/plain || { cat /tmp/err; return 1; }
    echo "$(wc -c </tmp/plain) bytes, packed $(wc -c </tmp/packed)"
}

conform() {
    name=$1 minimum=$2
    shift 2
    run "$name" "$@" >/tmp/out 2>/tmp/err
    status=$?
    grep FAIL /tmp/out
    tail -n 1 /tmp/out
    [ "$(grep -c '^ok ' /tmp/out)" -ge "$minimum" ] || { cat /tmp/err; return 1; }
    return $status
}

same() {
    for name in "$@"; do
        run "$name" 2>&1 | grep "^image " >"/tmp/hashes-$name"
        [ -s "/tmp/hashes-$name" ] && cmp "/tmp/hashes-$1" "/tmp/hashes-$name" || failures=$((failures + 1))
    done
    cat "/tmp/hashes-$1"
}

attacks() {
    appliance=mpk-keys who=$1 peer=app window=0x110100000000
    [ "$who" = keyring ] || { peer=keyring window=0x111100000000; }
    head="bulkhead: compartment \"$who\" crashed:"
    expect 0 "^survived$" "$who" pointers
    expect 4 "$head a hypercall, which only the core may make" "$who" vmcall
    expect 4 "$head general protection" "$who" port
    expect 4 "$head general protection" "$who" bell
    expect 4 "$head a forged crossing" "$who" thread
    expect 4 "$head page fault reading $window: protection key: memory of compartment \"$peer\"" "$who" read $window
    expect 4 "  key       [0-9]*: \"$peer\"$" "$who" write $window
    expect 4 "  PKRU      0x[0-9a-f]{8}: key 0 \(public, read-only\), key [0-9]+ \(\"$who\"\)" "$who" write $window
    expect 4 "  address   $window: compartment \"$peer\", its heap" "$who" write $window
    [ "$who" = app ] || expect 4 '  called    "keyring" by "app"$' "$who" write $window
    expect 4 "$head page fault reading 0x300000200000: not permitted by the protection key" "$who" read 0x300000200000
    expect 4 "$head page fault reading 0x300000600000: not permitted by the protection key" "$who" read 0x300000600000
    expect 4 "$head page fault writing 0x300000300000: not permitted by the protection key" "$who" write 0x300000300000
    expect 4 "$head page fault writing 0x300000400000: not permitted" "$who" write 0x300000400000
    expect 4 "$head page fault reading 0x30003000fff8: not permitted by the protection key" "$who" read 0x30003000fff8
    expect 0 "^the library saw 0, 0 changed$" registers
    echo "$failures failed"
}

jumps() {
    appliance=mpk-keys tried=0
    for offset in $(cat build/appliances/mpk-keys/crossings); do
        expect 4 "crashed: (a forged crossing between protection keys|page fault)" "$1" "jump-$2" "$offset"
        tried=$((tried + 1))
    done
    echo "$tried jumps, $failures failed"
    [ $tried -ge 8 ] || failures=$((failures + 1))
}

isolation() {
    appliance=mpk-isolation who=$1 action=$2 peer=probe tried=0 verb=reading
    [ "$who" = app ] || peer=app
    head="bulkhead: compartment \"$who\" crashed: page fault"
    [ "$action" = read ] || verb=writing
    for target in text rodata data bss statics heap stack shadow tls; do
        key="protection key: memory of compartment \"$peer\""
        case $action-$target in
        write-text | write-rodata) key="$key|not permitted: read-only" ;;
        esac
        expect 4 "$head $verb 0x[0-9a-f]+: ($key)" "$who" "$action" peer.$target
        tried=$((tried + 1))
    done
    for target in foreign-share foreign-arena core-text core-rodata; do
        expect 4 "$head $verb 0x[0-9a-f]+: not permitted" "$who" "$action" $target
        tried=$((tried + 1))
    done
    for target in peer.gates core-tls boot status; do
        if [ "$action" = read ]; then
            expect 0 "^survived$" "$who" read $target
        else
            expect 4 "$head writing 0x[0-9a-f]+: not permitted" "$who" write $target
        fi
        tried=$((tried + 1))
    done
    [ "$action" = read ] || for target in peer.rodata peer.data peer.heap peer.stack peer.shadow peer.tls share arena; do
        expect 4 "$head executing 0x[0-9a-f]+: not permitted: data is not executable" "$who" exec $target
        tried=$((tried + 1))
    done
    echo "$tried attacks, $failures failed"
}

count() {
    build/tests/count_gates run "build/appliances/$1/manifest.dtb" >/tmp/out 2>/tmp/err || { cat /tmp/err; return 1; }
    grep "^count: " /tmp/err
    got=$(sed -n "s/^count: $2: \([0-9]*\) instructions and 2 WRPKRU$/\1/p" /tmp/err | sort -n | tail -n 1)
    [ "${got:-9999}" -le "$3" ]
}

planted() {
    appliance=$1
    expect 2 "the bytes of a WRPKRU instruction at 0x[0-9a-f]+: compartment \"lib\", section .text, symbol ${2%+*}[+]${2#*+}"
    tail -n 1 /tmp/err
}

case $1 in
gzip) round_trip "$2" ;;
conform) shift; conform "$@" ;;
same) shift; same "$@"; exit $failures ;;
attacks) attacks "$2"; exit $failures ;;
jumps) jumps "$2" "$3"; exit $failures ;;
isolation) isolation "$2" "$3"; exit $failures ;;
planted) planted "$2" "$3"; exit $failures ;;
count) count "$2" "$3" "$4" ;;
*) echo "usage: see the top of this file"; exit 2 ;;
esac
