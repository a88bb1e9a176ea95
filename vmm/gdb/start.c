/* `bulkhead gdb`: finds the running appliance and starts GDB on it.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/gdb/start.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vmm/gdb/listen.h"

/* Whether it runs `file` (a real path). */
static bool runs_file(const struct rundir *r, const char *file)
{
    char path[sizeof(r->path) + 32], line[PATH_MAX + 2] = "";
    snprintf(path, sizeof(path), "%.*s/" GDB_FILE, (int)sizeof(r->path), r->path);
    FILE *in = fopen(path, "re");
    if (!in)
        return false;
    bool good = fgets(line, sizeof(line), in) != NULL;
    fclose(in);
    line[strcspn(line, "\n")] = 0;
    return good && (!file || strcmp(line, file) == 0);
}

/* The only one that runs `file`; by NAME, PID or NAME-PID if there is no such file. */
static bool choose_appliance(const char *file, struct rundir *r, struct problem *p)
{
    static struct rundir list[RUNDIR_LIST_MAX];
    char real[PATH_MAX];
    unsigned n = rundir_list(list), found = 0;
    if (file && !realpath(file, real))
        return rundir_choose(file, r, p);
    for (unsigned i = 0; i < n; i++) {
        if (runs_file(&list[i], file ? real : NULL)) {
            *r = list[i];
            found++;
        }
    }
    if (!found) {
        return problem_set(p, EXIT_USAGE, "%s is not running: start it with bulkhead run, or bulkhead run --gdb",
                           file ? file : "an appliance of yours");
    }
    if (found > 1) {
        problem_set(p, EXIT_USAGE, "%u appliances run%s%s: name one by its process, such as bulkhead gdb %ld", found,
                    file ? " from " : "", file ? file : "", (long)r->pid);
        return false;
    }
    return true;
}

int gdb_start(const struct gdb_options *o)
{
    struct problem p = {0};
    struct rundir r;
    char script[PATH_MAX + 32], select[128];
    if (!choose_appliance(o->file, &r, &p))
        return problem_print(&p);
    snprintf(script, sizeof(script), "%s/" GDB_SCRIPT, r.path);
    snprintf(select, sizeof(select), "bulkhead compartment %s", o->compartment ? o->compartment : "");
    const char **arguments = calloc(o->n_arguments + 8, sizeof(*arguments));
    if (!arguments) {
        problem_set(&p, EXIT_HOST, "out of memory");
        return problem_print(&p);
    }
    unsigned n = 0;
    arguments[n++] = "gdb";
    arguments[n++] = "-q";
    arguments[n++] = "-x";
    arguments[n++] = script;
    if (o->compartment) {
        arguments[n++] = "-ex";
        arguments[n++] = select;
    }
    for (uint32_t i = 0; i < o->n_arguments; i++)
        arguments[n++] = o->arguments[i];
    execvp("gdb", (char **)arguments);
    problem_set(&p, EXIT_HOST, "cannot start gdb: %s (package gdb)", strerror(errno));
    free(arguments);
    return problem_print(&p);
}
