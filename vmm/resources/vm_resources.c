/* Makes and releases what one VM has in the supervisor.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/resources/vm_resources.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "vmm/resources/memory_file.h"

static bool set_failed(struct problem *p, const char *what)
{
    return problem_set(p, EXIT_HOST, "cannot %s: %s", what, strerror(errno));
}

/* Only this process, which maps the page before it is sealed, can write it. */
static bool make_status_page(struct vm_resources *r, struct problem *p)
{
    r->status_fd = memory_file_make("bulkhead-status", BH_PAGE_SIZE, 0, p);
    if (r->status_fd < 0)
        return false;
    void *at = mmap(NULL, BH_PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, r->status_fd, 0);
    if (at == MAP_FAILED || fcntl(r->status_fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE | F_SEAL_SEAL))
        return set_failed(p, "make a status page");
    r->status = at;
    return true;
}

static bool make_statistics(struct vm_resources *r, struct problem *p)
{
    r->stats_fd = memory_file_make("bulkhead-stats", VM_STATS_BYTES, F_SEAL_SEAL, p);
    if (r->stats_fd < 0)
        return false;
    void *at = mmap(NULL, BH_PAGE_SIZE, PROT_READ, MAP_SHARED, r->stats_fd, (off_t)BH_STATS_SIZE);
    if (at == MAP_FAILED)
        return set_failed(p, "map a VM's statistics");
    r->stats = at;
    return true;
}

static bool open_pair(struct vm_sockets *s, int type)
{
    int ends[2];
    if (socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends))
        return false;
    *s = (struct vm_sockets){.supervisor = ends[0], .vm = ends[1]};
    return true;
}

bool vm_resources_open_sockets(struct vm_resources *r, struct problem *p)
{
    struct timeval patience = {.tv_sec = COREDUMP_PATIENCE_S};
    if (!open_pair(&r->messages, SOCK_SEQPACKET))
        return set_failed(p, "make a doorbell");
    if (!open_pair(&r->coredump, SOCK_STREAM) ||
        setsockopt(r->coredump.vm, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) ||
        setsockopt(r->coredump.supervisor, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)))
        return set_failed(p, "make a socket");
    return open_pair(&r->debug, SOCK_SEQPACKET) || set_failed(p, "make a debugger's socket");
}

bool vm_resources_make(struct vm_resources *r, struct problem *p)
{
    const struct vm_sockets closed = {-1, -1};
    *r = (struct vm_resources){
        .status_fd = -1, .stats_fd = -1, .notify_fd = -1, .messages = closed, .debug = closed, .coredump = closed};
    if (!make_status_page(r, p) || !make_statistics(r, p))
        return false;
    r->notify_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (r->notify_fd < 0)
        return set_failed(p, "make a doorbell");
    return vm_resources_open_sockets(r, p);
}

void vm_resources_close_vm_ends(struct vm_resources *r)
{
    memory_file_close(&r->messages.vm);
    memory_file_close(&r->debug.vm);
    memory_file_close(&r->coredump.vm);
}

static void close_supervisor_ends(struct vm_resources *r)
{
    memory_file_close(&r->messages.supervisor);
    memory_file_close(&r->debug.supervisor);
    memory_file_close(&r->coredump.supervisor);
}

void vm_resources_close_sockets(struct vm_resources *r)
{
    close_supervisor_ends(r);
    vm_resources_close_vm_ends(r);
}

void vm_resources_drop_supervisor_part(struct vm_resources *r)
{
    if (r->status)
        munmap(r->status, BH_PAGE_SIZE);
    if (r->stats)
        munmap((void *)r->stats, BH_PAGE_SIZE);
    r->status = NULL;
    r->stats = NULL;
    close_supervisor_ends(r);
}

void vm_resources_release(struct vm_resources *r)
{
    vm_resources_drop_supervisor_part(r);
    vm_resources_close_vm_ends(r);
    memory_file_close(&r->status_fd);
    memory_file_close(&r->stats_fd);
    memory_file_close(&r->notify_fd);
}
