/* Files of the file system (guest/libs/vfs) inside the POSIX layer.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * Functions return 0, or what they say, or a negative errno value. */
#ifndef POSIX_FD_FILE_H
#define POSIX_FD_FILE_H

#include <vfs/vfs.h>

#include "../px.h"
#include "read_cache.h"

/* Data of one call: it has to fit the edge's arena beside that of other threads. */
enum { PX_FILE_PART = 65536 };

/* An open file of the file system. Only file.c and file_write.c look inside. */
struct px_vfs_file {
    struct px_file file;
    vfs_file_t handle;
    uint64_t offset;
    bool busy;                /* a thread uses the offset */
    int error;                /* of coalesced writes; the next write or fsync() reports it */
    char *cached_path;        /* path of a directory that dir_cache.c may keep open; NULL: it may not */
    uint64_t path_generation; /* px_path_generation() when that directory was opened */
    struct vfs_stat st;       /* with VFS_ALONE: the attributes at attr_generation */
    uint64_t attr_generation; /* px_generation() when they were current */
    uint64_t size_generation; /* the same of the size, which stays current while only this file is written */
    struct px_read_cache cache;
};

static inline struct px_vfs_file *px_vfs_file_of(struct px_file *f)
{
    return (struct px_vfs_file *)f;
}

/* ---- The current directory (cwd.c) ---- */
/* The first call attaches to the file system and unpacks the application's files. May block. */
int px_cwd(vfs_file_t *dir);
int px_cwd_set(vfs_file_t dir); /* takes over the handle */
/* Where a function like openat() starts: AT_FDCWD, or a directory. An absolute `path` needs no directory. */
int px_dir_of(int fd, const char *path, vfs_file_t *dir);

/* ---- Open files (file.c, file_write.c) ---- */
int px_open_file(int dir, const char *path, int flags, mode_t mode, struct px_file **f);
/* A reference to an open file of the file system, or NULL and the reason in *r: -EBADF, or -EINVAL for another kind of
 * file. Flushes coalesced writes, so it may block. */
struct px_file *px_file_get(int fd, int *r);
bool px_is_file(const struct px_file *f);
vfs_file_t px_handle(struct px_file *f); /* NULL: not a file of the file system */
uint32_t px_file_is(struct px_file *f);  /* enum vfs_is bits */
int px_file_error(struct px_file *f);    /* the error of coalesced writes, which is reported once */
void px_stat_out(const struct vfs_stat *from, struct stat *to);
ssize_t px_file_pwrite(struct px_file *f, const struct iovec *iov, int n, off_t offset);
/* Writes at the end of the file and stores where that is afterwards (`end`), or at `offset` (NULL). */
ssize_t px_file_write_vector(struct px_vfs_file *file, const struct iovec *iov, int n, uint64_t offset, uint64_t *end);

/* ---- Cache of attributes and of missing names (attr_cache.c) ----
 * `asked` is px_generation() from before the call whose result is stored. */
#define PX_NOT_CACHED 1
void px_cache_start(const struct vfs_stat *root);
uint64_t px_generation(void); /* changes whenever any file may have changed */
/* Changes when the path of an existing file may lead elsewhere; 0: paths cannot be cached. */
uint64_t px_path_generation(void);
void px_invalidate(void); /* contents or attributes of some file have changed */
/* A name was made: exactly the last one of `path`, or possibly another one because a link was followed. */
void px_name_made(const char *path, bool exact);
void px_name_removed(const char *path, uint64_t asked);
void px_cache_open_file(const char *path, bool no_link, const struct vfs_stat *st); /* no_link: O_NOFOLLOW */
void px_cache_latest(const struct vfs_stat *st);                       /* current attributes of a VFS_ALONE file */
int px_cache_find(const char *path, bool follow, struct vfs_stat *st); /* 0, -ENOENT, PX_NOT_CACHED */
void px_cache_store(const char *path, bool follow, int result, const struct vfs_stat *st, uint64_t asked);

/* ---- Small writes in a row become one (write_coalescing.c) ---- */
/* False: the caller has to write the data itself. May block. */
bool px_coalesce_write(vfs_file_t file, int *error, const char *from, size_t size, uint64_t offset);
void px_flush(void);         /* writes what is held back; may block */
void px_has_room(bool room); /* whether the file system just reported VFS_ROOM */

/* ---- The directory that was closed last stays open for its next user (dir_cache.c) ---- */
/* False: the caller has to close it. */
bool px_dir_cache_keep(const char *path, uint64_t path_generation, vfs_file_t handle, const struct vfs_stat *st);
vfs_file_t px_dir_cache_take(const char *path, int flags, struct vfs_stat *st); /* NULL: it is not there */
void px_dir_cache_refuse(struct px_file *f); /* `f` has been locked, so it must be closed in earnest (file.c) */

/* ---- Locks (api/lock.c) ---- */
struct flock;
int px_fcntl_lock(int fd, int command, struct flock *l); /* F_GETLK, F_SETLK, F_SETLKW: as fcntl() itself */

/* ---- The application's files (initramfs.c) ---- */
int px_initramfs_unpack(vfs_file_t root, const unsigned char *archive, size_t size); /* -EINVAL: damaged */

/* Has `flags` (AT_* of <fcntl.h>) no bit beyond the allowed ones? */
static inline bool px_flags_within(int flags, int allowed)
{
    return !(flags & ~allowed);
}

#endif
