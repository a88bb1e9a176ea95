/* Passes each FUSE message to the function that handles it, and sends the answer.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/fs/server.h"

#include <errno.h>
#include <string.h>

#include "vmm/fs/files.h"
#include "vmm/fs/names.h"

static int handle_init(struct fs_request *q, struct fs_reply *r)
{
    const struct fuse_init_in *in = (const void *)q->body;
    if (q->size < offsetof(struct fuse_init_in, flags2) || in->major != FUSE_KERNEL_VERSION)
        return EPROTO;
    struct fuse_init_out out = {
        .major = FUSE_KERNEL_VERSION, .minor = FUSE_KERNEL_MINOR_VERSION, .max_write = 0x100000, .time_gran = 1};
    memcpy(r->body, &out, sizeof(out));
    r->size = sizeof(out);
    return 0;
}

static int dispatch_request(struct fs *f, struct fs_request *q, struct fs_reply *r)
{
    switch (q->head.opcode) {
    case FUSE_INIT:
        return handle_init(q, r);
    case FUSE_LOOKUP:
    case FUSE_GETATTR:
    case FUSE_SETATTR:
    case FUSE_READLINK:
    case FUSE_SYMLINK:
    case FUSE_MKDIR:
    case FUSE_UNLINK:
    case FUSE_RMDIR:
    case FUSE_RENAME2:
    case FUSE_LINK:
    case FUSE_STATFS:
        return fs_names(f, q, r);
    default:
        return fs_files(f, q, r);
    }
}

size_t fs_handle(struct fs *f, const struct iovec *in, unsigned n_in, const struct iovec *out, unsigned n_out)
{
    struct fs_request q;
    struct fs_reply r;
    r.size = r.data = 0;
    if (!fs_receive(&q, in, n_in, out, n_out))
        return 0;
    if (q.head.opcode == FUSE_FORGET) {
        const struct fuse_forget_in *forget = (const void *)q.body;
        if (q.size >= sizeof(*forget))
            fs_forget(f, q.head.nodeid, forget->nlookup);
        return 0;
    }
    struct fuse_out_header head = {.unique = q.head.unique};
    if (fs_skip(q.out, n_out, sizeof(head)) < sizeof(head))
        return 0; /* no room for an answer */
    q.out_bytes -= sizeof(head);
    int error = dispatch_request(f, &q, &r);
    if (!error && r.size > q.out_bytes)
        error = EMSGSIZE;
    if (error)
        r.size = r.data = 0;
    head.error = -error;
    head.len = (uint32_t)(sizeof(head) + r.size + r.data);
    fs_copy_out(q.out, n_out, r.body, r.size);
    fs_copy_out(out, n_out, &head, sizeof(head));
    return head.len;
}
