/* bulkhead: runs, checks and explains appliances. Here is the whole program as a list of steps.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <fcntl.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "vmm/base/clock.h"
#include "vmm/cli/help.h"
#include "vmm/cli/options.h"
#include "vmm/plan/compose.h"
#include "vmm/cli/doctor.h"
#include "vmm/gdb/start.h"
#include "vmm/plan/layout.h"
#include "vmm/appliance/manifest.h"
#include "vmm/observe/metrics.h"
#include "vmm/base/paths.h"
#include "vmm/appliance/mechanism.h"
#include "vmm/plan/placement.h"
#include "vmm/supervisor/supervisor.h"
#include "vmm/crash/crash_directory.h"
#include "vmm/mpk/scan_appliance.h"
#include "vmm/observe/top.h"
#include "vmm/observe/trace.h"

static struct appliance appliance; /* zeroed; large for a stack */

/* A descriptor opened later must not become a standard stream by accident. One that was closed stays of no use: what
 * stands in for it is open for the other direction, so that reads and writes fail with EBADF as they did. */
static void open_standard_streams(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
            _exit(EXIT_HOST);
}

/* Makes a checked appliance of the file, and composes it if necessary. */
static bool load_appliance(const struct command_line *line, struct problem *p)
{
    static struct composition c; /* the appliance points into it */
    return compose(line->file, line->sets, line->n_sets, &c, p) &&
           manifest_parse(c.blob, c.size, c.manifest, &appliance, p);
}

/* Decides which compartment runs where, given what this host offers. */
static bool decide_placement(struct host *h, struct problem *p)
{
    if (placement_wants_keys(&appliance))
        host_probe_keys(h);
    struct offer offer = {.keys_cpu = h->pku_cpu, .keys_guest = h->pku_guest, .memory = h->memory_total};
    return place(&appliance, &offer, p);
}

static void explain_placement(const struct host *h)
{
    for (uint32_t i = 0; i < appliance.n_compartments; i++) {
        const struct compartment *c = &appliance.compartments[i];
        fprintf(stderr, "compartment %s: VM %u, mechanism %s\nimage %s sha256:%s\n", c->name, c->vm,
                mechanism_name(c->mechanism), c->name, c->sha256);
    }
    fprintf(stderr, "doorbell %s\n", doorbell_name(h->doorbell));
}

static int run_appliance(const struct command_line *line, uint64_t start_ns)
{
    struct problem p = {0};
    struct host h;
    if (!load_appliance(line, &p) || !host_open(&h, &p) || !decide_placement(&h, &p) ||
        !host_choose_doorbell(&h, line->doorbell, &p) || !scan_appliance(&appliance, core_path(), &p))
        return problem_print(&p);
    if (line->args) {
        appliance.args = line->args;
        appliance.n_args = line->n_args;
    }
    if (line->verbose)
        explain_placement(&h);
    struct run_options o = {
        .spin_given = line->spin_given,
        .spin_cycles = line->spin_cycles,
        .verbose = line->verbose,
        .metrics = line->metrics ? metrics_listen(line->metrics, &p) : -1,
        .crash_dir = line->crash_dir,
        .no_stats = line->no_stats,
        .count_mpk = line->count_mpk,
        .poison = line->poison,
        .marks = line->marks,
        .file = line->file,
        .debug = line->debug,
        .gdb_port = line->gdb_port,
        .start_ns = start_ns,
    };
    if (line->metrics && o.metrics < 0)
        return problem_print(&p);
    return appliance_run(&appliance, &h, &o);
}

/* Prints whether the appliance is valid and what would run where. Without KVM the mechanisms are chosen as if it were
 * there. */
static int check_appliance(const struct command_line *line)
{
    struct problem p = {0}, no_kvm = {0};
    struct host h;
    if (!load_appliance(line, &p)) {
        if (line->json && p.status == EXIT_USAGE && !p.text[0])
            compose_print_errors_json(line->file, line->sets, line->n_sets);
        return problem_print(&p);
    }
    host_open(&h, &no_kvm);
    if (!decide_placement(&h, &p) || !layout_print(&appliance, core_path(), line->json, &p))
        return problem_print(&p);
    return 0;
}

int main(int argc, char **argv)
{
    uint64_t start_ns = clock_ns();
    open_standard_streams();
    struct command_line line;
    struct problem p = {0};
    if (!cli_parse(argc, argv, &line, &p))
        return problem_print(&p);
    switch (line.command) {
    case COMMAND_RUN:
        return run_appliance(&line, start_ns);
    case COMMAND_CHECK:
        return check_appliance(&line);
    case COMMAND_DOCTOR:
        return doctor(line.json);
    case COMMAND_TOP:
        return top(&(struct top_options){
            .which = line.file, .once = line.once, .json = line.json, .interval_ms = line.interval_ms});
    case COMMAND_GDB:
        return gdb_start(&(struct gdb_options){
            .file = line.file, .compartment = line.compartment, .arguments = line.args, .n_arguments = line.n_args});
    case COMMAND_REPORT:
        return crash_directory_print(line.file);
    case COMMAND_TRACE:
        return trace(&(struct trace_options){.which = line.file, .file = line.output, .ms = line.seconds_ms});
    case COMMAND_VERSION:
        puts("bulkhead " BH_VERSION);
        return 0;
    case COMMAND_HELP:
        cli_help(line.topic);
        return 0;
    }
    return EXIT_USAGE;
}
