/* The interface of the file system to other compartments. The POSIX layer is built on it.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * Results. Functions return 0, or what they say, or a negative errno value of picolibc's <errno.h>; errno itself is not
 * touched. Besides the errors named at each function: -EBADF (no such handle, or it does not allow the operation),
 * -EINVAL (a missing pointer or an argument out of range), -ENOMEM (the file system's compartment has no memory left),
 * and -EIO (the gate failed, or the server of a mount has ended, broke the protocol or reported a disk error).
 *
 * Paths. They start at `dir`, an open directory, unless they begin with '/'. Every function with a path can fail with
 * -ENOENT, -ENOTDIR, -ELOOP (more than VFS_LINKS_MAX links), or -ENAMETOOLONG (a name above VFS_NAME_MAX bytes, a path
 * above VFS_PATH_MAX bytes). Functions that change names or contents can fail with -EROFS on a read-only mount, with
 * -EACCES or -EPERM if the host forbids it, and with -ENOSPC if there is no room.
 *
 * Blocking. Calls for files in memory return at once. Calls for files on a directory of the host take as long as the
 * host takes; other threads of the caller run meanwhile. Locks block only if `wait` says so.
 *
 * Ownership. Strings and buffers belong to the caller and are not kept. A handle belongs to the compartment that opened
 * it, until vfs_close(). Flags and mode bits are those of picolibc's headers; sizes and offsets are bytes; times are
 * nanoseconds since 1970. The file system keeps no file offsets, so that each read() is one call. */
#ifndef VFS_VFS_H
#define VFS_VFS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define VFS_NAME_MAX  255
#define VFS_PATH_MAX  4096 /* bytes, with the final NUL */
#define VFS_LINKS_MAX 40   /* symbolic links followed in one path */
#define VFS_SIZE_MAX  (1ull << 46)

/* An open file or directory. */
typedef struct vfs_file *vfs_file_t;

/* A flag beside O_RDONLY ... O_RDWR, O_CREAT, O_EXCL, O_TRUNC, O_DIRECTORY and O_NOFOLLOW: the handle only names the
 * file (for vfs_stat(), vfs_change(), and as `dir`) and cannot be read or written. */
#define VFS_O_PATH 0x40000000u

struct vfs_stat {
    uint64_t device, inode; /* unique together */
    uint64_t size, blocks;  /* bytes; units of 512 bytes */
    uint64_t size_of_block; /* bytes */
    int64_t accessed, modified, changed;
    uint32_t mode, links, user, group;
    uint32_t is; /* enum vfs_is bits */
};

/* What a client may cache about a file. */
enum vfs_is {
    VFS_IN_MEMORY = 1, /* the file ends with the appliance, so vfs_sync() has nothing to do */
    /* Only this client sees the file and its locks, and only this client's calls change it. */
    VFS_ALONE = 2,
    VFS_TREE_ALONE = 4, /* the same holds for all files and names */
    VFS_ROOM = 8,       /* with VFS_IN_MEMORY: some MiB more can be written */
};

/* What vfs_change() changes. */
enum vfs_change { VFS_MODE = 1, VFS_SIZE = 2, VFS_ACCESSED = 4, VFS_MODIFIED = 8 };
#define VFS_NOW INT64_MIN /* as a time: the current time */

struct vfs_room {
    uint64_t blocks, free, available; /* units of size_of_block */
    uint64_t files, free_files;
    uint64_t size_of_block, name_max; /* bytes */
    uint32_t read_only;               /* 0 or 1 */
};

/* One directory entry from vfs_list(); the next one begins `bytes` further. */
struct vfs_entry {
    uint64_t inode, cookie; /* cookie: where a listing continues after this entry */
    uint16_t bytes;         /* of this structure, the name and padding: a multiple of 8 */
    uint8_t length;         /* bytes of the name, without its NUL */
    uint8_t type;           /* S_IFMT bits >> 12 */
    char name[];            /* with its NUL */
};

/* A lock on the bytes `first` to `last`: F_RDLCK, F_WRLCK or F_UNLCK. */
struct vfs_lock {
    uint64_t first, last; /* last = UINT64_MAX: to the end of the file, wherever that will be */
    uint32_t type;
    uint32_t owner; /* OUT of vfs_lock_test(): 0 for the host, otherwise a number for the client */
};

/* ---- Clients ---- */
/* Makes a new client of the file system, which owns locks. *root becomes a handle of the directory "/". The first call
 * mounts the directories of the host and blocks until that is done. */
int vfs_attach(vfs_file_t *root);

/* ---- Open files ---- */
/* Opens a file, and creates it with O_CREAT and mode `mode`. -EEXIST: with O_EXCL the name exists. -EISDIR: writing to
 * a directory. -ELOOP: with O_NOFOLLOW it is a symbolic link. */
