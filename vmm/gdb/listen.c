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

#include "vmm/base/paths.h"
#include "vmm/gdb/session.h"
#include "vmm/kvm/probe_breakpoints.h"
#include "vmm/sandbox/process.h"
#include "vmm/sandbox/watchers.h"
#include "vmm/vm/debug.h"

#define END_TRIES 50   /* of 10 ms */
#define DRAIN_MAX 1024 /* messages: more than a socket holds; a VM's process may send without end */

static FILE *create_file(const struct rundir *dir, const char *name)
{
    char path[PATH_MAX + 32];
    snprintf(path, sizeof(path), "%s/%s", dir->path, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    return fd < 0 ? NULL : fdopen(fd, "w");
}

static bool write_script(const struct rundir *dir, const struct resources *r)
{
    FILE *out = create_file(dir, GDB_SCRIPT);
    if (!out)
        return false;
    fprintf(out, "# Connects GDB to appliance %s.\nset sysroot /\nset schedule-multiple on\n", r->a->name);
    fprintf(out, "directory %s\nsource %s/scripts/gdb/bulkhead.py\n", build_root(), source_root());
    fprintf(out, "target extended-remote %s/" GDB_SOCKET "\nbulkhead symbols\n", dir->path);
    return fclose(out) == 0;
}

static bool write_file(const struct rundir *dir, const struct resources *r)
{
    char path[PATH_MAX];
    FILE *out = create_file(dir, GDB_FILE);
    if (!out)
        return false;
    const char *file = r->o->file ? r->o->file : r->a->toml;
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

/* The session's process: of the supervisor's descriptors it needs the VMs' sockets and its own connection. */
static void run_session(const struct gdb_listener *l, int fd)
{
    sigset_t none;
    sigemptyset(&none);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGINT, SIG_IGN); /* the terminal signals the whole process group */
    signal(SIGTERM, SIG_IGN);
    signal(SIGQUIT, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    sigprocmask(SIG_SETMASK, &none, NULL);
    bool hardware = hardware_breakpoints_work(l->resources->h); /* needs KVM, which the session gives up */
    int keep[BH_VMS_MAX + 1];
    unsigned n = 0;
    struct problem p = {0};
    keep[n++] = fd;
    for (uint32_t v = 0; v < l->resources->a->n_vms; v++)
        keep[n++] = l->resources->vms[v].debug.supervisor;
    if (!sandbox_close_others(keep, n, &p) || !sandbox_watcher(WATCHER_SESSION, NULL, 0, -1, &p))
        _exit(problem_print(&p));
    gdb_serve(l->resources, fd, hardware);
    _exit(0);
}

/* Throws away what an earlier session did not take. */
static void drain_answers(const struct resources *r)
{
    static struct debug_answer a;
    for (uint32_t v = 0; v < r->a->n_vms; v++)
        for (int n = 0; n < DRAIN_MAX && r->vms[v].debug.supervisor >= 0; n++)
            if (recv(r->vms[v].debug.supervisor, &a, sizeof(a), MSG_DONTWAIT) <= 0)
                break;
}

static void on_connection(void *argument, short revents)
{
    struct gdb_door *door = argument;
    struct gdb_listener *l = door->listener;
    int fd = acceptor_take(&door->acceptor, SOCK_CLOEXEC);
    if (fd < 0)
        return;
    if (!l->session) { /* else there is a debugger already */
        drain_answers(l->resources);
        pid_t pid = fork();
        if (pid == 0)
            run_session(l, fd);
        l->session = pid > 0 ? pid : 0;
    }
    close(fd);
}

static void open_door(struct gdb_listener *l, struct gdb_door *door, int fd)
{
    *door = (struct gdb_door){.listener = l, .fd = fd};
    acceptor_open(&door->acceptor, l->loop, fd, on_connection, door);
}

static void close_door(struct gdb_door *door)
{
    acceptor_close(&door->acceptor);
    if (door->fd >= 0)
        close(door->fd);
    door->fd = -1;
}

bool gdb_listen(struct gdb_listener *l, struct loop *loop, const struct rundir *dir, const struct resources *r,
                struct problem *p)
{
    int socket = -1, port = -1;
    *l = (struct gdb_listener){.resources = r, .loop = loop};
    if (dir->path[0] && write_script(dir, r) && write_file(dir, r))
        socket = rundir_listen(dir, GDB_SOCKET, SOCK_STREAM | SOCK_NONBLOCK);
    int error = errno;
    if (r->o->debug && r->o->gdb_port) {
        port = open_port(r->o->gdb_port, p);
        if (port < 0)
            return false;
    }
    open_door(l, &l->socket, socket);
    open_door(l, &l->port, port);
    if (!r->o->debug)
        return true;
    if (socket < 0)
        return problem_set(p, EXIT_HOST, "--gdb: cannot make a socket for the debugger: %s", strerror(error));
    fprintf(stderr, "bulkhead: waiting for a debugger: gdb -x %s/" GDB_SCRIPT "\n", dir->path);
    return true;
}

/* Lets every VM run: the session may have been killed in the middle of something. */
static void release_vms(const struct resources *r)
{
    static struct debug_request q = {.ask = DEBUG_DETACH};
    for (uint32_t v = 0; v < r->a->n_vms; v++) {
        const struct vm_resources *vm = &r->vms[v];
        if (vm->debug.supervisor >= 0)
            send(vm->debug.supervisor, &q, sizeof(q), MSG_NOSIGNAL | MSG_DONTWAIT);
        atomic_store((_Atomic uint32_t *)&vm->status->held, 0);
        atomic_fetch_add((_Atomic uint32_t *)&vm->status->hold_epoch, 1);
    }
}

void gdb_reap(struct gdb_listener *l)
{
    if (l->session && waitpid(l->session, NULL, WNOHANG) == l->session) {
        l->session = 0;
        release_vms(l->resources);
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
    close_door(&l->socket);
    close_door(&l->port);
}
