/* FUSE operations on open files: contents, entries of directories; locks are in locks.c.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/fs/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "rpc/mount.h"
#include "vmm/fs/locks.h"
#include "vmm/fs/quota.h"

#define LIST_MAX 32768u /* bytes of one getdents64() */

/* ---- Opening ---- */

static int open_node(struct fs *f, const struct fs_request *q, struct fs_reply *r)
{
    const struct fuse_open_in *in = (const void *)q->body;
    const struct fs_node *n = fs_node(f, q->head.nodeid);
    bool directory = q->head.opcode == FUSE_OPENDIR;
    if (q->size < sizeof(*in) || !n)
        return n ? EINVAL : ESTALE;
    if (directory != (n->type == S_IFDIR) && (directory || n->type == S_IFDIR))
        return directory ? ENOTDIR : EISDIR;
    int access = directory ? O_RDONLY | O_DIRECTORY : (int)in->flags & O_ACCMODE;
    if (access == O_ACCMODE)
        return EINVAL;
    if (f->read_only && (access & O_ACCMODE) != O_RDONLY)
        return EROFS;
    int fd = fs_reopen(f, n, access);
    if (fd < 0)
        return -fd;
    r->size = sizeof(struct fuse_open_out);
    return fs_open_file(f, (uint32_t)q->head.nodeid, fd, directory, (void *)r->body);
}

static int create_file(struct fs *f, const struct fs_request *q, struct fs_reply *r)
{
    const struct fuse_create_in *in = (const void *)q->body;
    const char *name = (const char *)in + sizeof(*in);
    const struct fs_node *dir = fs_node(f, q->head.nodeid);
    struct fuse_open_out open_out;
    if (!dir || q->size <= sizeof(*in))
        return dir ? EINVAL : ESTALE;
    if (!fs_name_good(name, q->size - sizeof(*in)))
        return strnlen(name, q->size - sizeof(*in)) > NAME_MAX ? ENAMETOOLONG : EINVAL;
    if (dir->type != S_IFDIR || (in->flags & O_ACCMODE) == O_ACCMODE)
        return dir->type == S_IFDIR ? EINVAL : ENOTDIR;
    if (f->read_only)
        return EROFS;
    int error = fs_charge(f, FS_NAME_CHARGE);
    if (error)
        return error;
    const struct open_how how = {.flags = (in->flags & O_ACCMODE) | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                                 .mode = in->mode & FS_MODES,
                                 .resolve =
                                     RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV};
    int fd = (int)syscall(SYS_openat2, dir->fd, name, &how, sizeof(how));
    if (fd < 0)
        return errno;
    error = fs_enter(f, dir, name, &r->entry);
    struct stat st;
    if (!error && (fs_stat(fd, &st) || st.st_ino != r->entry.attr.ino)) {
        fs_forget(f, r->entry.nodeid, 1);
        error = ESTALE; /* somebody on the host put another file there at once */
    }
    if (error) {
        close(fd);
        return error;
    }
    uint64_t id = r->entry.nodeid;
    error = fs_open_file(f, (uint32_t)id, fd, false, &open_out);
    if (error) {
        fs_forget(f, id, 1);
        return error;
    }
    memcpy(r->body + sizeof(r->entry), &open_out, sizeof(open_out));
    r->size = sizeof(r->entry) + sizeof(open_out);
    return 0;
}

static int release_file(struct fs *f, const struct fs_request *q)
{
    const struct fuse_release_in *in = (const void *)q->body;
    struct fs_file *file = q->size < sizeof(*in) ? NULL : fs_file(f, in->fh);
    if (!file)
        return EBADF;
    close(file->fd);
    file->fd = -1;
    return 0;
}

/* ---- Contents ---- */

/* Cuts a scatter list off after `size` bytes. Returns how many entries are left. */
static unsigned clip_list(struct iovec *iov, unsigned n, size_t size)
{
    unsigned used = 0;
    while (used < n && size) {
        if (iov[used].iov_len > size)
            iov[used].iov_len = size;
        size -= iov[used++].iov_len;
    }
    return used;
}

static int read_file(struct fs *f, struct fs_request *q, struct fs_reply *r)
{
    const struct fuse_read_in *in = (const void *)q->body;
    const struct fs_file *file = q->size < sizeof(*in) ? NULL : fs_file(f, in->fh);
    if (!file)
        return EBADF;
    if (file->directory || in->offset > INT64_MAX)
        return file->directory ? EISDIR : EINVAL;
    ssize_t got = preadv(file->fd, q->out, (int)clip_list(q->out, q->n_out, in->size), (off_t)in->offset);
    if (got < 0)
        return errno;
    r->data = (size_t)got;
    return 0;
}

