/* Writes the counters in Prometheus' text format.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/observe/metrics_text.h"

#include <inttypes.h>
#include <stddef.h>
#include <string.h>

/* A label's value (text exposition format: backslash, quote and newline are escaped). */
static void put_label(FILE *out, const char *name, const char *value)
{
    fprintf(out, "%s=\"", name);
    for (; *value; value++)
        if (*value == '\n')
            fputs("\\n", out);
        else
            fprintf(out, "%s%c", *value == '"' || *value == '\\' ? "\\" : "", *value);
    fputc('"', out);
}

static void put_head(FILE *out, const char *name, const char *type, const char *help)
{
    fprintf(out, "# HELP bulkhead_%s %s\n# TYPE bulkhead_%s %s\n", name, help, name, type);
}

static void vm_labels(FILE *out, const struct observed *o, uint32_t v)
{
    char names[512] = "";
    for (uint32_t i = 0; i < o->a.n_compartments; i++) {
        size_t used = strlen(names);
        if (o->a.vms[v].compartments >> i & 1)
            snprintf(names + used, sizeof(names) - used, "%s%s", used ? "," : "", o->a.compartments[i].name);
    }
    fputc('{', out);
    put_label(out, "appliance", o->a.name);
    fprintf(out, ",vm=\"%" PRIu32 "\",", v);
    put_label(out, "compartments", names);
    fputc('}', out);
}

static void edge_labels(FILE *out, const struct observed *o, uint32_t e, const char *more)
{
    const struct edge *edge = &o->a.edges[e];
    fputc('{', out);
    put_label(out, "appliance", o->a.name);
    fputc(',', out);
    put_label(out, "from", o->a.compartments[edge->from].name);
    fputc(',', out);
    put_label(out, "to", o->a.compartments[edge->to].name);
    fprintf(out, "%s}", more);
}

static const struct {
    const char *name, *type, *help;
    size_t field;
    double unit; /* one of the metric's is so many of the field's */
    bool net;
} of_vms[] = {
    {"vm_cpu_seconds_total", "counter", "Processor time of the VM's process.", offsetof(struct vm_sample, cpu_ns), 1e9,
     false},
    {"vm_resident_bytes", "gauge", "Resident memory of the VM's process.", offsetof(struct vm_sample, resident), 1,
     false},
    {"vm_exits_total", "counter", "Exits from the guest to its process.", offsetof(struct vm_sample, exits), 1, false},
    {"vm_parks_total", "counter", "How often the VM went to sleep.", offsetof(struct vm_sample, parks), 1, false},
    {"vm_parked_seconds_total", "counter", "Time asleep.", offsetof(struct vm_sample, park_ns), 1e9, false},
    {"vm_spin_seconds_total", "counter", "Time polled before sleeping.", offsetof(struct vm_sample, spin_ns), 1e9,
     false},
    {"vm_doorbells_total", "counter", "Doorbells rung.", offsetof(struct vm_sample, notifications), 1, false},
    {"net_received_frames_total", "counter", "Frames given to the guest.", offsetof(struct vm_sample, rx_frames), 1,
     true},
    {"net_received_bytes_total", "counter", "Bytes of these.", offsetof(struct vm_sample, rx_bytes), 1, true},
    {"net_received_drops_total", "counter", "Frames that found no driver or no room.",
     offsetof(struct vm_sample, rx_drops), 1, true},
    {"net_sent_frames_total", "counter", "Frames that the guest sent.", offsetof(struct vm_sample, tx_frames), 1, true},
    {"net_sent_bytes_total", "counter", "Bytes of these.", offsetof(struct vm_sample, tx_bytes), 1, true},
    {"net_connections", "gauge", "Connections that user networking has open.", offsetof(struct vm_sample, net_streams),
     1, true},
    {"net_datagram_flows", "gauge", "Sockets for datagrams and pings that user networking has open.",
     offsetof(struct vm_sample, net_datagrams), 1, true},
    {"net_sent_drops_total", "counter", "Frames that were malformed.", offsetof(struct vm_sample, tx_drops), 1, true},
};

