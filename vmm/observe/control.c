/* Lets commands of the same user look at a running appliance.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/observe/control.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "vmm/base/clock.h"
#include "vmm/base/boot_trace.h"
#include "vmm/appliance/description_save.h"

/* The same memory through a descriptor that cannot write it. */
static int read_only(int fd)
{
    char path[32];
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    return open(path, O_RDONLY | O_CLOEXEC);
}

static int make_snapshot(const struct resources *w, const pid_t *pid)
{
    const struct appliance *a = w->a;
    struct description s;
    if (!a->blob)
        return -1;
    description_head(a, w->core.path, &s);
    s.start_ns = clock_ns();
    for (uint32_t v = 0; v < a->n_vms; v++)
        s.pid[v] = (uint32_t)pid[v];
    int fd = memfd_create("bulkhead-snapshot", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd >= 0 &&
        (write(fd, &s, sizeof(s)) != (ssize_t)sizeof(s) || write(fd, a->blob, a->blob_size) != (ssize_t)a->blob_size ||
         fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL))) {
        close(fd);
        fd = -1;
    }
    return fd;
}

void control_open(struct control *c, const struct rundir *dir, struct resources *w, const pid_t *pid)
{
    *c = (struct control){.listener = -1, .snapshot = -1, .w = w};
    for (unsigned i = 0; i < CONTROL_CLIENTS_MAX; i++)
        c->client[i] = -1;
    if (!dir->path[0])
        return;
    c->snapshot = make_snapshot(w, pid);
    c->listener = c->snapshot < 0 ? -1 : rundir_listen(dir, CONTROL_SOCKET, SOCK_SEQPACKET | SOCK_NONBLOCK);
}

static void drop(struct control *c, unsigned i)
{
    close(c->client[i]);
    c->client[i] = -1;
    c->tracing[i] = false;
}

void control_close(struct control *c)
{
    for (unsigned i = 0; i < CONTROL_CLIENTS_MAX; i++)
        if (c->client[i] >= 0)
            drop(c, i);
    if (c->listener >= 0)
        close(c->listener);
    if (c->snapshot >= 0)
        close(c->snapshot);
    c->listener = c->snapshot = -1;
}

static bool same_user(int fd)
{
    struct ucred peer;
    socklen_t size = sizeof(peer);
    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && (peer.uid == geteuid() || peer.uid == 0);
}

static bool greet(const struct control *c, int client)
{
    int fds[BH_VMS_MAX + 1];
    union {
        struct cmsghdr head;
        char bytes[CMSG_SPACE(sizeof(fds))];
    } control;
    uint32_t n_vms = c->w->a->n_vms, opened = 0;
    struct control_hello hello = {.version = CONTROL_VERSION, .n_vms = n_vms};
    struct iovec iov = {&hello, sizeof(hello)};
    struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control};
    size_t bytes = (n_vms + 1) * sizeof(*fds);
    while (opened <= n_vms && (fds[opened] = read_only(opened ? c->w->vms[opened - 1].stats_fd : c->snapshot)) >= 0)
        opened++;
    m.msg_controllen = CMSG_SPACE(bytes);
    control.head = (struct cmsghdr){.cmsg_len = CMSG_LEN(bytes), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
    memcpy(CMSG_DATA(&control.head), fds, bytes);
    bool good = opened > n_vms && sendmsg(client, &m, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)sizeof(hello);
    while (opened)
        close(fds[--opened]);
    return good;
}

static void take_client(struct control *c)
{
    int fd = accept4(c->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    unsigned i = 0;
    while (i < CONTROL_CLIENTS_MAX && c->client[i] >= 0)
        i++;
    if (fd < 0)
        return;
    if (i == CONTROL_CLIENTS_MAX || !same_user(fd) || !greet(c, fd)) {
        close(fd);
        return;
    }
    c->client[i] = fd;
}

static void take_request(struct control *c, unsigned i)
{
    struct control_request r;
    ssize_t got = recv(c->client[i], &r, sizeof(r), MSG_DONTWAIT);
    if (got == (ssize_t)sizeof(r) && r.ask == CONTROL_TRACE)
        c->tracing[i] = true;
    else if (got >= 0 || (errno != EAGAIN && errno != EINTR))
        drop(c, i);
}

void control_fds(const struct control *c, struct pollfd *fds)
{
    fds[0] = (struct pollfd){.fd = c->listener, .events = POLLIN};
    for (unsigned i = 0; i < CONTROL_CLIENTS_MAX; i++)
        fds[i + 1] = (struct pollfd){.fd = c->client[i], .events = POLLIN};
}

void control_serve(struct control *c, const struct pollfd *fds)
{
    for (unsigned i = 0; i < CONTROL_CLIENTS_MAX; i++)
        if (fds[i + 1].revents && c->client[i] == fds[i + 1].fd)
            take_request(c, i);
    if (fds[0].revents)
        take_client(c);
}

bool control_tracing(const struct control *c)
{
    for (unsigned i = 0; i < CONTROL_CLIENTS_MAX; i++)
        if (c->tracing[i])
            return true;
    return false;
}
