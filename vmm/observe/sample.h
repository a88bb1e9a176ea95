/* Samples of a running appliance's statistics.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * The guests write what is read here, also while it is read. Each number is fetched once, every index is checked
 * against the appliance's own description, and nothing else is trusted. */
#ifndef BH_VMM_OBSERVE_SAMPLE_H
#define BH_VMM_OBSERVE_SAMPLE_H

#include "vmm/observe/observe.h"

struct edge_sample {
    bool counted;    /* false: a plain call (mechanism none), mpk without --count-mpk, --no-stats */
    bool calls_only; /* counted by a gate between protection keys: calls, and nothing else */
    uint64_t calls, in_flight, served, callbacks;
    uint64_t status[BH_STATS_STATUSES];
    uint64_t copied, passed, cycles, latency[BH_STATS_BUCKETS];
};

struct vm_sample {
    bool runs;
    uint64_t cpu_ns;   /* of its process */
    uint64_t resident; /* bytes, of its process */
    uint64_t exits, parks, park_ns, notifications, idles, spin_ns, switches;
    bool parked, has_net;
    uint64_t rx_frames, rx_bytes, rx_drops, tx_frames, tx_bytes, tx_drops;
    uint64_t net_streams, net_datagrams; /* sockets of the host, mode "user" */
};

struct sample {
    uint64_t time_ns; /* CLOCK_MONOTONIC */
    struct edge_sample edges[BH_EDGES_MAX];
    struct vm_sample vms[BH_VMS_MAX];
};

void observe_sample(const struct observed *o, struct sample *s);

uint64_t observe_khz(const struct observed *o); /* rate of the time stamp counter; 0: not known yet */
/* Cycles to ns; 0 when the rate is not known. */
uint64_t observe_ns(const struct observed *o, uint64_t cycles);
/* The latency, in cycles, that the part q (0 to 1) of the calls does not exceed: to the accuracy of the buckets. */
double observe_quantile(const uint64_t latency[BH_STATS_BUCKETS], double q);
const char *edge_mechanism(const struct appliance *a, const struct edge *e);
/* Calls that ended other than with BH_OK. */
uint64_t observe_errors(const struct edge_sample *e);
const char *observe_status(uint32_t status); /* "refused"; NULL: there is no such status */

#endif
