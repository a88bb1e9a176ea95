/* One GDB that is connected: the state that all files of this folder share.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * A session is a process of its own, which the supervisor starts when GDB connects. A VM is a process to GDB (its
 * number is the VM's + 1). In all-stop mode the guest's threads are its threads (number: theirs + 1); in non-stop mode
 * a VM has one thread, number 1, because its threads cannot run one without the other.
 *
 * Reading order: session.c, commands.c, resume.c, vms.c. */
#ifndef BH_VMM_GDB_GDB_H
#define BH_VMM_GDB_GDB_H

#include "vmm/base/loop.h"
#include "vmm/gdb/packet.h"
#include "vmm/resources/resources.h"
#include "vmm/vm/debug.h"

struct gdb;

struct gdb_vm {
    struct gdb *g;
    uint32_t index;
    int fd; /* -1: its process is gone */
    struct loop_source source;
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
    const struct resources *resources;
    const struct appliance *a;
    struct loop loop;
    int fd; /* GDB */
    struct loop_source source;
    bool quiet; /* no acknowledgements */
    bool non_stop;
    bool running;     /* all-stop: GDB waits for a stop */
    bool interrupted; /* all-stop: Ctrl-C came */
    bool notified;    /* non-stop: GDB has not answered the last %Stop yet */
    bool reserved;    /* non-stop: it connects, and is told of one stop only until it does something */
    bool over;
    bool hardware;   /* this host has hardware breakpoints */
    uint32_t vm;     /* GDB's "general thread": of this VM */
    uint32_t thread; /* and this number of the guest's, or DEBUG_ANY_THREAD */
    uint32_t number; /* of the last request */
    struct gdb_vm vms[BH_VMS_MAX];
    struct gdb_parser parser;
};

#endif
