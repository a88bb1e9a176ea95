/* Opens the socket for Prometheus and starts the process that answers there.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/observe/metrics.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "vmm/base/clock.h"
#include "vmm/observe/metrics_server.h"
#include "vmm/sandbox/process.h"
#include "vmm/sandbox/watchers.h"

static int listen_port(unsigned long port, struct problem *p)
{
    struct sockaddr_in at = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(at);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), yes = 1;
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) ||
        bind(fd, (struct sockaddr *)&at, sizeof(at)) || listen(fd, 8) ||
        getsockname(fd, (struct sockaddr *)&at, &size)) {
        problem_set(p, EXIT_HOST, "--metrics: cannot listen on 127.0.0.1:%lu: %s", port, strerror(errno));
        return -1;
    }
    if (!port)
        fprintf(stderr, "bulkhead: metrics on http://127.0.0.1:%u/metrics\n", ntohs(at.sin_port));
    return fd;
}

static int listen_path(const char *path, struct problem *p)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    struct stat st;
    if (strlen(path) >= sizeof(at.sun_path)) {
        problem_set(p, EXIT_USAGE, "--metrics %s: the path is too long for a socket", path);
        return -1;
    }
    strcpy(at.sun_path, path);
    if (lstat(path, &st) == 0 && S_ISSOCK(st.st_mode))
        unlink(path); /* of one that ended */
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) || chmod(path, 0600) || listen(fd, 8)) {
        problem_set(p, EXIT_HOST, "--metrics %s: cannot listen there: %s", path, strerror(errno));
        return -1;
    }
    return fd;
}

int metrics_listen(const char *where, struct problem *p)
{
    char *end;
    unsigned long port = strtoul(where, &end, 10);
    if (*where >= '0' && *where <= '9' && !*end) {
        if (port > 65535) {
            problem_set(p, EXIT_USAGE, "--metrics %s: a port is at most 65535", where);
            return -1;
        }
        return listen_port(port, p);
    }
    if (!strchr(where, '/')) {
        problem_set(p, EXIT_USAGE, "--metrics %s: has to be a port number or a path with a slash", where);
        return -1;
    }
    return listen_path(where, p);
}

static void map_statistics(struct observed *o, const struct resources *r, const pid_t *pid)
{
    o->a = *r->a;
    o->dir.pid = getppid();
    o->head.start_ns = clock_ns();
    for (uint32_t v = 0; v < r->a->n_vms; v++) {
        const uint8_t *at = mmap(NULL, VM_STATS_BYTES, PROT_READ, MAP_SHARED, r->vms[v].stats_fd, 0);
        if (at == MAP_FAILED)
            _exit(EXIT_HOST);
        o->vms[v] = (struct observed_vm){.guest = (const struct bh_stats *)at,
                                         .host = (const struct vm_stats *)(at + BH_STATS_SIZE),
                                         .counts = (const uint64_t *)(at + VM_COUNTS_OFF)};
        o->head.pid[v] = (uint32_t)pid[v];
    }
}

static void run_server(int listener, const struct resources *r, const pid_t *pid)
{
    static struct observed o;
    struct problem p;
    map_statistics(&o, r, pid);
    if (!sandbox_close_others(&listener, 1, &p) || !sandbox_watcher(WATCHER_METRICS, NULL, 0, -1, &p))
        _exit(EXIT_HOST);
    metrics_serve(listener, &o);
}

pid_t metrics_start(int listener, const struct resources *r, const pid_t *pid)
{
    pid_t parent = getpid();
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        signal(SIGINT, SIG_IGN); /* the supervisor's business */
        signal(SIGTERM, SIG_IGN);
        if (getppid() != parent)
            _exit(0);
        run_server(listener, r, pid);
    }
    close(listener);
    return child < 0 ? 0 : child;
}
