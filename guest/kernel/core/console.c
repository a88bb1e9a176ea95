/* Lines of the compartments on the console, batched, and the application's streams.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <string.h>

#include "core.h"

static char buffer[2048];
static size_t used;
static uint32_t owner; /* compartment whose text is in the buffer */
static uint32_t input_waiters;

void console_flush(void)
{
    size_t size = used;
    used = 0;
    if (size)
        hypercall(BH_HC_LOG, owner, (uint64_t)buffer, size);
}

void console_log(uint32_t compartment, const char *text, size_t size)
{
    if (compartment != owner)
        console_flush();
    owner = compartment;
    while (size) {
        size_t part = sizeof(buffer) - used < size ? sizeof(buffer) - used : size;
        memcpy(buffer + used, text, part);
        used += part;
        text += part;
        size -= part;
        if (used == sizeof(buffer))
            console_flush();
    }
}

static bool beside_application(uint32_t compartment)
{
    const struct bh_boot_compartment *c = boot_compartment(compartment);
    return c && !(c->flags & BH_COMPARTMENT_DEFAULT);
}

long stream_write(uint32_t compartment, enum bh_stream stream, const void *buf, size_t size)
{
    if (stream == BH_STDERR && beside_application(compartment)) {
        console_log(compartment, buf, size);
        console_flush();
        return (long)size;
    }
    return hypercall(BH_HC_WRITE, stream, (uint64_t)buf, size);
}

long stream_read(enum bh_stream stream, void *buf, size_t size)
{
    for (;;) {
        long n = hypercall(BH_HC_READ, stream, (uint64_t)buf, size);
        if (n != -EAGAIN)
            return n;
        input_waiters++;
        thread_sleep(&input_waiters, BH_FOREVER);
        input_waiters--;
    }
}

bool stream_wants_input(void)
{
    return input_waiters != 0;
}

void stream_input_ready(void)
{
    thread_wakeup(&input_waiters, UINT32_MAX);
}