int vfs_open(vfs_file_t dir, const char *path, uint32_t flags, uint32_t mode, vfs_file_t *file);
/* The same, and stores the attributes of the opened file if it is VFS_ALONE, otherwise zeros. */
int vfs_open_stat(vfs_file_t dir, const char *path, uint32_t flags, uint32_t mode, vfs_file_t *file,
                  struct vfs_stat *st);
/* Closes a handle, and drops the client's locks on that file, as POSIX demands. */
int vfs_close(vfs_file_t file);
/* Reads up to `size` bytes at `offset`. Returns how many, 0 at the end of the file. -EISDIR: it is a directory. */
ssize_t vfs_read(vfs_file_t file, void *buffer, size_t size, uint64_t offset);
/* Writes up to `size` bytes at `offset` and returns how many. -EFBIG: beyond VFS_SIZE_MAX. */
ssize_t vfs_write(vfs_file_t file, const void *buffer, size_t size, uint64_t offset);
/* Writes at the end of the file, atomically with respect to other writers; *end: where the file ends afterwards. */
ssize_t vfs_append(vfs_file_t file, const void *buffer, size_t size, uint64_t *end);
int vfs_stat(vfs_file_t file, struct vfs_stat *st);
/* Changes what the enum vfs_change bits of `what` select. -EINVAL: VFS_SIZE of anything but a regular file that is open
 * for writing, or together with VFS_MODE. -EFBIG: a size above VFS_SIZE_MAX. */
int vfs_change(vfs_file_t file, uint32_t what, uint64_t mode_or_size, int64_t accessed, int64_t modified);
/* Reserves room for a range; the file grows to its end. -EFBIG; -ENODEV: not a regular file. */
int vfs_allocate(vfs_file_t file, uint64_t offset, uint64_t size);
/* Returns when what was written survives a crash of the host. With `data_only` attributes may follow later. */
int vfs_sync(vfs_file_t file, int data_only);
int vfs_room(vfs_file_t file, struct vfs_room *room);
/* Stores directory entries from *cookie on (0: from the first), "." and ".." included, and advances *cookie. Returns
 * how many bytes it stored, 0 at the end. -EINVAL: `size` is too small for a single entry. -ENOTDIR. */
ssize_t vfs_list(vfs_file_t dir, void *buffer, size_t size, uint64_t *cookie);

/* ---- Names ---- */
/* Attributes by name; `follow`: those of a symbolic link's target. With -ENOENT, st->is has VFS_TREE_ALONE if the name
 * stays missing until this client makes it. */
int vfs_stat_at(vfs_file_t dir, const char *path, int follow, struct vfs_stat *st);
/* Removes a directory (`directory`) or another file. -EISDIR, -ENOTDIR: it is the other kind. -ENOTEMPTY. -EBUSY: it is
 * "/" or the root of a mount. */
int vfs_remove(vfs_file_t dir, const char *path, int directory);
/* Makes a directory. -EEXIST. */
int vfs_make(vfs_file_t dir, const char *path, uint32_t mode);
/* Gives a file another name and replaces what has that name. -EXDEV: the names lie on different mounts. -EISDIR,
 * -ENOTDIR, -ENOTEMPTY: the old file cannot be replaced. -EINVAL: a directory would get below itself. -EBUSY: one of
 * them is the root of a mount. */
int vfs_rename(vfs_file_t from_dir, const char *from, vfs_file_t to_dir, const char *to);
/* Gives a file a second name. -EEXIST; -EXDEV; -EPERM: it is a directory. */
int vfs_link(vfs_file_t from_dir, const char *from, vfs_file_t to_dir, const char *to);
/* Makes a symbolic link. -EEXIST. */
int vfs_symlink(const char *target, vfs_file_t dir, const char *path);
/* Reads a symbolic link: returns the number of bytes, without NUL. -EINVAL: it is not one. */
ssize_t vfs_readlink(vfs_file_t dir, const char *path, void *text, size_t size);
/* Stores the path from "/" without links, "." and "..". Returns its bytes with the NUL. -ERANGE: it does not fit. */
ssize_t vfs_canonical(vfs_file_t dir, const char *path, void *text, size_t size);

/* ---- Locks ---- */
/* Sets or removes a lock on bytes, which the client owns (as fcntl() does). If another one holds a conflicting lock it
 * blocks (`wait`) or returns -EAGAIN. -ENOLCK: no memory. */
int vfs_lock(vfs_file_t file, const struct vfs_lock *lock, int wait);
/* IN: the lock wanted. OUT: a lock that conflicts with it, or type F_UNLCK. */
int vfs_lock_test(vfs_file_t file, struct vfs_lock *lock);
/* Locks the whole file, for this handle (as flock() does). Blocks or fails as vfs_lock() does. */
int vfs_flock(vfs_file_t file, uint32_t type, int wait);

#endif
