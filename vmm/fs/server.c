/* Nodes, open files, and one message at a time.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/fs/server.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define BUCKETS (sizeof((struct fs *)0)->buckets / sizeof(uint32_t))

/* ---- Nodes ---- */

struct fs_node *fs_node(struct fs *f, uint64_t id)
{
    return id && id <= f->n_nodes && f->nodes[id - 1].fd >= 0 ? &f->nodes[id - 1] : NULL;
}

struct fs_file *fs_file(struct fs *f, uint64_t handle)
{
    return handle < FS_FILES_MAX && f->files[handle].fd >= 0 ? &f->files[handle] : NULL;
}

static uint32_t *bucket(struct fs *f, uint64_t inode)
{
    return &f->buckets[(inode ^ inode >> 10) % BUCKETS];
}

static uint32_t find(struct fs *f, uint64_t device, uint64_t inode)
{
    uint32_t id = *bucket(f, inode);
    while (id && (f->nodes[id - 1].inode != inode || f->nodes[id - 1].device != device))
        id = f->nodes[id - 1].next;
    return id;
}

/* Takes over the descriptor. 0: too many. */
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
    uint32_t *head = bucket(f, st->st_ino);
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
    uint32_t *link = bucket(f, n->inode);
    while (*link != id)
        link = &f->nodes[*link - 1].next;
    *link = n->next;
    close(n->fd);
    if (n->lock_fd >= 0)
        close(n->lock_fd);
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

int fs_enter(struct fs *f, const struct fs_node *dir, const char *name, struct fs_reply *r)
{
    const struct open_how how = {.flags = O_PATH | O_NOFOLLOW | O_CLOEXEC,
                                 .resolve =
                                     RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV};
    struct stat st;
    int fd = (int)syscall(SYS_openat2, dir->fd, name, &how, sizeof(how));
    if (fd < 0)
        return errno;
    if (fstat(fd, &st)) {
        int error = errno;
        close(fd);
        return error;
    }
    uint32_t id = find(f, st.st_dev, st.st_ino);
    if (id) {
        close(fd);
    } else if (!(id = add_node(f, fd, &st))) {
        close(fd);
        return ENFILE;
    }
    f->nodes[id - 1].lookups++;
    r->entry = (struct fuse_entry_out){.nodeid = id};
    fs_attr(&st, &r->entry.attr);
    r->size = sizeof(r->entry);
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
    f->nodes = calloc(FS_NODES_MAX, sizeof(*f->nodes)); /* present when touched */
    f->files = malloc(FS_FILES_MAX * sizeof(*f->files));
    if (!f->nodes || !f->files || fstat(directory, &st))
        return false;
    for (uint32_t i = 0; i < FS_FILES_MAX; i++)
        f->files[i].fd = -1;
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
}

/* ---- Messages ---- */

/* Copies at most `size` bytes out of a scatter list and takes them off its front; how many. */
static size_t take(struct iovec *iov, unsigned n, void *to, size_t size)
{
    size_t done = 0;
    for (unsigned i = 0; i < n && done < size; i++) {
        size_t part = iov[i].iov_len < size - done ? iov[i].iov_len : size - done;
        memcpy((uint8_t *)to + done, iov[i].iov_base, part);
        iov[i].iov_base = (uint8_t *)iov[i].iov_base + part;
        iov[i].iov_len -= part;
        done += part;
    }
    return done;
}

/* Moves the front of a scatter list on. */
static size_t skip(struct iovec *iov, unsigned n, size_t size)
{
    size_t done = 0;
    for (unsigned i = 0; i < n && done < size; i++) {
        size_t part = iov[i].iov_len < size - done ? iov[i].iov_len : size - done;
        iov[i].iov_base = (uint8_t *)iov[i].iov_base + part;
        iov[i].iov_len -= part;
        done += part;
    }
    return done;
}

static size_t sum(const struct iovec *iov, unsigned n)
{
    size_t bytes = 0;
    for (unsigned i = 0; i < n; i++)
        bytes += iov[i].iov_len;
    return bytes;
}

static void give(const struct iovec *iov, unsigned n, const void *from, size_t size)
{
    size_t done = 0;
    for (unsigned i = 0; i < n && done < size; i++) {
        size_t part = iov[i].iov_len < size - done ? iov[i].iov_len : size - done;
        memcpy(iov[i].iov_base, (const uint8_t *)from + done, part);
        done += part;
    }
}

/* Head and body in private memory; what is left of `in` is data. False: too short. */
static bool receive(struct fs_request *q, const struct iovec *in, unsigned n_in, const struct iovec *out,
                    unsigned n_out)
{
    if (n_in > FS_IOV_MAX || n_out > FS_IOV_MAX)
        return false;
    memcpy(q->in, in, n_in * sizeof(*in));
    memcpy(q->out, out, n_out * sizeof(*out));
    q->n_in = n_in;
    q->n_out = n_out;
    if (take(q->in, n_in, &q->head, sizeof(q->head)) < sizeof(q->head))
        return false;
    bool write = q->head.opcode == FUSE_WRITE;
    q->size = take(q->in, n_in, q->body, write ? sizeof(struct fuse_write_in) : sizeof(q->body));
    q->in_bytes = sum(q->in, n_in);
    q->out_bytes = sum(q->out, n_out);
    return true;
}

static int init(struct fs_request *q, struct fs_reply *r)
{
    const struct fuse_init_in *in = (const void *)q->body;
    if (q->size < offsetof(struct fuse_init_in, flags2) || in->major != FUSE_KERNEL_VERSION)
        return EPROTO;
    struct fuse_init_out out = {
        .major = FUSE_KERNEL_VERSION, .minor = FUSE_KERNEL_MINOR_VERSION, .max_write = 0x100000, .time_gran = 1};
    memcpy(r->body, &out, sizeof(out));
    r->size = sizeof(out);
    return 0;
}

static int dispatch(struct fs *f, struct fs_request *q, struct fs_reply *r)
{
    switch (q->head.opcode) {
    case FUSE_INIT:
        return init(q, r);
    case FUSE_LOOKUP:
    case FUSE_GETATTR:
    case FUSE_SETATTR:
    case FUSE_READLINK:
    case FUSE_SYMLINK:
    case FUSE_MKDIR:
    case FUSE_UNLINK:
    case FUSE_RMDIR:
    case FUSE_RENAME2:
    case FUSE_LINK:
    case FUSE_STATFS:
        return fs_names(f, q, r);
    default:
        return fs_files(f, q, r);
    }
}

size_t fs_handle(struct fs *f, const struct iovec *in, unsigned n_in, const struct iovec *out, unsigned n_out)
{
    struct fs_request q;
    struct fs_reply r;
    r.size = r.data = 0;
    if (!receive(&q, in, n_in, out, n_out))
        return 0;
    if (q.head.opcode == FUSE_FORGET) {
        const struct fuse_forget_in *forget = (const void *)q.body;
        if (q.size >= sizeof(*forget))
            fs_forget(f, q.head.nodeid, forget->nlookup);
        return 0;
    }
    struct fuse_out_header head = {.unique = q.head.unique};
    if (skip(q.out, n_out, sizeof(head)) < sizeof(head))
        return 0; /* no room for an answer */
    q.out_bytes -= sizeof(head);
    int error = dispatch(f, &q, &r);
    if (!error && r.size > q.out_bytes)
        error = EMSGSIZE;
    if (error)
        r.size = r.data = 0;
    head.error = -error;
    head.len = (uint32_t)(sizeof(head) + r.size + r.data);
    give(q.out, n_out, r.body, r.size);
    give(out, n_out, &head, sizeof(head));
    return head.len;
}
