/* Sockets for GDB, and a process for each connection.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/gdb/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "vmm/gdb/session.h"
#include "vmm/vm/debug.h"
#include "vmm/base/paths.h"

#define END_TRIES 50   /* of 10 ms */
#define DRAIN_MAX 1024 /* messages: more than a socket holds; a VM's process may send without end */

static FILE *create(const struct rundir *dir, const char *name)
{
    char path[PATH_MAX + 32];
    snprintf(path, sizeof(path), "%s/%s", dir->path, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    return fd < 0 ? NULL : fdopen(fd, "w");
}

static bool write_script(const struct rundir *dir, const struct resources *w)
{
    FILE *out = create(dir, GDB_SCRIPT);
    if (!out)
        return false;
    fprintf(out, "# Connects GDB to appliance %s.\nset sysroot /\nset schedule-multiple on\n", w->a->name);
    fprintf(out, "directory %s\nsource %s/scripts/gdb/bulkhead.py\n", build_root(), source_root());
    fprintf(out, "target extended-remote %s/" GDB_SOCKET "\nbulkhead symbols\n", dir->path);
    return fclose(out) == 0;
}

static bool write_file(const struct rundir *dir, const struct resources *w)
{
    char path[PATH_MAX];
    FILE *out = create(dir, GDB_FILE);
    if (!out)
        return false;
    const char *file = w->o->file ? w->o->file : w->a->toml;
    fprintf(out, "%s\n", file && realpath(file, path) ? path : "");
    return fclose(out) == 0;
}

static int open_port(uint16_t port, struct problem *p)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) ||
        bind(fd, (struct sockaddr *)&at, sizeof(at)) || listen(fd, 1)) {
        problem_set(p, EXIT_HOST, "--gdb=%u: cannot listen on 127.0.0.1: %s", port, strerror(errno));
        if (fd >= 0)
            close(fd);
        return -1;
    }
    return fd;
}

bool gdb_listen(struct gdb_listener *l, const struct rundir *dir, const struct resources *w, struct problem *p)
{
    *l = (struct gdb_listener){.w = w, .fds = {-1, -1}};
    if (dir->path[0] && write_script(dir, w) && write_file(dir, w))
        l->fds[0] = rundir_listen(dir, GDB_SOCKET, SOCK_STREAM | SOCK_NONBLOCK);
    if (!w->o->debug)
        return true;
    if (w->o->gdb_port && (l->fds[1] = open_port(w->o->gdb_port, p)) < 0)
        return false;
    if (l->fds[0] < 0)
        return problem_set(p, EXIT_HOST, "--gdb: cannot make a socket for the debugger: %s", strerror(errno));
    fprintf(stderr, "bulkhead: waiting for a debugger: gdb -x %s/" GDB_SCRIPT "\n", dir->path);
    return true;
}

void gdb_fds(const struct gdb_listener *l, struct pollfd *fds)
{
    for (unsigned i = 0; i < GDB_FDS; i++)
        fds[i] = (struct pollfd){.fd = l->fds[i], .events = POLLIN};
}

/* The session's process: of the supervisor's descriptors it needs the VMs' sockets and its own connection. */
static void serve(const struct gdb_listener *l, int fd)
{
    sigset_t none;
    sigemptyset(&none);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGINT, SIG_IGN); /* the terminal signals the whole process group */
    signal(SIGTERM, SIG_IGN);
    signal(SIGQUIT, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    sigprocmask(SIG_SETMASK, &none, NULL);
    for (unsigned i = 0; i < GDB_FDS; i++)
        if (l->fds[i] >= 0)
            close(l->fds[i]);
    gdb_serve(l->w, fd);
    _exit(0);
}

/* What an earlier session did not take. */
static void drain(const struct gdb_listener *l)
{
    static struct debug_answer a;
    for (uint32_t v = 0; v < l->w->a->n_vms; v++) {
        for (int n = 0; n < DRAIN_MAX && l->w->vms[v].debug.supervisor >= 0; n++)
            if (recv(l->w->vms[v].debug.supervisor, &a, sizeof(a), MSG_DONTWAIT) <= 0)
                break;
    }
}

void gdb_accept(struct gdb_listener *l, const struct pollfd *fds)
{
    for (unsigned i = 0; i < GDB_FDS; i++) {
        int fd = fds[i].revents ? accept4(l->fds[i], NULL, NULL, SOCK_CLOEXEC) : -1;
        if (fd < 0)
            continue;
        pid_t pid = -1;
        if (!l->session) { /* else: there is a debugger already */
            drain(l);
            pid = fork();
        }
        if (pid == 0)
            serve(l, fd);
        l->session = pid > 0 ? pid : l->session;
        close(fd);
    }
}

/* It may have been killed in the middle of something. */
static void release(const struct gdb_listener *l)
{
    static struct debug_request q = {.ask = DEBUG_DETACH};
    for (uint32_t v = 0; v < l->w->a->n_vms; v++) {
        if (l->w->vms[v].debug.supervisor >= 0)
            send(l->w->vms[v].debug.supervisor, &q, sizeof(q), MSG_NOSIGNAL | MSG_DONTWAIT);
        atomic_store((_Atomic uint32_t *)&l->w->vms[v].status->held, 0);
        atomic_fetch_add((_Atomic uint32_t *)&l->w->vms[v].status->hold_epoch, 1);
    }
}

void gdb_reap(struct gdb_listener *l)
{
    if (l->session && waitpid(l->session, NULL, WNOHANG) == l->session) {
        l->session = 0;
        release(l);
    }
}

void gdb_close(struct gdb_listener *l)
{
    const struct timespec pause = {.tv_nsec = 10000000};
    for (int i = 0; l->session && i < END_TRIES; i++) {
        gdb_reap(l);
        if (l->session)
            nanosleep(&pause, NULL);
    }
    if (l->session) {
        kill(l->session, SIGKILL);
        waitpid(l->session, NULL, 0);
        l->session = 0;
    }
    for (unsigned i = 0; i < GDB_FDS; i++)
        if (l->fds[i] >= 0)
            close(l->fds[i]);
}
