/* Tells what lies at a guest address, from the address map and from the images' symbols.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_VMM_APPLIANCE_ADDRESS_OWNER_H
#define BH_VMM_APPLIANCE_ADDRESS_OWNER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vmm/appliance/appliance.h"

enum owner_kind {
    OWN_NOTHING = 0, /* no part of the address map */
    OWN_NULL,        /* the unmapped first page */
    OWN_GATES,       /* gate table of `compartment` */
    OWN_IMAGE,       /* its text, read-only data, data, bss */
    OWN_STATICS,     /* its bh_shared statics */
    OWN_STACK,       /* its stack of `thread` */
    OWN_GUARD,       /* page below that stack */
    OWN_SHADOW,      /* its data shadow stack of `thread` */
    OWN_HEAP,        /* its heap */
    OWN_WINDOW,      /* its window, but no part of it */
    OWN_SHARE,       /* share number `index` */
    OWN_RING,        /* ring and replies of edge number `index` */
    OWN_ARENA,       /* argument memory of that edge */
    OWN_BOOT,        /* boot information */
    OWN_STATUS,      /* status page */
    OWN_CROWD,       /* how many want a processor */
    OWN_STATS,       /* statistics */
    OWN_CORE,        /* the core's image */
    OWN_GATEWAYS,    /* trampolines between protection keys, and their tables */
    OWN_CORE_STACK,  /* the core's stack of `thread`, in a VM with protection keys */
    OWN_TLS,         /* thread-local storage of `thread`, of `compartment` or (BH_NO_PEER) of the core */
    OWN_KERNEL,      /* supervisor-only pages */
};

struct address_owner {
    enum owner_kind kind;
    uint32_t compartment; /* BH_NO_PEER: none */
    uint32_t thread;
    uint32_t index;
};

/* `a` after placement. */
struct address_owner address_owner_find(const struct appliance *a, uint64_t va);

/* Writes one line without the address itself, such as
 *   compartment "app", section .data, symbol secret+0x10 (guest/apps/hello/main.c:12)
 * `core` is the path of the core's image, for its symbols, or NULL. Returns what address_owner_find() does. */
struct address_owner address_owner_describe(const struct appliance *a, const char *core, uint64_t va, char *text,
                                            size_t size);

#endif
