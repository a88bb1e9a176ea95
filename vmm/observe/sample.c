/* Takes samples.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/observe/sample.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "vmm/appliance/mechanism.h"
#include "rpc/gate.h"
#include "vmm/base/clock.h"
#include "vmm/mpk/keys.h"

#define fetch(lvalue) __atomic_load_n(&(lvalue), __ATOMIC_RELAXED)

static void add_caller(struct edge_sample *to, const struct bh_stats_end *e)
{
    uint64_t ended = 0, unposted = fetch(e->unposted);
    for (unsigned i = 0; i < BH_STATS_STATUSES; i++) {
        to->status[i] = fetch(e->status[i]);
        ended += to->status[i];
    }
    to->counted = true;
    to->calls = fetch(e->started) + unposted;
    to->in_flight = to->calls > ended && to->calls - ended <= BH_SLOTS ? to->calls - ended : 0;
    to->copied = fetch(e->copied);
    to->passed = fetch(e->passed);
    to->cycles = fetch(e->cycles);
    for (unsigned i = 0; i < BH_STATS_BUCKETS; i++)
        to->latency[i] = fetch(e->latency[i]);
}

/* The ends that VM v counts, each of which has to be one that it has. */
static void sample_ends(const struct observed *o, uint32_t v, struct sample *s)
{
    const struct bh_stats *g = o->vms[v].guest;
    for (uint32_t i = 0; i < BH_EDGES_MAX; i++) {
        const struct bh_stats_end *e = &g->ends[i];
        uint32_t role = fetch(e->role), edge = fetch(e->edge);
        if (role != BH_EDGE_CALLER && role != BH_EDGE_CALLEE)
            return;
        if (edge >= o->a.n_edges)
            continue;
        const struct edge *known = &o->a.edges[edge];
        uint32_t here = role == BH_EDGE_CALLER ? known->from : known->to;
        if (o->a.compartments[here].vm != v)
            continue;
        if (role == BH_EDGE_CALLER) {
            add_caller(&s->edges[edge], e);
            continue;
        }
        s->edges[edge].served = fetch(e->started);
        s->edges[edge].callbacks = fetch(e->callbacks);
    }
}

/* The calls that gates between protection keys counted, each in a page of the domain that made them. */
static void sample_keyed(const struct observed *o, uint32_t v, struct sample *s)
{
    struct keys k;
    struct problem p;
    if (!fetch(o->vms[v].host->counts_mpk) || !keys_plan(&k, &o->a, v, &p))
        return;
    for (uint32_t i = 0; i < o->a.n_edges; i++) {
        const struct edge *e = &o->a.edges[i];
        if (edge_keyed(&o->a, e) && o->a.compartments[e->from].vm == v) {
            s->edges[i].counted = s->edges[i].calls_only = true;
            s->edges[i].calls = fetch(o->vms[v].counts[k.domain[e->from] * (BH_PAGE_SIZE / 8) + e->index]);
        }
    }
}

/* CPU time and resident memory (proc(5): fields 14, 15 and 24 of stat). */
static bool sample_process(uint32_t pid, struct vm_sample *to)
{
    char path[64], text[1024];
    snprintf(path, sizeof(path), "/proc/%u/stat", pid);
    FILE *in = fopen(path, "re");
    if (!in)
        return false;
    size_t n = fread(text, 1, sizeof(text) - 1, in);
    fclose(in);
    text[n] = 0;
    const char *rest = strrchr(text, ')');
    unsigned long user, system;
    long pages;
    char state;
    if (!rest ||
        sscanf(rest + 1, " %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu %*d %*d %*d %*d %*d %*d %*u %*u %ld",
               &state, &user, &system, &pages) != 4 ||
        state == 'Z')
        return false;
    long tick = sysconf(_SC_CLK_TCK);
    to->cpu_ns = (uint64_t)(user + system) * (1000000000ull / (uint64_t)(tick > 0 ? tick : 100));
    to->resident = (uint64_t)pages * (uint64_t)sysconf(_SC_PAGESIZE);
    return true;
}

