#!/bin/sh
# What tests/rig/guests.toml runs in the rig (busybox), from the top folder. Exit status: 0, or a number of failures.
# Nothing here depends on time: that of the rig is slow and uneven.
# SPDX-License-Identifier: BSD-3-Clause
#
#   guests.sh vmcall APPLIANCE ARG...   runs it: exit status 0, and the doorbell is VMCALL
#   guests.sh gzip                      compresses and decompresses
#   guests.sh isolation WHO HALF        every attack of one half of tests/guests/apps/isolation/matrix.txt

run() {
    name=$1
    shift
    build/bulkhead run -v "build/appliances/$name/manifest.dtb" -- "$@"
}

vmcall() {
    run "$@" >/tmp/out 2>/tmp/err
    status=$?
    grep -E "^(FAIL|wrong)" /tmp/out
    tail -n 3 /tmp/out
    grep -q "^doorbell vmcall$" /tmp/err || { cat /tmp/err; echo "VMCALL is not the doorbell"; return 1; }
    [ $status = 0 ] || grep -v "^image" /tmp/err
    return $status
}

round_trip() {
    head -c 300000 build/bulkhead >/tmp/plain
    run rig-gzip -c </tmp/plain >/tmp/packed 2>/tmp/err || { cat /tmp/err; return 1; }
    gunzip -c </tmp/packed | cmp - /tmp/plain || return 1
    run rig-gzip -d </tmp/packed 2>/tmp/err | cmp - /tmp/plain || { cat /tmp/err; return 1; }
    echo "$(wc -c </tmp/plain) bytes, packed $(wc -c </tmp/packed)"
}

failed() {
    echo "FAIL $who $action $target: $1"
    cat /tmp/out /tmp/err
    failures=$((failures + 1))
}

# One attack; $reason and $owner as in the matrix.
attack() {
    run rig-isolation "$who" "$action" "$target" >/tmp/out 2>/tmp/all </dev/null
    status=$?
    grep -vE "^(compartment|image|doorbell) " /tmp/all >/tmp/err
    address=$(sed -n 's/^at 0x//p' /tmp/out)
    [ "$address" = 0 ] || address=0x$address
    if [ $status = 0 ]; then
        grep -q "^survived$" /tmp/out && echo survives | grep -qE "^($reason)$" || failed "survived"
    elif [ $status != 4 ]; then
        failed "exit status $status"
    elif [ "$(grep -c "^bulkhead:" /tmp/err)" != 1 ]; then
        failed "not one report"
    elif ! head -n 1 /tmp/err |
        grep -qE "^bulkhead: compartment \"$who\" crashed: .*(${owner:+page fault $verb $address: }$reason)"; then
        failed "report is not: $reason"
    elif [ "$owner" ] && ! sed -n 2p /tmp/err | grep -qF "  address   $address: " ||
        ! sed -n 2p /tmp/err | grep -qF "$owner"; then
        failed "owner is not: $owner"
    fi
    if [ "$who" = probe ] || [ $status = 0 ]; then
        grep -q "^the bystander is undisturbed$" /tmp/out || failed "bystander"
        [ $status = 0 ] || grep -q "^the peer died" /tmp/out || failed "peer"
    fi
    attacks=$((attacks + 1))
}

isolation() {
    who=$1 half=$2 failures=0 attacks=0 row=0
    peer=probe
    [ "$who" = app ] || peer=app
    while IFS=';' read -r head reason owner; do
        case $head in '' | '#'*) continue ;; esac
        row=$((row + 1))
        [ $((row % 2 + 1)) = "$half" ] || continue
        set -- $head
        reason=$(echo "${reason# }" | sed "s/SELF/$who/; s/PEER/$peer/")
        owner=$(echo "${owner# }" | sed "s/SELF/$who/; s/PEER/$peer/")
        for action in $(echo "$2" | tr , ' '); do
            case $action in read) verb=reading ;; write) verb=writing ;; *) verb=executing ;; esac
            for target in $(echo "$3" | tr , ' '); do
                attack
            done
        done
    done <tests/guests/apps/isolation/matrix.txt
    echo "$attacks attacks, $failures failures"
    [ $attacks -gt 50 ] && return $failures
}

what=$1
shift
case $what in
vmcall) vmcall "$@" ;;
gzip) round_trip ;;
isolation) isolation "$@" ;;
*) exit 2 ;;
esac
