/* Collects cores after a crash, prints the report and saves it.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/crash/collector.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "vmm/base/clock.h"
#include "vmm/crash/coredump_file.h"
#include "vmm/crash/crash_directory.h"
#include "vmm/crash/postmortem_threads.h"
#include "vmm/crash/report.h"
#include "vmm/resources/vm_stats.h"
#include "vmm/sandbox/process.h"
#include "vmm/sandbox/watchers.h"

static int coredump_file_for(int dir, uint32_t v)
{
    char name[32];
    snprintf(name, sizeof(name), "vm%u.core", v);
    return dir < 0 ? memfd_create(name, MFD_CLOEXEC) : openat(dir, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
}

static void take_core(const struct resources *r, struct postmortem *p, int dir, uint32_t v)
{
    char name[32];
    int file = coredump_file_for(dir, v);
    if (file < 0)
        return;
    if ((!coredump_receive(r->vms[v].coredump.supervisor, file, COREDUMP_PATIENCE) ||
         !coredump_open(&p->vms[v].core, file)) &&
        dir >= 0) {
        snprintf(name, sizeof(name), "vm%u.core", v);
        unlinkat(dir, name, 0);
    }
    close(file);
}

/* Waits until each of these VMs has something to send, or has ended. Returns those that have. */
static uint64_t await_some(const struct resources *r, uint64_t cores, uint64_t end)
{
    struct pollfd fds[BH_VMS_MAX];
    uint64_t some = 0, now = clock_ns();
    for (uint32_t v = 0; v < r->a->n_vms; v++)
        fds[v] = (struct pollfd){.fd = cores >> v & 1 ? r->vms[v].coredump.supervisor : -1, .events = POLLIN};
    if (now >= end || poll(fds, r->a->n_vms, (int)((end - now) / 1000000 + 1)) <= 0)
        return 0;
    for (uint32_t v = 0; v < r->a->n_vms; v++)
        some |= fds[v].revents ? 1ull << v : 0;
    return some;
}

/* A peer whose core begins to come stands still with its stacks as they were at the crash, whatever it is told from now
 * on. Waiting for that takes no longer than its longest system call, and all the cores are taken afterwards. */
static void await_peers(const struct resources *r, uint64_t peers)
{
    uint64_t end = clock_ns() + COLLECTOR_PATIENCE;
    while (peers && clock_ns() < end)
        peers &= ~await_some(r, peers, end);
}

/* Takes the coredumps as they come: a VM that is slow must not use up the patience of those whose sends wait. The peers
 * go first, because they stand still meanwhile. */
static void take_cores(const struct resources *r, struct postmortem *p, int dir, uint64_t cores, uint32_t crashed)
{
    uint64_t end = clock_ns() + COREDUMP_PATIENCE, last = 1ull << crashed;
    while (cores && clock_ns() < end) {
        uint64_t some = await_some(r, cores, end);
        if (!some)
            continue;
        uint32_t next = (uint32_t)__builtin_ctzll(some & ~last ? some & ~last : some);
        cores &= ~(1ull << next);
        take_core(r, p, dir, next);
    }
}

/* What a VM's coredump says belongs to its stacks. The page itself changes: a peer may have been told of the crash by
 * now, and its calls have ended. */
static bool read_stats(const struct postmortem *p, uint32_t v, const void *page, struct bh_stats *copy)
{
    const size_t bytes = offsetof(struct bh_stats, trace);
    if (!p->vms[v].core.bytes || !coredump_read(&p->vms[v].core, BH_STATS_VA, copy, bytes))
        memcpy(copy, page, bytes);
    return copy->magic == BH_STATS_MAGIC && copy->version == BH_STATS_VERSION;
}

static void take_stats(const struct resources *r, struct postmortem *p)
{
    for (uint32_t v = 0; v < r->a->n_vms; v++) {
        const uint8_t *at = mmap(NULL, VM_STATS_BYTES, PROT_READ, MAP_SHARED, r->vms[v].stats_fd, 0);
        struct bh_stats *copy = at == MAP_FAILED ? NULL : malloc(sizeof(*copy));
        if (!copy)
            continue;
        p->vms[v].stats = copy;
        if (!read_stats(p, v, at, copy)) {
            p->vms[v].stats = NULL;
            free(copy);
        }
        p->tsc_khz = ((const struct vm_stats *)(at + BH_STATS_SIZE))->tsc_khz;
    }
    p->now = clock_cycles();
}

/* All but its head. */
static void write_report(FILE *out, const struct postmortem *p, const struct crash *c)
{
    report_details(out, p->a, p->core, c);
    if (c->kind == CRASH_DEADLOCK) {
        postmortem_threads(out, p);
        for (uint32_t v = 0; v < p->a->n_vms; v++)
            postmortem_calls(out, p, v);
        return;
    }
    postmortem_stack(out, p, c);
    postmortem_instruction(out, p, c);
    postmortem_calls(out, p, c->vm);
}

/* Commands that open the cores in GDB: one after the other, with the images of all compartments in sight. In the end
 * they select the VM that crashed. */