static void sample_vm(const struct observed *o, uint32_t v, struct sample *s)
{
    const struct bh_stats *g = o->vms[v].guest;
    const struct vm_stats *h = o->vms[v].host;
    struct vm_sample *to = &s->vms[v];
    uint64_t since = fetch(h->parked_since);
    to->runs = sample_process(o->head.pid[v], to);
    to->parked = since != 0;
    to->exits = fetch(h->exits);
    to->parks = fetch(h->parks);
    to->park_ns = fetch(h->park_ns) + (since && since < s->time_ns ? s->time_ns - since : 0);
    to->notifications = fetch(g->notifications);
    to->idles = fetch(g->idles);
    to->switches = fetch(g->switches);
    to->spin_ns = observe_ns(o, fetch(g->spin_cycles));
    to->has_net = fetch(h->has_net);
    to->rx_frames = fetch(h->rx_frames);
    to->rx_bytes = fetch(h->rx_bytes);
    to->rx_drops = fetch(h->rx_drops);
    to->tx_frames = fetch(h->tx_frames);
    to->tx_bytes = fetch(h->tx_bytes);
    to->tx_drops = fetch(h->tx_drops);
    to->net_streams = fetch(h->net_streams);
    to->net_datagrams = fetch(h->net_datagrams);
}

void observe_sample(const struct observed *o, struct sample *s)
{
    memset(s, 0, sizeof(*s));
    s->time_ns = clock_ns();
    for (uint32_t v = 0; v < o->a.n_vms; v++) {
        sample_ends(o, v, s);
        sample_keyed(o, v, s);
        sample_vm(o, v, s);
    }
}

uint64_t observe_khz(const struct observed *o)
{
    return fetch(o->vms[0].host->tsc_khz);
}

uint64_t observe_ns(const struct observed *o, uint64_t cycles)
{
    uint64_t khz = observe_khz(o);
    return khz ? (uint64_t)((unsigned __int128)cycles * 1000000 / khz) : 0;
}

double observe_quantile(const uint64_t latency[BH_STATS_BUCKETS], double q)
{
    uint64_t n = 0, below = 0;
    for (unsigned i = 0; i < BH_STATS_BUCKETS; i++)
        n += latency[i];
    for (unsigned i = 0; n && i < BH_STATS_BUCKETS; i++) {
        if ((double)(below + latency[i]) >= q * (double)n && latency[i]) {
            double inside = (q * (double)n - (double)below) / (double)latency[i];
            return (double)(1ull << i) * (1 + (inside > 0 ? inside : 0)); /* evenly spread in its bucket */
        }
        below += latency[i];
    }
    return 0;
}

const char *edge_mechanism(const struct appliance *a, const struct edge *e)
{
    const struct compartment *from = &a->compartments[e->from], *to = &a->compartments[e->to];
    if (from->vm != to->vm)
        return mechanism_name(MECH_VM);
    return mechanism_name(from->mechanism == MECH_MPK || to->mechanism == MECH_MPK ? MECH_MPK : MECH_NONE);
}

uint64_t observe_errors(const struct edge_sample *e)
{
    uint64_t n = 0;
    for (unsigned i = 1; i < BH_STATS_STATUSES; i++)
        n += e->status[i];
    return n;
}

const char *observe_status(uint32_t status)
{
    static const char *const names[] = {"ok",        "refused",    "bad-argument", "too-big",    "unannotated",
                                        "timed-out", "peer-died",  "no-memory",    "bad-handle", "no-gate",
                                        "busy",      "bad-result", "no-handle",    "handle-busy"};
    _Static_assert(sizeof(names) / sizeof(*names) == BH_STATUS_LAST + 1, "one for each");
    return status < sizeof(names) / sizeof(*names) ? names[status] : NULL;
}
