/* Answers GDB's questions about the target: its features, threads and documents.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/gdb/query.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/gdb/access.h"
#include "vmm/gdb/monitor.h"
#include "vmm/gdb/registers.h"
#include "vmm/gdb/reply.h"
#include "vmm/gdb/threads.h"
#include "vmm/gdb/vms.h"

static struct debug_answer answer;

static void list_threads(struct gdb *g)
{
    struct gdb_text t = {.size = 0};
    gdb_add(&t, "m");
    for (uint32_t v = 0; v < g->a->n_vms; v++) {
        if (!gdb_alive(g, v) || !gdb_threads(g, v, &answer))
            continue;
        for (uint64_t i = 0; i < answer.size; i++)
            gdb_add(&t, "%sp%x.%x", t.size > 1 ? "," : "", v + 1, gdb_thread_number(g, answer.threads[i].id));
    }
    t.size = t.size > 1 ? t.size : 0;
    gdb_add(&t, "%s", t.size ? "" : "l");
    gdb_send(g, &t);
}

static void send_part(struct gdb *g, const char *document, size_t size, const char *at)
{
    struct gdb_text t = {.size = 0};
    uint64_t offset, length;
    if (!gdb_range(&at, &offset, &length) || *at) {
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

static void send_document(struct gdb *g, const char *at)
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
        gdb_target_xml(out, gdb_has_keys(g));
    else if (gdb_word(&at, "threads:read::"))
        gdb_threads_xml(g, out);
    else if (gdb_word(&at, "exec-file:read:") && (*at == ':' || gdb_number(&at, &process)) && gdb_word(&at, ":") &&
             process && process <= g->a->n_vms)
        fputs(g->a->compartments[__builtin_ctzll(g->a->vms[process - 1].compartments)].image, out);
    else
        at = NULL;
    fclose(out);
    if (at)
        send_part(g, document, size, at);
    else
        gdb_reply(g, "E00");
    free(document);
}

void gdb_query(struct gdb *g, const char *at)
{
    struct gdb_text t = {.size = 0};
    if (gdb_word(&at, "Supported")) {
        gdb_add(&t,
                "PacketSize=%x;multiprocess+;QStartNoAckMode+;QNonStop+;vContSupported+;swbreak+;hwbreak+;"
                "qXfer:features:read+;qXfer:threads:read+;qXfer:exec-file:read+",
                GDB_PACKET_MAX - 4);
        gdb_send(g, &t);
    } else if (gdb_word(&at, "Xfer:")) {
        send_document(g, at);
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
