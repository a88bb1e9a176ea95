/* Core calls of a VM with protection keys: each argument is checked against what its caller's domain may use.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <string.h>

#include "keys.h"

enum { CALLBACKS_MAX = 16 };

static struct local { /* arenas of an edge between two domains */
    const struct bh_boot_edge *boot;
    struct bh_arena_map arena[2]; /* enum bh_arena */
} locals[64];
static uint32_t n_locals;

static const struct bh_boot_edge *local_edge(uint32_t index)
{
    const struct bh_boot_edge *e = (const void *)((const char *)boot() + boot()->edges_off);
    for (uint32_t i = 0; i < boot()->n_edges; i++, e++)
        if (e->index == index)
            return e->flags & BH_EDGE_KEYED ? e : NULL;
    return NULL;
}

/* Made when the edge first needs one. NULL: not an edge between two domains of this VM. */
static struct local *local_arenas(uint32_t edge)
{
    for (uint32_t i = 0; i < n_locals; i++)
        if (locals[i].boot->index == edge)
            return &locals[i];
    const struct bh_boot_edge *e = local_edge(edge);
    if (!e)
        return NULL;
    if (n_locals == sizeof(locals) / sizeof(locals[0]))
        core_panic("more than 64 edges between protection keys copy data");
    struct local *l = &locals[n_locals++];
    l->boot = e;
    bh_arena_init(&l->arena[BH_ARENA_CALLS], BH_EDGE_BASE(edge) + BH_EDGE_ARENA_OFF, e->arena_size);
    bh_arena_init(&l->arena[BH_ARENA_CALLBACKS], BH_EDGE_BASE(edge) + BH_EDGE_CB_ARENA_OFF, BH_EDGE_CB_ARENA_SIZE);
    return l;
}

/* Whether the caller is the end of the edge that `which` direction belongs to. */
static bool owns(uint32_t caller, const struct bh_boot_edge *e, enum bh_arena which)
{
    return keys_same_domain(caller, which == BH_ARENA_CALLS ? e->from : e->to);
}

/* An outgoing call and its callbacks, in the core's memory: what happens to the caller's meanwhile
 * does not matter. */
struct taken {
    struct bh_outgoing call;
    struct bh_callback callbacks[CALLBACKS_MAX];
};

static bool take(uint32_t caller, const struct bh_outgoing *from, struct taken *t)
{
    if (!keys_allow(caller, (uint64_t)from, sizeof(*from)))
        return false;
    memcpy(&t->call, from, sizeof(t->call));
    size_t bytes = t->call.n_callbacks * sizeof(t->callbacks[0]);
    if (t->call.n_callbacks > CALLBACKS_MAX || (bytes && !keys_allow(caller, (uint64_t)t->call.callbacks, bytes)))
        return false;
    memcpy(t->callbacks, t->call.callbacks, bytes);
    t->call.callbacks = t->callbacks;
    return true;
}

static enum bh_status give(const struct taken *t, struct bh_outgoing *to, enum bh_status status)
{
    to->ret = t->call.ret;
    memcpy(to->words, t->call.words, sizeof(to->words));
    to->status = status;
    return status;
}

/* The caller's call, copied, if its edge leads to another VM: those to other domains of this one have gates of their
 * own for all that they grant. */
static enum bh_status take_remote(const struct bh_outgoing *out, struct taken *t)
{
    uint32_t caller = keys_caller();
    if (!take(caller, out, t))
        return BH_BAD_ARGUMENT;
    const struct bh_boot_edge *local = local_edge(t->call.edge);
    if (local && owns(caller, local, BH_ARENA_CALLS))
        return BH_REFUSED;
    struct port *port = port_of_edge(t->call.edge, true);
    return port && owns(caller, port->boot, BH_ARENA_CALLS) ? BH_OK : BH_NO_GATE;
}

static enum bh_status call(struct bh_outgoing *out)
{
    struct taken t;
    enum bh_status status = take_remote(out, &t);
    if (status == BH_OK)
        return give(&t, out, gate_call(&t.call));
    return status == BH_BAD_ARGUMENT ? status : give(&t, out, status);
}

static enum bh_status submit(struct bh_outgoing *out)
{
    struct taken t;
    enum bh_status status = take_remote(out, &t);
    if (status == BH_OK)
        status = gate_submit(&t.call);
    if (status == BH_OK)
        out->slot = t.call.slot;
    return status;
}

static enum bh_status collect(struct bh_outgoing *out)
{
    struct taken t;
    enum bh_status status = take_remote(out, &t);
    return status == BH_OK ? give(&t, out, gate_collect(&t.call)) : status;
}

static int ready(const struct bh_outgoing *out)
{
    struct taken t;
    return take_remote(out, &t) != BH_OK || gate_ready(&t.call);
}

/* Runs a callback of a call over an edge between two domains, on this same thread. */
static enum bh_status local_callback(const struct bh_boot_edge *edge, struct bh_outgoing *back)
{
    struct taken t;
    const struct bh_outgoing *parent = keys_call_in_flight(edge, back->parent);
    if (!parent || !take(edge->from, parent, &t) || t.call.edge != edge->index || back->fn >= t.call.n_callbacks)
        return BH_REFUSED;
    struct bh_incoming in = {.edge = edge->index, .fn = back->fn, .slot = (uint16_t)back->parent};
    memcpy(in.args, back->args, sizeof(in.args));
    enum bh_status status = enter_callback(edge->from, &t.callbacks[back->fn], &in);
    back->ret = in.ret;
    memcpy(back->words, in.words, sizeof(back->words));
    return bh_status_of_callee(status);
}

