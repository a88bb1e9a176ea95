/* A VM's memory: what is mapped at which guest addresses, and the checked way from there to host
 * pointers.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * One contiguous reservation of host addresses backs a whole VM: guest-physical address g lies at
 * host + g, so that one KVM memory slot is enough. Filled by memory_add(), laid out by
 * memory_map(), constant afterwards. A VM's process maps nothing else of any guest. Nothing here
 * blocks. */
#ifndef BH_VMM_KVM_REGIONS_H
#define BH_VMM_KVM_REGIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vmm/base/problem.h"

#define PAGE      4096ull
#define HUGE_PAGE 0x200000ull
#define GPA_LIMIT 0x8000000000ull /* 512 GiB: what any x86-64 CPU can address physically */

/* A guest virtual address: a type the host cannot dereference by mistake. */
struct guest_va {
    uint64_t va;
};

enum region_perms {
    PERM_R = 1,
    PERM_W = 2,
    PERM_X = 4,
    PERM_U = 8, /* ring 3 may use it */
};

enum region_backing {
    BACK_ZERO, /* private zeroed memory, 4 KiB pages, present when touched */
    BACK_HUGE, /* private zeroed memory in huge pages */
    BACK_FILE, /* private, read-only view of `fd` at `offset` */
    BACK_FD,   /* shared: the memfd `fd` at `offset` */
};

/* `count` blocks of `size` bytes, `stride` bytes apart; what lies between the blocks is not mapped. */
struct region {
    uint64_t va, size, stride; /* multiples of PAGE; stride >= size */
    uint32_t count;
    uint32_t perms; /* enum region_perms; never W and X */
    uint8_t key;    /* protection key; 0 in VMs without (vmm/mpk/keys.h) */
    enum region_backing backing;
    int fd;          /* not owned */
    uint64_t offset; /* multiple of PAGE */
    bool populate;   /* make present at once */
    uint64_t gpa;    /* set by memory_map(): block b lies at gpa + b * size */
};

struct guest_memory {
    struct region *list;
    uint32_t n, capacity;
    bool keyed;           /* protection keys are in use */
    uint8_t *host;        /* guest-physical 0 */
    uint64_t size;        /* bytes of guest-physical space */
    uint64_t read_only;   /* [tables_size, read_only): what the guest may only read */
    uint64_t tables_size; /* page tables: guest-physical [0, tables_size), at no guest virtual address */
};

/* Plans one region. False and `p` when it is malformed, overlaps another, or is both W and X. */
bool memory_add(struct guest_memory *m, const struct region *r, struct problem *p);

/* Gives every region its guest-physical place and maps all of it, writable where the host still has
 * to fill it. False: no memory, or a file cannot be mapped. */
bool memory_map(struct guest_memory *m, struct problem *p);

/* Takes the host's own write permission off everything the guest may only read. Call once it is
 * filled. */
bool memory_protect(struct guest_memory *m, struct problem *p);

/* Releases everything; for tests. */
void memory_release(struct guest_memory *m);

/* Host pointer for guest address `at` if the page there has all of `perms`, else NULL. *avail: how
 * many of the `len` bytes asked for are contiguous from there (never past the block's end). */
void *memory_at(const struct guest_memory *m, struct guest_va at, uint64_t len, uint32_t perms, uint64_t *avail);

/* Copies guest memory that has all of `perms` to private memory / the other way round (set-up only:
 * the write does not look at W). False: part of the range is not mapped so; then nothing useful was
 * copied. */
bool memory_read(const struct guest_memory *m, void *to, struct guest_va from, uint64_t len, uint32_t perms);
bool memory_fill(const struct guest_memory *m, struct guest_va to, const void *from, uint64_t len);

static inline uint64_t page_up(uint64_t bytes)
{
    return (bytes + PAGE - 1) & ~(PAGE - 1);
}

#endif
