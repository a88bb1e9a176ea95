/* Open files on the host's directory: contents, entries, locks.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "host.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

/* Linux's F_RDLCK, F_WRLCK, F_UNLCK are 0, 1, 2. */
_Static_assert(F_RDLCK == 1 && F_WRLCK == 2 && F_UNLCK == 3, "lock types");

static ssize_t send_to(struct vfs_node *n, struct host_call *call)
{
    call->node = host_of(n)->id;
    return host_send(host_of(n)->mount, call);
}

/* A message that changes the file. */
static ssize_t send_change(struct vfs_node *n, struct host_call *call)
{
    host_cache_begin(host_of(n));
    ssize_t r = send_to(n, call);
    host_cache_end(host_of(n));
    return r;
}

int host_open(struct vfs_node *n, uint32_t flags, void **handle)
{
    struct fuse_open_out out;
    const struct fuse_open_in in = {.flags = flags & O_ACCMODE}; /* the same numbers on both sides */
    struct host_call call = {.opcode = vfs_is_dir(n) ? FUSE_OPENDIR : FUSE_OPEN,
                             .in = &in,
                             .in_size = sizeof(in),
                             .out = &out,
                             .out_size = sizeof(out)};
    int r = (int)send_to(n, &call);
    if (!r)
        *handle = host_handle(out.fh);
    return r;
}

/* Messages are answered in order, so there is no need to wait for this one. */
static void post_release(struct host_mount *m, uint32_t opcode, uint64_t node, void *handle)
{
    const struct fuse_release_in in = {.fh = host_fh(handle)};
    const struct host_call call = {.opcode = opcode, .node = node, .in = &in, .in_size = sizeof(in)};
    host_post(m, &call);
}

void host_close(struct vfs_node *n, void *handle)
{
    post_release(host_of(n)->mount, vfs_is_dir(n) ? FUSE_RELEASEDIR : FUSE_RELEASE, host_of(n)->id, handle);
}

void host_close_file(struct host_mount *m, uint64_t node, void *handle)
{
    post_release(m, FUSE_RELEASE, node, handle);
}

ssize_t host_read(struct vfs_node *n, void *handle, void *buffer, size_t size, uint64_t offset)
{
    size = size < HOST_DATA ? size : HOST_DATA;
    const struct fuse_read_in in = {.fh = host_fh(handle), .offset = offset, .size = (uint32_t)size};
    struct host_call call = {
        .opcode = FUSE_READ, .in = &in, .in_size = sizeof(in), .receive = buffer, .receive_size = size};
    return send_to(n, &call);
}

static ssize_t write_message(struct vfs_node *n, void *handle, const void *buffer, size_t size, uint64_t offset,
                             uint32_t flags, uint64_t *end)
{
    struct bh_fuse_written out;
    size = size < HOST_DATA ? size : HOST_DATA;
    const struct fuse_write_in in = {
        .fh = host_fh(handle), .offset = offset, .size = (uint32_t)size, .write_flags = flags};
    struct host_call call = {.opcode = FUSE_WRITE,
                             .in = &in,
                             .in_size = sizeof(in),
                             .send = buffer,
                             .send_size = size,
                             .out = &out,
                             .out_size = sizeof(out)};
    ssize_t r = send_change(n, &call);
    if (r)
        return r;
    *end = out.end;
    return out.size <= size ? (ssize_t)out.size : -EIO;
}

ssize_t host_write(struct vfs_node *n, void *handle, const void *buffer, size_t size, uint64_t offset)
{
    uint64_t end;
    return write_message(n, handle, buffer, size, offset, 0, &end);
}

ssize_t host_append(struct vfs_node *n, void *handle, const void *buffer, size_t size, uint64_t *end)
{
    return write_message(n, handle, buffer, size, 0, BH_FUSE_APPEND, end);
}

int host_allocate(struct vfs_node *n, void *handle, uint64_t offset, uint64_t size)
{
    const struct fuse_fallocate_in in = {.fh = host_fh(handle), .offset = offset, .length = size};
    struct host_call call = {.opcode = FUSE_FALLOCATE, .in = &in, .in_size = sizeof(in)};
    return (int)send_change(n, &call);
}

