/* Counting and recording gate calls: small inline functions for the files that make them.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * Most of it happens while a call waits for its reply anyway, so it costs next to nothing. rpc/stats.h says what the
 * numbers mean. With statistics switched off `stats` and every port's `stats` are NULL. */
#ifndef BH_CORE_STATS_H
#define BH_CORE_STATS_H

#include "core.h"
#include "rpc/stats.h"

extern struct bh_stats *stats; /* NULL: off */
extern bool stats_tracing;     /* an observer wants every event */

void stats_init(void);
/* The supervisor changed the status page. */
void stats_status_changed(void);
/* The end of `port` in the statistics; NULL: off. */
struct bh_stats_end *stats_new_end(const struct bh_boot_edge *edge, bool caller);
/* A call that a stub refused by itself and told in a report. */
void stats_refused(const struct bh_report *report);
void stats_trace(const struct bh_stats_event *event);
void stats_trace_park(uint64_t start, uint64_t cycles);

/* What is remembered of a call from its beginning to its end. */
struct stats_call {
    uint64_t event; /* number in `recent` */
    bool timed;     /* one of those whose latency is measured */
    struct bh_stats_call outer;
    uint64_t time;
    struct bh_stats_call self;
    uint32_t seq;
};

/* Field by field, straight to its place: a copy of what was just written in pieces waits for the store buffer, which holds
 * a line on its way to the other end. */
static inline void stats_event(struct bh_stats_event *e, const struct stats_call *s, uint64_t time, uint64_t cycles,
                               char phase, uint32_t status)
{
    e->time = time;
    e->cycles = cycles;
    e->seq = s->seq;
    e->edge = s->self.edge;
    e->fn = s->self.fn;
    e->slot = s->self.slot;
    e->thread = (uint16_t)current->id;
    e->kind = (uint8_t)s->self.kind;
    e->phase = (uint8_t)phase;
    e->status = (uint8_t)status;
    e->reserved = 0;
}

static inline void stats_traced(const struct stats_call *s, uint64_t time, char phase, uint32_t status)
{
    struct bh_stats_event e;
    stats_event(&e, s, time ? time : rdtsc(), 0, phase, status);
    stats_trace(&e);
}

static inline void stats_begin(struct stats_call *s, struct bh_stats_call *place, enum bh_stats_kind kind,
                               const struct port *port, uint16_t fn, unsigned slot, uint32_t seq, uint64_t time)
{
    s->self = (struct bh_stats_call){(uint16_t)port->boot->index, (uint16_t)slot, fn, (uint16_t)kind};
    s->seq = seq;
    s->time = time;
    s->outer = *place;
    *place = s->self;
    s->event = stats->n_recent++;
    stats_event(&stats->recent[s->event % BH_STATS_RECENT], s, time, 0, 'B', BH_STATS_PENDING);
    if (__builtin_expect(stats_tracing, 0))
        stats_traced(s, time, 'B', BH_STATS_PENDING);
}

static inline void stats_end(struct stats_call *s, struct bh_stats_call *place, uint32_t status, uint64_t cycles)
{
    *place = s->outer;
    if (stats->n_recent - s->event <= BH_STATS_RECENT) {
        struct bh_stats_event *e = &stats->recent[s->event % BH_STATS_RECENT];
        e->cycles = cycles;
        e->status = (uint8_t)status;
    }
    if (__builtin_expect(stats_tracing, 0))
        stats_traced(s, 0, 'E', status);
}

/* A call is about to be posted. While events are recorded its time is taken here, before the peer can see it; else
 * afterwards, where it costs nothing. */
static inline uint64_t stats_before_post(void)
{
    return __builtin_expect(stats_tracing, 0) ? rdtsc() : 0;
}

/* A call, or a callback, has just been posted: nothing waits for this end now. */
static inline void stats_posted(struct stats_call *s, struct port *port, const struct bh_outgoing *call, unsigned slot,
                                uint64_t before)
{
    struct bh_stats_end *e = port->stats;
    if (!e) {
        *s = (struct stats_call){0};
        return;
    }
    stats_begin(s, &stats->threads[current->id].out, port->caller ? BH_STATS_CALL : BH_STATS_CALLBACK, port, call->fn,
                slot, port->out.expect[slot], before ? before : rdtsc());
    s->timed = !port->caller || e->started % BH_STATS_TIMED == 0;
    if (port->caller) {
        e->started++;
        e->copied += call->copied;
        e->passed += call->passed;
    } else {
        e->callbacks++;
    }
}

/* ... and is over, one way or another. */
static inline void stats_answered(struct stats_call *s, struct port *port, uint32_t status)
{
    struct bh_stats_end *e = port->stats;
    if (!e)
        return;
    uint64_t cycles = s->timed ? rdtsc() - s->time : 0;
    stats_end(s, &stats->threads[current->id].out, status, cycles);
    if (!port->caller)
        return;
    e->status[status % BH_STATS_STATUSES]++;
    if (s->timed) {
        unsigned bucket = 63u - (unsigned)__builtin_clzll(cycles | 1);
        e->latency[bucket < BH_STATS_BUCKETS ? bucket : BH_STATS_BUCKETS - 1]++;
        e->cycles += cycles;
    }
}

/* A call in two halves: it counts, but how long it takes says more about its caller than about the gate. */
static inline void stats_submitted(struct port *port, const struct bh_outgoing *call)
{
    struct bh_stats_end *e = port->stats;
    if (!e)
        return;
    e->started++;
    e->copied += call->copied;
    e->passed += call->passed;
}
static inline void stats_collected(struct port *port, uint32_t status)
{
    if (port->stats)
        port->stats->status[status % BH_STATS_STATUSES]++;
}

/* A call, or a callback, is about to run here. */
static inline void stats_serve(struct stats_call *s, struct port *port, const struct bh_fetched *request)
{
    if (!port->stats)
        *s = (struct stats_call){0};
    else
        stats_begin(s, &stats->threads[current->id].in, port->caller ? BH_STATS_RUN_BACK : BH_STATS_SERVE, port,
                    request->fn, request->slot, request->seq, 0);
}

/* ... and has been answered. */
static inline void stats_served(struct stats_call *s, struct port *port, uint32_t status)
{
    if (!port->stats)
        return;
    stats_end(s, &stats->threads[current->id].in, status, 0);
    if (port->caller)
        port->stats->callbacks++;
    else
        port->stats->started++;
}

#endif
