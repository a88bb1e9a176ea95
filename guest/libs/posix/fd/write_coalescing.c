/* Write coalescing: small writes in a row to one file become a single call of the file system.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * Only files in memory that no other client sees (VFS_ALONE) are written this way, and only while the file system is
 * sure to have room (it reported VFS_ROOM not many bytes ago), because write() has already reported success. Every call
 * that looks at the file, or at files by name, calls px_flush() first. If the file system fails nevertheless, the next
 * fsync() or write() reports the error. */
#include <errno.h>
#include <string.h>

#include "file.h"

enum {
    ROOM = 16384,   /* bytes held back at most */
    SMALL = 4608,   /* bytes of one write that is coalesced: somewhat more than a database page */
    FIRST = 2048,   /* bytes of the first write: larger ones are not worth another copy */
    TRUST = 262144, /* bytes that may be written since the file system last reported room */
    FAR = 1 << 26,  /* from this offset on the file's list of blocks may have to grow by much */
};

static struct {
    vfs_file_t file;
    int *error; /* of the open file */
    uint64_t offset;
    size_t size;
    bool busy; /* being written */
    char bytes[ROOM];
} pending;

static size_t since = TRUST; /* bytes written since VFS_ROOM was seen */

void px_has_room(bool room)
{
    since = room ? 0 : TRUST;
}

void px_flush(void)
{
    while (pending.busy)
        px_block_always(&pending, PX_FOREVER);
    if (!pending.size)
        return;
    pending.busy = true;
    ssize_t put = vfs_write(pending.file, pending.bytes, pending.size, pending.offset);
    if (put < 0 || (size_t)put < pending.size)
        *pending.error = put < 0 ? (int)put : -ENOSPC;
    pending.size = 0;
    pending.busy = false;
    px_wake(&pending, UINT32_MAX);
}

static bool continues_pending(vfs_file_t file, size_t size, uint64_t offset)
{
    return pending.file == file && offset == pending.offset + pending.size && size <= ROOM - pending.size;
}

bool px_coalesce_write(vfs_file_t file, int *error, const char *from, size_t size, uint64_t offset)
{
    bool begins = !pending.size || !continues_pending(file, size, offset);
    if (!size || size > (begins ? FIRST : SMALL) || since + size > TRUST || offset > FAR) {
        since = size > TRUST - since ? TRUST : since + size;
        px_flush();
        return false;
    }
    while (pending.busy || (pending.size && !continues_pending(file, size, offset)))
        px_flush();
    if (!pending.size) {
        pending.file = file;
        pending.error = error;
        pending.offset = offset;
    }
    memcpy(pending.bytes + pending.size, from, size);
    pending.size += size;
    since += size;
    return true;
}
