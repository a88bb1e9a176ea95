/* Reads and writes registers and memory of the VM that GDB looks at.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/gdb/access.h"

#include <string.h>

#include "vmm/gdb/registers.h"
#include "vmm/gdb/reply.h"
#include "vmm/gdb/vms.h"
#include "vmm/mpk/keys.h"

static struct debug_request ask;
static struct debug_answer answer;

/* ---- Registers ---- */
static bool fetch_registers(struct gdb *g)
{
    ask = (struct debug_request){.ask = DEBUG_GET, .thread = g->thread};
    return gdb_alive(g, g->vm) && gdb_ask(g, g->vm, &ask, &answer);
}

static bool store_registers(struct gdb *g, const struct debug_registers *r)
{
    ask = (struct debug_request){.ask = DEBUG_SET, .thread = g->thread};
    ask.registers = *r;
    return gdb_ask(g, g->vm, &ask, &answer);
}

bool gdb_has_keys(const struct gdb *g)
{
    return keys_needed(g->a, g->vm);
}

static void add_value(struct gdb_text *t, uint32_t n)
{
    uint8_t value[16];
    if (gdb_register_get(&answer.registers, n, value))
        gdb_add_hex(t, value, gdb_register_size(n));
    else
        gdb_add(t, "%.*s", (int)(2 * gdb_register_size(n)), "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
}

void gdb_get_registers(struct gdb *g)
{
    struct gdb_text t = {.size = 0};
    if (!fetch_registers(g)) {
        gdb_reply(g, "E01");
        return;
    }
    for (uint32_t n = 0; n < gdb_registers(gdb_has_keys(g)); n++)
        add_value(&t, n);
    gdb_send(g, &t);
}

void gdb_get_register(struct gdb *g, const char *at)
{
    struct gdb_text t = {.size = 0};
    uint64_t n;
    if (!gdb_number(&at, &n) || *at || n >= gdb_registers(gdb_has_keys(g)) || !fetch_registers(g)) {
        gdb_reply(g, "E01");
        return;
    }
    add_value(&t, (uint32_t)n);
    gdb_send(g, &t);
}

/* Only the thread that runs has all registers. Those of the others cannot be changed. */
static bool fetch_all_registers(struct gdb *g, struct debug_registers *r)
{
    if (!fetch_registers(g) || !(answer.registers.have & DEBUG_HAVE_ALL))
        return false;
    *r = answer.registers;
    return true;
}

void gdb_set_registers(struct gdb *g, const char *at)
{
    struct debug_registers r;
    uint8_t value[16];
    bool good = fetch_all_registers(g, &r);
    for (uint32_t n = 0; good && *at && n < gdb_registers(gdb_has_keys(g)); n++) {
        uint32_t size = gdb_register_size(n);
        if (*at == 'x') {
            good = strlen(at) >= 2 * size;
            at += good ? 2 * size : 0;
            continue;
        }
        good = gdb_bytes(&at, value, size);
        if (good)
            gdb_register_set(&r, n, value);
    }
    gdb_reply_ok(g, good && store_registers(g, &r));
}

void gdb_set_register(struct gdb *g, const char *at)
{
    struct debug_registers r;
    uint8_t value[16];
    uint64_t n;
    bool good = gdb_number(&at, &n) && gdb_word(&at, "=") && n < gdb_registers(gdb_has_keys(g)) &&
                gdb_bytes(&at, value, gdb_register_size((uint32_t)n)) && !*at && fetch_all_registers(g, &r);
    if (good)
        gdb_register_set(&r, (uint32_t)n, value);
    gdb_reply_ok(g, good && store_registers(g, &r));
}

/* ---- Memory ---- */
void gdb_read_memory(struct gdb *g, const char *at)
{
    struct gdb_text t = {.size = 0};
    uint64_t address, size;
    if (!gdb_range(&at, &address, &size) || *at) {
        gdb_reply(g, "E01");
        return;
    }
    size = size < GDB_PACKET_MAX / 2 ? size : GDB_PACKET_MAX / 2;
    while (t.size < 2 * size && gdb_alive(g, g->vm)) {
        uint64_t left = size - t.size / 2;
        ask = (struct debug_request){.ask = DEBUG_READ, .address = address + t.size / 2};
        ask.size = left < DEBUG_DATA_MAX ? left : DEBUG_DATA_MAX;
        if (!gdb_ask(g, g->vm, &ask, &answer) || answer.size > ask.size || !answer.size)
            break;
        gdb_add_hex(&t, answer.data, answer.size);
    }
    if (t.size || !size)
        gdb_send(g, &t);
    else
        gdb_reply(g, "E14");
}

static bool write_part(struct gdb *g, uint64_t address, const uint8_t *data, uint64_t size)
{
    ask = (struct debug_request){.ask = DEBUG_WRITE, .address = address, .size = size};
    memcpy(ask.data, data, size);
    return gdb_alive(g, g->vm) && gdb_ask(g, g->vm, &ask, &answer);
}

void gdb_write_memory(struct gdb *g, const char *at, const char *end, bool binary)
{
    static uint8_t data[GDB_PACKET_MAX];
    uint64_t address, size;
    bool good = gdb_range(&at, &address, &size) && gdb_word(&at, ":") && size <= sizeof(data);
    if (good && binary) {
        good = (uint64_t)(end - at) == size;
        memcpy(data, at, good ? size : 0);
    } else if (good) {
        good = gdb_bytes(&at, data, size) && at == end;
    }
    for (uint64_t done = 0; good && done < size;) {
        uint64_t part = size - done < DEBUG_DATA_MAX ? size - done : DEBUG_DATA_MAX;
        good = write_part(g, address + done, data + done, part);
        done += part;
    }
    gdb_reply_ok(g, good);
}
