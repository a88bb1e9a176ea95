/* The exported functions that change names or ask about them.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "file.h"

int vfs_stat_at(vfs_file_t dir, const char *path, int follow, struct vfs_stat *st)
{
    struct vfs_place p;
    if (!dir)
        return -EBADF;
    if (!path || !st)
        return -EINVAL;
    int r = vfs_walk(dir->node, path, follow ? VFS_FOLLOW : VFS_FOLLOW_SLASH, &p);
    if (!r) {
        r = p.node ? p.node->ops->stat(p.node, NULL, st) : -ENOENT;
        vfs_leave(&p);
    }
    if (r)
        *st = (struct vfs_stat){.is = r == -ENOENT && !p.linked ? vfs_alone() & VFS_TREE_ALONE : 0};
    return r;
}

static int find_name_as(vfs_file_t dir, const char *path, enum vfs_follow follow, struct vfs_place *p)
{
    if (!dir)
        return -EBADF;
    return path ? vfs_walk(dir->node, path, follow, p) : -EINVAL;
}

/* Walks to a name that is asked about. A link at the end is not followed. */
static int find_name(vfs_file_t dir, const char *path, struct vfs_place *p)
{
    return find_name_as(dir, path, VFS_FOLLOW_SLASH, p);
}

/* Walks to a name that is about to be removed or renamed: "link/" is the link itself, which is -ENOTDIR. */
static int find_own_name(vfs_file_t dir, const char *path, struct vfs_place *p)
{
    return find_name_as(dir, path, VFS_FOLLOW_NOT, p);
}

int vfs_remove(vfs_file_t dir, const char *path, int directory)
{
    struct vfs_place p;
    int r = find_own_name(dir, path, &p);
    if (r)
        return r;
    if (!p.dir)
        r = !directory ? -EISDIR : p.dots == 1 ? -EINVAL : p.dots == 2 ? -ENOTEMPTY : -EBUSY;
    else if (!p.node)
        r = -ENOENT;
    else if (directory && !vfs_is_dir(p.node))
        r = -ENOTDIR;
    else if (!directory && vfs_is_dir(p.node))
        r = -EISDIR;
    else if (p.node->covered)
        r = -EBUSY;
    else
        r = p.dir->ops->remove(p.dir, p.name, directory);
    vfs_leave(&p);
    return r;
}

static int make_node(vfs_file_t dir, const char *path, uint32_t mode, const char *target)
{
    struct vfs_place p;
    void *handle = NULL;
    int r = find_name_as(dir, path, VFS_FOLLOW_MADE, &p);
    if (r)
        return r;
    if (p.node)
        r = -EEXIST;
    else if (p.slash && !S_ISDIR(mode))
        r = -ENOENT;
    else
        r = p.dir->ops->create(p.dir, p.name, mode, 0, target, &p.node, &handle);
    vfs_leave(&p);
    return r;
}

int vfs_make(vfs_file_t dir, const char *path, uint32_t mode)
{
    return make_node(dir, path, S_IFDIR | (mode & 07777), NULL);
}

int vfs_symlink(const char *target, vfs_file_t dir, const char *path)
{
    if (!target || !*target)
        return -ENOENT;
    if (strlen(target) >= VFS_PATH_MAX)
        return -ENAMETOOLONG;
    return make_node(dir, path, S_IFLNK | 0777, target);
}

/* Whether `dir` is `n` or somewhere below it, in one tree. */
static int is_inside(struct vfs_node *dir, struct vfs_node *n, bool *inside)
{
    struct vfs_node *at = vfs_get(dir), *up;
    for (;;) {
        *inside = at == n;
        if (*inside || at->covered || at == vfs_root())
            break;
        int r = at->ops->parent(at, &up);
        bool top = !r && up == at;
        vfs_put(at);
        if (r)
            return r;
        at = up;
        if (top) /* of a tree that is not mounted */
            break;
    }
    vfs_put(at);
    return 0;
}

static int may_rename(const struct vfs_place *from, const struct vfs_place *to)
{
    bool inside = false;
    int r;
    if (!from->dir || !to->dir)
        return -EBUSY;
    if (!from->node)
        return -ENOENT;
    if (from->node->covered || (to->node && to->node->covered))
        return -EBUSY;
    if (from->dir->ops != to->dir->ops)
        return -EXDEV;
    bool dir = vfs_is_dir(from->node);
    if ((from->slash || to->slash) && !dir)
        return -ENOTDIR;
    if (dir && (r = is_inside(to->dir, from->node, &inside)))
        return r;
    if (inside)
        return -EINVAL;
    if (to->node && dir && !vfs_is_dir(to->node))
        return -ENOTDIR;
    return to->node && !dir && vfs_is_dir(to->node) ? -EISDIR : 0;
}

int vfs_rename(vfs_file_t from_dir, const char *from, vfs_file_t to_dir, const char *to)
{
    struct vfs_place a, b;
    int r = find_own_name(from_dir, from, &a);
    if (r)
        return r;
    r = a.dir && !a.node ? -ENOENT : find_own_name(to_dir, to, &b);
    if (!r) {
        r = may_rename(&a, &b);
        if (!r && a.node != b.node) /* two names of one file: nothing happens */
            r = a.dir->ops->rename(a.dir, a.name, b.dir, b.name);
        vfs_leave(&b);
    }
    vfs_leave(&a);
    return r;
}

int vfs_link(vfs_file_t from_dir, const char *from, vfs_file_t to_dir, const char *to)
{
    struct vfs_place a, b;
    int r = find_name(from_dir, from, &a);
    if (r)
        return r;
    r = !a.node ? -ENOENT : find_name_as(to_dir, to, VFS_FOLLOW_MADE, &b);
    if (!r) {
        if (b.node)
            r = -EEXIST;
        else if (vfs_is_dir(a.node))
            r = -EPERM;
        else if (b.slash)
            r = -ENOENT;
        else
            r = a.node->ops != b.dir->ops ? -EXDEV : b.dir->ops->link(a.node, b.dir, b.name);
        vfs_leave(&b);
    }
    vfs_leave(&a);
    return r;
}

ssize_t vfs_readlink(vfs_file_t dir, const char *path, void *text, size_t size)
{
    struct vfs_place p;
    ssize_t r = find_name(dir, path, &p);
    if (r)
        return r;
    if (!p.node)
        r = -ENOENT;
    else
        r = !S_ISLNK(p.node->type) || !size || !text ? -EINVAL : p.node->ops->readlink(p.node, text, size);
    vfs_leave(&p);
    return r;
}

ssize_t vfs_canonical(vfs_file_t dir, const char *path, void *text, size_t size)
{
    struct vfs_place p;
    if (!dir)
        return -EBADF;
    if (!path || !text)
        return -EINVAL;
    ssize_t r = vfs_walk(dir->node, path, VFS_FOLLOW, &p);
    if (r)
        return r;
    if (!p.node)
        r = -ENOENT;
    else if (vfs_is_dir(p.node))
        r = vfs_text(p.node, "", text, size);
    else
        r = vfs_text(p.dir, p.name, text, size);
    vfs_leave(&p);
    return r;
}
