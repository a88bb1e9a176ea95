/* Writing to open files of the file system.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"

static bool may_coalesce(const struct px_vfs_file *file)
{
    return file->st.is & VFS_ALONE && S_ISREG(file->st.mode) && (file->file.flags & O_ACCMODE) != O_RDONLY &&
           !file->error;
}

/* Writes one part at the end of the file (`end`), or at `offset`. */
static ssize_t write_part(struct px_vfs_file *file, const char *from, size_t size, uint64_t offset, uint64_t *end)
{
    uint64_t before = px_generation();
    ssize_t r;
    if (may_coalesce(file) && !end && px_coalesce_write(file->handle, &file->error, from, size, offset)) {
        r = (ssize_t)size;
    } else {
        px_flush();
        r = end ? vfs_append(file->handle, from, size, end) : vfs_write(file->handle, from, size, offset);
    }
    bool sized = file->size_generation == before && px_generation() == before && !end && r > 0;
    px_invalidate();
    if (sized) {
        file->st.size = offset + (uint64_t)r > file->st.size ? offset + (uint64_t)r : file->st.size;
        file->size_generation = px_generation();
    }
    return r;
}

static ssize_t write_all(struct px_vfs_file *file, const char *from, size_t size, uint64_t offset, uint64_t *end)
{
    size_t done = 0;
    while (done < size) {
        size_t part = size - done < PX_FILE_PART ? size - done : PX_FILE_PART;
        ssize_t r = write_part(file, from + done, part, offset + done, end);
        if (r < 0)
            return done ? (ssize_t)done : r;
        done += (size_t)r;
        if ((size_t)r < part)
            break;
    }
    return (ssize_t)done;
}

/* Several small buffers become one call. */
ssize_t px_file_write_vector(struct px_vfs_file *file, const struct iovec *iov, int n, uint64_t offset, uint64_t *end)
{
    size_t size = px_iov_size(iov, n), done = 0;
    char *gathered = n > 1 && size <= PX_FILE_PART ? malloc(size ? size : 1) : NULL;
    if (gathered) {
        for (int i = 0; i < n; i++) {
            memcpy(gathered + done, iov[i].iov_base, iov[i].iov_len);
            done += iov[i].iov_len;
        }
        ssize_t r = write_all(file, gathered, size, offset, end);
        free(gathered);
        return r;
    }
    for (int i = 0; i < n; i++) {
        ssize_t r = write_all(file, iov[i].iov_base, iov[i].iov_len, offset + done, end);
        if (r < 0)
            return done ? (ssize_t)done : r;
        done += (size_t)r;
        if ((size_t)r < iov[i].iov_len)
            break;
    }
    return (ssize_t)done;
}

ssize_t px_file_pwrite(struct px_file *f, const struct iovec *iov, int n, off_t offset)
{
    return px_file_write_vector(px_vfs_file_of(f), iov, n, (uint64_t)offset, NULL);
}
