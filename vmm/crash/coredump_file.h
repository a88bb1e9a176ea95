/* An ELF core that vmm/vm/coredump.c sent: receiving it into a file, and reading it again.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * The sender is a VM's process, which may be anybody's: every offset and size is checked. */
#ifndef BH_VMM_CRASH_COREDUMP_FILE_H
#define BH_VMM_CRASH_COREDUMP_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/procfs.h>

#define CORE_DATA_MAX (1ull << 30) /* bytes of a core that are not zero */
#define CORE_SIZE_MAX (1ull << 40) /* its length, holes included */

/* Takes a core from `socket` until its end into `file` (empty). False: nothing useful came. Blocks as long as the
 * socket's own time-out allows for each piece, and no longer than `patience_ns` in all: a sender may have no end. */
bool coredump_receive(int socket, int file, uint64_t patience_ns);

/* A mapped core. */
struct coredump_file {
    const uint8_t *bytes;
    size_t size;
    uint32_t n_loads, n_threads;
};

/* A thread and its registers. Its number is the sender's word. */
struct core_thread {
    uint32_t id;
    unsigned long long registers[ELF_NGREG];
};

/* False: no core of ours. Reading one that became shorter meanwhile would end in SIGBUS. */
bool coredump_open(struct coredump_file *c, int file);
void coredump_close(struct coredump_file *c);
/* Guest memory. False: not all of it is in the core. */
bool coredump_read(const struct coredump_file *c, uint64_t va, void *to, size_t size);
/* Thread n in the core's order, the one that ran first. False: there are not so many. */
bool coredump_nth(const struct coredump_file *c, uint32_t n, struct core_thread *t);

#endif
