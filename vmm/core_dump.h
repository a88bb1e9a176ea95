/* A VM's memory and threads as an ELF core, sent to the supervisor's side in pieces.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * The sandboxed process of a VM can open no file, so it sends the core over a socket that it has from the start: when its
 * guest crashed, and at SIGUSR2, when a peer's did; then the guest goes on afterwards. Sends block for DUMP_PATIENCE at
 * most. The receiver checks offsets and sizes: the process may be anybody's. */
#ifndef BH_CORE_DUMP_H
#define BH_CORE_DUMP_H

#include <stdint.h>

#include "vmm/crash.h"

struct vm;

#define DUMP_PATIENCE  20u         /* seconds: another VM's core may be taken first */
#define DUMP_PIECE_MAX 0x100000ull /* bytes */
#define DUMP_LARGE     0x400000ull /* a peer's regions of this size (heaps, shares) are left out */

/* Followed by `size` bytes, that belong at `offset` of the file; what is never sent is zero. size 0: the end; offset: the
 * length of the file. */
struct dump_piece {
    uint64_t offset, size;
};

/* From now on SIGUSR2 makes a core. */
void core_dump_open(struct vm *vm);

/* Sends a core. `c`: what ended the guest, with its registers; NULL: it goes on, large regions are left out. */
void core_dump(struct vm *vm, const struct crash *c);

#endif
