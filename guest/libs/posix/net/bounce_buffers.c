/* Bounce buffers in a share: data crosses to the network compartment through them without the gate's own copy.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <bh/bulkhead.h>

#include "net_socket.h"

/* As many as there usually are threads that transfer at the same time; further ones let the gate copy. */
enum { BUFFERS = 4 };

static struct {
    void *memory;
    bool tried, taken;
} buffers[BUFFERS];

void *px_bounce_take(void)
{
    for (int i = 0; i < BUFFERS; i++) {
        if (buffers[i].taken)
            continue;
        if (!buffers[i].tried)
            buffers[i].memory = bh_malloc_shared(PX_BOUNCE_SIZE);
        buffers[i].tried = true;
        if (!buffers[i].memory)
            return NULL;
        buffers[i].taken = true;
        return buffers[i].memory;
    }
    return NULL;
}

bool px_bounce_has(const void *buffer)
{
    for (int i = 0; i < BUFFERS; i++)
        if (buffers[i].memory && buffers[i].memory == buffer)
            return true;
    return false;
}

void px_bounce_give(void *buffer)
{
    for (int i = 0; i < BUFFERS; i++)
        if (buffers[i].memory == buffer)
            buffers[i].taken = false;
}
