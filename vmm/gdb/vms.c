/* Talks to the processes of VMs, none of which is trusted.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/gdb/vms.h"

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "vmm/base/clock.h"

#define PATIENCE_NS 3000000000ull
#define AGAIN_MS    5 /* how often a VM is asked to stop */
#define HEARD_MAX   8 /* messages at once: a VM that talks without end must not keep GDB and other VMs waiting */

bool gdb_alive(const struct gdb *g, uint32_t v)
{
    return v < g->a->n_vms && g->vms[v].attached && !g->vms[v].ended;
}

static void note_end(struct gdb *g, uint32_t v, bool by_signal, uint32_t status)
{
    struct gdb_vm *vm = &g->vms[v];
    if (!vm->ended) {
        vm->ended = true;
        vm->report = vm->attached;
        vm->by_signal = by_signal;
        vm->status = status;
    }
    vm->standing = false;
    gdb_hold(g);
}

/* One message. 1: an answer; 0: something else, or nothing; -1: the process is gone. */
static int take_message(struct gdb *g, uint32_t v, struct debug_answer *a)
{
    struct gdb_vm *vm = &g->vms[v];
    ssize_t got = vm->fd < 0 ? 0 : recv(vm->fd, a, sizeof(*a), MSG_DONTWAIT);
    if (vm->fd < 0 || got == 0) {
        loop_remove(&g->loop, &vm->source);
        vm->fd = -1;
        note_end(g, v, true, 9);
        return -1;
    }
    if (got != (ssize_t)sizeof(*a))
        return 0;
    switch (a->kind) {
    case DEBUG_STOPPED:
        if (!vm->standing && !vm->ended) {
            vm->standing = true;
            vm->stop = a->stop;
            /* In all-stop mode GDB is not told of VMs that were asked to stop. */
            vm->report = vm->attached && (a->stop.signal || g->non_stop);
            gdb_hold(g);
        }
        return 0;
    case DEBUG_ENDED:
        note_end(g, v, a->by_signal != 0, a->status & 0xff);
        return 0;
    default:
        return 1;
    }
}

static bool wait_for_message(struct gdb *g, uint32_t v, int ms)
{
    struct pollfd p = {.fd = g->vms[v].fd, .events = POLLIN};
    return poll(&p, 1, ms) > 0;
}

void gdb_hear(struct gdb *g, uint32_t v)
{
    static struct debug_answer a;
    int n = 0;
    do {
        take_message(g, v, &a);
    } while (++n < HEARD_MAX && g->vms[v].fd >= 0 && wait_for_message(g, v, 0));
}

bool gdb_ask(struct gdb *g, uint32_t v, struct debug_request *q, struct debug_answer *a)
{
    struct gdb_vm *vm = &g->vms[v];
    uint64_t end = clock_ns() + PATIENCE_NS;
    q->number = ++g->number;
    if (vm->fd < 0 || send(vm->fd, q, sizeof(*q), MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
        return false;
    while (clock_ns() < end) {
        int got = take_message(g, v, a);
        if (got < 0)
            return false;
        if (got > 0 && a->number == q->number)
            return a->kind == DEBUG_DONE;
        if (got == 0)
            wait_for_message(g, v, 50);
    }
    return false;
}

bool gdb_attach(struct gdb *g, uint32_t v)
{
    static struct debug_request q;
    static struct debug_answer a;
    struct gdb_vm *vm = &g->vms[v];
    q = (struct debug_request){.ask = DEBUG_ATTACH};
    if (vm->attached || !gdb_ask(g, v, &q, &a))
        return vm->attached;
    vm->attached = true;
    vm->report = false;
    vm->standing = a.size != 0;
    vm->stop = a.stop;
    gdb_hold(g);
    return true;
}

void gdb_detach(struct gdb *g, uint32_t v)
{
    static struct debug_request q;
    static struct debug_answer a;
    q = (struct debug_request){.ask = DEBUG_DETACH};
    g->vms[v].attached = g->vms[v].standing = g->vms[v].report = false;
    g->vms[v].n_hardware = 0;
    gdb_hold(g);
    gdb_ask(g, v, &q, &a);
    g->vms[v].standing = false;
}

/* A VM does not stop in ring 0. Its guest spends little time there, so asking again succeeds soon. */
void gdb_stop(struct gdb *g, uint32_t v)
{
    static struct debug_request q;
    static struct debug_answer a;
    uint64_t end = clock_ns() + PATIENCE_NS;
    while (gdb_alive(g, v) && !g->vms[v].standing && clock_ns() < end) {
        q = (struct debug_request){.ask = DEBUG_STOP};
        if (!gdb_ask(g, v, &q, &a))
            return;
        uint64_t again = clock_ns() + AGAIN_MS * 1000000ull;
        while (gdb_alive(g, v) && !g->vms[v].standing && clock_ns() < again) {
            wait_for_message(g, v, AGAIN_MS);
            gdb_hear(g, v);
        }
    }
}

void gdb_stop_all(struct gdb *g)
{
    for (uint32_t v = 0; v < g->a->n_vms; v++)
        gdb_stop(g, v);
}

void gdb_run(struct gdb *g, uint32_t v, const struct debug_going *how, uint32_t thread)
{
    static struct debug_request q;
    static struct debug_answer a;
    q = (struct debug_request){.ask = DEBUG_RUN, .thread = thread};
    q.run = *how;
    g->vms[v].standing = false;
    g->vms[v].report = false;
    gdb_hold(g); /* before it can find that a deadline has passed */
    gdb_ask(g, v, &q, &a);
}

void gdb_hold(struct gdb *g)
{
    uint32_t n = 0;
    for (uint32_t v = 0; v < g->a->n_vms; v++)
        n += g->vms[v].standing && !g->vms[v].ended;
    for (uint32_t v = 0; v < g->a->n_vms; v++) {
        struct bh_status_page *page = g->resources->vms[v].status;
        if (page->held != n) {
            atomic_store((_Atomic uint32_t *)&page->held, n);
            atomic_fetch_add((_Atomic uint32_t *)&page->hold_epoch, 1);
        }
    }
}
