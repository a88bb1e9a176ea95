/* An ELF core that vmm/core_dump.c sent: receiving it into a file, and reading it again.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * The sender is a VM's process, which may be anybody's: every offset and size is checked. */
#ifndef BH_CORE_FILE_H
#define BH_CORE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/procfs.h>

#define CORE_DATA_MAX (1ull << 30) /* bytes of a core that are not zero */
#define CORE_SIZE_MAX (1ull << 40) /* its length, holes included */

/* Takes a core from `socket` until its end into `file` (empty). False: nothing useful came. Blocks as long as the socket's
 * own time-out allows for each piece. */
bool core_receive(int socket, int file);

/* A mapped core. */
struct core_file {
    const uint8_t *bytes;
    size_t size;
    uint32_t n_loads, n_threads;
};

bool core_open(struct core_file *c, int file);
void core_close(struct core_file *c);
/* Guest memory. False: not all of it is in the core. */
bool core_read(const struct core_file *c, uint64_t va, void *to, size_t size);
/* Registers of thread `id`; NULL: it did not exist. Thread n in the core's order, the one that ran first: */
const struct elf_prstatus *core_thread(const struct core_file *c, uint32_t id);
const struct elf_prstatus *core_nth(const struct core_file *c, uint32_t n);
#define core_thread_id(status) ((uint32_t)(status)->pr_pid - 1)

#endif