static int write_file(struct fs *f, struct fs_request *q, struct fs_reply *r)
{
    const struct fuse_write_in *in = (const void *)q->body;
    const struct fs_file *file = q->size < sizeof(*in) ? NULL : fs_file(f, in->fh);
    if (!file || file->directory)
        return EBADF;
    if (in->offset > INT64_MAX || in->size > q->in_bytes)
        return EINVAL;
    bool append = in->write_flags & BH_FUSE_APPEND; /* at the end, even if another process of the host appends, too */
    int error = fs_charge_growth(f, file->fd, in->offset, in->size, append);
    if (error)
        return error;
    int n = (int)clip_list(q->in, q->n_in, in->size);
    ssize_t put = pwritev2(file->fd, q->in, n, append ? -1 : (off_t)in->offset, append ? RWF_APPEND : 0);
    if (put < 0)
        return errno;
    struct bh_fuse_written out = {.size = (uint32_t)put, .end = append ? (uint64_t)lseek(file->fd, 0, SEEK_CUR) : 0};
    memcpy(r->body, &out, sizeof(out));
    r->size = sizeof(out);
    return 0;
}

static int sync_file(struct fs *f, const struct fs_request *q)
{
    const struct fuse_fsync_in *in = (const void *)q->body;
    const struct fs_file *file = q->size < sizeof(*in) ? NULL : fs_file(f, in->fh);
    if (!file)
        return EBADF;
    return (in->fsync_flags & FUSE_FSYNC_FDATASYNC ? fdatasync(file->fd) : fsync(file->fd)) ? errno : 0;
}

static int allocate_space(struct fs *f, const struct fs_request *q)
{
    const struct fuse_fallocate_in *in = (const void *)q->body;
    const struct fs_file *file = q->size < sizeof(*in) ? NULL : fs_file(f, in->fh);
    if (!file || file->directory)
        return EBADF;
    if (in->mode || in->offset > INT64_MAX || in->length > INT64_MAX)
        return in->mode ? EOPNOTSUPP : EFBIG;
    int error = fs_charge_growth(f, file->fd, in->offset, in->length, false);
    if (error)
        return error;
    return fallocate(file->fd, 0, (off_t)in->offset, (off_t)in->length) ? errno : 0;
}

/* ---- Directories ---- */

/* Converts entries from the form of getdents64(2) into that of FUSE, as many as fit. Returns their bytes. */
static size_t convert_entries(const char *from, size_t size, uint8_t *to, size_t room)
{
    size_t used = 0;
    for (size_t at = 0; at < size;) {
        const struct fs_dirent *e = (const void *)(from + at);
        size_t length = strlen(e->name);
        size_t bytes = FUSE_DIRENT_ALIGN(FUSE_NAME_OFFSET + length);
        if (bytes > room - used)
            break;
        struct fuse_dirent out = {
            .ino = e->inode, .off = (uint64_t)e->next, .namelen = (uint32_t)length, .type = e->type};
        memset(to + used, 0, bytes);
        memcpy(to + used, &out, FUSE_NAME_OFFSET);
        memcpy(to + used + FUSE_NAME_OFFSET, e->name, length);
        used += bytes;
        at += e->bytes;
    }
    return used;
}

static int list_directory(struct fs *f, struct fs_request *q, struct fs_reply *r)
{
    static _Alignas(8) char entries[LIST_MAX];
    static uint8_t made[LIST_MAX];
    const struct fuse_read_in *in = (const void *)q->body;
    const struct fs_file *file = q->size < sizeof(*in) ? NULL : fs_file(f, in->fh);
    if (!file || !file->directory)
        return file ? ENOTDIR : EBADF;
    size_t room = in->size < q->out_bytes ? in->size : q->out_bytes;
    room = room < sizeof(made) ? room : sizeof(made);
    if (lseek(file->fd, (off_t)in->offset, SEEK_SET) < 0)
        return errno;
    /* Entries are a little larger in FUSE's form, so what was read nearly always fits. The rest is read again. */
    long got = syscall(SYS_getdents64, file->fd, entries, room);
    if (got < 0)
        return errno;
    r->data = convert_entries(entries, (size_t)got, made, room);
    if (got && !r->data)
        return EINVAL;
    fs_copy_out(q->out, q->n_out, made, r->data);
    return 0;
}

int fs_files(struct fs *f, struct fs_request *q, struct fs_reply *r)
{
    switch (q->head.opcode) {
    case FUSE_OPEN:
    case FUSE_OPENDIR:
        return open_node(f, q, r);
    case FUSE_CREATE:
        return create_file(f, q, r);
    case FUSE_RELEASE:
    case FUSE_RELEASEDIR:
        return release_file(f, q);
    case FUSE_READ:
        return read_file(f, q, r);
    case FUSE_WRITE:
        return write_file(f, q, r);
    case FUSE_FSYNC:
    case FUSE_FSYNCDIR:
        return sync_file(f, q);
    case FUSE_FALLOCATE:
        return allocate_space(f, q);
    case FUSE_GETLK:
    case FUSE_SETLK:
        return fs_lock(f, q, r);
    case FUSE_READDIR:
        return list_directory(f, q, r);
    default:
        return ENOSYS;
    }
}
