/* Buffers in a share, through which data crosses without the gate's own copy.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <bh/bulkhead.h>

#include "net_socket.h"

/* As many as threads that transfer at the same time usually are; others let the gate copy. */
enum { BUFFERS = 4 };

static struct {
    void *memory;
    bool tried, taken;
} buffers[BUFFERS];

void *px_staging_take(void)
{
    for (int i = 0; i < BUFFERS; i++) {
        if (buffers[i].taken)
            continue;
        if (!buffers[i].tried)
            buffers[i].memory = bh_malloc_shared(PX_STAGING);
        buffers[i].tried = true;
        if (!buffers[i].memory)
            return NULL;
        buffers[i].taken = true;
        return buffers[i].memory;
    }
    return NULL;
}

bool px_staging_has(const void *buffer)
{
    for (int i = 0; i < BUFFERS; i++)
        if (buffers[i].memory && buffers[i].memory == buffer)
            return true;
    return false;
}

void px_staging_give(void *buffer)
{
    for (int i = 0; i < BUFFERS; i++)
        if (buffers[i].memory == buffer)
            buffers[i].taken = false;
}
