/* The initramfs: an archive in the application's image, unpacked into the file system at the start.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * scripts/pack_files.py writes the archive. Each file or directory is `mode size name-length` as little-endian 32-bit
 * words, the name without NUL, and the contents. A file that exists already, on a mounted directory of the host, is
 * kept. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "file.h"

static uint32_t read_word(const unsigned char *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static int write_contents(vfs_file_t file, const unsigned char *contents, size_t size)
{
    for (size_t done = 0; done < size;) {
        size_t part = size - done < PX_FILE_PART ? size - done : PX_FILE_PART;
        ssize_t put = vfs_write(file, contents + done, part, done);
        if (put <= 0)
            return put ? (int)put : -EIO;
        done += (size_t)put;
    }
    return 0;
}

static int unpack_entry(vfs_file_t root, const char *path, mode_t mode, const unsigned char *contents, size_t size)
{
    vfs_file_t file;
    int r;
    if (S_ISDIR(mode)) {
        r = vfs_make(root, path, mode & 07777);
        return r == -EEXIST || r == -EROFS ? 0 : r;
    }
    if (!S_ISREG(mode))
        return -EINVAL;
    r = vfs_open(root, path, O_WRONLY | O_CREAT | O_EXCL, mode & 07777, &file);
    if (r)
        return r == -EEXIST || r == -EROFS ? 0 : r;
    r = write_contents(file, contents, size);
    vfs_close(file);
    return r;
}

int px_initramfs_unpack(vfs_file_t root, const unsigned char *archive, size_t size)
{
    int r = 0;
    while (!r && size) {
        char path[VFS_PATH_MAX];
        if (size < 12)
            return -EINVAL;
        uint32_t mode = read_word(archive), contents = read_word(archive + 4), name = read_word(archive + 8);
        archive += 12, size -= 12;
        if (name >= sizeof(path) || name > size || contents > size - name)
            return -EINVAL;
        memcpy(path, archive, name);
        path[name] = '\0';
        r = unpack_entry(root, path, mode, archive + name, contents);
        archive += name + contents, size -= name + contents;
    }
    return r;
}
