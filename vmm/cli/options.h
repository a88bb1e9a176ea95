/* The command line of `bulkhead`.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_VMM_CLI_OPTIONS_H
#define BH_VMM_CLI_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "vmm/base/problem.h"
#include "vmm/cli/commands.h"
#include "vmm/kvm/host.h"

struct command_line {
    enum command command;
    enum command topic;      /* COMMAND_HELP: which command's; COMMAND_HELP: all */
    const char *file;        /* run, check; top, trace, gdb: NAME or PID, or NULL; report: directory */
    const char *compartment; /* gdb; NULL: none named */
    bool debug;              /* run: --gdb */
    uint16_t gdb_port;
    const char **sets; /* "key=value", in their order; allocated, never freed */
    uint32_t n_sets;
    bool json;             /* check, doctor, top */
    bool once;             /* top */
    uint64_t interval_ms;  /* top */
    uint64_t seconds_ms;   /* trace; 0: until a signal */
    const char *output;    /* trace */
    const char *metrics;   /* run */
    bool verbose;          /* run */
    bool marks;            /* run */
    bool no_stats;         /* run */
    bool count_mpk;        /* run */
    bool poison;           /* run */
    const char *crash_dir; /* run */
    bool spin_given;
    uint64_t spin_cycles;
    enum doorbell_choice doorbell;
    const char **args; /* run, gdb: what follows "--", NULL terminated; NULL: there was no "--" */
    uint32_t n_args;
};

/* Parses the command line; strings point into argv. False: EXIT_USAGE, and the line says where help is. */
bool cli_parse(int argc, char **argv, struct command_line *c, struct problem *p);

#endif