static const struct {
    const char *name, *type, *help;
    size_t field;
} of_edges[] = {
    /* the first: of all edges that are counted */
    {"gate_calls_total", "counter", "Gate calls that began.", offsetof(struct edge_sample, calls)},
    {"gate_calls_in_flight", "gauge", "Gate calls without a reply yet.", offsetof(struct edge_sample, in_flight)},
    {"gate_callbacks_total", "counter", "Callbacks made.", offsetof(struct edge_sample, callbacks)},
    {"gate_copied_bytes_total", "counter", "Bytes of arguments copied.", offsetof(struct edge_sample, copied)},
    {"gate_shared_bytes_total", "counter", "Bytes of arguments passed in shares.",
     offsetof(struct edge_sample, passed)},
};

static uint64_t field_of(const void *sample, size_t field)
{
    uint64_t value;
    memcpy(&value, (const char *)sample + field, sizeof(value));
    return value;
}

/* More than calls. */
static bool is_counted(const struct edge_sample *s)
{
    return s->counted && !s->calls_only;
}

static void write_errors(FILE *out, const struct observed *o, const struct sample *s)
{
    put_head(out, "gate_errors_total", "counter", "Gate calls that ended with another status than ok.");
    for (uint32_t e = 0; e < o->a.n_edges; e++) {
        for (uint32_t i = 1; is_counted(&s->edges[e]) && i < BH_STATS_STATUSES && observe_status(i); i++) {
            char more[64];
            snprintf(more, sizeof(more), ",status=\"%s\"", observe_status(i));
            fputs("bulkhead_gate_errors_total", out);
            edge_labels(out, o, e, more);
            fprintf(out, " %" PRIu64 "\n", s->edges[e].status[i]);
        }
    }
}

static void write_latency(FILE *out, const struct observed *o, const struct sample *s)
{
    put_head(out, "gate_latency_seconds", "histogram", "From posting a call to having its reply.");
    double khz = (double)observe_khz(o);
    for (uint32_t e = 0; e < o->a.n_edges; e++) {
        const struct edge_sample *edge = &s->edges[e];
        uint64_t sum = 0;
        for (unsigned b = 0; is_counted(edge) && khz > 0 && b < BH_STATS_BUCKETS; b++) {
            char more[64];
            sum += edge->latency[b];
            if (b < 7 || b > 34)
                continue; /* faster than light, or half a minute */
            snprintf(more, sizeof(more), ",le=\"%.3g\"", (double)(2ull << b) / khz / 1000);
            fputs("bulkhead_gate_latency_seconds_bucket", out);
            edge_labels(out, o, e, more);
            fprintf(out, " %" PRIu64 "\n", sum);
        }
        if (!is_counted(edge) || khz <= 0)
            continue;
        fputs("bulkhead_gate_latency_seconds_bucket", out);
        edge_labels(out, o, e, ",le=\"+Inf\"");
        fprintf(out, " %" PRIu64 "\nbulkhead_gate_latency_seconds_sum", sum);
        edge_labels(out, o, e, "");
        fprintf(out, " %.9g\nbulkhead_gate_latency_seconds_count", (double)edge->cycles / khz / 1000);
        edge_labels(out, o, e, "");
        fprintf(out, " %" PRIu64 "\n", sum);
    }
}

void metrics_write(FILE *out, const struct observed *o, const struct sample *s)
{
    for (size_t i = 0; i < sizeof(of_vms) / sizeof(*of_vms); i++) {
        put_head(out, of_vms[i].name, of_vms[i].type, of_vms[i].help);
        for (uint32_t v = 0; v < o->a.n_vms; v++) {
            if (s->vms[v].runs && (!of_vms[i].net || s->vms[v].has_net)) {
                fprintf(out, "bulkhead_%s", of_vms[i].name);
                vm_labels(out, o, v);
                fprintf(out, " %.12g\n", (double)field_of(&s->vms[v], of_vms[i].field) / of_vms[i].unit);
            }
        }
    }
    for (size_t i = 0; i < sizeof(of_edges) / sizeof(*of_edges); i++) {
        put_head(out, of_edges[i].name, of_edges[i].type, of_edges[i].help);
        for (uint32_t e = 0; e < o->a.n_edges; e++) {
            if (i ? is_counted(&s->edges[e]) : s->edges[e].counted) {
                fprintf(out, "bulkhead_%s", of_edges[i].name);
                edge_labels(out, o, e, "");
                fprintf(out, " %" PRIu64 "\n", field_of(&s->edges[e], of_edges[i].field));
            }
        }
    }
    write_errors(out, o, s);
    write_latency(out, o, s);
}
