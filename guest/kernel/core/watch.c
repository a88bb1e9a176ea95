/* Words in memory that the core watches for others (rings of devices, the status page), whose change wakes threads; and
 * words that it writes, which tell devices when the VM parks.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>

#include "core.h"

/* For each compartment of a VM with protection keys; elsewhere one of them counts for all. */
enum { WATCHES = 2 * BH_MOUNTS_MAX + 8, FLAGS = BH_MOUNTS_MAX };

static struct {
    const volatile uint16_t *word;
    const void *wait_channel;
    uint16_t seen;
} watches[WATCHES * BH_COMPARTMENTS_MAX];
static uint32_t n_watches;
static uint8_t watches_of[BH_COMPARTMENTS_MAX];

static volatile uint32_t *flags[FLAGS * BH_COMPARTMENTS_MAX];
static uint32_t n_flags;
static uint8_t flags_of[BH_COMPARTMENTS_MAX];

int watch_add(uint32_t owner, const volatile uint16_t *word, const void *wait_channel)
{
    if (watches_of[owner] == WATCHES)
        return -ENOSPC;
    watches_of[owner]++;
    watches[n_watches].word = word;
    watches[n_watches].wait_channel = wait_channel;
    watches[n_watches].seen = *word;
    n_watches++;
    return 0;
}

bool watch_poll(void)
{
    bool changed = false;
    for (uint32_t i = 0; i < n_watches; i++) {
        uint16_t now = *watches[i].word;
        if (now == watches[i].seen)
            continue;
        watches[i].seen = now;
        thread_wakeup(watches[i].wait_channel, UINT32_MAX);
        changed = true;
    }
    return changed;
}

int parked_add(uint32_t owner, volatile uint32_t *flag)
{
    if (flags_of[owner] == FLAGS)
        return -ENOSPC;
    flags_of[owner]++;
    *flag = 0;
    flags[n_flags++] = flag;
    return 0;
}

void parked_set(uint32_t value)
{
    for (uint32_t i = 0; i < n_flags; i++)
        *flags[i] = value;
}

bool watch_has(const volatile void *word)
{
    for (uint32_t i = 0; i < n_watches; i++)
        if (watches[i].word == word)
            return true;
    return false;
}
