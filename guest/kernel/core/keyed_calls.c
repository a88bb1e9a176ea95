/* Core calls of a VM with protection keys: each argument is checked against what its caller's domain may use.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>

#include "keyed_calls.h"
#include "keys.h"

static int keyed_thread_create(void (*entry)(void *), void *arg, uint32_t compartment)
{
    return keys_same_domain(keys_caller(), compartment) ? core_thread_create(entry, arg, compartment) : -EINVAL;
}

/* A thread that slept on another domain's wait channel would take its wake-ups. */
static int keyed_sleep(const void *wait_channel, uint64_t timeout)
{
    return keys_allow(keys_caller(), (uint64_t)wait_channel, 1) ? core_sleep(wait_channel, timeout) : -EFAULT;
}

static uint32_t keyed_wakeup(const void *wait_channel, uint32_t n)
{
    return keys_allow(keys_caller(), (uint64_t)wait_channel, 1) ? thread_wakeup(wait_channel, n) : 0;
}

/* The application's streams belong to its domain; libraries write to the console, as in a VM of their own. */
static bool is_application(uint32_t caller)
{
    for (uint32_t i = 0; i < BH_COMPARTMENTS_MAX; i++) {
        const struct bh_boot_compartment *c = boot_compartment(i);
        if (c && (c->flags & BH_COMPARTMENT_DEFAULT) && keys_same_domain(caller, i))
            return true;
    }
    return false;
}

static long keyed_write(enum bh_stream stream, const void *buf, size_t size)
{
    uint32_t caller = keys_caller();
    bool own = is_application(caller);
    if (stream != BH_STDERR && !own)
        return -EBADF;
    if (!keys_allow(caller, (uint64_t)buf, size))
        return -EFAULT;
    if (own)
        return stream_write(caller, stream, buf, size);
    console_log(caller, buf, size);
    return (long)size;
}

static long keyed_read(enum bh_stream stream, void *buf, size_t size)
{
    uint32_t caller = keys_caller();
    if (!is_application(caller))
        return -EBADF;
    return keys_allow(caller, (uint64_t)buf, size) ? stream_read(stream, buf, size) : -EFAULT;
}

static void keyed_log(uint32_t compartment, const char *text, size_t size)
{
    uint32_t caller = keys_caller();
    if (keys_allow(caller, (uint64_t)text, size))
        console_log(keys_same_domain(caller, compartment) ? compartment : caller, text, size);
}

static void keyed_report(const struct bh_report *from)
{
    uint32_t caller = keys_caller();
    if (!keys_allow(caller, (uint64_t)from, sizeof(*from)))
        return;
    struct bh_report copy = *from;
    if (!keys_same_domain(caller, copy.compartment))
        copy.compartment = caller;
    core_report(&copy);
}

static int keyed_watch(const volatile uint16_t *word, const void *wait_channel)
{
    uint32_t caller = keys_caller();
    uint64_t at = (uint64_t)word;
    bool status = at == (uint64_t)&status_page()->shutdown;
    bool good = (status || keys_allow(caller, at, sizeof(*word))) && keys_allow(caller, (uint64_t)wait_channel, 1);
    return good ? watch_add(caller, word, wait_channel) : -EFAULT;
}

/* Whether the network device is the caller's. */
static bool has_network(uint32_t caller)
{
    const struct bh_boot_net *net = (const void *)((const char *)boot() + boot()->net_off);
    return boot()->net_off && keys_same_domain(caller, net->compartment);
}

static long keyed_net_start(const struct bh_net_setup *from)
{
    uint32_t caller = keys_caller();
    if (!has_network(caller))
        return -ENODEV;
    if (!keys_allow(caller, (uint64_t)from, sizeof(*from)))
        return -EFAULT;
    struct bh_net_setup copy = *from;
    return net_start(&copy);
}

static bool has_mount(uint32_t caller, uint32_t index)
{
    const struct bh_boot_mount *m = (const void *)((const char *)boot() + boot()->mounts_off);
    for (uint32_t i = 0; i < boot()->n_mounts; i++, m++)
        if (m->index == index)
            return keys_same_domain(caller, m->compartment);
    return false;
}

static void keyed_kick(uint32_t queue)
{
    uint32_t caller = keys_caller();
    if (queue < BH_KICK_MOUNT ? has_network(caller) : has_mount(caller, queue - BH_KICK_MOUNT))
        device_kick(queue);
}

static int keyed_parked(volatile uint32_t *flag)
{
    uint32_t caller = keys_caller();
    bool good = (uint64_t)flag % 4 == 0 && keys_allow(caller, (uint64_t)flag, sizeof(*flag));
    return good ? parked_add(caller, flag) : -EFAULT;
}

/* Of the caller's own heap only: what is given back loses its contents. */
static bool in_own_heap(uint32_t caller, struct bh_range r)
{
    const struct bh_boot_compartment *c = boot_compartment(caller);
    return c && r.va >= c->heap_va && r.size <= c->heap_size && r.va - c->heap_va <= c->heap_size - r.size;
}

static long keyed_give_back(const struct bh_range *ranges, uint32_t n)
{
    uint32_t caller = keys_caller();
    struct bh_range copy[BH_RANGES_BATCH];
    if (n > BH_RANGES_BATCH)
        return -EINVAL;
    if (!keys_allow(caller, (uint64_t)ranges, n * sizeof(*ranges)))
        return -EFAULT;
    for (uint32_t i = 0; i < n; i++) {
        copy[i] = ((const volatile struct bh_range *)ranges)[i];
        if (!in_own_heap(caller, copy[i]))
            return -EFAULT;
    }
    return give_back(copy, n);
}

static uint32_t keyed_thread_self(void)
{
    return current->id;
}

const struct bh_core_calls keyed_calls = {
    .call = keyed_call,
    .callback = keyed_callback,
    .arena_alloc = keyed_arena_alloc,
    .arena_free = keyed_arena_free,
    .thread_create = keyed_thread_create,
    .thread_exit = thread_exit,
    .thread_self = keyed_thread_self,
    .yield = thread_yield,
    .sleep = keyed_sleep,
    .wakeup = keyed_wakeup,
    .write = keyed_write,
    .read = keyed_read,
    .log = keyed_log,
    .exit = core_exit,
    .report = keyed_report,
    .now = clock_ns,
    .watch = keyed_watch,
    .net_start = keyed_net_start,
    .kick = keyed_kick,
    .submit = keyed_submit,
    .collect = keyed_collect,
    .ready = keyed_ready,
    .parked = keyed_parked,
    .give_back = keyed_give_back,
};
