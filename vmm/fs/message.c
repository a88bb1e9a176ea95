/* Copies messages out of the scatter lists of guest memory in which they lie, and answers into them.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/fs/message.h"

#include <string.h>

/* Copies at most `size` bytes out of a scatter list and takes them off its front. Returns how many there were. */
static size_t copy_in(struct iovec *iov, unsigned n, void *to, size_t size)
{
    size_t done = 0;
    for (unsigned i = 0; i < n && done < size; i++) {
        size_t part = iov[i].iov_len < size - done ? iov[i].iov_len : size - done;
        memcpy((uint8_t *)to + done, iov[i].iov_base, part);
        iov[i].iov_base = (uint8_t *)iov[i].iov_base + part;
        iov[i].iov_len -= part;
        done += part;
    }
    return done;
}

size_t fs_skip(struct iovec *iov, unsigned n, size_t size)
{
    size_t done = 0;
    for (unsigned i = 0; i < n && done < size; i++) {
        size_t part = iov[i].iov_len < size - done ? iov[i].iov_len : size - done;
        iov[i].iov_base = (uint8_t *)iov[i].iov_base + part;
        iov[i].iov_len -= part;
        done += part;
    }
    return done;
}

static size_t sum_bytes(const struct iovec *iov, unsigned n)
{
    size_t bytes = 0;
    for (unsigned i = 0; i < n; i++)
        bytes += iov[i].iov_len;
    return bytes;
}

void fs_copy_out(const struct iovec *iov, unsigned n, const void *from, size_t size)
{
    size_t done = 0;
    for (unsigned i = 0; i < n && done < size; i++) {
        size_t part = iov[i].iov_len < size - done ? iov[i].iov_len : size - done;
        memcpy(iov[i].iov_base, (const uint8_t *)from + done, part);
        done += part;
    }
}

bool fs_receive(struct fs_request *q, const struct iovec *in, unsigned n_in, const struct iovec *out, unsigned n_out)
{
    if (n_in > FS_IOV_MAX || n_out > FS_IOV_MAX)
        return false;
    memcpy(q->in, in, n_in * sizeof(*in));
    memcpy(q->out, out, n_out * sizeof(*out));
    q->n_in = n_in;
    q->n_out = n_out;
    if (copy_in(q->in, n_in, &q->head, sizeof(q->head)) < sizeof(q->head))
        return false;
    bool write = q->head.opcode == FUSE_WRITE;
    q->size = copy_in(q->in, n_in, q->body, write ? sizeof(struct fuse_write_in) : sizeof(q->body));
    q->in_bytes = sum_bytes(q->in, n_in);
    q->out_bytes = sum_bytes(q->out, n_out);
    return true;
}
