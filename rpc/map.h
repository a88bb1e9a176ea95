/* The address map of a guest and the limits of an appliance: every address and every limit, once.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * Plain macros, so that C, assembly and linker scripts (by the preprocessor) include the same numbers. All addresses
 * are guest virtual. One map serves the whole appliance: a VM maps the parts of it that its compartments were granted.
 * At the end of this file the compiler checks that no two windows overlap. */
#ifndef BH_MAP_H
#define BH_MAP_H

#ifdef __ASSEMBLER__ /* and linker scripts, guest/kernel/meson.build */
#define BH_NUMBER(n) n
#else
#define BH_NUMBER(n) n##ull
#endif

#define BH_PAGE_SIZE BH_NUMBER(4096)

/* ---- Limits ------------------------------------------------------------------------------------------- */
#define BH_COMPARTMENTS_MAX 64 /* of an appliance, as the next four */
#define BH_SHARES_MAX       64
#define BH_EDGES_MAX        256
#define BH_VMS_MAX          BH_COMPARTMENTS_MAX
#define BH_MOUNTS_MAX       8
#define BH_PORTS_MAX        32   /* ranges of ports of one edge to the network */
#define BH_THREADS_MAX      256  /* of a VM */
#define BH_FUNCTIONS_MAX    1024 /* exported by one compartment */
#define BH_RANGES_MAX       24   /* shared ranges of one edge */
#define BH_CORE_CALLS_MAX   64   /* entries of a gate table */
#define BH_DOMAINS_MAX      14   /* protection domains of a VM: the processor's 16 keys but for two, rpc/mpk.h */
#define BH_NAME_MAX         32   /* bytes of a name, with the final NUL */

/* ---- The address space, from below ----------------------------------------------------------------------
 * The origin leaves AddressSanitizer's shadow alone, so that hosted tests use the real addresses. */

/* Compartments: a window of 64 GiB each, described below. */
#define BH_COMPARTMENT_BASE(i) (BH_NUMBER(0x110000000000) + BH_WINDOW_SIZE * (i))
#define BH_WINDOW_SIZE         BH_NUMBER(0x1000000000)

/* Shares: up to 64 GiB each. The odd part of the distance gives each of them low addresses of its own, see below. */
#define BH_SHARE_BASE(i) (BH_NUMBER(0x180090000000) + BH_SHARE_STRIDE * (i))
#define BH_SHARE_STRIDE  (BH_WINDOW_SIZE + BH_SHARE_USUAL)

/* Edges: two channels, and a copy arena for each direction; up to 256 MiB each. */
#define BH_EDGE_BASE(i)       (BH_NUMBER(0x200050000000) + BH_EDGE_STRIDE * (i))
#define BH_EDGE_STRIDE        (BH_LOW_SIZE + BH_EDGE_USUAL)
#define BH_EDGE_SIZE_MAX      BH_NUMBER(0x10000000)
#define BH_EDGE_CB_ARENA_OFF  BH_NUMBER(0x10000)  /* arena of callbacks */
#define BH_EDGE_CB_ARENA_SIZE BH_NUMBER(0xf0000)  /* up to the arena of calls; pages cost memory once they are used */
#define BH_EDGE_ARENA_OFF     BH_NUMBER(0x100000) /* arena of calls; its size: bh_boot_edge.arena_size */

/* The core and what it keeps for a VM, described below. */
#define BH_CORE_BASE BH_NUMBER(0x300000000000)
#define BH_CORE_SIZE BH_NUMBER(0x100000000000)

/* Ring 0 only: trap shim, GDT, IDT, TSS, stacks, page tables (vmm/kvm/descriptor_tables.h). Up to the end of the lower
 * half of the address space. */
#define BH_KERNEL_BASE BH_NUMBER(0x400000000000)
#define BH_KERNEL_SIZE BH_NUMBER(0x400000000000)

