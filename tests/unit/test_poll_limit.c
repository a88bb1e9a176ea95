/* How long a device's thread polls: it follows what polling would have saved.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "check.h"
#include "vmm/resources/crowd.h"
#include "vmm/virtio/poll_limit.h"

#define MAX 100000u

static struct bh_crowd crowd = {.awake = 1, .processors = 1};

static void grows_up_to_its_maximum(void)
{
    struct poll_limit l = {.cycles = 0, .max = MAX};
    uint64_t before = 0;
    for (int i = 0; i < 20; i++) {
        poll_limit_adapt(&l, MAX - 1); /* a little more polling would have saved this sleep */
        CHECK(l.cycles > before || l.cycles == MAX);
        CHECK(l.cycles <= MAX);
        before = l.cycles;
    }
    CHECK(l.cycles == MAX);
}

static void shrinks_but_not_to_nothing(void)
{
    struct poll_limit l = {.cycles = MAX, .max = MAX};
    poll_limit_adapt(&l, MAX);
    CHECK(l.cycles == MAX / 2);
    for (int i = 0; i < 40; i++)
        poll_limit_adapt(&l, UINT64_MAX);
    CHECK(l.cycles > 0 && l.cycles < MAX / 8);
}

static bool count_looks(void *arg, uint64_t now)
{
    unsigned *left = arg;
    return --*left == 0;
}

static bool see_nothing(void *arg, uint64_t now)
{
    *(uint64_t *)arg = now;
    return false;
}

static void polls_until_something_is_there(void)
{
    struct poll_limit l = {.cycles = UINT64_MAX, .max = UINT64_MAX, .crowd = &crowd};
    unsigned left = 5;
    CHECK(poll_until(&l, count_looks, &left) && left == 0);
}

static void polls_no_longer_than_the_limit(void)
{
    struct poll_limit l = {.cycles = MAX, .max = MAX, .crowd = &crowd};
    uint64_t last = 0, start = clock_cycles();
    CHECK(!poll_until(&l, see_nothing, &last));
    CHECK(clock_cycles() - start >= MAX);
    CHECK(last >= start);
    l.cycles = 0;
    last = 0;
    CHECK(!poll_until(&l, see_nothing, &last) && last == 0);
}

static void polls_less_in_a_crowd(void)
{
    struct poll_limit l = {.cycles = UINT64_MAX, .max = UINT64_MAX, .full_max = MAX, .crowd = &crowd};
    uint64_t last = 0;
    crowd.awake = 2;
    CHECK(!poll_until(&l, see_nothing, &last)); /* else it would poll for ever */
    crowd.awake = 1;
}

static void every_thread_counts_until_the_process_ends(void)
{
    struct crowd c = {.page = {.processors = 2}};
    struct crowd_member vm = crowd_vm(&c, 3), mount = crowd_mount(&c, 3);
    crowd_wake(vm);
    crowd_wake(vm);
    CHECK(c.page.awake == 2);
    crowd_wake(mount);
    CHECK(c.page.awake == 3);
    crowd_sleep(mount);
    CHECK(c.page.awake == 2);
    crowd_leave(vm);
    CHECK(c.page.awake == 0);
    crowd_leave(vm);
    CHECK(c.page.awake == 0);
}

int main(void)
{
    RUN(grows_up_to_its_maximum);
    RUN(shrinks_but_not_to_nothing);
    RUN(polls_until_something_is_there);
    RUN(polls_no_longer_than_the_limit);
    RUN(polls_less_in_a_crowd);
    RUN(every_thread_counts_until_the_process_ends);
    return CHECK_RESULT();
}
