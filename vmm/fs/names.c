/* FUSE operations on names and attributes.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/fs/names.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "vmm/fs/quota.h"

static int error_of(int result)
{
    return result < 0 ? errno : 0;
}

/* Answers with what `name` in `dir` is. */
static int reply_entry(struct fs *f, const struct fs_node *dir, const char *name, struct fs_reply *r)
{
    r->size = sizeof(r->entry);
    return fs_enter(f, dir, name, &r->entry);
}

/* The name that is at *at in the body; *at moves on behind it. NULL: it is no good name. */
static const char *name_at(const struct fs_request *q, size_t *at)
{
    if (*at >= q->size)
        return NULL;
    const char *name = (const char *)q->body + *at;
    size_t room = q->size - *at;
    if (!fs_name_good(name, room))
        return NULL;
    *at += strlen(name) + 1;
    return name;
}

/* The error with which Linux refuses such a name. */
static int bad_name(const struct fs_request *q, size_t at)
{
    size_t room = at < q->size ? q->size - at : 0;
    size_t length = room ? strnlen((const char *)q->body + at, room) : 0;
    return length > NAME_MAX ? ENAMETOOLONG : EINVAL;
}

static int get_attr(const struct fs_node *n, struct fs_reply *r)
{
    struct stat st;
    if (fs_stat(n->fd, &st))
        return errno;
    r->attr = (struct fuse_attr_out){0};
    fs_attr(&st, &r->attr.attr);
    r->size = sizeof(r->attr);
    return 0;
}

static int resize_file(struct fs *f, int fd, uint64_t size)
{
    int error = fs_charge_growth(f, fd, size, 0, false);
    if (error)
        return error;
    fs_freed(f); /* if it shrinks */
    return error_of(ftruncate(fd, (off_t)size));
}

static int set_size(struct fs *f, const struct fs_node *n, const struct fuse_setattr_in *in)
{
    if (in->size > INT64_MAX)
        return EFBIG;
    if (in->valid & FATTR_FH) {
        const struct fs_file *file = fs_file(f, in->fh);
        return file && !file->directory ? resize_file(f, file->fd, in->size) : EBADF;
    }
    int fd = n->type == S_IFREG ? fs_reopen(f, n, O_WRONLY) : -EINVAL;
    if (fd < 0)
        return -fd;
    int error = resize_file(f, fd, in->size);
    close(fd);
    return error;
}

static struct timespec time_of(uint32_t valid, uint32_t set, uint32_t now, uint64_t seconds, uint32_t nanoseconds)
{
    if (!(valid & set))
        return (struct timespec){.tv_nsec = UTIME_OMIT};
    return valid & now ? (struct timespec){.tv_nsec = UTIME_NOW}
                       : (struct timespec){(time_t)seconds, (long)(nanoseconds % 1000000000)};
}

/* Mode and times change by descriptor, never by path: only for that do these calls need no trust in this process. So a
 * file has to be opened, which fails for one that its owner may neither read nor write, and for links and devices. */
static int set_mode_and_times(struct fs *f, const struct fs_node *n, const struct fuse_setattr_in *in)
{
    const struct fs_file *file = in->valid & FATTR_FH ? fs_file(f, in->fh) : NULL;
    int own = file ? -1 : fs_reopen(f, n, O_RDONLY);
    if (own == -EACCES && n->type == S_IFREG)
        own = fs_reopen(f, n, O_WRONLY);
    if (!file && own < 0)
        return n->type == S_IFLNK ? EOPNOTSUPP : -own;
    int fd = file ? file->fd : own, error = 0;
    if (in->valid & FATTR_MODE)
        error = error_of(fchmod(fd, in->mode & FS_MODES));
    if (!error && in->valid & (FATTR_ATIME | FATTR_MTIME)) {
        struct timespec times[2] = {time_of(in->valid, FATTR_ATIME, FATTR_ATIME_NOW, in->atime, in->atimensec),
                                    time_of(in->valid, FATTR_MTIME, FATTR_MTIME_NOW, in->mtime, in->mtimensec)};
        error = error_of(futimens(fd, times));
    }
    if (own >= 0)
        close(own);
    return error;
}

static int set_attr(struct fs *f, const struct fs_node *n, const struct fs_request *q, struct fs_reply *r)
{
    const struct fuse_setattr_in *in = (const void *)q->body;
    int error = 0;
    if (q->size < sizeof(*in) || in->valid & (FATTR_UID | FATTR_GID))
        return q->size < sizeof(*in) ? EINVAL : EPERM;
    if (f->read_only)
        return EROFS;
    if (in->valid & FATTR_SIZE)
        error = set_size(f, n, in);
    if (!error && in->valid & (FATTR_MODE | FATTR_ATIME | FATTR_MTIME))
        error = set_mode_and_times(f, n, in);
    return error ? error : get_attr(n, r);
}

static int read_link(const struct fs_node *n, struct fs_reply *r)
{
    ssize_t length = readlinkat(n->fd, "", (char *)r->body, sizeof(r->body));
    if (length < 0)
        return errno == ENOENT ? EINVAL : errno; /* not a link */
    r->size = (size_t)length;
    return 0;
}

static int make_directory(struct fs *f, const struct fs_node *dir, const struct fs_request *q, struct fs_reply *r)
{
    const struct fuse_mkdir_in *in = (const void *)q->body;
    size_t at = sizeof(*in);
    const char *name = name_at(q, &at);
    if (!name)
        return bad_name(q, sizeof(*in));
    return mkdirat(dir->fd, name, in->mode & FS_MODES) ? errno : reply_entry(f, dir, name, r);
}

