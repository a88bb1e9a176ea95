/* Open files: the exported functions that take handles.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include <bh/callers.h>

#include "file.h"

static int make_file(struct vfs_client *client, struct vfs_node *n, uint32_t flags, vfs_file_t *out)
{
    if (!vfs_take(client->number, VFS_FILES, 1))
        return -ENFILE;
    struct vfs_file *file = malloc(sizeof(*file));
    if (!file) {
        vfs_give(client->number, VFS_FILES, 1);
        return -ENOMEM;
    }
    *file = (struct vfs_file){.client = client, .node = vfs_get(n), .flags = flags};
    client->files++;
    *out = file;
    return 0;
}

static void free_file(struct vfs_file *file)
{
    struct vfs_client *client = file->client;
    vfs_put(file->node);
    free(file);
    vfs_give(client->number, VFS_FILES, 1);
    if (--client->files == 0)
        free(client);
}

int vfs_attach(vfs_file_t *root)
{
    if (!root)
        return -EINVAL;
    if (!vfs_root())
        return -ENOMEM;
    int r = vfs_mount_all();
    if (r)
        return r;
    struct vfs_client *client = calloc(1, sizeof(*client));
    if (!client)
        return -ENOMEM;
    client->number = bh_caller();
    r = make_file(client, vfs_root(), O_RDONLY | O_DIRECTORY, root);
    if (r)
        free(client);
    return r;
}

static bool is_writable(uint32_t flags)
{
    return (flags & O_ACCMODE) != O_RDONLY;
}

/* Opens a node that exists. */
static int open_node(struct vfs_client *client, struct vfs_node *n, uint32_t flags, vfs_file_t *out)
{
    bool dir = vfs_is_dir(n);
    if (S_ISLNK(n->type) && !(flags & VFS_O_PATH))
        return -ELOOP;
    if (dir && (is_writable(flags) || flags & O_CREAT))
        return -EISDIR;
    if (!dir && flags & O_DIRECTORY)
        return -ENOTDIR;
    int r = make_file(client, n, flags, out);
    if (r || flags & VFS_O_PATH)
        return r;
    r = n->ops->open(n, flags, &(*out)->handle);
    if (!r && S_ISREG(n->type) && flags & O_TRUNC && is_writable(flags)) {
        r = n->ops->change(n, (*out)->handle, VFS_SIZE, 0, 0, 0);
        if (r)
            n->ops->close(n, (*out)->handle);
    }
    if (r)
        free_file(*out);
    return r;
}

static int create_file(struct vfs_client *client, struct vfs_place *p, uint32_t flags, uint32_t mode, vfs_file_t *out)
{
    void *handle;
    struct vfs_node *n;
    if (p->slash)
        return -EISDIR;
    int r = p->dir->ops->create(p->dir, p->name, S_IFREG | (mode & 07777), flags, NULL, &n, &handle);
    if (r)
        return r;
    r = make_file(client, n, flags, out);
    if (r)
        n->ops->close(n, handle);
    else
        (*out)->handle = handle;
    vfs_put(n);
    return r;
}

/* A path that ends in '/' is a directory's, which opening does not make, whatever is there. */
static int refuse_directory(struct vfs_node *from, const char *path)
{
    struct vfs_place p;
    int r = vfs_walk(from, path, VFS_FOLLOW_MADE, &p);
    if (!r)
        vfs_leave(&p);
    return r ? r : -EISDIR;
}

int vfs_open(vfs_file_t dir, const char *path, uint32_t flags, uint32_t mode, vfs_file_t *out)
{
    bool exclusive = flags & O_CREAT && flags & O_EXCL;
    if (!dir)
        return -EBADF;
    if (!path || !out || (flags & O_ACCMODE) == O_ACCMODE)
        return -EINVAL;
    if (flags & VFS_O_PATH)
        flags &= VFS_O_PATH | O_DIRECTORY | O_NOFOLLOW;
    size_t length = strlen(path);
    if (flags & O_CREAT && length && path[length - 1] == '/')
        return refuse_directory(dir->node, path);
    for (;;) {
        struct vfs_place p;
        int r = vfs_walk(dir->node, path, exclusive || flags & O_NOFOLLOW ? VFS_FOLLOW_SLASH : VFS_FOLLOW, &p);
        if (r)
            return r;
        bool missing = !p.node;
        if (missing)
            r = flags & O_CREAT ? create_file(dir->client, &p, flags, mode, out) : -ENOENT;
        else
            r = exclusive ? -EEXIST : open_node(dir->client, p.node, flags, out);
        vfs_leave(&p);
        if (!missing || r != -EEXIST || exclusive)
            return r;
        /* Another process of the host made it just now. */
    }
}

int vfs_open_stat(vfs_file_t dir, const char *path, uint32_t flags, uint32_t mode, vfs_file_t *out, struct vfs_stat *st)
{
    if (!st)
        return -EINVAL;
    *st = (struct vfs_stat){0};
    int r = vfs_open(dir, path, flags, mode, out);
    if (r || !vfs_in_memory((*out)->node))
        return r;
    r = vfs_stat(*out, st);
    if (r)
        vfs_close(*out);
    else if (!(st->is & VFS_ALONE))
        *st = (struct vfs_stat){0};
    return r;
}

