/* What a VM's process counts about its VM: a page of the VM's statistics that the guest does not have.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * The memfd of a VM's statistics holds struct bh_stats (rpc/stats.h), whole pages, then this, and then a page for each
 * domain (BH_MPK_COUNTS_VA(), rpc/mpk.h). Each field has one writer; observers read it while it changes, and trust it
 * no more than the guest's, because a VM's process may have been taken over. */
#ifndef BH_VMM_RESOURCES_VM_STATS_H
#define BH_VMM_RESOURCES_VM_STATS_H

#include "rpc/mpk.h"
#include "rpc/stats.h"

#define VM_STATS_VERSION 2u
#define VM_COUNTS_OFF    (BH_STATS_SIZE + BH_PAGE_SIZE)                  /* in the memfd */
#define VM_STATS_BYTES   (VM_COUNTS_OFF + BH_DOMAINS_MAX * BH_PAGE_SIZE) /* of the memfd */
_Static_assert(BH_EDGES_MAX * sizeof(uint64_t) <= BH_PAGE_SIZE, "a domain's edges");

struct vm_stats {
    uint32_t version; /* VM_STATS_VERSION: the guest runs */
    uint16_t has_net;
    uint16_t counts_mpk; /* gates between protection keys count calls */
    uint64_t tsc_khz;    /* rate of the guest's time stamp counter */
    /* The vCPU's thread. */
    uint64_t exits;        /* times the guest left KVM_RUN for this process */
    uint64_t parks;        /* hypercalls that slept */
    uint64_t park_ns;      /* in all */
    uint64_t parked_since; /* CLOCK_MONOTONIC, ns; 0: not parked */
    uint64_t idle;         /* odd: parked, and only a notification can wake it; changes at each end */
    /* The network device's thread. Received: by the guest. */
    uint64_t rx_frames, rx_bytes, rx_drops;
    uint64_t tx_frames, tx_bytes, tx_drops;
    uint64_t net_streams, net_datagrams; /* mode "user": sockets of the host that are open for the guest */
};
_Static_assert(sizeof(struct vm_stats) == 120, "one page of the memfd");

#define STATS_ADD(field, n) __atomic_store_n(&(field), (field) + (n), __ATOMIC_RELAXED) /* one writer, many readers */

#endif