static enum bh_status callback(struct bh_outgoing *out)
{
    uint32_t caller = keys_caller();
    struct taken t;
    if (!take(caller, out, &t))
        return BH_BAD_ARGUMENT;
    const struct bh_boot_edge *edge = local_edge(t.call.edge);
    if (edge && owns(caller, edge, BH_ARENA_CALLBACKS))
        return give(&t, out, local_callback(edge, &t.call));
    struct port *port = port_of_edge(t.call.edge, false);
    if (!port || !owns(caller, port->boot, BH_ARENA_CALLBACKS))
        return BH_NO_GATE;
    return give(&t, out, gate_callback(&t.call));
}

static void *arena_alloc(uint32_t edge, enum bh_arena which, size_t size)
{
    uint32_t caller = keys_caller();
    if (which != BH_ARENA_CALLS && which != BH_ARENA_CALLBACKS)
        return NULL;
    struct port *port = port_of_edge(edge, which == BH_ARENA_CALLS);
    if (port)
        return owns(caller, port->boot, which) ? gate_arena_alloc(edge, which, size) : NULL;
    struct local *l = local_arenas(edge);
    return l && owns(caller, l->boot, which) ? (void *)bh_arena_take(&l->arena[which], size) : NULL;
}

static void arena_free(uint32_t edge, enum bh_arena which, void *block)
{
    uint32_t caller = keys_caller();
    if (which != BH_ARENA_CALLS && which != BH_ARENA_CALLBACKS)
        return;
    struct port *port = port_of_edge(edge, which == BH_ARENA_CALLS);
    if (port && owns(caller, port->boot, which)) {
        gate_arena_free(edge, which, block);
        return;
    }
    struct local *l = local_arenas(edge);
    if (!l || !owns(caller, l->boot, which) || !bh_arena_give(&l->arena[which], (uint64_t)block))
        core_panic("arena: block freed that was not allocated");
    thread_wake((const void *)l->arena[which].base, UINT32_MAX);
}

static int thread_create(void (*entry)(void *), void *arg, uint32_t compartment)
{
    return keys_same_domain(keys_caller(), compartment) ? core_thread_create(entry, arg, compartment) : -EINVAL;
}

/* Whoever waited for another domain's key would take its wake-ups. */
static int keyed_wait(const void *key, uint64_t timeout)
{
    return keys_allow(keys_caller(), (uint64_t)key, 1) ? core_wait(key, timeout) : -EFAULT;
}

static uint32_t wake(const void *key, uint32_t n)
{
    return keys_allow(keys_caller(), (uint64_t)key, 1) ? thread_wake(key, n) : 0;
}

/* The application's streams belong to its domain; libraries have the console, as in a VM of their
 * own. */
static bool application(uint32_t caller)
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
    bool own = application(caller);
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
    if (!application(caller))
        return -EBADF;
    return keys_allow(caller, (uint64_t)buf, size) ? stream_read(stream, buf, size) : -EFAULT;
}

static void keyed_log(uint32_t compartment, const char *text, size_t size)
{
    uint32_t caller = keys_caller();
    if (keys_allow(caller, (uint64_t)text, size))
        console_log(keys_same_domain(caller, compartment) ? compartment : caller, text, size);
}

static void report(const struct bh_report *from)
{
    uint32_t caller = keys_caller();
    if (!keys_allow(caller, (uint64_t)from, sizeof(*from)))
        return;
    struct bh_report copy = *from;
    if (!keys_same_domain(caller, copy.compartment))
        copy.compartment = caller;
    core_report(&copy);
}

static int watch(const volatile uint16_t *word, const void *key)
{
    uint32_t caller = keys_caller();
    uint64_t at = (uint64_t)word;
    bool status = at == (uint64_t)&status_page()->shutdown;
    bool good = (status || keys_allow(caller, at, sizeof(*word))) && keys_allow(caller, (uint64_t)key, 1);
    return good ? watch_add(word, key) : -EFAULT;
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

static void keyed_net_kick(uint32_t queue)
{
    uint32_t caller = keys_caller();
    if (queue < BH_KICK_MOUNT ? has_network(caller) : has_mount(caller, queue - BH_KICK_MOUNT))
        net_kick(queue);
}

static int keyed_parked(volatile uint32_t *flag)
{
    return (uint64_t)flag % 4 == 0 && keys_allow(keys_caller(), (uint64_t)flag, sizeof(*flag)) ? parked_add(flag)
                                                                                               : -EFAULT;
}

static uint32_t thread_self(void)
{
    return current->id;
}

const struct bh_core_calls keyed_calls = {
    .call = call,
    .callback = callback,
    .arena_alloc = arena_alloc,
    .arena_free = arena_free,
    .thread_create = thread_create,
    .thread_exit = thread_exit,
    .thread_self = thread_self,
    .yield = thread_yield,
    .wait = keyed_wait,
    .wake = wake,
    .write = keyed_write,
    .read = keyed_read,
    .log = keyed_log,
    .exit = core_exit,
    .report = report,
    .now = clock_ns,
    .watch = watch,
    .net_start = keyed_net_start,
    .net_kick = keyed_net_kick,
    .submit = submit,
    .collect = collect,
    .ready = ready,
    .parked = keyed_parked,
};
