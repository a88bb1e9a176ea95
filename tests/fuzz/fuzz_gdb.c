/* libFuzzer target: any bytes from GDB's side, any answers from VMs' processes that were taken over.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "vmm/base/paths.h"
#include "vmm/gdb/commands.h"
#include "vmm/gdb/connection.h"
#include "vmm/gdb/vms.h"
#include "vmm/kvm/probe_breakpoints.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct appliance a;
static struct host host = {.kvm_kind = KVM_KIND_SVM};
static struct bh_status_page pages[2];
static struct resources w;
static struct gdb g;
static const uint8_t *input;
static size_t left;

static void take(void *to, size_t size)
{
    size_t n = size < left ? size : left;
    memcpy(to, input, n);
    input += n;
    left -= n;
}

bool hardware_breakpoints_work(const struct host *h)
{
    return h->kvm_kind == KVM_KIND_SVM;
}

const char *core_path(void)
{
    return "/core.elf";
}

/* ---- What vms.c and connection.c do with sockets ---- */
bool gdb_alive(const struct gdb *s, uint32_t v)
{
    return v < s->a->n_vms && s->vms[v].attached && !s->vms[v].ended;
}

bool gdb_ask(struct gdb *s, uint32_t v, struct debug_request *q, struct debug_answer *answer)
{
    uint8_t good = 0;
    (void)s, (void)v;
    if (q->size > sizeof(q->data))
        __builtin_trap();
    take(&good, 1);
    take(answer, sizeof(*answer));
    return good & 1;
}

void gdb_hear(struct gdb *s, uint32_t v)
{
    (void)s, (void)v;
}

bool gdb_attach(struct gdb *s, uint32_t v)
{
    s->vms[v].attached = true;
    return true;
}

void gdb_detach(struct gdb *s, uint32_t v)
{
    s->vms[v].attached = false;
}

void gdb_stop(struct gdb *s, uint32_t v)
{
    s->vms[v].standing = true;
    take(&s->vms[v].stop, sizeof(s->vms[v].stop));
}

void gdb_stop_all(struct gdb *s)
{
    gdb_stop(s, 0);
    gdb_stop(s, 1);
}

void gdb_run(struct gdb *s, uint32_t v, const struct debug_going *how, uint32_t thread)
{
    (void)how, (void)thread;
    s->vms[v].standing = false;
}

void gdb_send_bytes(struct gdb *s, const char *bytes, size_t size)
{
    (void)s, (void)bytes;
    if (size > GDB_FRAME_MAX)
        __builtin_trap();
}

static void begin(void)
{
    a.n_compartments = a.n_vms = 2;
    for (uint32_t i = 0; i < 2; i++) {
        a.compartments[i] = (struct compartment){.name = "name", .index = i, .vm = i, .image = "/image.elf"};
        a.vms[i] = (struct vm_plan){.index = i, .compartments = 1ull << i, .n_threads = 4};
        w.vms[i].status = &pages[i];
        g.vms[i] = (struct gdb_vm){.fd = -1, .attached = true, .standing = true};
    }
    a.n_shares = a.n_edges = 1;
    a.shares[0] = (struct share){.name = "share", .size = 4096, .members = 3};
    a.edges[0] = (struct edge){.from = 0, .to = 1};
    w.a = &a;
    w.h = &host;
    g = (struct gdb){.resources = &w, .a = &a, .fd = -1, .thread = DEBUG_ANY_THREAD, .vms = {g.vms[0], g.vms[1]}};
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    begin();
    /* The first half: from GDB, as it comes over the wire or (odd sizes) as contents of packets, one a line. */
    input = data + size / 2;
    left = size - size / 2;
    bool wire = size % 2 == 0;
    static char packet[GDB_PACKET_MAX + 1];
    size_t n = 0;
    for (size_t i = 0; i < size / 2 && !g.over; i++) {
        if (wire && gdb_parse(&g.parser, data[i]) == GDB_PACKET)
            gdb_command(&g, g.parser.data, g.parser.size);
        if (!wire && data[i] != '\n' && n < GDB_PACKET_MAX) {
            packet[n++] = (char)data[i];
        } else if (!wire) {
            packet[n] = 0;
            gdb_command(&g, packet, n);
            n = 0;
        }
    }
    return 0;
}
