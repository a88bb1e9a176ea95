/* What GDB asks, packet by packet (Debugging with GDB, E.2 to E.5).
 * SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include "vmm/gdb/gdb.h"
#include "vmm/mpk/keys.h"

static struct debug_request ask;
static struct debug_answer answer;

static void ok_or(struct gdb *g, bool good)
{
    gdb_reply(g, good ? "OK" : "E01");
}

/* ---- Registers ---- */
static bool fetch(struct gdb *g)
{
    ask = (struct debug_request){.ask = DEBUG_GET, .thread = g->thread};
    return gdb_alive(g, g->vm) && gdb_ask(g, g->vm, &ask, &answer);
}

static bool store(struct gdb *g, const struct debug_registers *r)
{
    ask = (struct debug_request){.ask = DEBUG_SET, .thread = g->thread};
    ask.registers = *r;
    return gdb_ask(g, g->vm, &ask, &answer);
}

static bool keyed(const struct gdb *g)
{
    return keys_needed(g->w->a, g->vm);
}

static void add_value(struct gdb_text *t, uint32_t n)
{
    uint8_t value[16];
    if (gdb_register_get(&answer.registers, n, value))
        gdb_add_hex(t, value, gdb_register_size(n));
    else
        gdb_add(t, "%.*s", (int)(2 * gdb_register_size(n)), "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
}

static void get_all(struct gdb *g)
{
    struct gdb_text t = {.size = 0};
    if (!fetch(g)) {
        gdb_reply(g, "E01");
        return;
    }
    for (uint32_t n = 0; n < gdb_registers(keyed(g)); n++)
        add_value(&t, n);
    gdb_send(g, &t);
}

static void get_one(struct gdb *g, const char *at)
{
    struct gdb_text t = {.size = 0};
    uint64_t n;
    if (!gdb_number(&at, &n) || *at || n >= gdb_registers(keyed(g)) || !fetch(g)) {
        gdb_reply(g, "E01");
        return;
    }
    add_value(&t, (uint32_t)n);
    gdb_send(g, &t);
}

/* A thread that does not run has not got all registers: none of it is changed. */
static bool changeable(struct gdb *g, struct debug_registers *r)
{
    if (!fetch(g) || !(answer.registers.have & DEBUG_HAVE_ALL))
        return false;
    *r = answer.registers;
    return true;
}

static void set_all(struct gdb *g, const char *at)
{
    struct debug_registers r;
    uint8_t value[16];
    bool good = changeable(g, &r);
    for (uint32_t n = 0; good && *at && n < gdb_registers(keyed(g)); n++) {
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
    ok_or(g, good && store(g, &r));
}

static void set_one(struct gdb *g, const char *at)
{
    struct debug_registers r;
    uint8_t value[16];
    uint64_t n;
    bool good = gdb_number(&at, &n) && gdb_word(&at, "=") && n < gdb_registers(keyed(g)) &&
                gdb_bytes(&at, value, gdb_register_size((uint32_t)n)) && !*at && changeable(g, &r);
    if (good)
        gdb_register_set(&r, (uint32_t)n, value);
    ok_or(g, good && store(g, &r));
}

/* ---- Memory ---- */
static bool range(const char **at, uint64_t *address, uint64_t *size)
{
    return gdb_number(at, address) && gdb_word(at, ",") && gdb_number(at, size);
}

static void read_memory(struct gdb *g, const char *at)
{
    struct gdb_text t = {.size = 0};
    uint64_t address, size;
    if (!range(&at, &address, &size) || *at) {
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

static void write_memory(struct gdb *g, const char *at, const char *end, bool binary)
{
    static uint8_t data[GDB_PACKET_MAX];
    uint64_t address, size;
    bool good = range(&at, &address, &size) && gdb_word(&at, ":") && size <= sizeof(data);
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
    ok_or(g, good);
}

/* ---- Breakpoints ---- */
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

static void breakpoint(struct gdb *g, const char *at, bool insert)
{
    uint64_t type, address, kind;
    if (!gdb_number(&at, &type) || !gdb_word(&at, ",") || !range(&at, &address, &kind) || !gdb_alive(g, g->vm)) {
        gdb_reply(g, "E01");
    } else if (type == 0) {
        ask = (struct debug_request){.ask = insert ? DEBUG_INSERT : DEBUG_REMOVE, .address = address};
        ok_or(g, gdb_ask(g, g->vm, &ask, &answer));
    } else if (!gdb_hardware(g) || (type != 1 && type != 2 && type != 4)) {
        gdb_reply(g, "");
    } else {
        struct debug_hardware h = {.address = address,
                                   .kind = type == 1   ? DEBUG_EXECUTE
                                           : type == 2 ? DEBUG_WATCH_WRITE
                                                       : DEBUG_WATCH_ACCESS,
                                   .size = type == 1  ? 1
                                           : kind > 8 ? 0
                                                      : (uint32_t)kind};
        ok_or(g, h.size && change_hardware(g, insert, &h));
    }
}

/* ---- Threads, processes ---- */
static bool known_vm(const struct gdb *g, int64_t process, uint32_t *v)
{
    *v = process > 0 ? (uint32_t)process - 1 : g->vm;
    return process >= 0 && *v < g->w->a->n_vms;
}

static void set_thread(struct gdb *g, const char *at)
{
    struct gdb_id id;
    uint32_t v;
    char what = *at;
    if (!what || (at++, !gdb_thread_id(&at, &id))) {
        gdb_reply(g, "E01");
        return;
    }
    if (what == 'g' && known_vm(g, id.process == -1 ? 0 : id.process, &v)) {
        g->vm = v;
        g->thread = id.thread > 0 && !g->non_stop ? (uint32_t)id.thread - 1 : DEBUG_ANY_THREAD;
    }
    gdb_reply(g, "OK");
}

static void thread_alive(struct gdb *g, const char *at)
{
    struct gdb_id id;
    uint32_t v;
    bool alive = gdb_thread_id(&at, &id) && known_vm(g, id.process, &v) && gdb_alive(g, v);
    if (alive && !g->non_stop && gdb_threads(g, v, &answer)) {
        alive = false;
        for (uint64_t i = 0; i < answer.size; i++)
            alive |= answer.threads[i].id + 1 == id.thread;
    }
    ok_or(g, alive);
}

static void attach(struct gdb *g, const char *at)
{
    struct gdb_text t = {.size = 0};
    uint64_t process;
    if (!gdb_number(&at, &process) || !process || process > g->w->a->n_vms || !gdb_attach(g, (uint32_t)process - 1)) {
        gdb_reply(g, "E01");
        return;
    }
    uint32_t v = (uint32_t)process - 1;
    gdb_stop(g, v);
    if (!g->vms[v].standing) {
        gdb_reply(g, "E01");
    } else if (g->non_stop) {
        g->vms[v].report = true;
        gdb_reply(g, "OK");
    } else {
        gdb_tell_stop(g, &t, v);
        gdb_send(g, &t);
    }
}

static void detach(struct gdb *g, const char *at)
{
    uint64_t process = 0;
    if (gdb_word(&at, ";") && (!gdb_number(&at, &process) || !process || process > g->w->a->n_vms)) {
        gdb_reply(g, "E01");
        return;
    }
    for (uint32_t v = 0; v < g->w->a->n_vms; v++)
        if (g->vms[v].attached && (!process || process == v + 1))
            gdb_detach(g, v);
    gdb_reply(g, "OK");
}

static void kill_vm(struct gdb *g, const char *at)
{
    uint64_t process;
    uint32_t v;
    if (!gdb_number(&at, &process) || !known_vm(g, (int64_t)process, &v) || !gdb_alive(g, v)) {
        gdb_reply(g, "E01");
        return;
    }
    ask = (struct debug_request){.ask = DEBUG_KILL};
    gdb_ask(g, v, &ask, &answer); /* its end is the answer */
    g->vms[v].attached = g->vms[v].report = false;
    ok_or(g, g->vms[v].ended);
}

static void list_threads(struct gdb *g)
{
    struct gdb_text t = {.size = 0};
    gdb_add(&t, "m");
    for (uint32_t v = 0; v < g->w->a->n_vms; v++) {
        if (!gdb_alive(g, v) || !gdb_threads(g, v, &answer))
            continue;
        for (uint64_t i = 0; i < answer.size; i++)
            gdb_add(&t, "%sp%x.%x", t.size > 1 ? "," : "", v + 1, gdb_thread_number(g, answer.threads[i].id));
    }
    t.size = t.size > 1 ? t.size : 0;
    gdb_add(&t, "%s", t.size ? "" : "l");
    gdb_send(g, &t);
}

/* ---- Documents ---- */
static void send_part(struct gdb *g, const char *document, size_t size, const char *at)
{
    struct gdb_text t = {.size = 0};
    uint64_t offset, length;
    if (!range(&at, &offset, &length) || *at) {
        gdb_reply(g, "E00");
        return;
    }
    size_t left = offset < size ? size - offset : 0;
    size_t part = left < length ? left : length;
    part = part < GDB_PACKET_MAX / 2 - 1 ? part : GDB_PACKET_MAX / 2 - 1; /* all of it may need escapes */
    gdb_add(&t, "%c", part < left ? 'm' : 'l');
    gdb_add_binary(&t, document + (offset < size ? offset : 0), part);
    gdb_send(g, &t);
}

static void transfer(struct gdb *g, const char *at)
{
    char *document = NULL;
    size_t size = 0;
    uint64_t process = g->vm + 1;
    FILE *out = open_memstream(&document, &size);
    if (!out) {
        gdb_reply(g, "E00");
        return;
    }
    if (gdb_word(&at, "features:read:target.xml:"))
        gdb_target_xml(out, keyed(g));
    else if (gdb_word(&at, "threads:read::"))
        gdb_threads_xml(g, out);
    else if (gdb_word(&at, "exec-file:read:") && (*at == ':' || gdb_number(&at, &process)) && gdb_word(&at, ":") &&
             process && process <= g->w->a->n_vms)
        fputs(g->w->a->compartments[__builtin_ctzll(g->w->a->vms[process - 1].compartments)].image, out);
    else
        at = NULL;
    fclose(out);
    if (at)
        send_part(g, document, size, at);
    else
        gdb_reply(g, "E00");
    free(document);
}

static void query(struct gdb *g, const char *at)
{
    struct gdb_text t = {.size = 0};
    if (gdb_word(&at, "Supported")) {
        gdb_add(&t,
                "PacketSize=%x;multiprocess+;QStartNoAckMode+;QNonStop+;vContSupported+;swbreak+;hwbreak+;"
                "qXfer:features:read+;qXfer:threads:read+;qXfer:exec-file:read+",
                GDB_PACKET_MAX - 4);
        gdb_send(g, &t);
    } else if (gdb_word(&at, "Xfer:")) {
        transfer(g, at);
    } else if (gdb_word(&at, "Rcmd,")) {
        gdb_monitor(g, at);
        g->reserved = false;
    } else if (gdb_word(&at, "fThreadInfo")) {
        list_threads(g);
    } else if (gdb_word(&at, "sThreadInfo")) {
        gdb_reply(g, "l");
    } else if (gdb_word(&at, "Attached")) {
        gdb_reply(g, "1");
    } else if (strcmp(at, "C") == 0) {
        gdb_add(&t, "QCp%x.%x", g->vm + 1, gdb_thread_number(g, g->vms[g->vm].stop.thread));
        gdb_send(g, &t);
    } else {
        gdb_reply(g, gdb_word(&at, "Symbol::") ? "OK" : "");
    }
}

static void set_mode(struct gdb *g, const char *at)
{
    if (strcmp(at, "StartNoAckMode") == 0) {
        gdb_reply(g, "OK");
        g->quiet = true;
    } else if (strcmp(at, "NonStop:1") == 0 || strcmp(at, "NonStop:0") == 0) {
        g->non_stop = at[8] == '1';
        gdb_reply(g, "OK");
    } else {
        gdb_reply(g, "");
    }
}

static void verbose(struct gdb *g, const char *at)
{
    if (gdb_word(&at, "Cont?")) {
        gdb_reply(g, "vCont;c;C;s;S;t;r");
    } else if (gdb_word(&at, "Cont")) {
        gdb_vcont(g, at);
    } else if (gdb_word(&at, "Stopped")) {
        gdb_vstopped(g);
    } else if (gdb_word(&at, "CtrlC")) {
        gdb_reply(g, "OK");
        gdb_interrupt(g);
    } else if (gdb_word(&at, "Attach;")) {
        attach(g, at);
    } else if (gdb_word(&at, "Kill;")) {
        kill_vm(g, at);
    } else {
        gdb_reply(g, "");
    }
}

void gdb_command(struct gdb *g, const char *data, size_t size)
{
    const char *rest = data + 1;
    switch (data[0]) {
    case '!':
        gdb_reply(g, "OK");
        break;
    case '?':
        gdb_question(g);
        break;
    case 'g':
        get_all(g);
        break;
    case 'G':
        set_all(g, rest);
        break;
    case 'p':
        get_one(g, rest);
        break;
    case 'P':
        set_one(g, rest);
        break;
    case 'm':
        read_memory(g, rest);
        break;
    case 'M':
    case 'X':
        write_memory(g, rest, data + size, data[0] == 'X');
        break;
    case 'Z':
    case 'z':
        breakpoint(g, rest, data[0] == 'Z');
        break;
    case 'H':
        set_thread(g, rest);
        break;
    case 'T':
        thread_alive(g, rest);
        break;
    case 'D':
        detach(g, rest);
        break;
    case 'k':
        g->over = true;
        break;
    case 'q':
        query(g, rest);
        break;
    case 'Q':
        set_mode(g, rest);
        break;
    case 'v':
        verbose(g, rest);
        break;
    default:
        gdb_reply(g, "");
    }
}