static void write_gdb(int dir, const struct postmortem *p, uint32_t crashed)
{
    int fd = openat(dir, "gdb.txt", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    FILE *out = fd < 0 ? NULL : fdopen(fd, "w");
    if (!out)
        return;
    fprintf(out, "# gdb -x gdb.txt, in this directory; inferior 1 is VM 0\nset pagination off\n");
    uint32_t n = 0, selected = 1;
    for (uint32_t v = 0; v < p->a->n_vms; v++) {
        if (!p->vms[v].core.bytes)
            continue;
        selected = v == crashed ? n + 1 : selected;
        if (n++)
            fprintf(out, "add-inferior -no-connection\ninferior %u\n", n);
        fprintf(out, "file %s\ncore-file vm%u.core\n", p->core, v);
        for (uint32_t i = 0; i < p->a->n_compartments; i++)
            if (p->a->compartments[i].vm == v)
                fprintf(out, "add-symbol-file %s\n", p->a->compartments[i].image);
    }
    if (n > 1)
        fprintf(out, "inferior %u\n", selected);
    fclose(out);
}

/* In one piece: lines of other processes must not come in between. */
static void print_head(const struct postmortem *p, const struct crash *c)
{
    char *line = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&line, &size);
    report_head(out ? out : stderr, p->a, c);
    if (out && fclose(out) == 0)
        fwrite(line, 1, size, stderr); /* unbuffered: one write */
    free(line);
}

static void save_report(int dir, const struct postmortem *p, const struct crash *c, const char *text, size_t size)
{
    int fd = openat(dir, "report.txt", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    FILE *out = fd < 0 ? NULL : fdopen(fd, "w");
    if (!out)
        return;
    report_head(out, p->a, c);
    bool good = fwrite(text, 1, size, out) == size;
    if (fclose(out) || !good)
        fprintf(stderr, "bulkhead: error: cannot save the whole report: %s\n", strerror(errno));
}

static const char *from_here(const char *path)
{
    char here[PATH_MAX];
    size_t n = getcwd(here, sizeof(here)) ? strlen(here) : 0;
    return n > 1 && strncmp(path, here, n) == 0 && path[n] == '/' ? path + n + 1 : path;
}

/* The report from its second line on; NULL: no memory for it. */
static char *details(const struct postmortem *p, const struct crash *c, int dir, const char *path, size_t *size)
{
    char *text = NULL;
    FILE *out = open_memstream(&text, size);
    if (!out)
        return NULL;
    write_report(out, p, c);
    if (dir >= 0)
        fprintf(out, "  saved     %s: report.txt, the cores, and for GDB, there: gdb -x gdb.txt\n", from_here(path));
    return fclose(out) ? NULL : text;
}

static void write_all(const struct postmortem *p, const struct crash *c, int dir, const char *path)
{
    size_t size = 0;
    if (c->kind == CRASH_DEADLOCK &&
        !postmortem_stuck(p)) { /* no thread waits for another: the appliance just sleeps */
        if (dir >= 0)
            crash_directory_remove(path);
        return;
    }
    if (c->kind == CRASH_DEADLOCK)
        print_head(p, c);
    char *text = details(p, c, dir, path, &size);
    if (!text)
        return;
    fwrite(text, 1, size, stderr); /* unbuffered: one write */
    if (dir >= 0) {
        save_report(dir, p, c, text, size);
        write_gdb(dir, p, c->vm);
    }
    free(text);
}

/* Leaves the process what it reads and writes: the sockets of coredumps, the statistics, the directory. */
static bool confine_collector(const struct resources *r, int dir, int looked)
{
    struct problem p = {0};
    int keep[2 * BH_VMS_MAX + 2];
    const char *images[BH_COMPARTMENTS_MAX + 1];
    unsigned n = 0, n_images = 0;
    keep[n++] = dir;
    keep[n++] = looked;
    for (uint32_t v = 0; v < r->a->n_vms; v++) {
        keep[n++] = r->vms[v].coredump.supervisor;
        keep[n++] = r->vms[v].stats_fd;
    }
    images[n_images++] = r->core.path;
    for (uint32_t i = 0; i < r->a->n_compartments; i++)
        images[n_images++] = r->a->compartments[i].image;
    if (sandbox_close_others(keep, n, &p) && sandbox_watcher(WATCHER_COLLECTOR, images, n_images, dir, &p))
        return true;
    problem_print(&p);
    return false;
}

static void collect_all(const struct resources *r, const struct crash *c, uint64_t cores, const char *chosen,
                        int looked)
{
    static struct postmortem p;
    char path[PATH_MAX];
    p.a = r->a;
    p.core = r->core.path;
    p.debug = r->core.debug.threads ? &r->core.debug : NULL;
    if (c->kind != CRASH_DEADLOCK) /* at once: the rest takes a while */
        print_head(&p, c);
    int dir = crash_directory_make(r->a->name, chosen, path, sizeof(path));
    if (!confine_collector(r, dir, looked))
        return;
    await_peers(r, cores & ~(1ull << c->vm));
    (void)!write(looked, "", 1);
    take_cores(r, &p, dir, cores, c->vm);
    close(looked);
    take_stats(r, &p);
    write_all(&p, c, dir, path);
}

bool collector_start(struct collector *s, const struct resources *r, const struct crash *c, uint64_t cores,
                     const char *dir)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC))
        return false;
    fflush(NULL);
    s->pid = fork();
    if (s->pid == 0) {
        sigset_t none;
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        signal(SIGINT, SIG_IGN); /* the report is what the user waits for */
        signal(SIGTERM, SIG_IGN);
        signal(SIGPIPE, SIG_IGN); /* the supervisor may have lost its patience */
        close(ends[0]);
        collect_all(r, c, cores, dir, ends[1]);
        _exit(0);
    }
    close(ends[1]);
    s->looked = ends[0];
    if (s->pid < 0) {
        close(ends[0]);
        return false;
    }
    return true;
}
