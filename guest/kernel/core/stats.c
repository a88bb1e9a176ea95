/* The statistics region: start, and what is too rare to be inline.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "stats.h"

struct bh_stats *stats;
bool stats_tracing;
static uint32_t n_ends;

void stats_init(void)
{
    if (!(boot()->flags & BH_BOOT_STATS))
        return;
    stats = (struct bh_stats *)BH_STATS_VA;
    stats->version = BH_STATS_VERSION;
    stats->vm = boot()->vm;
    stats->magic = BH_STATS_MAGIC;
}

void stats_status_changed(void)
{
    stats_tracing = stats && status_page()->trace;
}

struct bh_stats_end *stats_new_end(const struct bh_boot_edge *edge, bool caller)
{
    if (!stats || n_ends == BH_EDGES_MAX)
        return NULL;
    struct bh_stats_end *e = &stats->ends[n_ends++];
    e->edge = edge->index;
    e->role = caller ? BH_EDGE_CALLER : BH_EDGE_CALLEE;
    return e;
}

void stats_refused(const struct bh_report *report)
{
    if (report->kind != BH_REPORT_REFUSED || (report->status != BH_TOO_BIG && report->status != BH_UNANNOTATED))
        return; /* others came back from a call that was posted, and counted */
    for (uint32_t i = 0; i < n_endpoints; i++) {
        struct endpoint *endpoint = &endpoints[i];
        if (endpoint->stats && endpoint->caller && endpoint->boot->from == report->compartment &&
            endpoint->boot->to == report->peer) {
            endpoint->stats->status[report->status]++;
            endpoint->stats->unposted++;
        }
    }
}

void stats_trace(uint64_t time, uint64_t head, uint64_t tail)
{
    uint64_t n = atomic_load_explicit(&stats->n_trace, memory_order_relaxed);
    struct bh_stats_event *e = &stats->trace[n % BH_STATS_TRACE];
    e->time = time ? time : rdtsc();
    e->cycles = 0;
    stats_store(&e->seq, head);
    stats_store(&e->edge, tail);
    atomic_store_explicit(&stats->n_trace, n + 1, memory_order_release);
}

void stats_trace_park(uint64_t start, uint64_t cycles)
{
    const uint64_t tag = (uint64_t)BH_STATS_PARK << 32;
    stats_trace(start, 0, stats_tail(tag, 'B', 0));
    stats_trace(start + cycles, 0, stats_tail(tag, 'E', 0));
}
