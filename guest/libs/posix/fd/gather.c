/* Small writes that follow each other in a file go to the file system as one, where nobody else sees when they arrive.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * Only in files in memory that are this client's alone (VFS_ALONE), and only while the file system is sure to have room
 * (VFS_ROOM, said not many bytes ago), so that write() promises no more than it can keep. Whatever looks at the file,
 * or at files by name, calls px_flush() first. Should the file system fail all the same, the next fsync() or write()
 * says so. */
#include <errno.h>
#include <string.h>

#include "file.h"

enum {
    ROOM = 16384,   /* bytes gathered at most */
    SMALL = 4608,   /* of one write that is gathered: a database page, and more */
    FIRST = 2048,   /* of one that begins: larger ones are not worth a copy more */
    TRUST = 262144, /* bytes written since the file system last said that it had room */
    FAR = 1 << 26,  /* offsets from here on: the file's list of blocks may have to grow by much */
};

static struct {
    vfs_file_t file;
    int *error; /* of the open file */
    uint64_t offset;
    size_t size;
    bool busy; /* being written */
    char bytes[ROOM];
} gathered;

static size_t since = TRUST; /* bytes written since VFS_ROOM was seen */

void px_has_room(bool room)
{
    since = room ? 0 : TRUST;
}

void px_flush(void)
{
    while (gathered.busy)
        px_block_always(&gathered, PX_FOREVER);
    if (!gathered.size)
        return;
    gathered.busy = true;
    ssize_t put = vfs_write(gathered.file, gathered.bytes, gathered.size, gathered.offset);
    if (put < 0 || (size_t)put < gathered.size)
        *gathered.error = put < 0 ? (int)put : -ENOSPC;
    gathered.size = 0;
    gathered.busy = false;
    px_wake(&gathered, UINT32_MAX);
}

static bool follows(vfs_file_t file, size_t size, uint64_t offset)
{
    return gathered.file == file && offset == gathered.offset + gathered.size && size <= ROOM - gathered.size;
}

bool px_gather(vfs_file_t file, int *error, const char *from, size_t size, uint64_t offset)
{
    bool begins = !gathered.size || !follows(file, size, offset);
    if (!size || size > (begins ? FIRST : SMALL) || since + size > TRUST || offset > FAR) {
        since = size > TRUST - since ? TRUST : since + size;
        px_flush();
        return false;
    }
    while (gathered.busy || (gathered.size && !follows(file, size, offset)))
        px_flush();
    if (!gathered.size) {
        gathered.file = file;
        gathered.error = error;
        gathered.offset = offset;
    }
    memcpy(gathered.bytes + gathered.size, from, size);
    gathered.size += size;
    since += size;
    return true;
}
