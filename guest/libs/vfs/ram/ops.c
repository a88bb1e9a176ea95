/* The operations of the tree in memory (struct vfs_ops).
 * SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include "ram.h"

enum { DEVICE = 1 }; /* st_dev */

static struct vfs_node *release_node(struct vfs_node *vn)
{
    struct ram_node *n = ram_of(vn), *parent = n->parent;
    if (n->links)
        return NULL; /* its name keeps it */
    ram_truncate(n, 0);
    free(n->entries);
    vfs_free(n->target);
    vfs_free(n);
    return parent ? &parent->vfs : NULL;
}

static int lookup_name(struct vfs_node *dir, const char *name, struct vfs_node **out)
{
    struct ram_node *n = ram_find(ram_of(dir), name);
    if (n)
        *out = vfs_get(&n->vfs);
    return n ? 0 : -ENOENT;
}

static int parent_of(struct vfs_node *dir, struct vfs_node **out)
{
    *out = vfs_get(&ram_of(dir)->parent->vfs);
    return 0;
}

static int name_of(struct vfs_node *dir, char name[VFS_NAME_MAX + 1])
{
    struct ram_node *n = ram_of(dir);
    const char *found = n->links ? ram_name(n->parent, n) : NULL;
    if (found)
        strcpy(name, found);
    return found ? 0 : -ENOENT;
}

static int create_node(struct vfs_node *vdir, const char *name, uint32_t mode, uint32_t flags, const char *target,
                       struct vfs_node **out, void **handle)
{
    struct ram_node *dir = ram_of(vdir);
    (void)flags;
    if (!dir->links)
        return -ENOENT; /* it was removed */
    if (ram_find(dir, name))
        return -EEXIST;
    struct ram_node *n = ram_new(mode);
    if (n && target && !(n->target = vfs_copy(target))) {
        vfs_put(&n->vfs);
        n = NULL;
    }
    if (!n)
        return -ENOSPC;
    n->size = target ? strlen(target) : 0;
    int r = ram_link(dir, name, n);
    if (r) {
        vfs_put(&n->vfs);
        return r;
    }
    *out = &n->vfs;
    *handle = NULL;
    return 0;
}

static int remove_name(struct vfs_node *dir, const char *name, bool directory)
{
    struct ram_node *n = ram_find(ram_of(dir), name);
    if (!n)
        return -ENOENT;
    if (directory && n->n_entries)
        return -ENOTEMPTY;
    ram_unlink(ram_of(dir), name);
    return 0;
}

static int rename_name(struct vfs_node *from, const char *from_name, struct vfs_node *to, const char *to_name)
{
    struct ram_node *from_dir = ram_of(from), *to_dir = ram_of(to);
    struct ram_node *n = ram_find(from_dir, from_name), *old = ram_find(to_dir, to_name);
    if (!n || !to_dir->links)
        return -ENOENT;
    if (n == old)
        return 0;
    if (old && old->n_entries)
        return -ENOTEMPTY;
    int r = old ? 0 : ram_link(to_dir, to_name, n);
    if (r)
        return r;
    if (old)
        ram_replace(to_dir, to_name, n);
    ram_unlink(from_dir, from_name);
    return 0;
}

static int link_name(struct vfs_node *n, struct vfs_node *dir, const char *name)
{
    if (!ram_of(dir)->links || !ram_of(n)->links)
        return -ENOENT;
    return ram_find(ram_of(dir), name) ? -EEXIST : ram_link(ram_of(dir), name, ram_of(n));
}

static bool put_entry(void *buffer, size_t size, size_t *used, const struct ram_node *n, uint64_t cookie,
                      const char *name)
{
    return vfs_put_entry(buffer, size, used, n->ino, cookie, n->vfs.type >> 12, name, strlen(name));
}

static ssize_t list_entries(struct vfs_node *vdir, void *handle, void *buffer, size_t size, uint64_t *cookie)
{
    struct ram_node *dir = ram_of(vdir);
    const struct ram_entry *e;
    size_t used = 0;
    bool fits = true;
    (void)handle;
    if (*cookie < RAM_DOT && (fits = put_entry(buffer, size, &used, dir, RAM_DOT, ".")))
        *cookie = RAM_DOT;
    if (fits && *cookie < RAM_DOTDOT && (fits = put_entry(buffer, size, &used, dir->parent, RAM_DOTDOT, "..")))
        *cookie = RAM_DOTDOT;
    while (fits && (e = ram_next(dir, *cookie)) && (fits = put_entry(buffer, size, &used, e->node, e->cookie, e->name)))
        *cookie = e->cookie;
    return used || fits ? (ssize_t)used : -EINVAL;
}

