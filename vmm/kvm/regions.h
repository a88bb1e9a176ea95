/* A VM's memory: which regions are mapped at which guest addresses, and the checked way from a guest address to bytes.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * A VM's process reserves one contiguous range of its own addresses for the whole VM. The byte at guest-physical
 * address g lies at host + g, so one KVM memory slot is enough. Regions are planned with memory_add() and laid out by
 * memory_map() (vmm/kvm/memory.h); after that they are constant. A VM's process maps no other memory of any guest.
 * Nothing here blocks. */
#ifndef BH_VMM_KVM_REGIONS_H
#define BH_VMM_KVM_REGIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vmm/base/problem.h"
#include "vmm/kvm/guest_va.h"

#define PAGE      4096ull
#define HUGE_PAGE 0x200000ull
#define GPA_LIMIT 0x8000000000ull /* 512 GiB: what any x86-64 CPU can address physically */

enum region_perms {
    PERM_R = 1,
    PERM_W = 2,
    PERM_X = 4,
    PERM_U = 8, /* ring 3 may use it */
};

enum region_backing {
    BACK_ZERO, /* private zeroed memory in 4 KiB pages, each present after its first use */
    BACK_HUGE, /* private zeroed memory in huge pages */
    BACK_FILE, /* private, read-only view of `fd` at `offset` */
    BACK_FD,   /* shared: the memfd `fd` at `offset` */
};

/* `count` blocks of `size` bytes, `stride` bytes apart. What lies between the blocks is not mapped. */
struct region {
    uint64_t va, size, stride; /* multiples of PAGE; stride >= size */
    uint32_t count;
    uint32_t perms; /* enum region_perms; never both W and X */
    uint8_t key;    /* protection key (vmm/mpk/keys.h); 0 in VMs that use none */
    enum region_backing backing;
    int fd;          /* not owned */
    uint64_t offset; /* multiple of PAGE */
    bool populate;   /* make all pages present when they are mapped */
    uint64_t gpa;    /* set by memory_map(): block b lies at gpa + b * size */
};

struct guest_memory {
    struct region *list;
    uint32_t n, capacity;
    bool keyed;           /* protection keys are in use */
    uint8_t *host;        /* guest-physical 0 */
    uint64_t size;        /* bytes of guest-physical space */
    uint64_t read_only;   /* the guest may only read [tables_size, read_only) */
    uint64_t tables_size; /* page tables: guest-physical [0, tables_size), at no guest virtual address */
};

/* Plans one region. False and `p` when it is malformed, overlaps another, or is both writable and executable. */
bool memory_add(struct guest_memory *m, const struct region *r, struct problem *p);

/* Host pointer for guest address `at` if the page there has all of `perms`, else NULL. *avail says how many of the
 * `len` bytes asked for are contiguous from there; that never reaches past the end of a region's block. */
void *memory_at(const struct guest_memory *m, struct guest_va at, uint64_t len, uint32_t perms, uint64_t *avail);

/* Copies guest memory that has all of `perms` to private memory. False: a part of the range is not mapped, or without
 * these permissions; the contents of `to` are then undefined. */
bool memory_read(const struct guest_memory *m, void *to, struct guest_va from, uint64_t len, uint32_t perms);

/* Copies private memory into the guest, also to where the guest itself may only read: for the VM's start and for the
 * debugger. False: a part of the range is not mapped. */
bool memory_fill(const struct guest_memory *m, struct guest_va to, const void *from, uint64_t len);

static inline uint64_t page_up(uint64_t bytes)
{
    return (bytes + PAGE - 1) & ~(PAGE - 1);
}

#endif