int host_sync(struct vfs_node *n, void *handle, bool data_only)
{
    const struct fuse_fsync_in in = {.fh = host_fh(handle), .fsync_flags = data_only ? FUSE_FSYNC_FDATASYNC : 0};
    struct host_call call = {.opcode = vfs_is_dir(n) ? FUSE_FSYNCDIR : FUSE_FSYNC, .in = &in, .in_size = sizeof(in)};
    return (int)send_to(n, &call);
}

/* ---- Entries ---- */

/* Converts FUSE's entries to ours. Returns how many bytes, and sets *cookie to continue after the last entry. */
static ssize_t convert_entries(const uint8_t *from, size_t size, uint8_t *to, size_t room, uint64_t *cookie)
{
    size_t used = 0;
    for (size_t at = 0; at < size;) {
        struct fuse_dirent e;
        if (size - at < FUSE_NAME_OFFSET)
            return -EIO;
        memcpy(&e, from + at, FUSE_NAME_OFFSET);
        size_t bytes = FUSE_DIRENT_ALIGN(FUSE_NAME_OFFSET + (size_t)e.namelen);
        if (!e.namelen || e.namelen > VFS_NAME_MAX || bytes > size - at)
            return -EIO;
        if (!vfs_put_entry(to, room, &used, e.ino, e.off, e.type, (const char *)from + at + FUSE_NAME_OFFSET,
                           e.namelen))
            return used ? (ssize_t)used : -EINVAL;
        *cookie = e.off;
        at += bytes;
    }
    return (ssize_t)used;
}

ssize_t host_list(struct vfs_node *n, void *handle, void *buffer, size_t size, uint64_t *cookie)
{
    /* Entries that do not fit the caller's buffer would be read again: ask for no more than it may hold. */
    size_t room = size < HOST_DATA ? size : HOST_DATA;
    uint8_t *entries = malloc(room);
    if (!entries)
        return -ENOMEM;
    const struct fuse_read_in in = {.fh = host_fh(handle), .offset = *cookie, .size = (uint32_t)room};
    struct host_call call = {
        .opcode = FUSE_READDIR, .in = &in, .in_size = sizeof(in), .receive = entries, .receive_size = room};
    ssize_t r = send_to(n, &call);
    if (r > 0)
        r = convert_entries(entries, (size_t)r, buffer, size, cookie);
    free(entries);
    return r;
}

/* ---- Locks ---- */

static struct fuse_lk_in lock_message(void *handle, bool flock, const struct vfs_lock *lock)
{
    return (struct fuse_lk_in){.fh = handle ? host_fh(handle) : 0,
                               .lk = {.start = lock->first, .end = lock->last, .type = lock->type - F_RDLCK},
                               .lk_flags = flock ? FUSE_LK_FLOCK : 0};
}

int host_lock(struct vfs_node *n, void *handle, bool flock, const struct vfs_lock *lock)
{
    const struct fuse_lk_in in = lock_message(handle, flock, lock);
    struct host_call call = {.opcode = FUSE_SETLK, .in = &in, .in_size = sizeof(in)};
    int r = (int)send_to(n, &call);
    if (lock->type != F_UNLCK)
        host_cache_doubt(host_of(n)); /* what was changed under another's lock is seen under this one */
    return r;
}

int host_lock_test(struct vfs_node *n, void *handle, struct vfs_lock *lock)
{
    struct fuse_lk_out out;
    const struct fuse_lk_in in = lock_message(handle, false, lock);
    struct host_call call = {
        .opcode = FUSE_GETLK, .in = &in, .in_size = sizeof(in), .out = &out, .out_size = sizeof(out)};
    int r = (int)send_to(n, &call);
    if (!r)
        *lock = (struct vfs_lock){
            .first = out.lk.start, .last = out.lk.end, .type = out.lk.type > 1 ? F_UNLCK : out.lk.type + F_RDLCK};
    return r;
}