/* ---- In a compartment's window ---------------------------------------------------------------------------- */
#define BH_GATES_OFF    BH_NUMBER(0x0) /* struct bh_gate_table: read-only, filled by the VMM */
#define BH_GATES_MAX    BH_NUMBER(0x100000)
#define BH_IMAGE_OFF    BH_NUMBER(0x100000) /* text, rodata, data, bss; begins with struct bh_image */
#define BH_IMAGE_MAX    (BH_SHARED_OFF - BH_IMAGE_OFF)
#define BH_SHARED_OFF   BH_NUMBER(0x20000000) /* bh_shared statics */
#define BH_SHARED_MAX   BH_NUMBER(0x20000000)
#define BH_STACKS_OFF   BH_NUMBER(0x40000000) /* one guard page and one stack for each thread of the VM */
#define BH_STACKS_MAX   BH_NUMBER(0x40000000)
#define BH_SHADOW_DELTA BH_NUMBER(0x40000000) /* data shadow stack = stack + this; fits a 32-bit displacement */
#define BH_HEAP_OFF     BH_NUMBER(0xc0000000)
#define BH_HEAP_MAX     BH_NUMBER(0xe00000000)
#define BH_MOUNTS_OFF   BH_NUMBER(0xf70000000) /* directories of the host, rpc/mount.h */
#define BH_MOUNT_STRIDE BH_NUMBER(0x200000)

/* Stack of thread t in compartment i: bytes [BH_STACK(i, t, size), + size); the page below is unmapped. */
#define BH_STACK(i, t, size) (BH_COMPARTMENT_BASE(i) + BH_STACKS_OFF + (t) * ((size) + BH_PAGE_SIZE) + BH_PAGE_SIZE)
/* Window that compartment c shares with the server of mount i. */
#define BH_MOUNT_VA(c, i) (BH_COMPARTMENT_BASE(c) + BH_MOUNTS_OFF + BH_MOUNT_STRIDE * (i))

/* ---- In the core's window ------------------------------------------------------------------------------ */
#define BH_BOOTINFO_VA    (BH_CORE_BASE + 0x0) /* struct bh_bootinfo: read-only */
#define BH_BOOTINFO_MAX   BH_NUMBER(0x100000)
#define BH_STATUS_VA      (BH_CORE_BASE + 0x100000) /* struct bh_status_page: read-only, the supervisor writes */
#define BH_CROWD_VA       (BH_CORE_BASE + 0x101000) /* struct bh_crowd: read-only, the VMs' processes write */
#define BH_STATS_VA       (BH_CORE_BASE + 0x800000) /* struct bh_stats */
#define BH_STATS_MAX      BH_NUMBER(0x800000)
#define BH_CORE_IMAGE_VA  (BH_CORE_BASE + 0x1000000) /* the core's image; begins with struct bh_core_image */
#define BH_CORE_IMAGE_MAX (BH_TLS_VA - BH_CORE_IMAGE_VA)
#define BH_TLS_VA         (BH_CORE_BASE + 0x20000000) /* thread-local storage, one block for each thread */

/* With protection keys, rpc/mpk.h: */
#define BH_MPK_CODE_VA      (BH_CORE_BASE + 0x200000) /* trampolines: may be run, not read */
#define BH_MPK_CODE_MAX     BH_NUMBER(0x100000)
#define BH_MPK_PUBLIC_VA    (BH_CORE_BASE + 0x300000) /* uint64_t: thread pointer of the running thread */
#define BH_MPK_TABLES_VA    (BH_CORE_BASE + 0x400000) /* constants of the trampolines: read-only */
#define BH_MPK_TABLES_MAX   BH_NUMBER(0x200000)
#define BH_MPK_CORE_VA      (BH_CORE_BASE + 0x600000) /* struct bh_mpk: the core's key */
#define BH_MPK_CORE_MAX     BH_NUMBER(0x100000)
#define BH_MPK_SECRETS_SIZE BH_NUMBER(0x2000)
/* uint64_t[]: the domain reads it, nobody writes. */
#define BH_MPK_SECRETS_VA(domain) (BH_CORE_BASE + 0x700000 + BH_MPK_SECRETS_SIZE * (domain))
/* uint64_t[BH_EDGES_MAX]: calls that the domain made over each edge, counted by the gates if `run --count-mpk` asks
 * for it; the domain writes it. */
#define BH_MPK_COUNTS_VA(domain) (BH_CORE_BASE + 0x720000 + BH_PAGE_SIZE * (domain))
/* The core's stack of thread t; the page below is unmapped. */
#define BH_MPK_STACKS_VA    (BH_CORE_BASE + 0x30000000)
#define BH_MPK_STACK_SIZE   BH_NUMBER(0x10000)
#define BH_MPK_STACK_STRIDE (BH_MPK_STACK_SIZE + BH_PAGE_SIZE)
#define BH_MPK_STACK(t)     (BH_MPK_STACKS_VA + BH_MPK_STACK_STRIDE * (t) + BH_PAGE_SIZE)

