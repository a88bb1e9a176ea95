/* Open files of the file system: opening, reading, seeking, attributes, closing.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * The offset is kept here, so that each read() or write() is one call of the file system, of at most PX_FILE_PART
 * bytes. Other threads may run during such a call; threads that use the same offset take turns, as on Linux. */
#include "file.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void lock_offset(struct px_vfs_file *file)
{
    while (file->busy)
        px_block_always(&file->busy, PX_FOREVER);
    file->busy = true;
}

static void unlock_offset(struct px_vfs_file *file)
{
    file->busy = false;
    px_wake(&file->busy, 1);
}

int px_file_error(struct px_file *f)
{
    int error = px_vfs_file_of(f)->error;
    px_vfs_file_of(f)->error = 0;
    return error;
}

static int get_attributes(struct px_vfs_file *file, struct vfs_stat *st)
{
    uint64_t asked = px_generation();
    int r = 0;
    if (file->attr_generation != asked) {
        px_flush();
        r = vfs_stat(file->handle, st);
        if (!r && st->is & VFS_ALONE)
            px_has_room(st->is & VFS_ROOM);
        if (!r && st->is & VFS_ALONE && px_generation() == asked) {
            file->st = *st;
            file->attr_generation = file->size_generation = asked;
            px_cache_latest(st);
        }
    } else {
        *st = file->st;
    }
    return r;
}

/* Is `offset` known to be at or behind the end of the file? */
static bool is_beyond_end(const struct px_vfs_file *file, uint64_t offset)
{
    return file->size_generation == px_generation() && S_ISREG(file->st.mode) && offset >= file->st.size &&
           (file->file.flags & O_ACCMODE) != O_WRONLY;
}

static ssize_t file_pread(struct px_file *f, const struct iovec *iov, int n, off_t offset)
{
    size_t done = 0;
    for (int i = 0; i < n; i++) {
        for (size_t at = 0; at < iov[i].iov_len;) {
            size_t part = iov[i].iov_len - at < PX_FILE_PART ? iov[i].iov_len - at : PX_FILE_PART;
            if (is_beyond_end(px_vfs_file_of(f), (uint64_t)offset + done))
                return (ssize_t)done;
            px_flush();
            ssize_t r = px_read_cached(px_vfs_file_of(f), (char *)iov[i].iov_base + at, part, (uint64_t)offset + done);
            if (r > (ssize_t)part) /* where no gate has looked at it */
                r = -EIO;
            if (r < 0)
                return done ? (ssize_t)done : r;
            at += (size_t)r;
            done += (size_t)r;
            if ((size_t)r < part)
                return (ssize_t)done;
        }
    }
    return (ssize_t)done;
}

static ssize_t file_read(struct px_file *f, const struct iovec *iov, int n)
{
    struct px_vfs_file *file = px_vfs_file_of(f);
    lock_offset(file);
    ssize_t got = file_pread(f, iov, n, (off_t)file->offset);
    if (got > 0)
        file->offset += (uint64_t)got;
    unlock_offset(file);
    return got;
}

static ssize_t file_write(struct px_file *f, const struct iovec *iov, int n)
{
    struct px_vfs_file *file = px_vfs_file_of(f);
    uint64_t end = 0;
    lock_offset(file);
    ssize_t done = px_file_write_vector(file, iov, n, file->offset, f->flags & O_APPEND ? &end : NULL);
    if (done > 0)
        file->offset = f->flags & O_APPEND ? end : file->offset + (uint64_t)done;
    unlock_offset(file);
    return done;
}

static off_t file_seek(struct px_file *f, off_t offset, int whence)
{
    struct px_vfs_file *file = px_vfs_file_of(f);
    struct vfs_stat st = {0};
    if (whence != SEEK_SET && whence != SEEK_CUR && whence != SEEK_END)
        return -EINVAL;
    lock_offset(file);
    off_t r = whence == SEEK_END ? get_attributes(file, &st) : 0;
    off_t from = whence == SEEK_CUR ? (off_t)file->offset : whence == SEEK_END ? (off_t)st.size : 0;
    if (!r && __builtin_add_overflow(from, offset, &from))
        r = -EOVERFLOW;
    if (!r && from < 0)
        r = -EINVAL;
    if (!r)
        file->offset = (uint64_t)(r = from);
    unlock_offset(file);
    return r;
}

/* Rounds down, before 1970 too: tv_nsec is never negative. */
static struct timespec timespec_of(int64_t ns)
{
    enum { SECOND = 1000000000 };
    int64_t rest = ns % SECOND;
    rest += rest < 0 ? SECOND : 0;
    return (struct timespec){(time_t)(ns / SECOND - (ns < 0 && rest)), (long)rest};
}

