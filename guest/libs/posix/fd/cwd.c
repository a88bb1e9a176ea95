/* The current directory. The first use attaches to the file system and unpacks the application's files into it.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <fcntl.h>
#include <string.h>

#include <bh/bulkhead.h>

#include "file.h"

static struct {
    vfs_file_t dir;
    enum { CWD_NONE, CWD_BUSY, CWD_GOOD, CWD_BAD } state;
    int error;
} cwd;

/* In the application's image (scripts/pack_files.py), or empty (guest/kernel/rt/fallback). */
extern const unsigned char bh_files[];
extern const unsigned long bh_files_size;

static void attach_file_system(void)
{
    cwd.state = CWD_BUSY;
    cwd.error = vfs_attach(&cwd.dir);
    if (!cwd.error) {
        struct vfs_stat st;
        int r = vfs_stat(cwd.dir, &st);
        if (!r)
            px_cache_start(&st);
        r = px_initramfs_unpack(cwd.dir, bh_files, bh_files_size);
        if (r)
            bh_panic("the application's files cannot be unpacked: %s", strerror(-r));
    }
    cwd.state = cwd.error ? CWD_BAD : CWD_GOOD;
    px_wake(&cwd, UINT32_MAX);
}

int px_cwd(vfs_file_t *dir)
{
    if (cwd.state == CWD_NONE)
        attach_file_system();
    while (cwd.state == CWD_BUSY)
        px_block_always(&cwd, PX_FOREVER);
    px_flush();
    *dir = cwd.dir;
    return cwd.state == CWD_BAD ? cwd.error : 0;
}

int px_cwd_set(vfs_file_t dir)
{
    vfs_file_t old = cwd.dir;
    cwd.dir = dir;
    return vfs_close(old);
}

int px_dir_of(int fd, const char *path, vfs_file_t *dir)
{
    int r = px_cwd(dir);
    if (r || fd == AT_FDCWD || *path == '/')
        return r;
    struct px_file *f = px_peek(fd);
    if (!f)
        return -EBADF;
    *dir = px_handle(f);
    return *dir ? 0 : -ENOTDIR;
}
