/* Collects cores after a crash, prints the report and saves it.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/saver.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "vmm/core_file.h"
#include "vmm/marks.h"
#include "vmm/paths.h"
#include "vmm/postmortem.h"
#include "vmm/report.h"
#include "vmm/vm_stats.h"

/* ---- Where ---- */

static bool make_parents(char *path)
{
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        bool good = mkdir(path, 0700) == 0 || errno == EEXIST;
        *slash = '/';
        if (!good) {
            return false;
        }
    }
    return mkdir(path, 0700) == 0 || errno == EEXIST;
}

static bool usable(char *path)
{
    return make_parents(path) && access(path, W_OK) == 0;
}

/* The directory of all crashes. */
static bool crash_root(const char *chosen, char *path, size_t size)
{
    const char *variable = getenv("BULKHEAD_CRASH_DIR"), *home = getenv("HOME");
    if (!chosen && variable && *variable) {
        chosen = variable;
    }
    if (chosen) {
        snprintf(path, size, "%s", chosen);
        return usable(path);
    }
    snprintf(path, size, "%s/crash", build_root());
    if (access(build_root(), W_OK) == 0 && usable(path)) {
        return true;
    }
    snprintf(path, size, "%s/.local/state/bulkhead/crash", home ? home : "");
    if (home && *home && usable(path)) {
        return true;
    }
    snprintf(path, size, "/tmp/bulkhead-%u-crash", (unsigned)geteuid());
    struct stat s;
    return usable(path) && lstat(path, &s) == 0 && S_ISDIR(s.st_mode) && s.st_uid == geteuid();
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void remove_directory(int root, const char *name)
{
    int fd = openat(root, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    for (struct dirent *e; dir && (e = readdir(dir));) {
        unlinkat(fd, e->d_name, 0);
    }
    if (dir) {
        closedir(dir);
    }
    unlinkat(root, name, AT_REMOVEDIR);
}

/* Removes the oldest of this appliance: their names sort by date. */
static void remove_old(const char *path, const char *appliance)
{
    char *names[256];
    unsigned n = 0;
    size_t length = strlen(appliance);
    DIR *dir = opendir(path);
    for (struct dirent *e; dir && n < 256 && (e = readdir(dir));) {
        if (strncmp(e->d_name, appliance, length) == 0 && e->d_name[length] == '-' &&
            e->d_name[length + 1] >= '0' && e->d_name[length + 1] <= '9') {
            names[n++] = strdup(e->d_name);
        }
    }
    qsort(names, n, sizeof *names, by_name);
    for (unsigned i = 0; i + SAVER_KEPT < n; i++) {
        remove_directory(dirfd(dir), names[i]);
    }
    if (dir) {
        closedir(dir);
    }
}

/* Makes this crash's directory; -1: none. */
static int make_directory(const struct world *w, const char *chosen, char *path, size_t size)
{
    char root[PATH_MAX], date[32];
    time_t now = time(NULL);
    struct tm t;
    if ((chosen && strcmp(chosen, "none") == 0) || !crash_root(chosen, root, sizeof root) || !localtime_r(&now, &t)) {
        return -1;
    }
    strftime(date, sizeof date, "%Y%m%d-%H%M%S", &t);
    int n = snprintf(path, size, "%s/%s-%s-%ld", root, w->a->name, date, (long)getpid());
    if (n < 0 || (size_t)n >= size || mkdir(path, 0700)) {
        return -1;
    }
    remove_old(root, w->a->name);
    return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* ---- What ---- */

static int core_file_for(int dir, uint32_t v)
{
    char name[32];
    snprintf(name, sizeof name, "vm%u.core", v);
    return dir < 0 ? memfd_create(name, MFD_CLOEXEC) : openat(dir, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
}

static void take_core(const struct world *w, struct postmortem *p, int dir, uint32_t v)
{
    char name[32];
    int file = core_file_for(dir, v);
    if (file < 0) {
        return;
    }
    if ((!core_receive(w->core_end[v], file, CORE_PATIENCE) || !core_open(&p->cores[v], file)) && dir >= 0) {
        snprintf(name, sizeof name, "vm%u.core", v);
        unlinkat(dir, name, 0);
    }
    close(file);
}

/* As they come: a VM that is slow shall not use up the patience of those whose sends wait. The peers go first, they stand
 * still meanwhile. */
static void take_cores(const struct world *w, struct postmortem *p, int dir, uint64_t cores, uint32_t crashed)
{
    struct pollfd fds[BH_VMS_MAX];
    for (uint64_t now = marks_now(), end = now + CORE_PATIENCE; cores && now < end; now = marks_now()) {
        for (uint32_t v = 0; v < w->a->n_vms; v++) {
            fds[v] = (struct pollfd){.fd = cores >> v & 1 ? w->core_end[v] : -1, .events = POLLIN};
        }
        if (poll(fds, w->a->n_vms, (int)((end - now) / 1000000 + 1)) <= 0) {
            continue;
        }
        uint32_t next = crashed;
        for (uint32_t v = 0; v < w->a->n_vms; v++) {
            next = fds[v].revents && v != crashed ? v : next;
        }
        cores &= ~(1ull << next);
        take_core(w, p, dir, next);
    }
}

/* What a VM's core says belongs to its stacks; the page itself goes on: a peer may have been told of the crash by now, and
 * its calls have ended. */
static bool read_stats(const struct postmortem *p, uint32_t v, const void *page, struct bh_stats *copy)
{
    const size_t bytes = offsetof(struct bh_stats, trace);
    if (!p->cores[v].bytes || !core_read(&p->cores[v], BH_STATS_VA, copy, bytes)) {
        memcpy(copy, page, bytes);
    }
    return copy->magic == BH_STATS_MAGIC && copy->version == BH_STATS_VERSION;
}

static void take_stats(const struct world *w, struct postmortem *p)
{
    for (uint32_t v = 0; v < w->a->n_vms; v++) {
        const uint8_t *at = mmap(NULL, VM_STATS_BYTES, PROT_READ, MAP_SHARED, w->stats_fd[v], 0);
        struct bh_stats *copy = at == MAP_FAILED ? NULL : malloc(sizeof *copy);
        if (!copy) {
            continue;
        }
        p->stats[v] = read_stats(p, v, at, copy) ? copy : NULL;
        p->tsc_khz = ((const struct vm_stats *)(at + BH_STATS_SIZE))->tsc_khz;
    }
    p->now = __builtin_ia32_rdtsc();
}

static void write_report(FILE *out, const struct postmortem *p, const struct crash *c)
{
    if (c->kind == CRASH_DEADLOCK && !postmortem_stuck(p)) {
        return;
    }
    report_write(out, p->a, p->core, c);
    if (c->kind == CRASH_DEADLOCK) {
        postmortem_threads(out, p);
        for (uint32_t v = 0; v < p->a->n_vms; v++) {
            postmortem_calls(out, p, v);
        }
        return;
    }
    postmortem_stack(out, p, c);
    postmortem_instruction(out, p, c);
    postmortem_calls(out, p, c->vm);
}

/* Commands that open the cores in GDB: one after the other, with the images of all compartments in sight. */
static void write_gdb(int dir, const struct postmortem *p)
{
    int fd = openat(dir, "gdb.txt", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    FILE *out = fd < 0 ? NULL : fdopen(fd, "w");
    if (!out) {
        return;
    }
    fprintf(out, "# gdb -x gdb.txt, in this directory; inferior 1 is VM 0\nset pagination off\n");
    uint32_t n = 0;
    for (uint32_t v = 0; v < p->a->n_vms; v++) {
        if (!p->cores[v].bytes) {
            continue;
        }
        if (n++) {
            fprintf(out, "add-inferior -no-connection\ninferior %u\n", n);
        }
        fprintf(out, "file %s\ncore-file vm%u.core\n", p->core, v);
        for (uint32_t i = 0; i < p->a->n_compartments; i++) {
            if (p->a->compartments[i].vm == v) {
                fprintf(out, "add-symbol-file %s\n", p->a->compartments[i].image);
            }
        }
    }
    fclose(out);
}

static void save_text(int dir, const char *text, size_t size)
{
    int fd = openat(dir, "report.txt", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd >= 0 && write(fd, text, size) != (ssize_t)size) {
        fprintf(stderr, "bulkhead: error: cannot save the whole report: %s\n", strerror(errno));
    }
    if (fd >= 0) {
        close(fd);
    }
}

static const char *from_here(const char *path)
{
    char here[PATH_MAX];
    size_t n = getcwd(here, sizeof here) ? strlen(here) : 0;
    return n > 1 && strncmp(path, here, n) == 0 && path[n] == '/' ? path + n + 1 : path;
}

static void finish(const struct postmortem *p, const struct crash *c, int dir, const char *path)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (!out) {
        report_crash(p->a, p->core, c);
        return;
    }
    write_report(out, p, c);
    bool silent = ftell(out) == 0; /* nobody waits for anybody: the appliance just sleeps */
    if (silent && dir >= 0) {
        remove_directory(AT_FDCWD, path);
    } else if (dir >= 0) {
        fprintf(out, "  saved     %s: report.txt, the cores, and for GDB, there: gdb -x gdb.txt\n", from_here(path));
    }
    if (fclose(out)) {
        return;
    }
    fwrite(text, 1, size, stderr); /* unbuffered: one write */
    if (dir >= 0 && !silent) {
        save_text(dir, text, size);
        write_gdb(dir, p);
    }
}

static void save(const struct world *w, const struct crash *c, uint64_t cores, const char *chosen, int looked)
{
    static struct postmortem p;
    char path[PATH_MAX];
    int dir = make_directory(w, chosen, path, sizeof path);
    p.a = w->a;
    p.core = w->core.path;
    p.debug = w->core.debug.threads ? &w->core.debug : NULL;
    take_cores(w, &p, dir, cores, c->vm);
    take_stats(w, &p);
    close(looked);
    finish(&p, c, dir, path);
}

bool saver_start(struct saver *s, const struct world *w, const struct crash *c, uint64_t cores, const char *dir)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC)) {
        return false;
    }
    fflush(NULL);
    s->pid = fork();
    if (s->pid == 0) {
        sigset_t none;
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        signal(SIGINT, SIG_IGN); /* the report is what the user waits for */
        signal(SIGTERM, SIG_IGN);
        close(ends[0]);
        save(w, c, cores, dir, ends[1]);
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

int saver_print(const char *dir)
{
    char path[PATH_MAX], buffer[65536];
    struct stat st;
    struct problem p = {0};
    bool directory = stat(dir, &st) == 0 && S_ISDIR(st.st_mode);
    snprintf(path, sizeof path, "%s%s", dir, directory ? "/report.txt" : "");
    FILE *in = fopen(path, "re");
    if (!in) {
        problem_set(&p, EXIT_USAGE, "%s: %s: give the directory that a crash report names as \"saved\"", path,
                    strerror(errno));
        return problem_print(&p);
    }
    for (size_t n; (n = fread(buffer, 1, sizeof buffer, in)) > 0;) {
        fwrite(buffer, 1, n, stdout);
    }
    fclose(in);
    return 0;
}
