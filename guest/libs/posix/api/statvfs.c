/* How much room a file system has.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <fcntl.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>

#include "../fd/file.h"

static void room_out(const struct vfs_room *from, struct statvfs *to)
{
    *to = (struct statvfs){.f_bsize = from->size_of_block,
                           .f_frsize = from->size_of_block,
                           .f_blocks = from->blocks,
                           .f_bfree = from->free,
                           .f_bavail = from->available,
                           .f_files = from->files,
                           .f_ffree = from->free_files,
                           .f_favail = from->free_files,
                           .f_flag = from->read_only ? ST_RDONLY : 0,
                           .f_namemax = from->name_max};
}

int statvfs(const char *path, struct statvfs *st)
{
    vfs_file_t dir, file;
    struct vfs_room room;
    int r = px_cwd(&dir);
    if (!r)
        r = vfs_open(dir, path, VFS_O_PATH, 0, &file);
    if (r)
        return (int)px_result(r);
    r = vfs_room(file, &room);
    vfs_close(file);
    if (!r)
        room_out(&room, st);
    return (int)px_result(r);
}

int fstatvfs(int fd, struct statvfs *st)
{
    struct vfs_room room;
    int r;
    struct px_file *f = px_file_get(fd, &r);
    if (f) {
        r = vfs_room(px_handle(f), &room);
        px_put(f);
    }
    if (!r)
        room_out(&room, st);
    return (int)px_result(r);
}

static int as_statfs(int r, const struct statvfs *from, struct statfs *to)
{
    if (r == 0)
        *to = (struct statfs){.f_bsize = (long)from->f_bsize,
                              .f_frsize = (long)from->f_frsize,
                              .f_namelen = (long)from->f_namemax,
                              .f_flags = (long)from->f_flag,
                              .f_blocks = from->f_blocks,
                              .f_bfree = from->f_bfree,
                              .f_bavail = from->f_bavail,
                              .f_files = from->f_files,
                              .f_ffree = from->f_ffree};
    return r;
}

int statfs(const char *path, struct statfs *st)
{
    struct statvfs room;
    return as_statfs(statvfs(path, &room), &room, st);
}

int fstatfs(int fd, struct statfs *st)
{
    struct statvfs room;
    return as_statfs(fstatvfs(fd, &room), &room, st);
}
