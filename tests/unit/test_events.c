/* The reader of the network's event ring: guest/libs/posix/net/events.c, with a network that does not wait for it.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include <bh/bulkhead.h>
#include <bh/core.h>

#include "guest/libs/posix/net/net_socket.h"

#include "check.h"

enum { SOCKETS = NET_SOCKETS_MAX, ROUNDS = 3000 };

static struct net_table table;
static struct px_socket sockets[SOCKETS];
static uint32_t told[SOCKETS]; /* what each socket's word was when it was told */
static uint32_t meanwhile;     /* events that come between a look at the generation and at the ring */
static bool busy;              /* events come while sockets are told */
static unsigned tellings;

/* The gate table's symbol is constant to those who use it. */
uint64_t gates_storage[sizeof(struct bh_gate_table) / sizeof(uint64_t)] __asm__("bh_gates")
    __attribute__((visibility("hidden")));

static uint32_t number(uint32_t below)
{
    static uint64_t state = 88172645463325252u;
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)(state >> 11) % below;
}

/* net_raise() of the network's end. */
static void raise_events(uint32_t n)
{
    for (; n; n--) {
        uint32_t i = number(SOCKETS);
        table.words[i] += 1u << NET_COUNT_SHIFT;
        table.ring[(table.generation + 1) % NET_RING] = (uint16_t)i;
        table.generation++;
    }
}

/* ---- What events.c stands on ---- */

int net_table(struct net_table **given)
{
    *given = &table;
    return 0;
}

uint32_t net_events_wait(uint32_t seen, uint64_t timeout)
{
    return timeout ? seen : 0;
}

int bh_thread_create(uint32_t *id, void (*entry)(void *), void *argument)
{
    return id || argument || !entry;
}

static int watch(const volatile uint16_t *word, const void *key)
{
    return word != key;
}

void px_lane_open(void)
{
}

void px_lane_shut(void)
{
}

bool px_lane_arm(bool on)
{
    return on && false;
}

bool px_lane_wait(void)
{
    return false;
}

bool px_lane_stalled(void)
{
    return false;
}

void px_lane_poll(void)
{
    raise_events(meanwhile);
}

void px_notify(struct px_file *f)
{
    const struct px_socket *s = (const struct px_socket *)f;
    told[s->index] = table.words[s->index];
    tellings++;
    if (busy && number(50) == 0)
        raise_events(number(400));
}

/* ---- Cases ---- */

static bool all_told(void)
{
    for (uint32_t i = 0; i < SOCKETS; i++)
        if (told[i] != table.words[i])
            return false;
    return true;
}

/* Looks until nothing is new. */
static void look(void)
{
    meanwhile = 0;
    busy = false;
    for (int i = 0; i < 2; i++)
        px_net_poll();
}

static void test_start(void)
{
    CHECK(px_net_start() == 0 && px_net_start() == 0);
    for (uint32_t i = 0; i < SOCKETS; i++) {
        sockets[i].index = i;
        px_net_add(&sockets[i]);
    }
    look();
    CHECK(tellings == 0);
}

static void test_each_event_is_told(void)
{
    raise_events(1000);
    tellings = 0;
    look();
    CHECK(all_told() && tellings == 1000);
}

static void test_far_behind(void)
{
    raise_events(5 * NET_RING);
    look();
    CHECK(all_told());
}

/* 925 events wait, and while they are read the network reports 280 more, as was seen. */
static void test_d3_overtaken_while_reading(void)
{
    raise_events(925);
    meanwhile = 280;
    px_net_poll();
    look();
    CHECK(all_told());
}

static void test_d3_overtaken_at_any_time(void)
{
    for (int round = 0; round < ROUNDS; round++) {
        raise_events(number(NET_RING + 10));
        meanwhile = number(2) ? number(NET_RING + 10) : 0;
        busy = number(2);
        px_net_poll();
        if (number(8))
            continue;
        look();
        CHECK(all_told());
    }
}

/* The generation is what the network says, and it may say anything. */
static void test_any_generation(void)
{
    for (int round = 0; round < ROUNDS; round++) {
        table.generation = number(UINT32_MAX);
        px_net_poll();
    }
    look();
    CHECK(all_told());
}

int main(void)
{
    ((uint64_t *)((struct bh_gate_table *)gates_storage)->core)[offsetof(struct bh_core_calls, watch) / 8] =
        (uint64_t)watch;
    RUN(test_start);
    RUN(test_each_event_is_told);
    RUN(test_far_behind);
    RUN(test_d3_overtaken_while_reading);
    RUN(test_d3_overtaken_at_any_time);
    RUN(test_any_generation);
    return CHECK_RESULT();
}
