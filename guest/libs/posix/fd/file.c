/* Open files of the file system: what read() and the others do to them.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * The offset is here, so that each read() or write() is one call of the file system, of at most PART bytes. Such a call
 * may let other threads run; those that use the same offset take turns, as on Linux. */
#include "file.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bh/bulkhead.h>

/* A call's data has to fit the edge's arena, beside that of other threads. */
enum { PART = 65536 };

struct px_vfs_file {
    struct px_file file;
    vfs_file_t handle;
    uint64_t offset;
    bool busy;    /* somebody uses the offset */
    int error;    /* of writes that were gathered */
    char *folder; /* path of a directory that may be kept, and px_paths() when it was opened */
    uint64_t paths;
    struct vfs_stat st;         /* VFS_ALONE: attributes, as they were at `known` */
    uint64_t known, size_known; /* px_state(); its size is known for longer: while only this one is written to */
};

static struct {
    vfs_file_t dir;
    enum { HERE_NONE, HERE_BUSY, HERE_GOOD, HERE_BAD } state;
    int error;
} here;

/* In the application's image (scripts/pack_files.py), or empty (guest/kernel/rt/fallback). */
extern const unsigned char bh_files[];
extern const unsigned long bh_files_size;

static void attach(void)
{
    here.state = HERE_BUSY;
    here.error = vfs_attach(&here.dir);
    if (!here.error) {
        struct vfs_stat st;
        int r = vfs_stat(here.dir, &st);
        if (!r)
            px_known_start(&st);
        r = px_unpack(here.dir, bh_files, bh_files_size);
        if (r)
            bh_panic("the application's files cannot be unpacked: %s", strerror(-r));
    }
    here.state = here.error ? HERE_BAD : HERE_GOOD;
    px_wake(&here, UINT32_MAX);
}

int px_here(vfs_file_t *dir)
{
    if (here.state == HERE_NONE)
        attach();
    while (here.state == HERE_BUSY)
        px_block_always(&here, PX_FOREVER);
    px_flush();
    *dir = here.dir;
    return here.state == HERE_BAD ? here.error : 0;
}

int px_go(vfs_file_t dir)
{
    vfs_file_t old = here.dir;
    here.dir = dir;
    return vfs_close(old);
}

int px_dir_of(int fd, const char *path, vfs_file_t *dir)
{
    int r = px_here(dir);
    if (r || fd == AT_FDCWD || *path == '/')
        return r;
    struct px_file *f = px_peek(fd);
    if (!f)
        return -EBADF;
    *dir = px_handle(f);
    return *dir ? 0 : -ENOTDIR;
}

static struct px_vfs_file *file_of(struct px_file *f)
{
    return (struct px_vfs_file *)f;
}

static void take_turn(struct px_vfs_file *file)
{
    while (file->busy)
        px_block_always(&file->busy, PX_FOREVER);
    file->busy = true;
}

static void end_turn(struct px_vfs_file *file)
{
    file->busy = false;
    px_wake(&file->busy, 1);
}

static bool gathers(const struct px_vfs_file *file)
{
    return file->st.is & VFS_ALONE && S_ISREG(file->st.mode) && (file->file.flags & O_ACCMODE) != O_RDONLY &&
           !file->error;
}

int px_file_error(struct px_file *f)
{
    int error = file_of(f)->error;
    file_of(f)->error = 0;
    return error;
}

/* One piece at the end (`end`), or at `offset`. */
static ssize_t put(struct px_vfs_file *file, const char *from, size_t size, uint64_t offset, uint64_t *end)
{
    uint64_t before = px_state();
    ssize_t r;
    if (gathers(file) && !end && px_gather(file->handle, &file->error, from, size, offset)) {
        r = (ssize_t)size;
    } else {
        px_flush();
        r = end ? vfs_append(file->handle, from, size, end) : vfs_write(file->handle, from, size, offset);
    }
    bool sized = file->size_known == before && px_state() == before && !end && r > 0;
    px_changed();
    if (sized) {
        file->st.size = offset + (uint64_t)r > file->st.size ? offset + (uint64_t)r : file->st.size;
        file->size_known = px_state();
    }
    return r;
}

