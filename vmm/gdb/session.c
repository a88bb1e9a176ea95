/* The loop of a session: bytes from GDB, words from VMs.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "vmm/gdb/gdb.h"

static struct gdb session; /* large; a process has one */

static void put(struct gdb *g, const char *bytes, size_t size)
{
    while (size && !g->over) {
        ssize_t n = send(g->fd, bytes, size, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            g->over = true;
            return;
        }
        bytes += n;
        size -= (size_t)n;
    }
}

static void send_framed(struct gdb *g, char lead, const struct gdb_text *t)
{
    static char frame[GDB_FRAME_MAX];
    put(g, frame, gdb_frame(frame, lead, t->full ? "E07" : t->data, t->full ? 3 : t->size));
}

void gdb_send(struct gdb *g, const struct gdb_text *t)
{
    send_framed(g, '$', t);
}

void gdb_reply(struct gdb *g, const char *text)
{
    struct gdb_text t = {.size = 0};
    gdb_add(&t, "%s", text);
    gdb_send(g, &t);
}

uint32_t gdb_thread_number(const struct gdb *g, uint32_t thread)
{
    return g->non_stop ? 1 : (thread < BH_THREADS_MAX ? thread : 0) + 1;
}

static void add_register(struct gdb_text *t, uint32_t n, uint64_t value)
{
    gdb_add(t, "%02x:", n);
    gdb_add_hex(t, &value, sizeof(value));
    gdb_add(t, ";");
}

static void add_reason(struct gdb *g, struct gdb_text *t, uint32_t v)
{
    const struct gdb_vm *vm = &g->vms[v];
    const char *word = "watch";
    switch (vm->stop.reason) {
    case DEBUG_BY_BREAKPOINT:
        gdb_add(t, "swbreak:;");
        break;
    case DEBUG_BY_HARDWARE:
        gdb_add(t, "hwbreak:;");
        break;
    case DEBUG_BY_WATCH:
        for (uint32_t i = 0; i < vm->n_hardware; i++)
            if (vm->hardware[i].address == vm->stop.address && vm->hardware[i].kind == DEBUG_WATCH_ACCESS)
                word = "awatch";
        gdb_add(t, "%s:%llx;", word, (unsigned long long)vm->stop.address);
        break;
    }
}

void gdb_tell_stop(struct gdb *g, struct gdb_text *t, uint32_t v)
{
    struct gdb_vm *vm = &g->vms[v];
    vm->report = false;
    if (vm->ended) {
        vm->attached = false;
        gdb_add(t, "%c%02x;process:%x", vm->by_signal ? 'X' : 'W', vm->status & 0xff, v + 1);
        return;
    }
    g->vm = v;
    g->thread = DEBUG_ANY_THREAD;
    gdb_add(t, "T%02xthread:p%x.%x;", vm->stop.signal & 0xff, v + 1, gdb_thread_number(g, vm->stop.thread));
    add_reason(g, t, v);
    add_register(t, GDB_RBP, vm->stop.rbp);
    add_register(t, GDB_RSP, vm->stop.rsp);
    add_register(t, GDB_RIP, vm->stop.rip);
}

static void notify(struct gdb *g)
{
    for (uint32_t v = 0; v < g->w->a->n_vms && !g->notified && !g->reserved; v++) {
        if (g->vms[v].report) {
            struct gdb_text t = {.size = 0};
            gdb_add(&t, "Stop:");
            gdb_tell_stop(g, &t, v);
            send_framed(g, '%', &t);
            g->notified = true;
        }
    }
}

static void take_bytes(struct gdb *g)
{
    char bytes[4096];
    ssize_t n = recv(g->fd, bytes, sizeof(bytes), 0);
    if (n < 0 && errno == EINTR)
        return;
    g->over |= n <= 0;
    for (ssize_t i = 0; i < n && !g->over; i++) {
        switch (gdb_parse(&g->parser, (uint8_t)bytes[i])) {
        case GDB_PACKET:
            if (!g->quiet)
                put(g, "+", 1);
            gdb_command(g, g->parser.data, g->parser.size);
            break;
        case GDB_DAMAGED:
            if (!g->quiet)
                put(g, "-", 1);
            break;
        case GDB_INTERRUPT:
            gdb_interrupt(g);
            break;
        default:
            break;
        }
    }
}

static void wait_for_events(struct gdb *g)
{
    struct pollfd fds[BH_VMS_MAX + 1] = {{.fd = g->fd, .events = POLLIN}};
    uint32_t n = g->w->a->n_vms;
    for (uint32_t v = 0; v < n; v++)
        fds[v + 1] = (struct pollfd){.fd = g->vms[v].fd, .events = POLLIN};
    if (poll(fds, n + 1, -1) <= 0)
        return;
    for (uint32_t v = 0; v < n; v++)
        if (fds[v + 1].revents)
            gdb_hear(g, v);
    if (fds[0].revents)
        take_bytes(g);
}

void gdb_serve(const struct resources *w, int fd)
{
    struct gdb *g = &session;
    *g = (struct gdb){.w = w, .fd = fd, .thread = DEBUG_ANY_THREAD};
    uint64_t seed = (uint64_t)getpid() << 20; /* answers to the session before this are not ours */
    g->number = (uint32_t)seed;
    for (uint32_t v = 0; v < w->a->n_vms; v++) {
        g->vms[v].fd = w->vms[v].debug.supervisor;
        g->vms[v].ended = g->vms[v].fd < 0;
    }
    for (uint32_t v = 0; v < w->a->n_vms; v++)
        gdb_attach(g, v);
    while (!g->over) { /* the supervisor ends it some time after the last VM */
        wait_for_events(g);
        if (g->non_stop)
            notify(g);
        else if (g->running)
            gdb_report(g);
    }
    for (uint32_t v = 0; v < w->a->n_vms; v++)
        gdb_detach(g, v);
}
