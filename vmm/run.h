/* Runs an appliance.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_RUN_H
#define BH_RUN_H

#include "vmm/appliance.h"
#include "vmm/host.h"

struct run_options {
    bool spin_given;
    uint64_t spin_cycles; /* how long guests poll before they park, at most; when spin_given */
    uint64_t grace_ns;    /* what guests have to end by themselves when asked; 0: a second */
    bool verbose;
    int metrics;           /* listening socket for Prometheus; -1: none. Closed */
    const char *crash_dir; /* vmm/saver.h; NULL: by default */
    bool no_stats;         /* guests neither count nor record */
    bool count_mpk;        /* gates between protection keys count calls */
    const char *file;      /* what was to be run, as the user named it */
    bool debug;            /* no VM runs before a debugger says so */
    uint16_t gdb_port;     /* with debug: 127.0.0.1, too; 0: no */
    bool marks;            /* print the phases of the start to stderr at the end: "mark NAME usec" */
    uint64_t start_ns;     /* CLOCK_MONOTONIC when main() began: zero of the marks. The environment variable
                     BULKHEAD_START_NS (same clock) takes precedence: a bench sets it before exec */
};

/* Boots every VM of `a` (placed), waits until the application is done, and takes everything down
 * again: no process is left. Blocks meanwhile. `h` has its doorbell chosen and KVM open. Returns
 * the exit status: the application's own (0 to 255); EXIT_CRASHED when a compartment crashed;
 * EXIT_HOST or EXIT_USAGE, with a line on stderr, when it could not be started; 128 + n when signal
 * n (SIGINT, SIGTERM) ended it before the application had ended by itself. The caller's standard
 * input and output are the application's. */
int appliance_run(const struct appliance *a, const struct host *h, const struct run_options *o);

#endif
