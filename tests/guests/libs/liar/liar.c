/* A file system and a network with one file and no data, which lie on request about what they return.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include <bh/bulkhead.h>

#include "liar.h"

struct vfs_file {
    int unused;
};
struct net_socket {
    uint32_t index;
};

static enum liar_lie lie;
static struct vfs_file file;
static struct net_socket sockets[8];
static uint32_t n_sockets;

void liar_tell(int which)
{
    lie = (enum liar_lie)which;
}

/* ---- Files ---- */

int vfs_attach(vfs_file_t *root)
{
    *root = &file;
    return 0;
}

static void tell_attributes(struct vfs_stat *st)
{
    *st = (struct vfs_stat){.mode = S_IFREG | 0644, .size = 100, .inode = 1, .links = 1, .size_of_block = 4096};
    if (lie == LIE_ATTRIBUTES)
        st->size = (uint64_t)-100;
    if (lie == LIE_LIST)
        st->mode = S_IFDIR | 0755;
}

int vfs_stat(vfs_file_t f, struct vfs_stat *st)
{
    tell_attributes(st);
    return f ? 0 : -EBADF;
}

int vfs_stat_at(vfs_file_t dir, const char *path, int follow, struct vfs_stat *st)
{
    tell_attributes(st);
    return 0;
}

int vfs_open(vfs_file_t dir, const char *path, uint32_t flags, uint32_t mode, vfs_file_t *f)
{
    *f = lie == LIE_NO_FILE ? NULL : &file;
    return lie == LIE_OPEN;
}

int vfs_open_stat(vfs_file_t dir, const char *path, uint32_t flags, uint32_t mode, vfs_file_t *f, struct vfs_stat *st)
{
    tell_attributes(st);
    return vfs_open(dir, path, flags, mode, f);
}

ssize_t vfs_read(vfs_file_t f, void *buffer, size_t size, uint64_t offset)
{
    memset(buffer, 'x', size);
    return lie == LIE_READ ? 1000000 : (ssize_t)size;
}

ssize_t vfs_write(vfs_file_t f, const void *buffer, size_t size, uint64_t offset)
{
    return lie == LIE_WRITE ? 1000000 : (ssize_t)size;
}

ssize_t vfs_append(vfs_file_t f, const void *buffer, size_t size, uint64_t *end)
{
    *end = UINT64_MAX;
    return (ssize_t)size;
}

ssize_t vfs_list(vfs_file_t dir, void *buffer, size_t size, uint64_t *cookie)
{
    return lie == LIE_LIST ? 1000000 : 0;
}

ssize_t vfs_readlink(vfs_file_t dir, const char *path, void *text, size_t size)
{
    return lie == LIE_LINK ? 1000000 : 0;
}

ssize_t vfs_canonical(vfs_file_t dir, const char *path, void *text, size_t size)
{
    return -ENOENT;
}

#define NOTHING(name, ...) \
    int name(__VA_ARGS__)  \
    {                      \
        return 0;          \
    }                      \
    _Static_assert(sizeof(#name) > 1, "needs a semicolon")

NOTHING(vfs_close, vfs_file_t f);
NOTHING(vfs_sync, vfs_file_t f, int data_only);
NOTHING(vfs_lock, vfs_file_t f, const struct vfs_lock *lock, int wait);
NOTHING(vfs_change, vfs_file_t f, uint32_t what, uint64_t value, int64_t accessed, int64_t modified);
NOTHING(vfs_allocate, vfs_file_t f, uint64_t offset, uint64_t size);
NOTHING(vfs_room, vfs_file_t f, struct vfs_room *room);
NOTHING(vfs_remove, vfs_file_t dir, const char *path, int directory);
NOTHING(vfs_make, vfs_file_t dir, const char *path, uint32_t mode);
NOTHING(vfs_rename, vfs_file_t a, const char *from, vfs_file_t b, const char *to);
NOTHING(vfs_link, vfs_file_t a, const char *from, vfs_file_t b, const char *to);
NOTHING(vfs_symlink, const char *target, vfs_file_t dir, const char *path);
NOTHING(vfs_lock_test, vfs_file_t f, struct vfs_lock *lock);
NOTHING(vfs_flock, vfs_file_t f, uint32_t type, int wait);

/* ---- The network ---- */

ssize_t net_recv(net_socket_t s, void *buffer, size_t size, int flags)
{
    return lie == LIE_RECEIVE ? 1000000 : lie == LIE_RECEIVE_MORE ? 60000 : 0;
}

ssize_t net_recvfrom(net_socket_t s, void *buffer, size_t size, int flags, struct net_address *from)
{
    return net_recv(s, buffer, size, flags);
}

ssize_t net_send(net_socket_t s, const void *buffer, size_t size, int flags)
{
    return lie == LIE_SEND ? 1000000 : (ssize_t)size;
}

ssize_t net_sendto(net_socket_t s, const void *buffer, size_t size, int flags, const struct net_address *to)
{
    return net_send(s, buffer, size, flags);
}

int net_lane_open(net_lane_t *lane, struct net_lane **shared)
{
    return -ENOBUFS;
}

int net_table(struct net_table **table)
{
    static struct net_table *made;
    if (!made && (made = bh_malloc_shared(sizeof(*made))))
        memset(made, 0, sizeof(*made));
    *table = made;
    return made ? 0 : -ENOBUFS;
}

uint32_t net_events_wait(uint32_t seen, uint64_t timeout)
{
    bh_sleep(BH_FOREVER);
    return 0;
}

int net_wait(net_socket_t s, uint32_t events, uint64_t timeout)
{
    return NET_READABLE;
}

int net_socket(int family, int type, int protocol, net_socket_t *s, uint32_t *index)
{
    uint32_t n = n_sockets++ % 8;
    *s = &sockets[n];
    *index = lie == LIE_INDEX ? NET_SOCKETS_MAX : lie == LIE_SAME_INDEX ? 0 : n;
    return 0;
}

int net_accept(net_socket_t s, net_socket_t *connection, uint32_t *index, struct net_address *peer)
{
    *connection = &sockets[0];
    *index = 0; /* the listening socket has it */
    return 0;
}

int net_getopt(net_socket_t s, int level, int name, int64_t *value)
{
    *value = lie == LIE_OPTION ? INT64_MAX : lie == LIE_ERROR ? -7 : 0;
    return 0;
}

int net_connect(net_socket_t s, const struct net_address *address)
{
    return lie == LIE_ERROR ? 3 : 0;
}

int net_resolve(const char *name, int family, struct net_address *list, uint32_t max)
{
    memset(list, 0, max * sizeof(*list));
    return lie == LIE_RESOLVE ? 100000 : (int)max;
}

NOTHING(net_lane_close, net_lane_t lane);
NOTHING(net_attach, net_lane_t lane, net_socket_t s, uint32_t *index);
NOTHING(net_lane_run, net_lane_t lane);
NOTHING(net_lane_wait, net_lane_t lane);
NOTHING(net_close, net_socket_t s);
NOTHING(net_bind, net_socket_t s, const struct net_address *address);
NOTHING(net_listen, net_socket_t s, int backlog);
NOTHING(net_shutdown, net_socket_t s, int how);
NOTHING(net_getname, net_socket_t s, int peer, struct net_address *address);
NOTHING(net_setopt, net_socket_t s, int level, int name, int64_t value);
NOTHING(net_interface, struct net_interface *info);
