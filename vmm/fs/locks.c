/* Sets, tests and counts the locks of a mount.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/fs/locks.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>

/* ---- The ranges that the kernel has ---- */

static bool ranges_touch(const struct fs_range *a, uint64_t first, uint64_t last)
{
    return (a->first <= last || a->first - last == 1) && (first <= a->last || first - a->last == 1);
}

static bool ranges_overlap(const struct fs_range *a, uint64_t first, uint64_t last)
{
    return a->first <= last && first <= a->last;
}

/* How many ranges more there may be than now, once [first, last] has been locked or unlocked. */
static uint32_t count_new(const struct fs *f, const struct fs_node *n, uint64_t first, uint64_t last, uint32_t type)
{
    for (uint32_t at = n->ranges; at; at = f->ranges[at - 1].next) {
        const struct fs_range *g = &f->ranges[at - 1];
        if (g->first < first && g->last > last && g->type != type) /* it is cut in two */
            return type == F_UNLCK ? 1 : 2;
    }
    return type == F_UNLCK ? 0 : 1;
}

static void add_range(struct fs *f, struct fs_node *n, uint64_t first, uint64_t last, uint32_t type)
{
    uint32_t at = f->free_range;
    f->free_range = f->ranges[at - 1].next;
    f->ranges[at - 1] = (struct fs_range){.first = first, .last = last, .type = type, .next = n->ranges};
    n->ranges = at;
    f->n_ranges++;
}

static void remove_range(struct fs *f, uint32_t *link)
{
    uint32_t at = *link;
    *link = f->ranges[at - 1].next;
    f->ranges[at - 1].next = f->free_range;
    f->free_range = at;
    f->n_ranges--;
}

/* As the kernel does: neighbours of one type become one range, others lose what they have in common with it. */
static void record_range(struct fs *f, struct fs_node *n, uint64_t first, uint64_t last, uint32_t type)
{
    uint64_t tail = 0; /* last byte of a range that is cut in two; 0: none, as it is behind `last` */
    uint32_t tail_type = 0;
    for (uint32_t *link = &n->ranges; *link;) {
        struct fs_range *g = &f->ranges[*link - 1];
        if (g->type == type && ranges_touch(g, first, last)) {
            first = g->first < first ? g->first : first;
            last = g->last > last ? g->last : last;
            remove_range(f, link);
        } else if (!ranges_overlap(g, first, last)) {
            link = &g->next;
        } else if (g->first < first) {
            if (g->last > last) {
                tail = g->last;
                tail_type = g->type;
            }
            g->last = first - 1;
            link = &g->next;
        } else if (g->last > last) {
            g->first = last + 1;
            link = &g->next;
        } else {
            remove_range(f, link);
        }
    }
    if (tail)
        add_range(f, n, last + 1, tail, tail_type);
    if (type != F_UNLCK)
        add_range(f, n, first, last, type);
}

void fs_forget_ranges(struct fs *f, struct fs_node *n)
{
    while (n->ranges)
        remove_range(f, &n->ranges);
}

/* ---- The messages ---- */

/* Byte-range locks belong to the appliance as a whole, so one open file of each node has them all. */
static int lock_fd(struct fs *f, struct fs_node *n)
{
    if (n->lock_fd < 0) {
        n->lock_fd = f->read_only ? -EACCES : fs_reopen(f, n, O_RDWR);
        if (n->lock_fd < 0)
            n->lock_fd = fs_reopen(f, n, O_RDONLY);
    }
    return n->lock_fd;
}

static void reply_lock(const struct flock *l, struct fs_reply *r)
{
    const struct fuse_lk_out out = {.lk = {.start = (uint64_t)l->l_start,
                                           .end = l->l_len ? (uint64_t)(l->l_start + l->l_len - 1) : UINT64_MAX,
                                           .type = (uint32_t)l->l_type}};
    memcpy(r->body, &out, sizeof(out));
    r->size = sizeof(out);
}

static int lock_bytes(struct fs *f, const struct fs_request *q, struct fs_reply *r)
{
    const struct fuse_lk_in *in = (const void *)q->body;
    struct fs_node *n = fs_node(f, q->head.nodeid);
    uint64_t first = in->lk.start, last = in->lk.end > INT64_MAX ? INT64_MAX : in->lk.end;
    uint32_t type = in->lk.type;
    if (!n || n->type != S_IFREG || first > last || (type != F_RDLCK && type != F_WRLCK && type != F_UNLCK))
        return n ? EINVAL : ESTALE;
    int fd = lock_fd(f, n);
    if (fd < 0)
        return -fd;
    struct flock l = {.l_type = (short)type,
                      .l_whence = SEEK_SET,
                      .l_start = (off_t)first,
                      .l_len = last == INT64_MAX ? 0 : (off_t)(last - first + 1)};
    if (q->head.opcode == FUSE_GETLK) {
        if (fcntl(fd, F_OFD_GETLK, &l))
            return errno;
        reply_lock(&l, r);
        return 0;
    }
    if (count_new(f, n, first, last, type) > FS_LOCKS_MAX - f->n_ranges)
        return ENOLCK;
    if (fcntl(fd, F_OFD_SETLK, &l))
        return errno;
    record_range(f, n, first, last, type);
    return 0;
}

int fs_lock(struct fs *f, const struct fs_request *q, struct fs_reply *r)
{
    const struct fuse_lk_in *in = (const void *)q->body;
    if (q->size < sizeof(*in))
        return EINVAL;
    if (!(in->lk_flags & FUSE_LK_FLOCK))
        return lock_bytes(f, q, r);
    const struct fs_file *file = fs_file(f, in->fh);
    int how = in->lk.type == F_RDLCK ? LOCK_SH : in->lk.type == F_WRLCK ? LOCK_EX : LOCK_UN;
    if (how == LOCK_EX && f->read_only)
        return EROFS; /* who may only read keeps nobody out */
    return !file ? EBADF : flock(file->fd, how | LOCK_NB) ? errno : 0;
}
