/* What can be found out about a crash from cores, statistics and images: stacks across gates, the last calls, who waits.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * All of it is the guests' word. Nothing here fails: what is not known is left out. */
#ifndef BH_POSTMORTEM_H
#define BH_POSTMORTEM_H

#include <stdio.h>

#include "rpc/stats.h"
#include "vmm/appliance.h"
#include "vmm/core_file.h"
#include "vmm/crash.h"

#define POSTMORTEM_CALLS 32u

struct postmortem {
    const struct appliance *a;
    const char *core;                /* path of the core's image */
    const struct bh_core_debug *debug; /* where its threads are; or NULL */
    struct core_file cores[BH_VMS_MAX]; /* bytes NULL: none of that VM */
    const struct bh_stats *stats[BH_VMS_MAX]; /* NULL: none */
    uint64_t now, tsc_khz;
};

/* The stack of the thread that crashed, and below it those of its callers in other compartments. */
void postmortem_stack(FILE *out, const struct postmortem *p, const struct crash *c);
/* The instruction at rip: its bytes, and in words. */
void postmortem_instruction(FILE *out, const struct postmortem *p, const struct crash *c);
/* The last gate calls of a VM. */
void postmortem_calls(FILE *out, const struct postmortem *p, uint32_t vm);
/* Whether some thread waits for a reply, a lock or another thread; rather than just for nothing to happen. */
bool postmortem_stuck(const struct postmortem *p);
/* Every thread of every VM: where it is, and what it waits for. */
void postmortem_threads(FILE *out, const struct postmortem *p);

/* ---- postmortem_unwind.c ---- */
struct frames {
    uint64_t pc[48];
    bool call[48]; /* pc is a return address */
    uint32_t n;
};
/* Unwinds a thread of VM v that has these registers (elf_gregset_t's order). */
void unwind(const struct postmortem *p, uint32_t v, const unsigned long long *registers, struct frames *f);
/* Whether one of the first frames is in `function`. */
bool postmortem_is_in(const struct postmortem *p, const struct frames *f, const char *function);

#endif
