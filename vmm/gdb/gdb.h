/* One GDB that is connected: a process of its own, started by the supervisor when the connection comes.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * A VM is GDB's process (number: the VM's + 1). In all-stop mode the guest's threads are its threads (number: theirs +
 * 1); in non-stop mode a VM has one, number 1, because its threads cannot run one without the other. Reading order:
 * gdb_session.c, gdb_commands.c, gdb_resume.c, gdb_vms.c. */
#ifndef BH_VMM_GDB_GDB_H
#define BH_VMM_GDB_GDB_H

#include <stdio.h>

#include "vmm/vm/debug.h"
#include "vmm/gdb/packet.h"
#include "vmm/resources/resources.h"

struct gdb_vm {
    int fd;        /* -1: its process is gone */
    bool attached; /* GDB's */
    bool standing;
    bool ended, by_signal;
    uint32_t status; /* ended */
    bool report;     /* `stop`, or that it ended, has not been told to GDB */
    struct debug_stop stop;
    struct debug_hardware hardware[DEBUG_HARDWARE_MAX];
    uint32_t n_hardware;
};

struct gdb {
    const struct resources *w;
    int fd;     /* GDB */
    bool quiet; /* no acknowledgements */
    bool non_stop;
    bool running;     /* all-stop: GDB waits for a stop */
    bool interrupted; /* all-stop: Ctrl-C came */
    bool notified;    /* non-stop: GDB has not answered the last %Stop yet */
    bool reserved;    /* non-stop: it connects, and is told of one stop only until it does something */
    bool over;
    bool probed, hardware; /* gdb_hardware() */
    uint32_t vm;           /* GDB's "general thread": of this VM */
    uint32_t thread;       /* and this number of the guest's, or DEBUG_ANY_THREAD */
    uint32_t number;       /* of the last request */
    struct gdb_vm vms[BH_VMS_MAX];
    struct gdb_parser parser;
};

/* The whole session on connection `fd`; returns when it is over and every VM runs again. */
void gdb_serve(const struct resources *w, int fd);

/* ---- gdb_vms.c: asking a VM's process ---- */
/* False: it failed, or does not answer; *a is what came. `q` gets its number here. */
bool gdb_ask(struct gdb *g, uint32_t v, struct debug_request *q, struct debug_answer *a);
/* Takes what VMs said of their own accord, without blocking. */
void gdb_hear(struct gdb *g, uint32_t v);
bool gdb_attach(struct gdb *g, uint32_t v);
void gdb_detach(struct gdb *g, uint32_t v);
void gdb_stop(struct gdb *g, uint32_t v);
void gdb_stop_all(struct gdb *g);
void gdb_run(struct gdb *g, uint32_t v, const struct debug_going *how, uint32_t thread);
/* Tells all cores how many VMs stand still in a debugger's hands. */
void gdb_hold(struct gdb *g);
bool gdb_alive(const struct gdb *g, uint32_t v); /* GDB's, and not ended */

/* ---- gdb_session.c ---- */
void gdb_send(struct gdb *g, const struct gdb_text *t);
void gdb_reply(struct gdb *g, const char *text);
void gdb_tell_stop(struct gdb *g, struct gdb_text *t, uint32_t v);
uint32_t gdb_thread_number(const struct gdb *g, uint32_t thread);

/* ---- gdb_commands.c ---- */
void gdb_command(struct gdb *g, const char *data, size_t size);

/* ---- gdb_resume.c: going on, and what stopped ---- */
void gdb_vcont(struct gdb *g, const char *actions);
void gdb_question(struct gdb *g); /* ? */
void gdb_vstopped(struct gdb *g);
void gdb_interrupt(struct gdb *g);
void gdb_report(struct gdb *g); /* tells what there is to tell */

/* ---- gdb_registers.c ---- */
#define GDB_REGISTERS_MAX 76u
#define GDB_RBP           6u
#define GDB_RSP           7u
#define GDB_RIP           16u
uint32_t gdb_registers(bool keyed); /* how many */
uint32_t gdb_register_size(uint32_t n);
/* False: its value is not known (then `to` is zeros). */
bool gdb_register_get(const struct debug_registers *r, uint32_t n, uint8_t *to);
void gdb_register_set(struct debug_registers *r, uint32_t n, const uint8_t *from);
void gdb_target_xml(FILE *out, bool keyed);

/* ---- gdb_about.c: qXfer, monitor ---- */
void gdb_threads_xml(struct gdb *g, FILE *out);
void gdb_monitor(struct gdb *g, const char *words);
bool gdb_hardware(struct gdb *g); /* whether there are hardware breakpoints; tries it once */
bool gdb_threads(struct gdb *g, uint32_t v, struct debug_answer *a); /* a->threads, a->size: checked */

#endif
