/* The entries that vfs_list() stores.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "node.h"

bool vfs_put_entry(void *buffer, size_t size, size_t *used, uint64_t inode, uint64_t cookie, uint32_t type,
                   const char *name, size_t length)
{
    size_t bytes = (sizeof(struct vfs_entry) + length + 1 + 7) & ~(size_t)7;
    if (bytes > size - *used)
        return false;
    struct vfs_entry e = {
        .inode = inode, .cookie = cookie, .bytes = (uint16_t)bytes, .length = (uint8_t)length, .type = (uint8_t)type};
    char *to = (char *)buffer + *used;
    memset(to, 0, bytes);
    memcpy(to, &e, sizeof(e));
    memcpy(to + offsetof(struct vfs_entry, name), name, length);
    *used += bytes;
    return true;
}
