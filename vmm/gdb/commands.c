/* What GDB asks, packet by packet (Debugging with GDB, E.2 to E.5).
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/gdb/commands.h"

#include <string.h>

#include "vmm/gdb/access.h"
#include "vmm/gdb/breakpoints.h"
#include "vmm/gdb/query.h"
#include "vmm/gdb/reply.h"
#include "vmm/gdb/resume.h"
#include "vmm/gdb/threads.h"
#include "vmm/gdb/vms.h"

static struct debug_request ask;
static struct debug_answer answer;

static bool known_vm(const struct gdb *g, int64_t process, uint32_t *v)
{
    *v = process > 0 ? (uint32_t)process - 1 : g->vm;
    return process >= 0 && *v < g->a->n_vms;
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
    gdb_reply_ok(g, alive);
}

static void attach_vm(struct gdb *g, const char *at)
{
    struct gdb_text t = {.size = 0};
    uint64_t process;
    if (!gdb_number(&at, &process) || !process || process > g->a->n_vms || !gdb_attach(g, (uint32_t)process - 1)) {
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

static void detach_vms(struct gdb *g, const char *at)
{
    uint64_t process = 0;
    if (gdb_word(&at, ";") && (!gdb_number(&at, &process) || !process || process > g->a->n_vms)) {
        gdb_reply(g, "E01");
        return;
    }
    for (uint32_t v = 0; v < g->a->n_vms; v++)
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
    gdb_reply_ok(g, g->vms[v].ended);
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

static void take_v_packet(struct gdb *g, const char *at)
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
        attach_vm(g, at);
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
        gdb_get_registers(g);
        break;
    case 'G':
        gdb_set_registers(g, rest);
        break;
    case 'p':
        gdb_get_register(g, rest);
        break;
    case 'P':
        gdb_set_register(g, rest);
        break;
    case 'm':
        gdb_read_memory(g, rest);
        break;
    case 'M':
    case 'X':
        gdb_write_memory(g, rest, data + size, data[0] == 'X');
        break;
    case 'Z':
    case 'z':
        gdb_breakpoint(g, rest, data[0] == 'Z');
        break;
    case 'H':
        set_thread(g, rest);
        break;
    case 'T':
        thread_alive(g, rest);
        break;
    case 'D':
        detach_vms(g, rest);
        break;
    case 'k':
        g->over = true;
        break;
    case 'q':
        gdb_query(g, rest);
        break;
    case 'Q':
        set_mode(g, rest);
        break;
    case 'v':
        take_v_packet(g, rest);
        break;
    default:
        gdb_reply(g, "");
    }
}
