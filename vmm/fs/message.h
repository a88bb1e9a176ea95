/* A FUSE message (linux/fuse.h, 7.38) on its way from the guest's memory into private memory, and its answer.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_VMM_FS_MESSAGE_H
#define BH_VMM_FS_MESSAGE_H

#include <linux/fuse.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#define FS_REQUEST_MAX 8192u /* bytes of a message without the data to be written */
#define FS_IOV_MAX     16u

/* A message in private memory. */
struct fs_request {
    struct fuse_in_header head;
    _Alignas(8) uint8_t body[FS_REQUEST_MAX];
    size_t size; /* bytes of body that came */
    /* Guest memory: the data to be written, and room for the answer. */
    struct iovec in[FS_IOV_MAX], out[FS_IOV_MAX];
    unsigned n_in, n_out;
    size_t in_bytes, out_bytes;
};

/* The answer. */
struct fs_reply {
    union {
        uint8_t body[4096];
        struct fuse_entry_out entry;
        struct fuse_attr_out attr;
    };
    size_t size; /* bytes of body */
    size_t data; /* bytes that lie in `out` already */
};

/* Copies head and body to private memory; what is left of `in` is data. False: the message is too short, or it has too
 * many parts. */
bool fs_receive(struct fs_request *q, const struct iovec *in, unsigned n_in, const struct iovec *out, unsigned n_out);

/* Takes `size` bytes off the front of a scatter list. Returns how many of them there were. */
size_t fs_skip(struct iovec *iov, unsigned n, size_t size);

/* Copies `size` bytes to a scatter list, as far as they fit. */
void fs_copy_out(const struct iovec *iov, unsigned n, const void *from, size_t size);

#endif
