/* Answers `monitor` commands about the appliance.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/gdb/monitor.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/base/paths.h"
#include "vmm/appliance/mechanism.h"
#include "vmm/gdb/breakpoints.h"
#include "vmm/gdb/reply.h"
#include "vmm/gdb/threads.h"
#include "vmm/gdb/vms.h"

static void say_placement(struct gdb *g, FILE *out)
{
    const struct appliance *a = g->a;
    for (uint32_t i = 0; i < a->n_compartments; i++) {
        const struct compartment *c = &a->compartments[i];
        fprintf(out, "compartment %s: inferior process %u, mechanism %s, addresses %#llx to %#llx\n", c->name,
                c->vm + 1, mechanism_name(c->mechanism), BH_COMPARTMENT_BASE(i),
                BH_COMPARTMENT_BASE(i) + BH_WINDOW_SIZE - 1);
    }
}

static void say_shares(struct gdb *g, FILE *out)
{
    const struct appliance *a = g->a;
    for (uint32_t i = 0; i < a->n_shares; i++) {
        const struct share *s = &a->shares[i];
        fprintf(out, "share %s: %#llx, %" PRIu64 " KiB:", s->name, BH_SHARE_BASE(i), s->size >> 10);
        for (uint32_t c = 0; c < a->n_compartments; c++)
            if (s->members >> c & 1)
                fprintf(out, " %s", a->compartments[c].name);
        fputc('\n', out);
    }
}

static void say_edges(struct gdb *g, FILE *out)
{
    static const char *const strategies[] = {"share", "copy", "strict"};
    const struct appliance *a = g->a;
    for (uint32_t i = 0; i < a->n_edges; i++) {
        const struct edge *e = &a->edges[i];
        fprintf(out, "edge %u: %s to %s, data %s, %s, at %#llx\n", i, a->compartments[e->from].name,
                a->compartments[e->to].name, strategies[e->strategy],
                edge_crosses(a, e) ? "between two VMs" : "in one VM", BH_EDGE_BASE(i));
    }
}

static void say_threads(struct gdb *g, FILE *out)
{
    static struct debug_request q;
    static struct debug_answer a;
    for (uint32_t v = 0; v < g->a->n_vms; v++) {
        q = (struct debug_request){.ask = DEBUG_THREADS};
        if (!gdb_alive(g, v)) {
            fprintf(out, "process %u: not attached\n", v + 1);
        } else if (!gdb_ask(g, v, &q, &a) || a.size > DEBUG_THREADS_MAX) {
            fprintf(out, "process %u: runs\n", v + 1);
        } else {
            for (uint64_t i = 0; i < a.size; i++) {
                fprintf(out, "process %u, thread %u of %s: %s\n", v + 1, a.threads[i].id + 1,
                        gdb_thread_compartment(g->a, v, &a.threads[i]), gdb_thread_state(&a.threads[i]));
            }
        }
    }
}

/* For scripts: "process NAME PATH", one line for each image in a VM. */
static void say_images(struct gdb *g, FILE *out)
{
    const struct appliance *a = g->a;
    for (uint32_t v = 0; v < a->n_vms; v++) {
        for (uint32_t i = 0; i < a->n_compartments; i++)
            if (vm_holds(a, v, i))
                fprintf(out, "%u %s %s\n", v + 1, a->compartments[i].name, a->compartments[i].image);
        fprintf(out, "%u core %s\n", v + 1, core_path());
    }
}

static void say_hardware(struct gdb *g, FILE *out)
{
    fprintf(out, "hardware breakpoints and watchpoints: %u\n", g->hardware ? DEBUG_HARDWARE_MAX : 0);
}

static void say_help(struct gdb *g, FILE *out)
{
    fputs(
        "monitor placement   which compartment is in which VM (GDB: process, inferior), and its addresses\n"
        "monitor shares      shared memory and its members\n"
        "monitor edges       who may call whom\n"
        "monitor threads     the threads of VMs that stand still\n"
        "monitor hardware    how many hardware breakpoints this host has\n"
        "monitor images      ELF files, by process\n",
        out);
}

static const struct {
    const char *word;
    void (*say)(struct gdb *g, FILE *out);
} monitors[] = {{"help", say_help},         {"placement", say_placement}, {"compartments", say_placement},
                {"shares", say_shares},     {"edges", say_edges},         {"threads", say_threads},
                {"hardware", say_hardware}, {"images", say_images}};

static void print_console(struct gdb *g, const char *text, size_t size)
{
    const size_t most = (GDB_PACKET_MAX - 8) / 2;
    for (size_t done = 0; done < size;) {
        struct gdb_text t = {.size = 0};
        size_t part = size - done < most ? size - done : most;
        gdb_add(&t, "O");
        gdb_add_hex(&t, text + done, part);
        gdb_send(g, &t);
        done += part;
    }
    gdb_reply(g, "OK");
}

void gdb_monitor(struct gdb *g, const char *hex)
{
    char word[64] = "", *text = NULL;
    size_t n = strlen(hex) / 2, size = 0;
    if (n < sizeof(word))
        gdb_bytes(&hex, word, n);
    for (n = strlen(word); n && word[n - 1] == ' ';)
        word[--n] = 0;
    FILE *out = open_memstream(&text, &size);
    if (!out) {
        gdb_reply(g, "E01");
        return;
    }
    unsigned i = 0, count = sizeof(monitors) / sizeof(*monitors);
    while (i < count && strcmp(word, monitors[i].word) != 0)
        i++;
    if (i == count)
        fputs("Not a monitor command of Bulkhead:\n", out);
    monitors[i < count ? i : 0].say(g, out);
    fclose(out);
    print_console(g, text, size);
    free(text);
}
