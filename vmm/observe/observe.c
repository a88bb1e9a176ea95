/* Connects to a running appliance.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/observe/observe.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static bool receive_hello(int socket, struct control_hello *hello, int fds[BH_VMS_MAX + 1], unsigned *n)
{
    union {
        struct cmsghdr head;
        char bytes[CMSG_SPACE((BH_VMS_MAX + 1) * sizeof(int))];
    } control;
    struct iovec iov = {hello, sizeof(*hello)};
    struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)};
    *n = 0;
    if (recvmsg(socket, &m, MSG_CMSG_CLOEXEC) != (ssize_t)sizeof(*hello))
        return false;
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);
    if (c && c->cmsg_type == SCM_RIGHTS) {
        *n = (unsigned)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
        memcpy(fds, CMSG_DATA(c), *n * sizeof(int));
    }
    return hello->version == CONTROL_VERSION && *n == hello->n_vms + 1;
}

static void *map_read_only(int fd, uint64_t offset, uint64_t size)
{
    struct stat st;
    if (fstat(fd, &st) || (uint64_t)st.st_size < offset + size)
        return NULL; /* nothing to map, and it would end in SIGBUS */
    void *at = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, (off_t)offset);
    return at == MAP_FAILED ? NULL : at;
}

static bool take_description(struct observed *o, int fd, struct problem *p)
{
    struct stat st;
    void *bytes = fstat(fd, &st) == 0 && st.st_size > 0 ? map_read_only(fd, 0, (uint64_t)st.st_size) : NULL;
    if (!bytes)
        return problem_set(p, EXIT_HOST, "%s: cannot be read", o->dir.name);
    if (!description_load(bytes, (size_t)st.st_size, o->dir.name, &o->a, p))
        return false;
    memcpy(&o->head, bytes, sizeof(o->head));
    return true;
}

static bool map_statistics(struct observed_vm *vm, int fd)
{
    vm->guest = map_read_only(fd, 0, BH_STATS_SIZE);
    vm->host = map_read_only(fd, BH_STATS_SIZE, BH_PAGE_SIZE);
    vm->counts = map_read_only(fd, VM_COUNTS_OFF, BH_DOMAINS_MAX * BH_PAGE_SIZE);
    return vm->guest && vm->host && vm->counts;
}

bool observe_connect(struct observed *o, const struct rundir *dir, struct problem *p)
{
    int fds[BH_VMS_MAX + 1] = {-1};
    unsigned n = 0;
    struct control_hello hello;
    struct timeval patience = {.tv_sec = 5};
    memset(o, 0, sizeof(*o));
    o->dir = *dir;
    o->socket = rundir_connect(dir, CONTROL_SOCKET, SOCK_SEQPACKET);
    if (o->socket < 0)
        return problem_set(p, EXIT_HOST, "%s: cannot connect to it: %s", dir->name, strerror(errno));
    setsockopt(o->socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    bool good = receive_hello(o->socket, &hello, fds, &n) ||
                problem_set(p, EXIT_HOST, "%s: does not answer, or is of another version", dir->name);
    good = good && take_description(o, fds[0], p);
    good = good && (hello.n_vms == o->a.n_vms || problem_set(p, EXIT_HOST, "%s: contradicts itself", dir->name));
    for (unsigned v = 0; good && v < hello.n_vms; v++)
        good = map_statistics(&o->vms[v], fds[v + 1]) || problem_set(p, EXIT_HOST, "%s: has no statistics", dir->name);
    while (n)
        close(fds[--n]);
    if (!good)
        observe_close(o);
    return good;
}

void observe_close(struct observed *o)
{
    for (uint32_t v = 0; v < BH_VMS_MAX; v++) {
        struct observed_vm *vm = &o->vms[v];
        if (vm->guest)
            munmap((void *)vm->guest, BH_STATS_SIZE);
        if (vm->host)
            munmap((void *)vm->host, BH_PAGE_SIZE);
        if (vm->counts)
            munmap((void *)vm->counts, BH_DOMAINS_MAX * BH_PAGE_SIZE);
        *vm = (struct observed_vm){.guest = NULL};
    }
    if (o->socket >= 0)
        close(o->socket);
    o->socket = -1;
}

bool observe_alive(const struct observed *o)
{
    char byte;
    ssize_t got = recv(o->socket, &byte, 1, MSG_DONTWAIT | MSG_PEEK);
    return got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR));
}
