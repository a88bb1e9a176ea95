/* fsync() and its relatives: making written data survive a crash.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <unistd.h>

#include "../fd/file.h"

static int sync_fd(int fd, bool data_only)
{
    int r;
    struct px_file *f = px_file_get(fd, &r);
    if (f) {
        r = px_file_error(f);
        if (!r && !(px_file_is(f) & VFS_IN_MEMORY))
            r = vfs_sync(px_handle(f), data_only);
        px_put(f);
    }
    return (int)px_result(r);
}

int fsync(int fd)
{
    return sync_fd(fd, false);
}

int fdatasync(int fd)
{
    return sync_fd(fd, true);
}

void sync(void)
{
    /* POSIX lets sync() return at once; the host writes the data later. */
}
