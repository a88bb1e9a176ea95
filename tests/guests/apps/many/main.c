/* 16 VMs: calls each library, then all of them in a chain, then both from many threads at once.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>
#include <stdio.h>

#include <bh/bulkhead.h>

#include "hop.h"

enum { ROUNDS = 50, CALLERS = 16 };

#define ENTRY(name) name,
static uint64_t (*const hops[])(uint64_t, unsigned) = {HOPS(ENTRY)};
#define N (sizeof(hops) / sizeof(*hops))

static unsigned wrong;

/* From hop `first` through all that follow it, `more` of them at most. */
static void pass(uint64_t value, unsigned first, unsigned more)
{
    uint64_t expected = value;
    for (unsigned i = first; i < N && i <= first + more; i++)
        expected = expected * 31 + i + 1;
    uint64_t got = hops[first](value, more);
    if (got != expected && wrong++ < 10)
        printf("wrong: from %u, %u more: %" PRIu64 ", not %" PRIu64 "\n", first + 1, more, got, expected);
}

static struct bh_sem done;
static void caller(void *unused)
{
    (void)unused;
    for (unsigned i = 0; i < ROUNDS; i++)
        pass(i, (bh_thread_self() + i) % N, i % 4);
    bh_sem_post(&done);
}

int main(void)
{
    for (unsigned round = 0; round < ROUNDS; round++) {
        for (unsigned i = 0; i < N; i++)
            pass(round, i, 0);
        pass(round, 0, N - 1);
    }
    printf("star and chain: %u wrong\n", wrong);
    for (unsigned i = 0; i < CALLERS; i++)
        if (bh_thread_create(NULL, caller, NULL))
            return puts("no thread"), 1;
    for (unsigned i = 0; i < CALLERS; i++)
        bh_sem_wait(&done, BH_FOREVER);
    printf("%d threads at once: %u wrong\n", CALLERS, wrong);
    return wrong ? 1 : 0;
}
