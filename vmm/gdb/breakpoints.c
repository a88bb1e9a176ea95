/* Inserts and removes breakpoints and watchpoints.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/gdb/breakpoints.h"

#include <string.h>

#include "vmm/gdb/reply.h"
#include "vmm/gdb/vms.h"

static struct debug_request ask;
static struct debug_answer answer;

static bool set_hardware(struct gdb *g, const struct debug_hardware *list, uint32_t n)
{
    ask = (struct debug_request){.ask = DEBUG_HARDWARE, .size = n};
    memcpy(ask.hardware, list, n * sizeof(*list));
    return gdb_ask(g, g->vm, &ask, &answer);
}

static bool change_hardware(struct gdb *g, bool insert, const struct debug_hardware *h)
{
    struct gdb_vm *vm = &g->vms[g->vm];
    struct debug_hardware list[DEBUG_HARDWARE_MAX + 1];
    uint32_t n = 0;
    for (uint32_t i = 0; i < vm->n_hardware; i++)
        if (memcmp(&vm->hardware[i], h, sizeof(*h)) != 0)
            list[n++] = vm->hardware[i];
    if (insert)
        list[n++] = *h;
    if (n > DEBUG_HARDWARE_MAX || !set_hardware(g, list, n))
        return false;
    memcpy(vm->hardware, list, n * sizeof(*list));
    vm->n_hardware = n;
    return true;
}

void gdb_breakpoint(struct gdb *g, const char *at, bool insert)
{
    uint64_t type, address, kind;
    if (!gdb_number(&at, &type) || !gdb_word(&at, ",") || !gdb_range(&at, &address, &kind) || !gdb_alive(g, g->vm)) {
        gdb_reply(g, "E01");
    } else if (type == 0) {
        ask = (struct debug_request){.ask = insert ? DEBUG_INSERT : DEBUG_REMOVE, .address = address};
        gdb_reply_ok(g, gdb_ask(g, g->vm, &ask, &answer));
    } else if (!g->hardware || (type != 1 && type != 2 && type != 4)) {
        gdb_reply(g, "");
    } else {
        struct debug_hardware h = {.address = address,
                                   .kind = type == 1   ? DEBUG_EXECUTE
                                           : type == 2 ? DEBUG_WATCH_WRITE
                                                       : DEBUG_WATCH_ACCESS,
                                   .size = type == 1  ? 1
                                           : kind > 8 ? 0
                                                      : (uint32_t)kind};
        gdb_reply_ok(g, h.size && change_hardware(g, insert, &h));
    }
}
