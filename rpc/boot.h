/* What a VM is told: boot information at its start, and the status page while it runs.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_RPC_BOOT_H
#define BH_RPC_BOOT_H

#include <stdint.h>

#include "rpc/map.h"

struct bh_range {
    uint64_t va;
    uint64_t size; /* bytes */
};

struct bh_boot_compartment {
    uint32_t index;
    uint32_t flags; /* BH_COMPARTMENT_* */
    uint64_t heap_va, heap_size;
    uint64_t stack_size;             /* bytes of one stack, without its guard page below */
    uint64_t shared_va, shared_size; /* bh_shared statics; size 0: none */
    uint32_t share; /* index of the share its shadow stacks and statics belong to; BH_NO_SHARE: private */
    uint32_t reserved;
    char name[BH_NAME_MAX];
};
#define BH_COMPARTMENT_DEFAULT 1u /* holds the application */
#define BH_NO_SHARE            0xffffffffu
_Static_assert(sizeof(struct bh_boot_compartment) == 88, "ABI");

struct bh_boot_share {
    uint32_t index;
    uint32_t members; /* how many compartments were granted it */
    uint64_t va, size;
    /* Each member allocates in a slice of its own, so that no allocator state is ever shared: member number m
     * (in order of compartment index) owns [va + m * slice, + slice). */
    uint64_t slice;
    uint64_t member_mask; /* bit i: compartment i */
    char name[BH_NAME_MAX];
};
_Static_assert(sizeof(struct bh_boot_share) == 72, "ABI");

enum bh_strategy { BH_DATA_SHARE = 0, BH_DATA_COPY = 1, BH_DATA_STRICT = 2 };

/* An edge with at least one end in this VM. */
struct bh_boot_edge {
    uint32_t index;
    uint32_t from, to;   /* compartment indices: caller, callee */
    uint32_t flags;      /* BH_EDGE_* */
    uint32_t strategy;   /* enum bh_strategy */
    uint32_t doorbell;   /* number of the peer's VM, for BH_HC_NOTIFY; BH_NO_DOORBELL when both ends are here */
    uint64_t arena_size; /* bytes at BH_EDGE_BASE(index) + BH_EDGE_ARENA_OFF */
    uint64_t granted[BH_FUNCTIONS_MAX / 64]; /* bit fn: the caller may call it */
    uint32_t n_ranges, reserved;
    struct bh_range ranges[BH_RANGES_MAX]; /* memory that both ends have, apart from the arenas */
    char peer[BH_NAME_MAX];                /* name of the compartment at the other end, for messages */
};
#define BH_EDGE_CALLER 1u  /* this VM holds `from` */
#define BH_EDGE_CALLEE 2u  /* this VM holds `to`   */
#define BH_EDGE_LOCAL  3u  /* both: no ring */
#define BH_EDGE_KEYED  4u  /* with BH_EDGE_LOCAL: protection keys stand between the two */
#define BH_EDGE_LIGHT  8u  /* with BH_EDGE_KEYED: the callee runs on the caller's stack, in its bh_outgoing */
#define BH_EDGE_PORTS  16u /* the caller may bind the ports that bh_boot_port lists for it, and no other */
#define BH_NO_DOORBELL 0xffffffffu

/* Ports that belong to an edge of the network: no other edge may bind them. */
struct bh_boot_port {
    uint32_t edge;    /* index */
    uint8_t protocol; /* 6: TCP; 17: UDP */
    uint8_t reserved[3];
    uint16_t first, last;
    uint32_t reserved2;
};
_Static_assert(sizeof(struct bh_boot_port) == 16, "ABI");

/* At BH_BOOTINFO_VA: written by the VMM before the start, read-only to the guest. */
struct bh_bootinfo {
    uint64_t magic;
    uint32_t version;
    uint32_t size;         /* bytes of all that follows and this */
    uint32_t vm;           /* index of this VM */
    uint32_t doorbell;     /* enum bh_doorbell, rpc/hypercall.h */
    uint32_t n_threads;    /* threads of this VM at most; thread ids 0 .. n_threads-1 */
    uint32_t flags;        /* BH_BOOT_* */
    uint64_t tsc_khz;      /* rate of the guest's time stamp counter */
    uint64_t realtime_ns;  /* wall clock, read before the guest's first instruction */
    uint64_t realtime_tsc; /* the guest's time stamp counter when it was read; 0: unknown */
    uint64_t spin_cycles;  /* how long to poll before parking, at most */
    uint64_t canary;       /* random: stack protector, heap checks */
    uint32_t n_compartments, n_shares, n_edges, n_args, n_env, reserved;
    /* byte offsets from the start of this structure */
    uint32_t compartments_off, shares_off, edges_off, args_off, env_off; /* args/env: NUL-terminated strings */
    uint32_t net_off;              /* struct bh_boot_net, rpc/net.h; 0: this VM has no network device */
    uint32_t mounts_off, n_mounts; /* struct bh_boot_mount[], rpc/mount.h, in the order in which to mount them */
    uint32_t ports_off, n_ports;   /* struct bh_boot_port[]; of edges whose callee is in this VM */
};
#define BH_BOOT_MARKS       1u               /* report BH_HC_MARK: time of the phases of the start */
#define BH_BOOT_KEYS        2u               /* this VM has protection keys: rpc/mpk.h */
#define BH_BOOT_STATS       4u               /* count and record gate calls: rpc/stats.h */
#define BH_BOOT_POISON      64u              /* overwrite a block of an arena when it is free */
#define BH_BOOT_TTY(stream) (8u << (stream)) /* standard input, output, error is a terminal of the user's */

/* At BH_STATUS_VA: one page of each VM, written by the supervisor and read-only to the guest. */
struct bh_status_page {
    uint64_t dead_edges[BH_EDGES_MAX / 64]; /* bit e: the peer's VM at edge e is gone */
    uint32_t generation;                    /* +1 at each change of this page: poll this one word */
    uint32_t shutdown;                      /* signal that asks the appliance to end (SIGTERM, SIGINT), or 0 */
    uint32_t trace;                         /* not 0: somebody wants every gate call recorded (rpc/stats.h) */
    uint32_t reserved;
    uint64_t realtime_ns; /* reserved for clock steps */
    uint32_t held;        /* how many VMs a debugger holds: meanwhile no gate call times out */
    uint32_t hold_epoch;  /* +1 at each change of `held`: time that went by before does not count for a call */
};

/* At BH_CROWD_VA: one page that all VMs of the appliance have, read-only. It says how many want a processor, and not
 * which. Who polls looks at it, and parks when there are fewer processors. */
struct bh_crowd {
    uint32_t awake;      /* VMs, device threads and mount servers that do not sleep; they count themselves */
    uint32_t processors; /* that the appliance may run on; constant */
};

#endif