void px_stat_out(const struct vfs_stat *from, struct stat *to)
{
    *to = (struct stat){
        .st_dev = from->device,
        .st_ino = from->inode,
        .st_mode = from->mode,
        .st_nlink = (nlink_t)from->links,
        .st_uid = from->user,
        .st_gid = from->group,
        .st_size = (off_t)from->size,
        .st_blksize = (blksize_t)from->size_of_block,
        .st_blocks = (blkcnt_t)from->blocks,
        .st_atim = timespec_of(from->accessed),
        .st_mtim = timespec_of(from->modified),
        .st_ctim = timespec_of(from->changed),
    };
}

static int file_stat(struct px_file *f, struct stat *st)
{
    struct vfs_stat got;
    int r = get_attributes(px_vfs_file_of(f), &got);
    if (!r)
        px_stat_out(&got, st);
    return r;
}

static long file_available(struct px_file *f)
{
    struct vfs_stat st;
    if (get_attributes(px_vfs_file_of(f), &st) || st.size < px_vfs_file_of(f)->offset)
        return 0;
    return (long)(st.size - px_vfs_file_of(f)->offset);
}

static void file_close(struct px_file *f)
{
    struct px_vfs_file *file = px_vfs_file_of(f);
    px_flush();
    if (!file->cached_path || !px_dir_cache_keep(file->cached_path, file->path_generation, file->handle, &file->st))
        vfs_close(file->handle);
    px_read_cache_forget(&file->cache);
    free(file->cached_path);
    free(f);
}

static const struct px_ops ops = {
    .read = file_read,
    .write = file_write,
    .pread = file_pread,
    .pwrite = px_file_pwrite,
    .seek = file_seek,
    .stat = file_stat,
    .available = file_available,
    .close = file_close,
};

bool px_is_file(const struct px_file *f)
{
    return f->ops == &ops;
}

/* A reference to an open file of the file system; *r is the error if there is none. */
struct px_file *px_file_get(int fd, int *r)
{
    px_flush();
    struct px_file *f = px_get(fd);
    *r = !f ? -EBADF : px_is_file(f) ? 0 : -EINVAL;
    if (f && *r) {
        px_put(f);
        f = NULL;
    }
    return f;
}

uint32_t px_file_is(struct px_file *f)
{
    return px_vfs_file_of(f)->st.is;
}

void px_dir_cache_refuse(struct px_file *f)
{
    free(px_vfs_file_of(f)->cached_path);
    px_vfs_file_of(f)->cached_path = NULL;
}

vfs_file_t px_handle(struct px_file *f)
{
    return px_is_file(f) ? px_vfs_file_of(f)->handle : NULL;
}

int px_open_file(int dir_fd, const char *path, int flags, mode_t mode, struct px_file **f)
{
    vfs_file_t dir;
    int r = px_dir_of(dir_fd, path, &dir);
    if (r)
        return r;
    struct px_vfs_file *file = calloc(1, sizeof(*file));
    if (!file)
        return -ENOMEM;
    uint64_t asked = px_generation(), paths = px_path_generation();
    file->handle = px_dir_cache_take(path, flags, &file->st);
    if (!file->handle)
        r = vfs_open_stat(dir, path, (uint32_t)flags & ~(uint32_t)(O_CLOEXEC | O_NONBLOCK | O_APPEND), (uint32_t)mode,
                          &file->handle, &file->st);
    else
        asked = 0;                      /* the attributes are from when it was opened first */
    if (r > 0 || (!r && !file->handle)) /* neither a descriptor nor a file is the file system's to name */
        r = -EIO;
    bool same = px_generation() == asked;
    if (flags & O_CREAT)
        px_name_made(path, flags & (O_EXCL | O_NOFOLLOW)); /* otherwise possibly the target of a link */
    else if (flags & O_TRUNC)
        px_invalidate();
    if (r) {
        free(file);
        return r;
    }
    if (asked && file->st.is & VFS_ALONE)
        px_has_room(file->st.is & VFS_ROOM);
    if (same && file->st.is & VFS_ALONE) {
        file->attr_generation = file->size_generation = px_generation();
        px_cache_open_file(path, flags & O_NOFOLLOW, &file->st);
    }
    if (S_ISDIR(file->st.mode) && *path == '/' && paths && paths == px_path_generation() &&
        !(flags & ~(O_CLOEXEC | O_DIRECTORY | O_NONBLOCK))) {
        file->cached_path = strdup(path);
        file->path_generation = paths;
    }
    px_file_init(&file->file, &ops, flags);
    *f = &file->file;
    return 0;
}
