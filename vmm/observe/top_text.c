/* Prints the tables of `bulkhead top`.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/observe/top_text.h"

#include <inttypes.h>
#include <string.h>

/* 1234567 as "1.23M": at most six characters. */
static const char *short_number(double value, char text[16])
{
    static const char units[] = " kMGTPE";
    unsigned unit = 0;
    while (value >= 9999.5 && unit + 2 < sizeof(units)) {
        value /= 1000;
        unit++;
    }
    if (unit == 0)
        snprintf(text, 16, "%.0f", value);
    else
        snprintf(text, 16, value < 100 ? "%.1f%c" : "%.0f%c", value, units[unit]);
    return text;
}

static const char *short_ns(uint64_t ns, char text[16])
{
    if (!ns)
        snprintf(text, 16, "-");
    else if (ns < 10000)
        snprintf(text, 16, "%" PRIu64 "ns", ns);
    else if (ns < 10000000)
        snprintf(text, 16, "%.0fus", (double)ns / 1e3);
    else
        snprintf(text, 16, "%.0fms", (double)ns / 1e6);
    return text;
}

/* A guest may let its numbers go backwards; then nothing is known. */
static uint64_t growth_of(uint64_t before, uint64_t now)
{
    return now > before ? now - before : 0;
}

static double rate_of(uint64_t before, uint64_t now, double seconds)
{
    return (double)growth_of(before, now) / seconds;
}

static double percent_of(uint64_t before, uint64_t now, double seconds)
{
    return rate_of(before, now, seconds) / 1e7;
}

static void print_vm(FILE *out, const struct observed *o, uint32_t v, const struct vm_sample *b,
                     const struct vm_sample *s, double seconds, unsigned width)
{
    char names[256] = "", parks[16], bells[16], exits[16];
    for (uint32_t i = 0; i < o->a.n_compartments; i++) {
        size_t used = strlen(names);
        if (o->a.vms[v].compartments >> i & 1)
            snprintf(names + used, sizeof(names) - used, "%s%s", used ? "," : "", o->a.compartments[i].name);
    }
    int room = width > 76 ? (int)width - 60 : 16;
    if (!s->runs) {
        fprintf(out, "%3" PRIu32 " %-*.*s its process is gone\n", v, room, room, names);
        return;
    }
    fprintf(out, "%3" PRIu32 " %-*.*s %5.1f %6.1fM %7.1f %6.1f %7s %7s %7s\n", v, room, room, names,
            percent_of(b->cpu_ns, s->cpu_ns, seconds), (double)s->resident / 1048576,
            percent_of(b->park_ns, s->park_ns, seconds), percent_of(b->spin_ns, s->spin_ns, seconds),
            short_number(rate_of(b->parks, s->parks, seconds), parks),
            short_number(rate_of(b->notifications, s->notifications, seconds), bells),
            short_number(rate_of(b->exits, s->exits, seconds), exits));
    if (s->has_net) {
        char rx[16], tx[16], rxb[16], txb[16];
        fprintf(out,
                "    network: received %s frames/s, %s B/s, dropped %" PRIu64
                "; sent %s frames/s, %s B/s, dropped %" PRIu64 "; open %" PRIu64 " connections, %" PRIu64
                " flows of datagrams\n",
                short_number(rate_of(b->rx_frames, s->rx_frames, seconds), rx),
                short_number(rate_of(b->rx_bytes, s->rx_bytes, seconds), rxb), s->rx_drops,
                short_number(rate_of(b->tx_frames, s->tx_frames, seconds), tx),
                short_number(rate_of(b->tx_bytes, s->tx_bytes, seconds), txb), s->tx_drops, s->net_streams,
                s->net_datagrams);
    }
}

static void print_edge(FILE *out, const struct observed *o, uint32_t e, const struct edge_sample *b,
                       const struct edge_sample *s, double seconds, unsigned width)
{
    char name[2 * BH_NAME_MAX + 8], calls[16], mean[16], median[16], p99[16], copied[16], passed[16];
    uint64_t latency[BH_STATS_BUCKETS], n = 0;
    const struct edge *edge = &o->a.edges[e];
    int room = width > 82 ? (int)width - 66 : 16;
    snprintf(name, sizeof(name), "%s -> %s", o->a.compartments[edge->from].name, o->a.compartments[edge->to].name);
    fprintf(out, "    %-*.*s ", room, room, name);
    if (!s->counted) {
        fprintf(out, "mechanism %s: not counted\n", edge_mechanism(&o->a, edge));
        return;
    }
    if (s->calls_only) {
        fprintf(out, "%7s mechanism %s: calls alone are counted\n",
                short_number(rate_of(b->calls, s->calls, seconds), calls), edge_mechanism(&o->a, edge));
        return;
    }
    for (unsigned i = 0; i < BH_STATS_BUCKETS; i++) {
        latency[i] = growth_of(b->latency[i], s->latency[i]);
        n += latency[i];
    }
    fprintf(out, "%7s %4" PRIu64 " %6s %6s %6s %6s %6s %7" PRIu64 "\n",
            short_number(rate_of(b->calls, s->calls, seconds), calls), s->in_flight,
            short_ns(n ? observe_ns(o, growth_of(b->cycles, s->cycles) / n) : 0, mean),
            short_ns(observe_ns(o, (uint64_t)observe_quantile(latency, 0.5)), median),
            short_ns(observe_ns(o, (uint64_t)observe_quantile(latency, 0.99)), p99),
            short_number(rate_of(b->copied, s->copied, seconds), copied),
            short_number(rate_of(b->passed, s->passed, seconds), passed), observe_errors(s));
}

void top_print(FILE *out, const struct observed *o, const struct sample *before, const struct sample *now,
               unsigned width)
{
    double seconds = now->time_ns > before->time_ns ? (double)(now->time_ns - before->time_ns) / 1e9 : 1;
    int vms = width > 76 ? (int)width - 60 : 16, edges = width > 82 ? (int)width - 66 : 16;
    fprintf(out, "%s (%s), process %ld, running for %.0f s\n", o->a.name, o->a.toml, (long)o->dir.pid,
            now->time_ns > o->head.start_ns ? (double)(now->time_ns - o->head.start_ns) / 1e9 : 0);
    fprintf(out, " VM %-*s CPU %%  memory parked%% spin%% parks/s bells/s exits/s\n", vms, "compartments");
    for (uint32_t v = 0; v < o->a.n_vms; v++)
        print_vm(out, o, v, &before->vms[v], &now->vms[v], seconds, width);
    if (o->a.n_edges)
        fprintf(out, "    %-*s calls/s busy   mean median    p99 copied/s share/s errors\n", edges, "edge");
    for (uint32_t e = 0; e < o->a.n_edges; e++)
        print_edge(out, o, e, &before->edges[e], &now->edges[e], seconds, width);
}
