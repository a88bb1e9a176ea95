/* Looking at a running appliance from another process: connect, map its statistics, take samples.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * What is read is the guests' word, and changes while it is read: each number is fetched once, every index is checked
 * against the appliance's own description, and nothing else is believed. */
#ifndef BH_VMM_OBSERVE_OBSERVE_H
#define BH_VMM_OBSERVE_OBSERVE_H

#include "vmm/observe/control.h"
#include "vmm/observe/rundir.h"
#include "vmm/appliance/description.h"
#include "vmm/resources/vm_stats.h"

struct observed {
    struct rundir dir;
    int socket; /* to its supervisor; -1: from within the supervisor's own process tree */
    struct description head;
    struct appliance a;
    const struct bh_stats *guest[BH_VMS_MAX]; /* read-only mappings */
    const struct vm_stats *host[BH_VMS_MAX];
    const uint64_t *counts[BH_VMS_MAX]; /* BH_MPK_COUNTS_VA(): a page for each domain */
};

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
    uint64_t exits, parks, park_ns, bells, idles, spin_ns, switches;
    bool parked, has_net;
    uint64_t rx_frames, rx_bytes, rx_drops, tx_frames, tx_bytes, tx_drops;
};

struct sample {
    uint64_t time_ns; /* CLOCK_MONOTONIC */
    struct edge_sample edges[BH_EDGES_MAX];
    struct vm_sample vms[BH_VMS_MAX];
};

/* Connects to the appliance of `dir`. False: `p`, EXIT_HOST (it ended meanwhile, or it is of another version). */
bool observe_connect(struct observed *o, const struct rundir *dir, struct problem *p);
void observe_close(struct observed *o);
/* Whether its supervisor still lives. */
bool observe_alive(const struct observed *o);

void observe_sample(const struct observed *o, struct sample *s);

uint64_t observe_khz(const struct observed *o); /* rate of the time stamp counter; 0: not known yet */
/* Cycles to ns; 0 when the rate is not known. */
uint64_t observe_ns(const struct observed *o, uint64_t cycles);
/* The latency, in cycles, that the part q (0 to 1) of the calls does not exceed: to the accuracy of the buckets. */
double observe_quantile(const uint64_t latency[BH_STATS_BUCKETS], double q);
const char *edge_mechanism(const struct appliance *a, const struct edge *e);
/* Calls that ended other than with BH_OK. */
uint64_t observe_errors(const struct edge_sample *e);
const char *observe_status(uint32_t status); /* "refused"; NULL: none of that number */

#endif
