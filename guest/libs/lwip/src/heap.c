/* Memory of packets and send queues: the compartment's heap, counted, and never all of it.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * Half of the heap at most: sockets, handles and the receive buffers live in the rest. Of that half, data that nobody
 * fetches may take a part, data to be sent a little more, and what keeps connections alive (acknowledgements, ARP) all
 * of it. So queues that nobody drains never keep others from sending, nor lwIP from answering. */
#include <malloc.h>
#include <stdlib.h>

#include "netcore.h"

/* In front of each block. */
struct block {
    _Alignas(MEM_ALIGNMENT) size_t size;
};

static size_t used, limit;

void net_heap_init(void)
{
    const struct bh_boot_compartment *c = (const void *)((const char *)bh_boot() + bh_boot()->compartments_off);
    while (c->index != bh_gates.compartment)
        c++;
    limit = c->heap_size / 2;
}

size_t net_heap_used(void)
{
    return mallinfo().uordblks;
}

size_t net_heap_bytes(void)
{
    return 2 * limit;
}

void *net_data_malloc(size_t size)
{
    size += sizeof(struct block);
    if (size > limit || used > limit - size)
        return NULL;
    struct block *b = malloc(size);
    if (!b)
        return NULL;
    b->size = size;
    used += size;
    return b + 1;
}

void *net_data_calloc(size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes))
        return NULL;
    void *block = net_data_malloc(bytes);
    if (block)
        __builtin_memset(block, 0, bytes);
    return block;
}

void net_data_free(void *block)
{
    struct block *b = (struct block *)block - 1;
    used -= b->size;
    free(b);
}

size_t net_data_bytes(void)
{
    return used;
}

bool net_data_room(enum net_use use)
{
    return used < limit / 8 * (size_t)use;
}
