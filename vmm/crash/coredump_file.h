/* An ELF core dump that vmm/vm/coredump.c sent: receiving it into a file, and reading it again.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * The sender is a VM's process, which may have been taken over, so every offset and size is checked. */
#ifndef BH_VMM_CRASH_COREDUMP_FILE_H
#define BH_VMM_CRASH_COREDUMP_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/procfs.h>

#define COREDUMP_DATA_MAX (1ull << 30) /* bytes of a core dump that are not zero */
#define COREDUMP_SIZE_MAX (1ull << 40) /* its length, holes included */

/* Writes the core dump that comes from `socket` into `file`, which is empty. Blocks as long as the socket's own
 * time-out allows for each piece, and no longer than `patience_ns` in all, because a sender may never end. False:
 * nothing useful came. */
bool coredump_receive(int socket, int file, uint64_t patience_ns);

/* A mapped core dump. */
struct coredump_file {
    const uint8_t *bytes;
    size_t size;
    uint32_t n_loads, n_threads;
};

/* A thread and its registers. Its number comes from the sender and is not checked. */
struct coredump_thread {
    uint32_t id;
    unsigned long long registers[ELF_NGREG];
};

/* Maps `file`, which must not become shorter afterwards (reading it would end in SIGBUS). False: it is no core dump of
 * ours. */
bool coredump_open(struct coredump_file *c, int file);
void coredump_close(struct coredump_file *c);
/* Reads guest memory. False: not all of it is in the core dump. */
bool coredump_read(const struct coredump_file *c, uint64_t va, void *to, size_t size);
/* Thread n in the order of the core dump, which begins with the one that ran. False: there are not so many. */
bool coredump_nth(const struct coredump_file *c, uint32_t n, struct coredump_thread *t);

#endif
