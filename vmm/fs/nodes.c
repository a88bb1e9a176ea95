/* Finds, adds and forgets nodes and open files.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/fs/nodes.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "vmm/fs/locks.h"

#define BUCKETS (sizeof((struct fs *)0)->buckets / sizeof(uint32_t))

struct fs_node *fs_node(struct fs *f, uint64_t id)
{
    return id && id <= f->n_nodes && f->nodes[id - 1].fd >= 0 ? &f->nodes[id - 1] : NULL;
}

struct fs_file *fs_file(struct fs *f, uint64_t handle)
{
    return handle < FS_FILES_MAX && f->files[handle].fd >= 0 ? &f->files[handle] : NULL;
}

static uint32_t *bucket_of(struct fs *f, uint64_t inode)
{
    return &f->buckets[(inode ^ inode >> 10) % BUCKETS];
}

static uint32_t find_node(struct fs *f, uint64_t device, uint64_t inode)
{
    uint32_t id = *bucket_of(f, inode);
    while (id && (f->nodes[id - 1].inode != inode || f->nodes[id - 1].device != device))
        id = f->nodes[id - 1].next;
    return id;
}

/* Takes the descriptor over. Returns the number of the node; 0: there are too many. */
static uint32_t add_node(struct fs *f, int fd, const struct stat *st)
{
    uint32_t at = f->free_node;
    while (at < f->n_nodes && f->nodes[at].fd >= 0)
        at++;
    if (at == FS_NODES_MAX)
        return 0;
    if (at == f->n_nodes)
        f->n_nodes++;
    f->free_node = at + 1;
    uint32_t *head = bucket_of(f, st->st_ino);
    f->nodes[at] = (struct fs_node){.fd = fd,
                                    .lock_fd = -1,
                                    .type = st->st_mode & S_IFMT,
                                    .next = *head,
                                    .device = st->st_dev,
                                    .inode = st->st_ino};
    *head = at + 1;
    return at + 1;
}

void fs_forget(struct fs *f, uint64_t id, uint64_t lookups)
{
    struct fs_node *n = fs_node(f, id);
    if (!n || id == FUSE_ROOT_ID)
        return;
    n->lookups -= lookups < n->lookups ? lookups : n->lookups;
    if (n->lookups)
        return;
    uint32_t *link = bucket_of(f, n->inode);
    while (*link != id)
        link = &f->nodes[*link - 1].next;
    *link = n->next;
    close(n->fd);
    if (n->lock_fd >= 0)
        close(n->lock_fd);
    fs_forget_ranges(f, n);
    n->fd = -1;
    if (id - 1 < f->free_node)
        f->free_node = (uint32_t)id - 1;
}

bool fs_name_good(const char *name, size_t room)
{
    size_t length = strnlen(name, room);
    return length < room && length && length <= NAME_MAX && !memchr(name, '/', length) && strcmp(name, ".") != 0 &&
           strcmp(name, "..") != 0;
}

int fs_reopen(const struct fs *f, const struct fs_node *n, int flags)
{
    char name[16];
    if (n->type != S_IFREG && n->type != S_IFDIR)
        return n->type == S_IFLNK ? -ELOOP : -EACCES; /* devices, FIFOs, sockets: as with nodev */
    snprintf(name, sizeof(name), "%d", n->fd);
    int fd = openat(f->proc, name, flags | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    return fd < 0 ? -errno : fd;
}

int fs_stat(int fd, struct stat *st)
{
    return (int)syscall(SYS_fstat, fd, st);
}

void fs_attr(const struct stat *st, struct fuse_attr *a)
{
    *a = (struct fuse_attr){.ino = st->st_ino,
                            .size = (uint64_t)st->st_size,
                            .blocks = (uint64_t)st->st_blocks,
                            .atime = (uint64_t)st->st_atim.tv_sec,
                            .mtime = (uint64_t)st->st_mtim.tv_sec,
                            .ctime = (uint64_t)st->st_ctim.tv_sec,
                            .atimensec = (uint32_t)st->st_atim.tv_nsec,
                            .mtimensec = (uint32_t)st->st_mtim.tv_nsec,
                            .ctimensec = (uint32_t)st->st_ctim.tv_nsec,
                            .mode = st->st_mode,
                            .nlink = (uint32_t)st->st_nlink,
                            .blksize = (uint32_t)st->st_blksize};
}

int fs_enter(struct fs *f, const struct fs_node *dir, const char *name, struct fuse_entry_out *entry)
{
    const struct open_how how = {.flags = O_PATH | O_NOFOLLOW | O_CLOEXEC,
                                 .resolve =
                                     RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV};
    struct stat st;
    int fd = (int)syscall(SYS_openat2, dir->fd, name, &how, sizeof(how));
    if (fd < 0)
        return errno;
    if (fs_stat(fd, &st)) {
        int error = errno;
        close(fd);
        return error;
    }
    uint32_t id = find_node(f, st.st_dev, st.st_ino);
    if (id) {
        close(fd);
    } else if (!(id = add_node(f, fd, &st))) {
        close(fd);
        return ENFILE;
    }
    f->nodes[id - 1].lookups++;
    *entry = (struct fuse_entry_out){.nodeid = id};
    fs_attr(&st, &entry->attr);
    return 0;
}

int fs_open_file(struct fs *f, uint32_t node, int fd, bool directory, struct fuse_open_out *out)
{
    uint32_t at = 0;
    while (at < FS_FILES_MAX && f->files[at].fd >= 0)
        at++;
    if (at == FS_FILES_MAX) {
        close(fd);
        return ENFILE;
    }
    f->files[at] = (struct fs_file){.fd = fd, .node = node, .directory = directory};
    *out = (struct fuse_open_out){.fh = at};
    return 0;
}

bool fs_init(struct fs *f, int directory, int proc, bool read_only)
{
    struct stat st;
    *f = (struct fs){.proc = proc, .read_only = read_only};
    f->nodes = calloc(FS_NODES_MAX, sizeof(*f->nodes)); /* its pages become present when they are used */
    f->files = malloc(FS_FILES_MAX * sizeof(*f->files));
    f->ranges = malloc(FS_LOCKS_MAX * sizeof(*f->ranges));
    if (!f->nodes || !f->files || !f->ranges || fs_stat(directory, &st))
        return false;
    for (uint32_t i = 0; i < FS_FILES_MAX; i++)
        f->files[i].fd = -1;
    for (uint32_t i = 0; i < FS_LOCKS_MAX; i++)
        f->ranges[i].next = i + 1 < FS_LOCKS_MAX ? i + 2 : 0;
    f->free_range = 1;
    return add_node(f, directory, &st) == FUSE_ROOT_ID;
}

void fs_release(struct fs *f)
{
    for (uint32_t i = 0; i < FS_FILES_MAX; i++)
        if (f->files[i].fd >= 0)
            close(f->files[i].fd);
    for (uint64_t id = 2; id <= f->n_nodes; id++)
        fs_forget(f, id, UINT64_MAX);
    if (f->nodes[0].lock_fd >= 0)
        close(f->nodes[0].lock_fd);
    free(f->nodes);
    free(f->files);
    free(f->ranges);
}
