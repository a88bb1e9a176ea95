/* The loop of a session: bytes from GDB, messages from VMs.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/gdb/session.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "vmm/gdb/commands.h"
#include "vmm/gdb/connection.h"
#include "vmm/gdb/gdb.h"
#include "vmm/gdb/resume.h"
#include "vmm/gdb/vms.h"

static struct gdb session; /* large; a process has one */

static void take_byte(struct gdb *g, uint8_t byte)
{
    switch (gdb_parse(&g->parser, byte)) {
    case GDB_PACKET:
        if (!g->quiet)
            gdb_send_bytes(g, "+", 1);
        gdb_command(g, g->parser.data, g->parser.size);
        break;
    case GDB_DAMAGED:
        if (!g->quiet)
            gdb_send_bytes(g, "-", 1);
        break;
    case GDB_INTERRUPT:
        gdb_interrupt(g);
        break;
    default:
        break;
    }
}

static void on_bytes(void *argument, short revents)
{
    struct gdb *g = argument;
    char bytes[4096];
    ssize_t n = recv(g->fd, bytes, sizeof(bytes), 0);
    if (n < 0 && errno == EINTR)
        return;
    g->over |= n <= 0;
    for (ssize_t i = 0; i < n && !g->over; i++)
        take_byte(g, (uint8_t)bytes[i]);
}

static void on_message(void *argument, short revents)
{
    struct gdb_vm *vm = argument;
    gdb_hear(vm->g, vm->index);
}

static void add_vm(struct gdb *g, uint32_t v)
{
    struct gdb_vm *vm = &g->vms[v];
    int fd = g->resources->vms[v].debug.supervisor;
    *vm = (struct gdb_vm){.g = g, .index = v, .fd = fd, .ended = fd < 0};
    loop_add(&g->loop, &vm->source, fd, POLLIN, on_message, vm);
}

void gdb_serve(const struct resources *r, int fd, bool hardware)
{
    struct gdb *g = &session;
    *g = (struct gdb){.resources = r, .a = r->a, .fd = fd, .hardware = hardware, .thread = DEBUG_ANY_THREAD};
    uint64_t seed = (uint64_t)getpid() << 20; /* answers to the session before this are not ours */
    g->number = (uint32_t)seed;
    if (!loop_init(&g->loop, BH_VMS_MAX + 1))
        return;
    for (uint32_t v = 0; v < g->a->n_vms; v++)
        add_vm(g, v);
    loop_add(&g->loop, &g->source, fd, POLLIN, on_bytes, g); /* after the VMs: their stops come first */
    for (uint32_t v = 0; v < g->a->n_vms; v++)
        gdb_attach(g, v);
    while (!g->over) { /* the supervisor ends it some time after the last VM */
        loop_turn(&g->loop, LOOP_FOREVER);
        if (g->non_stop)
            gdb_notify(g);
        else if (g->running)
            gdb_report(g);
    }
    for (uint32_t v = 0; v < g->a->n_vms; v++)
        gdb_detach(g, v);
    loop_free(&g->loop);
}
