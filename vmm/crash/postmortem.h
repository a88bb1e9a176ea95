/* What can be found out about a crash from cores, statistics and images: stacks across gates, and the last calls.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * All of it comes from the guests and may be wrong. Nothing here fails: what is not known is left out. */
#ifndef BH_VMM_CRASH_POSTMORTEM_H
#define BH_VMM_CRASH_POSTMORTEM_H

#include <stdio.h>

#include "rpc/stats.h"
#include "vmm/appliance/appliance.h"
#include "vmm/crash/coredump_file.h"
#include "vmm/vm/crash.h"

#define POSTMORTEM_CALLS 32u

struct postmortem_vm {
    struct coredump_file core;    /* bytes NULL: none */
    const struct bh_stats *stats; /* NULL: none */
};

struct postmortem {
    const struct appliance *a;
    const char *core;                  /* path of the core's image */
    const struct bh_core_debug *debug; /* where its threads are; or NULL */
    struct postmortem_vm vms[BH_VMS_MAX];
    uint64_t now, tsc_khz;
};

/* The stack of the thread that crashed, and below it those of its callers in other compartments. */
void postmortem_stack(FILE *out, const struct postmortem *p, const struct crash *c);
/* The instruction at rip: its bytes, and in words. */
void postmortem_instruction(FILE *out, const struct postmortem *p, const struct crash *c);
/* The last gate calls of a VM. */
void postmortem_calls(FILE *out, const struct postmortem *p, uint32_t vm);

#endif