static ssize_t readlink_node(struct vfs_node *n, char *text, size_t size)
{
    size_t length = (size_t)ram_of(n)->size;
    length = length < size ? length : size;
    memcpy(text, ram_of(n)->target, length);
    return (ssize_t)length;
}

static int open_node(struct vfs_node *n, uint32_t flags, void **handle)
{
    (void)n, (void)flags;
    *handle = NULL;
    return 0;
}

static void close_node(struct vfs_node *n, void *handle)
{
    (void)n, (void)handle;
}

static ssize_t read_node(struct vfs_node *n, void *handle, void *buffer, size_t size, uint64_t offset)
{
    (void)handle;
    switch (ram_of(n)->device) {
    case RAM_NULL:
        return 0;
    case RAM_ZERO:
        memset(buffer, 0, size);
        return (ssize_t)size;
    case RAM_RANDOM: {
        int r = vfs_random(buffer, size);
        return r ? r : (ssize_t)size;
    }
    default:
        return (ssize_t)ram_read(ram_of(n), buffer, size, offset);
    }
}

static ssize_t write_node(struct vfs_node *n, void *handle, const void *buffer, size_t size, uint64_t offset)
{
    (void)handle;
    return ram_of(n)->device == RAM_NO_DEVICE ? ram_write(ram_of(n), buffer, size, offset) : (ssize_t)size;
}

static ssize_t append_node(struct vfs_node *n, void *handle, const void *buffer, size_t size, uint64_t *end)
{
    ssize_t r = write_node(n, handle, buffer, size, ram_of(n)->size);
    *end = ram_of(n)->size;
    return r;
}

static int stat_node(struct vfs_node *vn, void *handle, struct vfs_stat *st)
{
    const struct ram_node *n = ram_of(vn);
    (void)handle;
    *st = (struct vfs_stat){
        .device = DEVICE,
        .inode = n->ino,
        .size = n->size,
        .blocks = n->in_use * (RAM_BLOCK / 512),
        .size_of_block = RAM_BLOCK,
        .accessed = n->accessed,
        .modified = n->modified,
        .changed = n->changed,
        .mode = n->mode,
        .links = vfs_is_dir(vn) ? n->links + 1 : n->links,
        .is = VFS_IN_MEMORY | vfs_alone() | (ram_has_room() ? VFS_ROOM : 0),
    };
    return 0;
}

static int change_node(struct vfs_node *vn, void *handle, uint32_t what, uint64_t value, int64_t accessed,
                       int64_t modified)
{
    struct ram_node *n = ram_of(vn);
    (void)handle;
    int r = what & VFS_SIZE ? ram_truncate(n, value) : 0;
    if (r)
        return r;
    ram_touch(n, false);
    if (what & VFS_MODE)
        n->mode = (n->mode & S_IFMT) | ((uint32_t)value & 07777);
    if (what & VFS_ACCESSED)
        n->accessed = accessed == VFS_NOW ? n->changed : accessed;
    if (what & VFS_MODIFIED)
        n->modified = modified == VFS_NOW ? n->changed : modified;
    return 0;
}

static int allocate_node(struct vfs_node *n, void *handle, uint64_t offset, uint64_t size)
{
    (void)handle;
    return offset + size > ram_of(n)->size ? ram_truncate(ram_of(n), offset + size) : 0; /* blocks come when written */
}

static int sync_node(struct vfs_node *n, void *handle, bool data_only)
{
    (void)n, (void)handle, (void)data_only;
    return 0; /* nothing to do: the contents are only in memory */
}

static int room_of(struct vfs_node *n, struct vfs_room *out)
{
    uint64_t blocks = vfs_memory() / RAM_BLOCK;
    (void)n;
    *out = (struct vfs_room){
        .blocks = blocks, .free = blocks, .available = blocks, .size_of_block = RAM_BLOCK, .name_max = VFS_NAME_MAX};
    return 0;
}

const struct vfs_ops ram_ops = {
    .release = release_node,
    .lookup = lookup_name,
    .parent = parent_of,
    .name = name_of,
    .create = create_node,
    .remove = remove_name,
    .rename = rename_name,
    .link = link_name,
    .list = list_entries,
    .readlink = readlink_node,
    .open = open_node,
    .close = close_node,
    .read = read_node,
    .write = write_node,
    .append = append_node,
    .stat = stat_node,
    .change = change_node,
    .allocate = allocate_node,
    .sync = sync_node,
    .room = room_of,
};

bool vfs_in_memory(const struct vfs_node *n)
{
    return n->ops == &ram_ops;
}
