/* Writes samples as JSON.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/observe/top_json.h"

static void vm_json(struct json *j, const struct observed *o, uint32_t v, const struct vm_sample *s)
{
    json_open(j, NULL, '{');
    json_number(j, "vm", v);
    json_open(j, "compartments", '[');
    for (uint32_t i = 0; i < o->a.n_compartments; i++)
        if (o->a.vms[v].compartments >> i & 1)
            json_string(j, NULL, o->a.compartments[i].name);
    json_close(j, ']');
    json_number(j, "pid", o->head.pid[v]);
    json_bool(j, "runs", s->runs);
    json_bool(j, "parked", s->parked);
    json_number(j, "cpu_ns", s->cpu_ns);
    json_number(j, "resident_bytes", s->resident);
    json_number(j, "exits", s->exits);
    json_number(j, "parks", s->parks);
    json_number(j, "parked_ns", s->park_ns);
    json_number(j, "doorbells", s->notifications);
    json_number(j, "spins", s->idles);
    json_number(j, "spin_ns", s->spin_ns);
    json_number(j, "thread_switches", s->switches);
    if (s->has_net) {
        json_open(j, "net", '{');
        json_number(j, "rx_frames", s->rx_frames);
        json_number(j, "rx_bytes", s->rx_bytes);
        json_number(j, "rx_drops", s->rx_drops);
        json_number(j, "tx_frames", s->tx_frames);
        json_number(j, "tx_bytes", s->tx_bytes);
        json_number(j, "tx_drops", s->tx_drops);
        json_number(j, "connections", s->net_streams);
        json_number(j, "datagram_flows", s->net_datagrams);
        json_close(j, '}');
    }
    json_close(j, '}');
}

static void latency_json(struct json *j, const struct observed *o, const struct edge_sample *s)
{
    uint64_t n = 0;
    for (unsigned i = 0; i < BH_STATS_BUCKETS; i++)
        n += s->latency[i];
    json_open(j, "latency", '{');
    json_number(j, "calls", n);
    json_number(j, "mean_ns", n ? observe_ns(o, s->cycles / n) : 0);
    json_number(j, "median_ns", observe_ns(o, (uint64_t)observe_quantile(s->latency, 0.5)));
    json_number(j, "p99_ns", observe_ns(o, (uint64_t)observe_quantile(s->latency, 0.99)));
    json_open(j, "buckets", '[');
    for (unsigned i = 0; i < BH_STATS_BUCKETS; i++) {
        if (s->latency[i]) {
            json_open(j, NULL, '{');
            json_number(j, "below_cycles", 2ull << i);
            json_number(j, "calls", s->latency[i]);
            json_close(j, '}');
        }
    }
    json_close(j, ']');
    json_close(j, '}');
}

static void edge_json(struct json *j, const struct observed *o, uint32_t e, const struct edge_sample *s)
{
    const struct edge *edge = &o->a.edges[e];
    const struct compartment *from = &o->a.compartments[edge->from], *to = &o->a.compartments[edge->to];
    json_open(j, NULL, '{');
    json_string(j, "from", from->name);
    json_string(j, "to", to->name);
    json_string(j, "mechanism", edge_mechanism(&o->a, edge));
    json_bool(j, "counted", s->counted);
    if (s->counted)
        json_number(j, "calls", s->calls);
    if (s->counted && !s->calls_only) {
        json_number(j, "in_flight", s->in_flight);
        json_number(j, "served", s->served);
        json_number(j, "callbacks", s->callbacks);
        json_open(j, "errors", '{');
        for (uint32_t i = 1; i < BH_STATS_STATUSES; i++)
            if (s->status[i] && observe_status(i))
                json_number(j, observe_status(i), s->status[i]);
        json_close(j, '}');
        json_number(j, "copied_bytes", s->copied);
        json_number(j, "shared_bytes", s->passed);
        latency_json(j, o, s);
    }
    json_close(j, '}');
}

void top_json(struct json *j, const struct observed *o, const struct sample *s)
{
    json_open(j, NULL, '{');
    json_string(j, "name", o->a.name);
    json_string(j, "toml", o->a.toml);
    json_number(j, "pid", (uint64_t)o->dir.pid);
    json_number(j, "running_ns", s->time_ns > o->head.start_ns ? s->time_ns - o->head.start_ns : 0);
    json_number(j, "tsc_khz", observe_khz(o));
    json_open(j, "vms", '[');
    for (uint32_t v = 0; v < o->a.n_vms; v++)
        vm_json(j, o, v, &s->vms[v]);
    json_close(j, ']');
    json_open(j, "edges", '[');
    for (uint32_t e = 0; e < o->a.n_edges; e++)
        edge_json(j, o, e, &s->edges[e]);
    json_close(j, ']');
    json_close(j, '}');
}
