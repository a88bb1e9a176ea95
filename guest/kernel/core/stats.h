/* Counting and recording gate calls: small inline functions for the files that make them.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * Most of this happens while a call waits for its reply anyway, so it costs next to nothing. rpc/stats.h says what the
 * numbers mean. With statistics switched off `stats` and every endpoint's `stats` are NULL. */
#ifndef BH_CORE_STATS_H
#define BH_CORE_STATS_H

#include "core.h"
#include "rpc/stats.h"

extern struct bh_stats *stats; /* NULL: off */
extern bool stats_tracing;     /* an observer wants every event */

void stats_init(void);
/* The supervisor changed the status page. */
void stats_status_changed(void);
/* The end of `endpoint` in the statistics; NULL: off. */
struct bh_stats_end *stats_new_end(const struct bh_boot_edge *edge, bool caller);
/* Counts a call that a client stub refused by itself and reported. */
void stats_refused(const struct bh_report *report);
/* Records an event: the time (0: now), and the last sixteen bytes of struct bh_stats_event. */
void stats_trace(uint64_t time, uint64_t head, uint64_t tail) __attribute__((cold));
void stats_trace_park(uint64_t start, uint64_t cycles);

/* What is remembered of a call from its beginning to its end. */
struct stats_call {
    struct bh_stats_call *place; /* of the thread */
    struct bh_stats_event *recent;
    uint64_t event; /* its number */
    uint64_t time;
    uint64_t head; /* seq, fn, slot, as in a request slot */
    uint64_t outer;
    bool timed; /* one of those whose latency is measured */
};

/* Word by word: a call begins with few stores, and what it was made of stays in registers. */
static inline void stats_store(void *to, uint64_t word)
{
    /* NOLINTNEXTLINE(clang-analyzer-unix.cstring.NullArg): each caller checked that there is a place */
    __builtin_memcpy(to, &word, sizeof(word));
}
static inline uint64_t stats_head(uint32_t seq, uint16_t fn, unsigned slot)
{
    return (uint64_t)seq | (uint64_t)fn << 32 | (uint64_t)slot << 48;
}
/* The last eight bytes of an event. `tag`: edge, and kind from bit 32 on. */
static inline uint64_t stats_tail(uint64_t tag, char phase, uint32_t status)
{
    return tag | (uint64_t)current->id << 16 | (uint64_t)(uint8_t)phase << 40 | (uint64_t)(uint8_t)status << 48;
}
static inline uint64_t stats_tag(const struct endpoint *endpoint, enum bh_stats_kind kind)
{
    return endpoint->boot->index | (uint64_t)kind << 32;
}
/* struct bh_stats_call */
static inline uint64_t stats_place(uint64_t head, uint64_t tag)
{
    return head >> 32 | (tag & 0xffff) << 32 | tag >> 32 << 48;
}

static inline void stats_begin(struct stats_call *s, struct bh_stats_call *place, uint64_t tag, uint64_t head,
                               uint64_t time)
{
    s->head = head;
    s->time = time;
    s->place = place;
    __builtin_memcpy(&s->outer, place, sizeof(s->outer));
    stats_store(place, stats_place(head, tag));
    s->event = stats->n_recent++;
    struct bh_stats_event *e = s->recent = &stats->recent[s->event % BH_STATS_RECENT];
    e->time = time;
    e->cycles = 0;
    stats_store(&e->seq, head);
    stats_store(&e->edge, stats_tail(tag, 'B', BH_STATS_PENDING));
    if (__builtin_expect(stats_tracing, 0))
        stats_trace(time, head, stats_tail(tag, 'B', BH_STATS_PENDING));
}

static inline void stats_end(const struct stats_call *s, uint64_t tag, uint32_t status, uint64_t cycles)
{
    stats_store(s->place, s->outer);
    if (stats->n_recent - s->event <= BH_STATS_RECENT) {
        s->recent->status = (uint8_t)status;
        if (cycles)
            s->recent->cycles = cycles;
    }
    if (__builtin_expect(stats_tracing, 0))
        stats_trace(0, s->head, stats_tail(tag, 'E', status));
}

/* A call is about to be posted. While events are recorded its time is taken here, before the peer can see it; else
 * afterwards, where it costs nothing. */
static inline uint64_t stats_before_post(void)
{
    return __builtin_expect(stats_tracing, 0) ? rdtsc() : 0;
}

static inline uint64_t stats_tag_out(const struct endpoint *endpoint)
{
    return stats_tag(endpoint, endpoint->caller ? BH_STATS_CALL : BH_STATS_CALLBACK);
}

/* A call, or a callback, has just been posted: nothing waits for this end now. */
static inline void stats_posted(struct stats_call *s, struct endpoint *endpoint, const struct bh_outgoing *call,
                                unsigned slot, uint64_t before)
{
    struct bh_stats_end *e = endpoint->stats;
    if (!e) {
        *s = (struct stats_call){0};
        return;
    }
    stats_begin(s, &stats->threads[current->id].out, stats_tag_out(endpoint),
                stats_head(endpoint->out.expect[slot], call->fn, slot), before ? before : rdtsc());
    s->timed = !endpoint->caller || e->started % BH_STATS_TIMED == 0;
    if (endpoint->caller) {
        e->started++;
        e->copied += call->copied;
        e->passed += call->passed;
    } else {
        e->callbacks++;
    }
}

/* ... and is over, one way or another. */
static inline void stats_answered(struct stats_call *s, struct endpoint *endpoint, uint32_t status)
{
    struct bh_stats_end *e = endpoint->stats;
    if (!e)
        return;
    uint64_t cycles = s->timed ? rdtsc() - s->time : 0;
    stats_end(s, stats_tag_out(endpoint), status, cycles);
    if (!endpoint->caller)
        return;
    e->status[status % BH_STATS_STATUSES]++;
    if (s->timed) {
        unsigned bucket = 63u - (unsigned)__builtin_clzll(cycles | 1);
        e->latency[bucket < BH_STATS_BUCKETS ? bucket : BH_STATS_BUCKETS - 1]++;
        e->cycles += cycles;
    }
}

/* A call in two halves: it counts, but how long it takes says more about its caller than about the gate. */
static inline void stats_submitted(struct endpoint *endpoint, const struct bh_outgoing *call)
{
    struct bh_stats_end *e = endpoint->stats;
    if (!e)
        return;
    e->started++;
    e->copied += call->copied;
    e->passed += call->passed;
}
static inline void stats_collected(struct endpoint *endpoint, uint32_t status)
{
    if (endpoint->stats)
        endpoint->stats->status[status % BH_STATS_STATUSES]++;
}

static inline uint64_t stats_tag_in(const struct endpoint *endpoint)
{
    return stats_tag(endpoint, endpoint->caller ? BH_STATS_RUN_BACK : BH_STATS_SERVE);
}

/* A call, or a callback, is about to run here. */
static inline void stats_serve(struct stats_call *s, struct endpoint *endpoint, const struct bh_fetched *request)
{
    if (!endpoint->stats)
        *s = (struct stats_call){0};
    else
        stats_begin(s, &stats->threads[current->id].in, stats_tag_in(endpoint),
                    stats_head(request->seq, request->fn, request->slot), 0);
}

/* ... and has been answered. */
static inline void stats_served(struct stats_call *s, struct endpoint *endpoint, uint32_t status)
{
    if (!endpoint->stats)
        return;
    stats_end(s, stats_tag_in(endpoint), status, 0);
    if (endpoint->caller)
        endpoint->stats->callbacks++;
    else
        endpoint->stats->started++;
}

#endif