/* Thread-local storage. The TLS segment of every compartment ends at its own distance below the thread pointer (the
 * linker script pads it), so one %fs base serves all the compartments of a VM, each on pages of its own.
 * Block of thread t: [BH_TLS_VA + t * BH_TLS_STRIDE, + BH_TLS_STRIDE); %fs base = BH_TLS_TP(t).
 * %fs:0 holds the thread pointer itself, %fs:0x28 the stack-protector canary (System V psABI AMD64, 3.4.6). */
#define BH_TLS_SLOT          BH_NUMBER(0x1000) /* bytes of a compartment's TLS segment, at most */
#define BH_TLS_STRIDE        (BH_TLS_SLOT * (BH_COMPARTMENTS_MAX + 1))
#define BH_TLS_TP(t)         (BH_TLS_VA + BH_TLS_STRIDE * (t) + BH_TLS_SLOT * BH_COMPARTMENTS_MAX)
#define BH_TLS_SEGMENT(t, i) (BH_TLS_TP(t) - BH_TLS_SLOT * ((i) + 1)) /* compartment i's slot */

/* ---- Low addresses --------------------------------------------------------------------------------------
 * A mechanism that confines a compartment to 4 GiB by masking its pointers (software fault isolation) needs all that
 * the compartment uses to differ in the low 32 bits. That cannot hold for every size that is allowed: 1 GiB each of
 * image with statics, stacks and shadow stacks, 64 shares of 48 GiB and 256 edges of 256 MiB are 3 TiB. So the map
 * gives distinct low addresses to usual sizes: all stacks of a compartment, its shares, edges and mounts up to the
 * sizes below, and the first GiB of its heap. (2 GiB would be more than is left beside the first three.) What is
 * larger works as ever, and merely continues in low addresses that somebody else has. */
#define BH_LOW_SIZE     BH_NUMBER(0x100000000)
#define BH_STACKS_USUAL BH_NUMBER(0x10000000) /* 256 MiB: a thousand stacks of the default size */
#define BH_EDGE_USUAL   BH_NUMBER(0x200000)   /* 2 MiB: an arena of 1 MiB, four times the default */
#define BH_SHARE_USUAL  BH_NUMBER(0xc00000)   /* 12 MiB */
#define BH_HEAP_USUAL   (BH_LOW_SIZE - BH_HEAP_OFF)
#define BH_LOW(address) ((address) % BH_LOW_SIZE)

/* ---- Windows, in ascending order: WINDOW(first address, bytes) ------------------------------------------------- */
/* clang-format off */
#define BH_MAP(WINDOW)                                                      \
    WINDOW(BH_COMPARTMENT_BASE(0), BH_WINDOW_SIZE * BH_COMPARTMENTS_MAX)    \
    WINDOW(BH_SHARE_BASE(0), BH_SHARE_STRIDE * BH_SHARES_MAX)               \
    WINDOW(BH_EDGE_BASE(0), BH_EDGE_STRIDE * BH_EDGES_MAX)                  \
    WINDOW(BH_CORE_BASE, BH_CORE_SIZE)                                      \
    WINDOW(BH_KERNEL_BASE, BH_KERNEL_SIZE)
#define BH_COMPARTMENT_MAP(WINDOW)                                          \
    WINDOW(BH_GATES_OFF, BH_GATES_MAX)                                      \
    WINDOW(BH_IMAGE_OFF, BH_IMAGE_MAX)                                      \
    WINDOW(BH_SHARED_OFF, BH_SHARED_MAX)                                    \
    WINDOW(BH_STACKS_OFF, BH_STACKS_MAX)                                    \
    WINDOW(BH_STACKS_OFF + BH_SHADOW_DELTA, BH_STACKS_MAX)                  \
    WINDOW(BH_HEAP_OFF, BH_HEAP_MAX)                                        \
    WINDOW(BH_MOUNTS_OFF, BH_MOUNT_STRIDE * BH_MOUNTS_MAX)
