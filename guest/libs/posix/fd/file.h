/* Files of the file system (guest/libs/vfs) inside the POSIX layer. Functions return a negative errno value for
 * failure.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef POSIX_FD_FILE_H
#define POSIX_FD_FILE_H

#include <vfs/vfs.h>

#include "../px.h"

/* The current directory; at the first call the file system gets this client, and the application's packed files. */
int px_here(vfs_file_t *dir);
int px_go(vfs_file_t dir); /* changes it; takes over the handle */
/* Where *at functions start: AT_FDCWD, or a directory. `path`: an absolute one needs no directory. */
int px_dir_of(int fd, const char *path, vfs_file_t *dir);

int px_open_file(int dir, const char *path, int flags, mode_t mode, struct px_file **f);
bool px_is_file(const struct px_file *f);
vfs_file_t px_handle(struct px_file *f); /* NULL: not a file of the file system */
void px_stat_out(const struct vfs_stat *from, struct stat *to);

/* What need not be asked again (fd/known.c). `asked`: px_state() from before the call. */
#define PX_UNKNOWN 1
void px_known_start(const struct vfs_stat *root);
uint64_t px_state(void);
void px_changed(void);                       /* contents or attributes of some file */
void px_named(const char *path, bool exact); /* a name has come to be: the last one of `path`, or not surely that */
void px_removed(const char *path, uint64_t asked);
void px_opened(const char *path, bool no_link, const struct vfs_stat *st); /* no_link: O_NOFOLLOW */
void px_attributes(const struct vfs_stat *st);                             /* of a VFS_ALONE file, now */
uint64_t px_paths(void); /* changes when a path that was there may lead elsewhere; 0: never known */
int px_ask(const char *path, bool follow, struct vfs_stat *st); /* 0, -ENOENT, PX_UNKNOWN */
void px_learn(const char *path, bool follow, int result, const struct vfs_stat *st, uint64_t asked);
uint32_t px_file_is(struct px_file *f); /* enum vfs_is bits of a file of the file system */

/* Writes that are not at the file system yet (fd/gather.c). */
bool px_gather(vfs_file_t file, int *error, const char *from, size_t size,
               uint64_t offset); /* false: write it yourself */
/* A directory that was closed, for the next one who opens it (fd/folder.c): for fsync() of it after a file is made. */
bool px_folder_keep(const char *path, uint64_t paths, vfs_file_t handle,
                    const struct vfs_stat *st);                              /* false: close it */
vfs_file_t px_folder_take(const char *path, int flags, struct vfs_stat *st); /* NULL: open it */
void px_flocked(struct px_file *f);

void px_flush(void);                  /* may block */
void px_has_room(bool room);          /* what the file system just said */
int px_file_error(struct px_file *f); /* of what was gathered; tells it once */

struct flock;
int px_fcntl_lock(int fd, int command, struct flock *l); /* F_GETLK, F_SETLK, F_SETLKW: as fcntl() itself */

/* What sets packed files up (fd/packed.c). -EINVAL: the archive is damaged. */
int px_unpack(vfs_file_t root, const unsigned char *archive, size_t size);

#endif
