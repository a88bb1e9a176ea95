#!/bin/sh
# What tests/rig/mpk.toml runs in the rig (busybox), from the top folder. Exit status: 0, or a number of failures.
# SPDX-License-Identifier: BSD-3-Clause
#
#   mpk.sh gzip NAME              compresses and decompresses
#   mpk.sh conform NAME MIN [GROUP...]  the conformance suite, or groups of it: at least MIN checks
#   mpk.sh mixture MECHANISMS...  tests/guests/apps/mixture: those of its two libraries, LIB,ZLIB
#   mpk.sh redis NAME             a client talks to it through the forwarded port
#   mpk.sh same NAME...           the same images, by their hashes
#   mpk.sh attacks WHO            what tests/guests/apps/keys can do, from one side
#   mpk.sh jumps WHO HOW [NAME]   to every WRPKRU of the trampolines; HOW: core or own, whose PKRU is asked for
#   mpk.sh light                  attacks on a light gate; its report
#   mpk.sh isolation WHO ACTION   tests/guests/apps/isolation between two keys; ACTION: read or write
#   mpk.sh planted NAME PLACE     refused, because of a WRPKRU there
#   mpk.sh count NAME KIND NUMBER...  single-steps: how many instructions a crossing of that kind has
#   mpk.sh counting ...           the same, with gates that count calls

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