int vfs_close(vfs_file_t file)
{
    if (!file)
        return -EBADF;
    vfs_lock_drop(file->node, file->handle, file->client, false);
    vfs_lock_drop(file->node, file->handle, file, true);
    if (file->handle)
        file->node->ops->close(file->node, file->handle);
    free_file(file);
    return 0;
}

static int may_transfer(vfs_file_t file, bool write)
{
    if (!file || file->flags & VFS_O_PATH || (file->flags & O_ACCMODE) == (write ? O_RDONLY : O_WRONLY))
        return -EBADF;
    return vfs_is_dir(file->node) ? -EISDIR : 0;
}

ssize_t vfs_read(vfs_file_t file, void *buffer, size_t size, uint64_t offset)
{
    int r = may_transfer(file, false);
    if (r || !size)
        return r;
    if (!buffer || offset > INT64_MAX)
        return -EINVAL;
    return file->node->ops->read(file->node, file->handle, buffer, size, offset);
}

ssize_t vfs_write(vfs_file_t file, const void *buffer, size_t size, uint64_t offset)
{
    int r = may_transfer(file, true);
    if (r || !size)
        return r;
    if (!buffer || offset > INT64_MAX)
        return -EINVAL;
    return file->node->ops->write(file->node, file->handle, buffer, size, offset);
}

ssize_t vfs_append(vfs_file_t file, const void *buffer, size_t size, uint64_t *end)
{
    int r = may_transfer(file, true);
    if (r)
        return r;
    if ((!buffer && size) || !end)
        return -EINVAL;
    return file->node->ops->append(file->node, file->handle, buffer, size, end);
}

int vfs_stat(vfs_file_t file, struct vfs_stat *st)
{
    if (!file)
        return -EBADF;
    return st ? file->node->ops->stat(file->node, file->handle, st) : -EINVAL;
}

int vfs_change(vfs_file_t file, uint32_t what, uint64_t value, int64_t accessed, int64_t modified)
{
    if (!file)
        return -EBADF;
    if (what & VFS_SIZE) {
        if (may_transfer(file, true) || !S_ISREG(file->node->type))
            return -EINVAL;
        if (what & VFS_MODE)
            return -EINVAL;
        if (value > VFS_SIZE_MAX)
            return -EFBIG;
    }
    return file->node->ops->change(file->node, file->handle, what, value, accessed, modified);
}

int vfs_allocate(vfs_file_t file, uint64_t offset, uint64_t size)
{
    int r = may_transfer(file, true);
    if (r)
        return r;
    if (!size || offset > VFS_SIZE_MAX || size > VFS_SIZE_MAX - offset)
        return !size ? -EINVAL : -EFBIG;
    return S_ISREG(file->node->type) ? file->node->ops->allocate(file->node, file->handle, offset, size) : -ENODEV;
}

int vfs_sync(vfs_file_t file, int data_only)
{
    if (!file || file->flags & VFS_O_PATH)
        return -EBADF;
    return file->node->ops->sync(file->node, file->handle, data_only);
}

int vfs_room(vfs_file_t file, struct vfs_room *room)
{
    if (!file)
        return -EBADF;
    return room ? file->node->ops->room(file->node, room) : -EINVAL;
}

ssize_t vfs_list(vfs_file_t dir, void *buffer, size_t size, uint64_t *cookie)
{
    if (!dir || dir->flags & VFS_O_PATH)
        return -EBADF;
    if (!vfs_is_dir(dir->node))
        return -ENOTDIR;
    if (!buffer || !cookie)
        return -EINVAL;
    return dir->node->ops->list(dir->node, dir->handle, buffer, size, cookie);
}

/* ---- Locks ---- */

static int check_lock(vfs_file_t file, const struct vfs_lock *lock)
{
    if (!file || file->flags & VFS_O_PATH)
        return -EBADF;
    if (!lock || lock->first > lock->last || (lock->type != F_RDLCK && lock->type != F_WRLCK && lock->type != F_UNLCK))
        return -EINVAL;
    return 0;
}

int vfs_lock(vfs_file_t file, const struct vfs_lock *lock, int wait)
{
    int r = check_lock(file, lock);
    if (r)
        return r;
    uint32_t mode = file->flags & O_ACCMODE;
    if ((lock->type == F_RDLCK && mode == O_WRONLY) || (lock->type == F_WRLCK && mode == O_RDONLY))
        return -EBADF;
    return vfs_lock_set(file->node, file->handle, file->client, false, lock, wait);
}

int vfs_lock_test(vfs_file_t file, struct vfs_lock *lock)
{
    int r = check_lock(file, lock);
    return r ? r : vfs_lock_find(file->node, file->handle, file->client, lock);
}

int vfs_flock(vfs_file_t file, uint32_t type, int wait)
{
    struct vfs_lock all = {.last = UINT64_MAX, .type = type};
    int r = check_lock(file, &all);
    return r ? r : vfs_lock_set(file->node, file->handle, file, true, &all, wait);
}