#define BH_EDGE_MAP(WINDOW)                                                 \
    WINDOW(0, 5 * BH_PAGE_SIZE) /* struct bh_edge_region */                 \
    WINDOW(BH_EDGE_CB_ARENA_OFF, BH_EDGE_CB_ARENA_SIZE)                     \
    WINDOW(BH_EDGE_ARENA_OFF, BH_EDGE_SIZE_MAX - BH_EDGE_ARENA_OFF)
#define BH_CORE_MAP(WINDOW)                                                 \
    WINDOW(BH_BOOTINFO_VA, BH_BOOTINFO_MAX)                                 \
    WINDOW(BH_STATUS_VA, BH_PAGE_SIZE)                                      \
    WINDOW(BH_CROWD_VA, BH_PAGE_SIZE)                                       \
    WINDOW(BH_MPK_CODE_VA, BH_MPK_CODE_MAX)                                 \
    WINDOW(BH_MPK_PUBLIC_VA, BH_PAGE_SIZE)                                  \
    WINDOW(BH_MPK_TABLES_VA, BH_MPK_TABLES_MAX)                             \
    WINDOW(BH_MPK_CORE_VA, BH_MPK_CORE_MAX)                                 \
    WINDOW(BH_MPK_SECRETS_VA(0), BH_MPK_SECRETS_SIZE * BH_DOMAINS_MAX)      \
    WINDOW(BH_MPK_COUNTS_VA(0), BH_PAGE_SIZE * BH_DOMAINS_MAX)              \
    WINDOW(BH_STATS_VA, BH_STATS_MAX)                                       \
    WINDOW(BH_CORE_IMAGE_VA, BH_CORE_IMAGE_MAX)                             \
    WINDOW(BH_TLS_VA, BH_TLS_STRIDE * BH_THREADS_MAX)                       \
    WINDOW(BH_MPK_STACKS_VA, BH_MPK_STACK_STRIDE * BH_THREADS_MAX)
#define BH_LOW_MAP(WINDOW)                                                  \
    WINDOW(BH_GATES_OFF, BH_STACKS_OFF) /* and image and statics */         \
    WINDOW(BH_STACKS_OFF, BH_STACKS_USUAL)                                  \
    WINDOW(BH_LOW(BH_EDGE_BASE(0)), BH_EDGE_USUAL * BH_EDGES_MAX)           \
    WINDOW(BH_LOW(BH_MOUNTS_OFF), BH_MOUNT_STRIDE * BH_MOUNTS_MAX)          \
    WINDOW(BH_STACKS_OFF + BH_SHADOW_DELTA, BH_STACKS_USUAL)                \
    WINDOW(BH_LOW(BH_SHARE_BASE(0)), BH_SHARE_USUAL * BH_SHARES_MAX)        \
    WINDOW(BH_HEAP_OFF, BH_HEAP_USUAL)
/* clang-format on */

#ifndef __ASSEMBLER__
/* Becomes a chain: start <= first && first + its size <= second && ... && last + its size <= end. */
#define BH_CHAIN(first, bytes)         (first) && (first) + (bytes) <=
#define BH_NO_OVERLAP(start, MAP, end) _Static_assert((start) <= MAP(BH_CHAIN)(end), #MAP ": windows overlap")
BH_NO_OVERLAP(BH_PAGE_SIZE, BH_MAP, BH_NUMBER(0x800000000000)); /* a null pointer faults */
BH_NO_OVERLAP(BH_GATES_OFF, BH_COMPARTMENT_MAP, BH_WINDOW_SIZE);
BH_NO_OVERLAP(0, BH_EDGE_MAP, BH_EDGE_SIZE_MAX);
BH_NO_OVERLAP(BH_CORE_BASE, BH_CORE_MAP, BH_CORE_BASE + BH_CORE_SIZE);
BH_NO_OVERLAP(BH_GATES_OFF, BH_LOW_MAP, BH_LOW_SIZE);
_Static_assert(BH_LOW(BH_SHARE_STRIDE) == BH_SHARE_USUAL && BH_LOW(BH_EDGE_STRIDE) == BH_EDGE_USUAL &&
                   BH_LOW(BH_WINDOW_SIZE) == 0 && BH_EDGE_STRIDE >= BH_EDGE_SIZE_MAX,
               "low addresses");
#endif

#endif