mixture() {
    for mechanisms in "$@"; do
        lib=${mechanisms%,*} zlib=${mechanisms#*,}
        run "mpk-mixture-$mechanisms" >/tmp/out 2>/tmp/err || failed "$mechanisms: exit status $?"
        grep -q "^done$" /tmp/out || failed "$mechanisms: not done"
        grep -q "^compartment lib: VM [0-9]*, mechanism $lib$" /tmp/err || failed "$mechanisms: not $lib"
        grep -q "^compartment zlib: VM [0-9]*, mechanism $zlib$" /tmp/err || failed "$mechanisms: not $zlib"
        echo "$mechanisms: $(grep -o ": VM [0-9]*" /tmp/err | sort -u | wc -l) VMs"
    done
}

# ask REPLY WORD...: one command, in Redis's inline form, over a connection of its own; REPLY: its last line.
ask() {
    reply=$1
    shift
    got=$(printf '%s\r\nQUIT\r\n' "$*" | nc -w 60 127.0.0.1 6379 | tr -d '\r' | sed '$d' | tail -n 1)
    [ "$got" = "$reply" ] || failed "$*: \"$got\", not \"$reply\""
}

redis() {
    timeout 120 build/bulkhead run -v "build/appliances/$1/manifest.dtb" >/tmp/out 2>/tmp/err </dev/null &
    server=$!
    for _ in $(seq 60); do
        answer=$(printf 'PING\r\nQUIT\r\n' | nc -w 10 127.0.0.1 6379 2>/dev/null | head -n 1 | tr -d '\r')
        [ "$answer" = +PONG ] && break
        sleep 0.5
    done
    grep -q "^compartment net: VM 0, mechanism mpk$" /tmp/err || failed "not mpk"
    ask +PONG PING
    ask +OK SET key value
    ask value GET key
    ask :1 INCR number
    ask :2 INCR number
    ask :10 APPEND text 0123456789
    ask '$-1' GET nothing
    # 200 commands in one go, and a value of 100,000 bytes that comes back.
    seq 200 | sed 's/.*/INCR many\r/' | { cat; printf 'QUIT\r\n'; } | nc -w 60 127.0.0.1 6379 | tr -d '\r' >/tmp/many
    seq 200 | sed 's/^/:/' | { cat; echo +OK; } | cmp - /tmp/many || failed "200 commands in one go"
    ask :100000 SETRANGE large 99999 x
    printf 'GET large\r\nQUIT\r\n' | nc -w 60 127.0.0.1 6379 >/tmp/large
    [ "$(wc -c </tmp/large)" = $((9 + 100000 + 2 + 5)) ] || failed "GET large: $(wc -c </tmp/large) bytes"
    printf 'SHUTDOWN NOSAVE\r\n' | nc -w 60 127.0.0.1 6379
    wait $server || failed "exit status $?"
    echo "$failures failed"
}

same() {
    for name in "$@"; do
        run "$name" 2>&1 | grep "^image " >"/tmp/hashes-$name"
        [ -s "/tmp/hashes-$name" ] && cmp "/tmp/hashes-$1" "/tmp/hashes-$name" || failures=$((failures + 1))
    done
    cat "/tmp/hashes-$1"
}

attacks() {
    appliance=mpk-keys who=$1 peer=app window=0x1100c0000000
    [ "$who" = keyring ] || { peer=keyring window=0x1110c0000000; }
    head="bulkhead: compartment \"$who\" crashed:"
    expect 0 "^survived$" "$who" pointers
    expect 4 "$head a hypercall, which only the core may make" "$who" vmcall
    expect 4 "$head general protection" "$who" port
    expect 4 "$head general protection" "$who" bell
    expect 4 "$head undefined instruction" "$who" thread
    # A null selector: base 0 on Intel and in QEMU; nothing is mapped there.
    expect 4 "$head (page fault (reading|writing) 0xf|general protection)" "$who" no-thread
    expect 4 "$head general protection" "$who" ask-thread
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
    expect 0 "^x87: the library saw 0, the application 0$" registers
    echo "$failures failed"
}

jumps() {
    appliance=${3:-mpk-keys} tried=0
    CROSSINGS=1 build/tests/count_gates run "build/appliances/$appliance/manifest.dtb" -- app pointers >/tmp/out 2>&1
    for offset in $(sed -n 's/^crossing //p' /tmp/out); do
        expect 4 "crashed: (a forged crossing between protection keys|page fault)" "$1" "jump-$2" "$offset"
        tried=$((tried + 1))
    done
    echo "$tried jumps, $failures failed"
    [ $tried -ge 8 ] || failures=$((failures + 1))
}

light() {
    appliance=mpk-keys-light
    # Addresses of the library become addresses of the application's window.
    expect 4 "crashed: page fault writing 0x110000000068: not permitted" app light-call 0x111100000000
    expect 4 "crashed: page fault writing 0x1100fffffff0: " app light-stack 0x111100000000
    expect 4 '  called    "keyring" by "app"$' keyring write 0x1100c0000000
    expect 4 'bulkhead: compartment "keyring" crashed: page fault writing 0x1100c0000000: protection key' \
        keyring write 0x1100c0000000
    expect 0 "^survived$" keyring pointers
    echo "$failures failed"
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
    if [ "$action" != read ]; then
        for target in peer.rodata peer.data peer.heap peer.stack peer.shadow peer.tls share arena; do
            expect 4 "$head executing 0x[0-9a-f]+: not permitted: data is not executable" "$who" exec $target
            tried=$((tried + 1))
        done
    fi
    echo "$tried attacks, $failures failed"
}

count() {
    name=$1
    shift
    build/tests/count_gates run $options "build/appliances/$name/manifest.dtb" >/tmp/out 2>/tmp/err || {
        cat /tmp/err
        return 1
    }
    grep "^count: " /tmp/err
    while [ $# -gt 0 ]; do
        got=$(sed -n "s/^count: $1: \([0-9]*\) instructions and 2 WRPKRU$/\1/p" /tmp/err)
        [ "$got" = "$2" ] || failed "$1: \"$got\", not $2"
        shift 2
    done
}

planted() {
    appliance=$1
    place="compartment \"lib\", section .text, symbol ${2%+*}[+]${2#*+}"
    expect 2 "the bytes of a WRPKRU instruction at 0x[0-9a-f]+: $place"
    tail -n 1 /tmp/err
}

case $1 in
gzip) round_trip "$2" ;;
conform) shift; conform "$@" ;;
mixture) shift; mixture "$@"; exit $failures ;;
redis) redis "$2"; exit $failures ;;
same) shift; same "$@"; exit $failures ;;
attacks) attacks "$2"; exit $failures ;;
jumps) jumps "$2" "$3" "$4"; exit $failures ;;
light) light; exit $failures ;;
isolation) isolation "$2" "$3"; exit $failures ;;
planted) planted "$2" "$3"; exit $failures ;;
count) shift; options=; count "$@" || exit; exit $failures ;;
counting) shift; options=--count-mpk; count "$@" || exit; exit $failures ;;
*) echo "usage: see the top of this file"; exit 2 ;;
esac