static int attributes(struct px_vfs_file *file, struct vfs_stat *st)
{
    uint64_t asked = px_state();
    int r = 0;
    if (file->known != asked) {
        px_flush();
        r = vfs_stat(file->handle, st);
        if (!r && st->is & VFS_ALONE)
            px_has_room(st->is & VFS_ROOM);
        if (!r && st->is & VFS_ALONE && px_state() == asked) {
            file->st = *st;
            file->known = file->size_known = asked;
            px_attributes(st);
        }
    } else {
        *st = file->st;
    }
    return r;
}

/* Is this known to be behind the end? */
static bool beyond(const struct px_vfs_file *file, uint64_t offset)
{
    return file->size_known == px_state() && S_ISREG(file->st.mode) && offset >= file->st.size &&
           (file->file.flags & O_ACCMODE) != O_WRONLY;
}

static ssize_t put_all(struct px_vfs_file *file, const char *from, size_t size, uint64_t offset, uint64_t *end)
{
    size_t done = 0;
    while (done < size) {
        size_t part = size - done < PART ? size - done : PART;
        ssize_t r = put(file, from + done, part, offset + done, end);
        if (r < 0)
            return done ? (ssize_t)done : r;
        done += (size_t)r;
        if ((size_t)r < part)
            break;
    }
    return (ssize_t)done;
}

/* Several small pieces go as one. */
static ssize_t put_vector(struct px_vfs_file *file, const struct iovec *iov, int n, uint64_t offset, uint64_t *end)
{
    size_t size = px_iov_size(iov, n), done = 0;
    char *gathered = n > 1 && size <= PART ? malloc(size ? size : 1) : NULL;
    if (gathered) {
        for (int i = 0; i < n; i++) {
            memcpy(gathered + done, iov[i].iov_base, iov[i].iov_len);
            done += iov[i].iov_len;
        }
        ssize_t r = put_all(file, gathered, size, offset, end);
        free(gathered);
        return r;
    }
    for (int i = 0; i < n; i++) {
        ssize_t r = put_all(file, iov[i].iov_base, iov[i].iov_len, offset + done, end);
        if (r < 0)
            return done ? (ssize_t)done : r;
        done += (size_t)r;
        if ((size_t)r < iov[i].iov_len)
            break;
    }
    return (ssize_t)done;
}

static ssize_t file_pwrite(struct px_file *f, const struct iovec *iov, int n, off_t offset)
{
    return put_vector(file_of(f), iov, n, (uint64_t)offset, NULL);
}

