/* Builds replies and sends them.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/gdb/reply.h"

#include "vmm/gdb/connection.h"
#include "vmm/gdb/registers.h"

static void send_framed(struct gdb *g, char lead, const struct gdb_text *t)
{
    static char frame[GDB_FRAME_MAX];
    gdb_send_bytes(g, frame, gdb_frame(frame, lead, t->full ? "E07" : t->data, t->full ? 3 : t->size));
}

void gdb_send(struct gdb *g, const struct gdb_text *t)
{
    send_framed(g, '$', t);
}

void gdb_send_notification(struct gdb *g, const struct gdb_text *t)
{
    send_framed(g, '%', t);
}

void gdb_reply(struct gdb *g, const char *text)
{
    struct gdb_text t = {.size = 0};
    gdb_add(&t, "%s", text);
    gdb_send(g, &t);
}

void gdb_reply_ok(struct gdb *g, bool good)
{
    gdb_reply(g, good ? "OK" : "E01");
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
