/* A VM's memory and threads as an ELF core, sent to the supervisor's side in pieces.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * The sandboxed process of a VM can open no file, so it sends the core over a socket that it has from the start. It
 * does so when its guest crashed, and at SIGUSR2, when a peer's did; in that case the guest goes on afterwards. Sends
 * block for COREDUMP_PATIENCE_S (vmm/resources/) at most. The receiver checks offsets and sizes, because the process
 * may have been taken over. */
#ifndef BH_VMM_VM_COREDUMP_H
#define BH_VMM_VM_COREDUMP_H

#include <stdint.h>

#include "vmm/vm/crash.h"

struct vm;

#define DUMP_PIECE_MAX 0x100000ull /* bytes */
#define DUMP_LARGE     0x400000ull /* a peer's regions of this size (heaps, shares) are left out */

/* The head of a piece: `size` bytes follow, which belong at `offset` of the file. What is never sent is zero. The last
 * one has size 0, and its offset is the length of the file. */
struct dump_piece {
    uint64_t offset, size;
};

/* Makes SIGUSR2 send a core from now on. */
void coredump_prepare(struct vm *vm);

/* Sends a core. `c` is what ended the guest, with its registers. NULL: the guest goes on, and large regions are left
 * out. */
void coredump(struct vm *vm, const struct crash *c);

#endif