static int make_link(struct fs *f, const struct fs_node *dir, const struct fs_request *q, struct fs_reply *r)
{
    size_t at = 0;
    const char *name = name_at(q, &at);
    if (!name)
        return bad_name(q, 0);
    const char *target = (const char *)q->body + at;
    if (at >= q->size || strnlen(target, q->size - at) == q->size - at)
        return EINVAL;
    return symlinkat(target, dir->fd, name) ? errno : reply_entry(f, dir, name, r);
}

/* Another name for a symbolic link. The host's kernel makes one only for who has the right to (Linux 6.10: who opened
 * it), and through the magic link it would be followed. So it may become a second link with the same target. */
static int copy_link(const struct fs_node *n, const struct fs_node *dir, const char *name)
{
    char target[PATH_MAX];
    if (linkat(n->fd, "", dir->fd, name, AT_EMPTY_PATH) == 0)
        return 0;
    if (errno == EEXIST)
        return -1;
    ssize_t length = readlinkat(n->fd, "", target, sizeof(target) - 1);
    if (length < 0)
        return -1;
    target[length] = '\0';
    return symlinkat(target, dir->fd, name);
}

static int make_name(struct fs *f, const struct fs_node *dir, const struct fs_request *q, struct fs_reply *r)
{
    const struct fuse_link_in *in = (const void *)q->body;
    size_t at = sizeof(*in);
    const char *name = name_at(q, &at);
    const struct fs_node *n = name ? fs_node(f, in->oldnodeid) : NULL;
    char from[16];
    if (!name)
        return bad_name(q, sizeof(*in));
    if (!n)
        return ESTALE;
    if (n->type == S_IFLNK)
        return copy_link(n, dir, name) ? errno : reply_entry(f, dir, name, r);
    if (n->type != S_IFREG)
        return EPERM;
    snprintf(from, sizeof(from), "%d", n->fd);
    return linkat(f->proc, from, dir->fd, name, AT_SYMLINK_FOLLOW) ? errno : reply_entry(f, dir, name, r);
}

static int rename_name(struct fs *f, const struct fs_node *dir, const struct fs_request *q)
{
    const struct fuse_rename2_in *in = (const void *)q->body;
    size_t at = sizeof(*in);
    const char *from = name_at(q, &at), *to = from ? name_at(q, &at) : NULL;
    if (!to)
        return bad_name(q, from ? sizeof(*in) + strlen(from) + 1 : sizeof(*in));
    const struct fs_node *new_dir = fs_node(f, in->newdir);
    if (!new_dir || in->flags & ~(uint32_t)RENAME_NOREPLACE)
        return new_dir ? EINVAL : ESTALE;
    fs_freed(f); /* what had the name before */
    return error_of((int)syscall(SYS_renameat2, dir->fd, from, new_dir->fd, to, in->flags));
}

static int stat_fs(struct fs *f, const struct fs_node *n, struct fs_reply *r)
{
    struct statfs st;
    struct fuse_statfs_out out = {0};
    if (fstatfs(n->fd, &st))
        return errno;
    out.st = (struct fuse_kstatfs){.blocks = st.f_blocks,
                                   .bfree = st.f_bfree,
                                   .bavail = st.f_bavail,
                                   .files = st.f_files,
                                   .ffree = st.f_ffree,
                                   .bsize = (uint32_t)st.f_bsize,
                                   .namelen = (uint32_t)st.f_namelen,
                                   .frsize = (uint32_t)st.f_frsize};
    fs_quota_room(f, &out.st);
    memcpy(r->body, &out, sizeof(out));
    r->size = sizeof(out);
    return 0;
}

/* Operations whose body is a single name. */
static int name_operation(struct fs *f, const struct fs_node *n, const struct fs_request *q, struct fs_reply *r)
{
    size_t at = 0;
    const char *name = name_at(q, &at);
    if (!name)
        return bad_name(q, 0);
    if (q->head.opcode == FUSE_LOOKUP)
        return reply_entry(f, n, name, r);
    fs_freed(f);
    return error_of(unlinkat(n->fd, name, q->head.opcode == FUSE_RMDIR ? AT_REMOVEDIR : 0));
}

/* Operations that change a directory. */
static int change_directory(struct fs *f, const struct fs_node *n, const struct fs_request *q, struct fs_reply *r)
{
    if (f->read_only)
        return EROFS;
    bool makes = q->head.opcode == FUSE_SYMLINK || q->head.opcode == FUSE_MKDIR || q->head.opcode == FUSE_LINK;
    int error = makes ? fs_charge(f, FS_NAME_CHARGE) : 0;
    if (error)
        return error;
    switch (q->head.opcode) {
    case FUSE_SYMLINK:
        return make_link(f, n, q, r);
    case FUSE_MKDIR:
        return make_directory(f, n, q, r);
    case FUSE_RENAME2:
        return rename_name(f, n, q);
    case FUSE_LINK:
        return make_name(f, n, q, r);
    default:
        return name_operation(f, n, q, r);
    }
}

int fs_names(struct fs *f, struct fs_request *q, struct fs_reply *r)
{
    const struct fs_node *n = fs_node(f, q->head.nodeid);
    if (!n)
        return ESTALE;
    switch (q->head.opcode) {
    case FUSE_GETATTR:
        return get_attr(n, r);
    case FUSE_SETATTR:
        return set_attr(f, n, q, r);
    case FUSE_READLINK:
        return n->type == S_IFLNK ? read_link(n, r) : EINVAL;
    case FUSE_STATFS:
        return stat_fs(f, n, r);
    default:
        break;
    }
    if (n->type != S_IFDIR)
        return ENOTDIR;
    return q->head.opcode == FUSE_LOOKUP ? name_operation(f, n, q, r) : change_directory(f, n, q, r);
}
