/* Open files of the file system in memory: what read() and the others do to them.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "file.h"

static struct rf_node *node_of(struct px_file *f)
{
    return ((struct rf_file *)f)->node;
}

static ssize_t read_device(enum rf_device device, const struct iovec *iov, int n)
{
    size_t done = 0;
    if (device == RF_NULL)
        return 0;
    for (int i = 0; i < n; i++) {
        char *to = iov[i].iov_base;
        for (size_t at = 0, part; at < iov[i].iov_len; at += part) {
            part = iov[i].iov_len - at < 256 ? iov[i].iov_len - at : 256;
            if (device == RF_ZERO)
                memset(to + at, 0, part);
            else if (getentropy(to + at, part) != 0)
                return -EIO;
        }
        done += iov[i].iov_len;
    }
    return (ssize_t)done;
}

static ssize_t file_pread(struct px_file *f, const struct iovec *iov, int n, off_t offset)
{
    struct rf_node *node = node_of(f);
    size_t done = 0;
    if (S_ISDIR(node->mode))
        return -EISDIR;
    if (node->device != RF_NO_DEVICE)
        return read_device(node->device, iov, n);
    for (int i = 0; i < n; i++) {
        size_t got = rf_read(node, iov[i].iov_base, iov[i].iov_len, (uint64_t)offset + done);
        done += got;
        if (got < iov[i].iov_len)
            break;
    }
    return (ssize_t)done;
}

static ssize_t file_pwrite(struct px_file *f, const struct iovec *iov, int n, off_t offset)
{
    struct rf_node *node = node_of(f);
    size_t done = 0;
    if (node->device != RF_NO_DEVICE)
        return (ssize_t)px_iov_size(iov, n);
    for (int i = 0; i < n; i++) {
        ssize_t put = rf_write(node, iov[i].iov_base, iov[i].iov_len, (uint64_t)offset + done);
        if (put < 0)
            return done ? (ssize_t)done : put;
        done += (size_t)put;
        if ((size_t)put < iov[i].iov_len)
            break;
    }
    return (ssize_t)done;
}

static ssize_t file_read(struct px_file *f, const struct iovec *iov, int n)
{
    struct rf_file *file = (struct rf_file *)f;
    ssize_t got = file_pread(f, iov, n, file->offset);
    if (got > 0)
        file->offset += got;
    return got;
}

static ssize_t file_write(struct px_file *f, const struct iovec *iov, int n)
{
    struct rf_file *file = (struct rf_file *)f;
    if (f->flags & O_APPEND)
        file->offset = (off_t)file->node->size;
    ssize_t put = file_pwrite(f, iov, n, file->offset);
    if (put > 0)
        file->offset += put;
    return put;
}

static off_t file_seek(struct px_file *f, off_t offset, int whence)
{
    struct rf_file *file = (struct rf_file *)f;
    off_t from = whence == SEEK_CUR ? file->offset : whence == SEEK_END ? (off_t)file->node->size : 0;
    if (whence != SEEK_SET && whence != SEEK_CUR && whence != SEEK_END)
        return -EINVAL;
    if (__builtin_add_overflow(from, offset, &from))
        return -EOVERFLOW;
    if (from < 0)
        return -EINVAL;
    file->offset = from;
    return from;
}

static int file_stat(struct px_file *f, struct stat *st)
{
    rf_stat(node_of(f), st);
    return 0;
}

static long file_available(struct px_file *f)
{
    off_t left = (off_t)node_of(f)->size - ((struct rf_file *)f)->offset;
    return left > 0 ? (long)left : 0;
}

static void file_close(struct px_file *f)
{
    rf_put(node_of(f));
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

struct rf_node *rf_node_of(struct px_file *f)
{
    return f->ops == &ops ? node_of(f) : NULL;
}

int rf_open_file(struct rf_node *n, int flags, struct px_file **f)
{
    struct rf_file *file = calloc(1, sizeof(*file));
    if (!file) {
        rf_put(n);
        return -ENOMEM;
    }
    px_file_init(&file->file, &ops, flags);
    file->node = n;
    *f = &file->file;
    return 0;
}
