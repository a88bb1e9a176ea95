/* Files: what the file system offers to other compartments. The POSIX layer is built on it.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * All functions return 0 (or what they say) or a negative errno value. Names, flags and mode bits are those of
 * picolibc's headers. Files on a directory of the host take the time that the host takes; a caller's other threads run
 * meanwhile. Offsets belong to the caller: reading and writing say where, so that a read() is one call. Paths start at
 * `dir`, a directory that the caller has open, unless they begin with '/'. */
#ifndef VFS_VFS_H
#define VFS_VFS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define VFS_NAME_MAX  255
#define VFS_PATH_MAX  4096 /* bytes, with the final NUL */
#define VFS_LINKS_MAX 40   /* symbolic links followed in one path */
#define VFS_SIZE_MAX  (1ull << 46)

/* An open file or directory. As a handle it is good for the compartment that opened it only. */
typedef struct vfs_file *vfs_file_t;

/* Beside O_RDONLY ... O_RDWR, O_CREAT, O_EXCL, O_TRUNC, O_DIRECTORY, O_NOFOLLOW: only to name the file (stat, change,
 * current directory); nothing can be read or written. */
#define VFS_O_PATH 0x40000000u

struct vfs_stat {
    uint64_t device, inode; /* together unique */
    uint64_t size, blocks;  /* bytes; units of 512 bytes */
    uint64_t size_of_block;
    int64_t accessed, modified, changed; /* ns since 1970 */
    uint32_t mode, links, user, group;
    uint32_t is; /* enum vfs_is bits */
};

/* What need not be asked twice. */
enum vfs_is {
    VFS_IN_MEMORY = 1, /* it ends with the appliance: vfs_sync() has nothing to do */
    VFS_ALONE =
        2, /* nobody but this client sees it: nobody else its locks, and it changes by this client's calls only */
    VFS_TREE_ALONE = 4, /* the same of every file and every name there is */
    VFS_ROOM = 8,       /* of files in memory: there is room for some MiB more */
};

/* What vfs_change() changes. */
enum vfs_change { VFS_MODE = 1, VFS_SIZE = 2, VFS_ACCESSED = 4, VFS_MODIFIED = 8 };
#define VFS_NOW INT64_MIN /* of times: the present */

struct vfs_room {
    uint64_t blocks, free, available; /* units of size_of_block */
    uint64_t files, free_files;
    uint64_t size_of_block, name_max;
    uint32_t read_only;
};

/* One entry of what vfs_list() gives; the next one begins `bytes` further. */
struct vfs_entry {
    uint64_t inode, cookie; /* cookie: goes on after this entry */
    uint16_t bytes;         /* of this structure, name and padding: a multiple of 8 */
    uint8_t length;         /* of the name */
    uint8_t type;           /* S_IFMT bits >> 12 */
    char name[];            /* with its NUL */
};

/* Which range, and how: F_RDLCK, F_WRLCK, F_UNLCK. */
struct vfs_lock {
    uint64_t first, last; /* bytes; UINT64_MAX: to the end, however far that is */
    uint32_t type;
    uint32_t owner; /* OUT of vfs_lock_test(): 0 the host, else which client */
};

/* ---- Clients ---- */
/* A new client of the file system, which owns locks; *root is its first directory: /. */
int vfs_attach(vfs_file_t *root);

/* ---- Open files ---- */
int vfs_open(vfs_file_t dir, const char *path, uint32_t flags, uint32_t mode, vfs_file_t *file);
/* The same; *st is the new file's, but zeros where it is not VFS_ALONE. */
int vfs_open_stat(vfs_file_t dir, const char *path, uint32_t flags, uint32_t mode, vfs_file_t *file,
                  struct vfs_stat *st);
int vfs_close(vfs_file_t file); /* drops the client's locks on this file, as POSIX says */
ssize_t vfs_read(vfs_file_t file, void *buffer, size_t size, uint64_t offset);
ssize_t vfs_write(vfs_file_t file, const void *buffer, size_t size, uint64_t offset);
/* At the end, whatever others write at the same time; *end: where the file ends after it. */
ssize_t vfs_append(vfs_file_t file, const void *buffer, size_t size, uint64_t *end);
int vfs_stat(vfs_file_t file, struct vfs_stat *st);
/* `what`: enum vfs_change bits. Changing the size needs a file that is open for writing. */
int vfs_change(vfs_file_t file, uint32_t what, uint64_t mode_or_size, int64_t accessed, int64_t modified);
int vfs_allocate(vfs_file_t file, uint64_t offset, uint64_t size); /* room for it; the file grows */
int vfs_sync(vfs_file_t file, int data_only); /* returns when what was written is where it survives a crash */
int vfs_room(vfs_file_t file, struct vfs_room *room);
/* Entries from *cookie on (0: the first), "." and ".." too; how many bytes of entries, 0: no more. -EINVAL: not one
 * fits. */
ssize_t vfs_list(vfs_file_t dir, void *buffer, size_t size, uint64_t *cookie);

/* ---- Names ---- */
/* -ENOENT: st->is has VFS_TREE_ALONE if only a name has to come to be for that to change, and no link's target. */
int vfs_stat_at(vfs_file_t dir, const char *path, int follow, struct vfs_stat *st);
int vfs_remove(vfs_file_t dir, const char *path, int directory);
int vfs_make(vfs_file_t dir, const char *path, uint32_t mode); /* a directory */
int vfs_rename(vfs_file_t from_dir, const char *from, vfs_file_t to_dir, const char *to);
int vfs_link(vfs_file_t from_dir, const char *from, vfs_file_t to_dir, const char *to);
int vfs_symlink(const char *target, vfs_file_t dir, const char *path);
ssize_t vfs_readlink(vfs_file_t dir, const char *path, void *text, size_t size); /* no NUL */
/* The path from / without links, "." and "..": bytes with the NUL. -ERANGE: does not fit. */
ssize_t vfs_canonical(vfs_file_t dir, const char *path, void *text, size_t size);

/* ---- Locks ---- */
int vfs_lock(vfs_file_t file, const struct vfs_lock *lock, int wait); /* of bytes, the client's; -EAGAIN */
int vfs_lock_test(vfs_file_t file, struct vfs_lock *lock); /* IN the lock wanted; OUT one in its way, or F_UNLCK */
int vfs_flock(vfs_file_t file, uint32_t type, int wait);   /* of the whole file, the open file's; -EAGAIN */

#endif
