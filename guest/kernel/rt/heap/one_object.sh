#!/bin/sh
# Links an archive to one object in which only the heap's functions are global: one_object.sh ARCHIVE OBJECT CC...
# SPDX-License-Identifier: BSD-3-Clause
#
# jemalloc's constructor, which would start it in every compartment, is left out.
set -e
archive=$1 object=$2
shift 2
"$@" -nostdlib -no-pie -r -Wl,--whole-archive "$archive" -Wl,--no-whole-archive -o "$object"
objcopy --remove-section='.init_array*' --remove-section='.rela.init_array*' --wildcard \
    --keep-global-symbol='heap_*' --keep-global-symbol=bh_heap_rest "$object"