static ssize_t file_pread(struct px_file *f, const struct iovec *iov, int n, off_t offset)
{
    size_t done = 0;
    for (int i = 0; i < n; i++) {
        for (size_t at = 0; at < iov[i].iov_len;) {
            size_t part = iov[i].iov_len - at < PART ? iov[i].iov_len - at : PART;
            if (beyond(file_of(f), (uint64_t)offset + done))
                return (ssize_t)done;
            px_flush();
            ssize_t r = vfs_read(file_of(f)->handle, (char *)iov[i].iov_base + at, part, (uint64_t)offset + done);
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
    struct px_vfs_file *file = file_of(f);
    take_turn(file);
    ssize_t got = file_pread(f, iov, n, (off_t)file->offset);
    if (got > 0)
        file->offset += (uint64_t)got;
    end_turn(file);
    return got;
}

static ssize_t file_write(struct px_file *f, const struct iovec *iov, int n)
{
    struct px_vfs_file *file = file_of(f);
    uint64_t end = 0;
    take_turn(file);
    ssize_t done = put_vector(file, iov, n, file->offset, f->flags & O_APPEND ? &end : NULL);
    if (done > 0)
        file->offset = f->flags & O_APPEND ? end : file->offset + (uint64_t)done;
    end_turn(file);
    return done;
}

static off_t file_seek(struct px_file *f, off_t offset, int whence)
{
    struct px_vfs_file *file = file_of(f);
    struct vfs_stat st = {0};
    if (whence != SEEK_SET && whence != SEEK_CUR && whence != SEEK_END)
        return -EINVAL;
    take_turn(file);
    off_t r = whence == SEEK_END ? attributes(file, &st) : 0;
    off_t from = whence == SEEK_CUR ? (off_t)file->offset : whence == SEEK_END ? (off_t)st.size : 0;
    if (!r && __builtin_add_overflow(from, offset, &from))
        r = -EOVERFLOW;
    if (!r && from < 0)
        r = -EINVAL;
    if (!r)
        file->offset = (uint64_t)(r = from);
    end_turn(file);
    return r;
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
        .st_atim = {from->accessed / 1000000000, from->accessed % 1000000000},
        .st_mtim = {from->modified / 1000000000, from->modified % 1000000000},
        .st_ctim = {from->changed / 1000000000, from->changed % 1000000000},
    };
}

static int file_stat(struct px_file *f, struct stat *st)
{
    struct vfs_stat got;
    int r = attributes(file_of(f), &got);
    if (!r)
        px_stat_out(&got, st);
    return r;
}

static long file_available(struct px_file *f)
{
    struct vfs_stat st;
    if (attributes(file_of(f), &st) || st.size < file_of(f)->offset)
        return 0;
    return (long)(st.size - file_of(f)->offset);
}

static void file_close(struct px_file *f)
{
    struct px_vfs_file *file = file_of(f);
    px_flush();
    if (!file->folder || !px_folder_keep(file->folder, file->paths, file->handle, &file->st))
        vfs_close(file->handle);
    free(file->folder);
    free(f);
}

static const struct px_ops ops = {
    .read = file_read,
    .write = file_write,
    .pread = file_pread,
    .pwrite = file_pwrite,
    .seek = file_seek,
    .stat = file_stat,
    .available = file_available,
    .close = file_close,
};

bool px_is_file(const struct px_file *f)
{
    return f->ops == &ops;
}

uint32_t px_file_is(struct px_file *f)
{
    return file_of(f)->st.is;
}

void px_flocked(struct px_file *f)
{
    free(file_of(f)->folder);
    file_of(f)->folder = NULL;
}

vfs_file_t px_handle(struct px_file *f)
{
    return px_is_file(f) ? file_of(f)->handle : NULL;
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
    uint64_t asked = px_state(), paths = px_paths();
    file->handle = px_folder_take(path, flags, &file->st);
    if (!file->handle)
        r = vfs_open_stat(dir, path, (uint32_t)flags & ~(uint32_t)(O_CLOEXEC | O_NONBLOCK | O_APPEND), (uint32_t)mode,
                          &file->handle, &file->st);
    else
        asked = 0; /* attributes are from then */
    bool same = px_state() == asked;
    if (flags & O_CREAT)
        px_named(path, flags & (O_EXCL | O_NOFOLLOW)); /* else perhaps what a link at the end names */
    else if (flags & O_TRUNC)
        px_changed();
    if (r) {
        free(file);
        return r;
    }
    if (asked && file->st.is & VFS_ALONE)
        px_has_room(file->st.is & VFS_ROOM);
    if (same && file->st.is & VFS_ALONE) {
        file->known = file->size_known = px_state();
        px_opened(path, flags & O_NOFOLLOW, &file->st);
    }
    if (S_ISDIR(file->st.mode) && *path == '/' && paths && paths == px_paths() &&
        !(flags & ~(O_CLOEXEC | O_DIRECTORY | O_NONBLOCK))) {
        file->folder = strdup(path);
        file->paths = paths;
    }
    px_file_init(&file->file, &ops, flags);
    *f = &file->file;
    return 0;
}
