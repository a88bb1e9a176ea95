/* Adapts the limit of a device's polling.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/virtio/poll_limit.h"

#define LIMIT_MIN 2048u /* cycles; a limit of 0 could never grow again */

void poll_limit_adapt(struct poll_limit *l, uint64_t slept)
{
    uint64_t cycles = slept < l->max ? l->cycles * 2 + LIMIT_MIN : l->cycles / 2;
    l->cycles = cycles < LIMIT_MIN ? LIMIT_MIN : cycles > l->max ? l->max : cycles;
}
