/* Addresses to attack.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "where.h"

#include <stdlib.h>
#include <string.h>

#include <bh/bulkhead.h>
#include <bh/core.h>

/* What vmm/kvm/descriptor_tables.h decides. */
#define KERNEL_TABLES (BH_KERNEL_BASE + BH_PAGE_SIZE)
#define KERNEL_STACK  (BH_KERNEL_BASE + 4 * BH_PAGE_SIZE - 8)

static const char read_only[64] = "rodata";
static char initialised[64] = "data";
static char zeroed[64];
static __thread char thread_local_bytes[64] = "tls";
static bh_shared char shared_static[64];

static uint64_t own_shadow(void)
{
    bh_shared_stack(int, local);
    return (uint64_t)local;
}

static uint64_t edge_between(uint32_t from, uint32_t to)
{
    return BH_EDGE_BASE(from == 0 ? to - 1 : 2);
}

uint64_t where(const char *name)
{
    uint32_t self = bh_gates.compartment, peer = self ? 0 : 1; /* compartments: 0 app, 1 probe, 2 third */
    uint64_t window = BH_COMPARTMENT_BASE(self), foreign_edge = edge_between(peer, 2), own_edge = BH_EDGE_BASE(0);
    static char *block;
    if (!block)
        block = malloc(100000); /* the first small blocks lie in .bss (guest/kernel/rt/heap/few.c) */
    const struct {
        const char *name;
        uint64_t address;
    } places[] = {
        {"text", (uint64_t)&where},
        {"rodata", (uint64_t)read_only},
        {"data", (uint64_t)initialised},
        {"bss", (uint64_t)zeroed},
        {"heap", (uint64_t)block},
        {"stack", (uint64_t)__builtin_frame_address(0)},
        {"tls", (uint64_t)thread_local_bytes},
        {"statics", (uint64_t)shared_static},
        {"shadow", own_shadow()},
        {"gates", window},
        {"hole", window + BH_HEAP_OFF - BH_PAGE_SIZE},
        {"guard", BH_STACK(self, 0, 0x10000) - 8},
        {"share", BH_SHARE_BASE(peer == 0)},
        {"ring", own_edge},
        {"arena", own_edge + BH_EDGE_ARENA_OFF},
        {"foreign-share", BH_SHARE_BASE(peer != 0)},
        {"foreign-ring", foreign_edge},
        {"foreign-arena", foreign_edge + BH_EDGE_ARENA_OFF},
        {"boot", BH_BOOTINFO_VA},
        {"status", BH_STATUS_VA},
        {"core-text", bh_gates.core[0]},
        {"core-rodata", BH_CORE_IMAGE_VA},
        {"core-tls", BH_TLS_TP(0) + 64},
        {"kernel-stub", BH_KERNEL_BASE},
        {"kernel-tables", KERNEL_TABLES},
        {"kernel-stack", KERNEL_STACK},
        {"kernel-hole", BH_KERNEL_BASE + 0x40000000},
        {"null", 0},
        {"null-end", 0xff8},
        {"low", 0x1000},
        {"two-mib", 0x200000},
        {"lower-end", 0x7ffffffffff8},
        {"not-canonical", 0x8000000000000000},
        {"upper-start", 0xffff800000000000},
        {"host-direct-map", 0xffff888000000000},
        {"host-text", 0xffffffff81000000},
        {"host-vsyscall", 0xffffffffff600000},
        {"upper-end", 0xfffffffffffffff0},
    };
    for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++)
        if (!strcmp(places[i].name, name))
            return places[i].address;
    return UINT64_MAX;
}
