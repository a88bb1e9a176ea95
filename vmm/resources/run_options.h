/* What the command line decides about a run.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_VMM_RESOURCES_RUN_OPTIONS_H
#define BH_VMM_RESOURCES_RUN_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

struct run_options {
    bool spin_given;
    uint64_t spin_cycles; /* how long guests poll before they park, at most; when spin_given */
    uint64_t grace_ns;    /* what guests have to end by themselves when asked; 0: a second */
    bool verbose;
    int metrics;           /* listening socket for Prometheus; -1: none. Closed */
    const char *crash_dir; /* vmm/crash/collector.h; NULL: by default */
    bool no_stats;         /* guests neither count nor record */
    bool count_mpk;        /* gates between protection keys count calls */
    bool poison;           /* arguments in an arena are overwritten when their call is over */
    const char *file;      /* what was to be run, as the user named it */
    bool debug;            /* no VM runs before a debugger says so */
    uint16_t gdb_port;     /* with debug: 127.0.0.1, too; 0: no */
    bool marks;            /* print the phases of the start to stderr at the end: "mark NAME usec" */
    uint64_t start_ns;     /* CLOCK_MONOTONIC when main() began: zero of the marks. The environment variable
                     BULKHEAD_START_NS (same clock) takes precedence: a bench sets it before exec */
};

#endif
