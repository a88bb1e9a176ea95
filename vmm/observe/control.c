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
#include "vmm/appliance/description_save.h"
#include "vmm/sandbox/identity.h"

/* The same memory through a descriptor that cannot write it. */
static int read_only(int fd)
{
    char path[32];
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    return open(path, O_RDONLY | O_CLOEXEC);
}

/* Puts the description of the appliance into a memfd; -1: it cannot be made. */
static int make_description(const struct resources *r, const pid_t *pid)
{
    const struct appliance *a = r->a;
    struct description s;
    if (!a->blob)
        return -1;
    description_head(a, r->core.path, &s);
    s.start_ns = clock_ns();
    for (uint32_t v = 0; v < a->n_vms; v++)
        s.pid[v] = (uint32_t)pid[v];
    int fd = memfd_create("bulkhead-description", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd >= 0 &&
        (write(fd, &s, sizeof(s)) != (ssize_t)sizeof(s) || write(fd, a->blob, a->blob_size) != (ssize_t)a->blob_size ||
         fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL))) {
        close(fd);
        fd = -1;
    }
    return fd;
}

static void drop_client(struct control_client *client)
{
    loop_remove(client->control->loop, &client->source);
    close(client->fd);
    client->fd = -1;
    client->tracing = false;
}

static bool same_user(int fd)
{
    struct ucred peer;
    socklen_t size = sizeof(peer);
    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && (peer.uid == sandbox_owner() || peer.uid == 0);
}

/* Sends the description and the statistics. */
static bool greet_client(const struct control *c, int client)
{
    int fds[BH_VMS_MAX + 1];
    union {
        struct cmsghdr head;
        char bytes[CMSG_SPACE(sizeof(fds))];
    } control;
    const struct resources *r = c->resources;
    uint32_t n_vms = r->a->n_vms, opened = 0;
    struct control_hello hello = {.version = CONTROL_VERSION, .n_vms = n_vms};
    struct iovec iov = {&hello, sizeof(hello)};
    struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control};
    size_t bytes = (n_vms + 1) * sizeof(*fds);
    while (opened <= n_vms && (fds[opened] = read_only(opened ? r->vms[opened - 1].stats_fd : c->description)) >= 0)
        opened++;
    m.msg_controllen = CMSG_SPACE(bytes);
    control.head = (struct cmsghdr){.cmsg_len = CMSG_LEN(bytes), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
    memcpy(CMSG_DATA(&control.head), fds, bytes);
    bool good = opened > n_vms && sendmsg(client, &m, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)sizeof(hello);
    while (opened)
        close(fds[--opened]);
    return good;
}

static void on_request(void *argument, short revents)
{
    struct control_client *client = argument;
    struct control_request r;
    ssize_t got = recv(client->fd, &r, sizeof(r), MSG_DONTWAIT);
    if (got == (ssize_t)sizeof(r) && r.ask == CONTROL_TRACE)
        client->tracing = true;
    else if (got >= 0 || (errno != EAGAIN && errno != EINTR))
        drop_client(client);
}

static void on_connection(void *argument, short revents)
{
    struct control *c = argument;
    int fd = acceptor_take(&c->acceptor, SOCK_CLOEXEC | SOCK_NONBLOCK);
    unsigned i = 0;
    while (i < CONTROL_CLIENTS_MAX && c->clients[i].fd >= 0)
        i++;
    if (fd < 0)
        return;
    if (i == CONTROL_CLIENTS_MAX || !same_user(fd) || !greet_client(c, fd) ||
        !loop_add(c->loop, &c->clients[i].source, fd, POLLIN, on_request, &c->clients[i])) {
        close(fd);
        return;
    }
    c->clients[i].fd = fd;
}

void control_open(struct control *c, struct loop *loop, const struct rundir *dir, const struct resources *r,
                  const pid_t *pid)
{
    *c = (struct control){.loop = loop, .listener = -1, .description = -1, .resources = r};
    for (unsigned i = 0; i < CONTROL_CLIENTS_MAX; i++)
        c->clients[i] = (struct control_client){.control = c, .fd = -1};
    if (!dir->path[0])
        return;
    c->description = make_description(r, pid);
    c->listener = c->description < 0 ? -1 : rundir_listen(dir, CONTROL_SOCKET, SOCK_SEQPACKET | SOCK_NONBLOCK);
    acceptor_open(&c->acceptor, loop, c->listener, on_connection, c);
}

void control_close(struct control *c)
{
    for (unsigned i = 0; i < CONTROL_CLIENTS_MAX; i++)
        if (c->clients[i].fd >= 0)
            drop_client(&c->clients[i]);
    acceptor_close(&c->acceptor);
    if (c->listener >= 0)
        close(c->listener);
    if (c->description >= 0)
        close(c->description);
    c->listener = c->description = -1;
}

bool control_tracing(const struct control *c)
{
    for (unsigned i = 0; i < CONTROL_CLIENTS_MAX; i++)
        if (c->clients[i].tracing)
            return true;
    return false;
}
