/* Paths: from text to nodes, and what changes the tree.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "ramfs.h"

static struct rf_node *cwd; /* NULL: the root */

static struct rf_node *start_of(const char *path)
{
    return *path == '/' || !cwd ? rf_root() : cwd;
}

/* Copies the next name of *path; its length, 0 at the end, or -ENAMETOOLONG. */
static int next_name(const char **path, char name[RF_NAME_MAX + 1])
{
    while (**path == '/')
        ++*path;
    size_t length = strcspn(*path, "/");
    if (length > RF_NAME_MAX)
        return -ENAMETOOLONG;
    memcpy(name, *path, length);
    name[length] = '\0';
    *path += length;
    return (int)length;
}

static int step(struct rf_node **at, const char *name)
{
    struct rf_node *n = *at;
    if (!S_ISDIR(n->mode))
        return -ENOTDIR;
    if (strcmp(name, ".") == 0)
        return 0;
    n = strcmp(name, "..") == 0 ? n->parent : rf_find(n, name);
    if (!n)
        return -ENOENT;
    *at = n;
    return 0;
}

static int check(const char *path)
{
    if (!*path)
        return -ENOENT;
    return strnlen(path, RF_PATH_MAX) == RF_PATH_MAX ? -ENAMETOOLONG : 0;
}

int rf_lookup(const char *path, struct rf_node **out)
{
    char name[RF_NAME_MAX + 1];
    struct rf_node *at = start_of(path);
    int r = check(path);
    bool slash = !r && path[strlen(path) - 1] == '/';
    while (!r && (r = next_name(&path, name)) > 0)
        r = step(&at, name);
    if (r)
        return r;
    if (slash && !S_ISDIR(at->mode))
        return -ENOTDIR;
    rf_get(at);
    *out = at;
    return 0;
}

/* The directory that a path's last name is in, and that name. -EINVAL: the last name is . or .., or there is none. */
static int split(const char *path, struct rf_node **dir, char last[RF_NAME_MAX + 1], bool *slash)
{
    char name[RF_NAME_MAX + 1];
    struct rf_node *at = start_of(path);
    int r = check(path);
    if (r)
        return r;
    *slash = path[strlen(path) - 1] == '/';
    last[0] = '\0';
    while ((r = next_name(&path, name)) > 0) {
        if (last[0] && (r = step(&at, last)))
            return r;
        memcpy(last, name, (size_t)strlen(name) + 1);
    }
    if (r)
        return r;
    if (!S_ISDIR(at->mode))
        return -ENOTDIR;
    if (at != rf_root() && !at->links)
        return -ENOENT; /* the current directory was removed */
    *dir = at;
    return !last[0] || strcmp(last, ".") == 0 || strcmp(last, "..") == 0 ? -EINVAL : 0;
}

int rf_create(const char *path, mode_t mode, struct rf_node **out)
{
    char name[RF_NAME_MAX + 1];
    struct rf_node *dir;
    bool slash;
    int r = split(path, &dir, name, &slash);
    if (r)
        return r == -EINVAL ? -EEXIST : r;
    if (rf_find(dir, name))
        return -EEXIST;
    if (slash && !S_ISDIR(mode))
        return -EISDIR;
    struct rf_node *n = rf_new(mode);
    if (!n)
        return -ENOSPC;
    r = rf_link(dir, name, n);
    if (r)
        rf_put(n);
    else
        *out = n;
    return r;
}

int rf_open(const char *path, int flags, mode_t mode, struct rf_node **out)
{
    int r = rf_lookup(path, out);
    if (r == -ENOENT && flags & O_CREAT)
        return rf_create(path, S_IFREG | (mode & 07777), out);
    if (r)
        return r;
    struct rf_node *n = *out;
    bool writes = (flags & O_ACCMODE) != O_RDONLY;
    if (flags & O_CREAT && flags & O_EXCL)
        r = -EEXIST;
    else if (S_ISDIR(n->mode) && (writes || flags & O_CREAT))
        r = -EISDIR;
    else if (!S_ISDIR(n->mode) && flags & O_DIRECTORY)
        r = -ENOTDIR;
    else if (S_ISREG(n->mode) && flags & O_TRUNC && writes)
        r = rf_truncate(n, 0);
    if (r)
        rf_put(n);
    return r;
}

int rf_remove(const char *path, bool directory)
{
    char name[RF_NAME_MAX + 1];
    struct rf_node *dir;
    bool slash;
    int r = split(path, &dir, name, &slash);
    if (r == -EINVAL && !directory)
        return -EISDIR;
    if (r)
        return r == -EINVAL && !name[0] ? -EBUSY : r;
    struct rf_node *n = rf_find(dir, name);
    if (!n)
        return -ENOENT;
    if (directory && !S_ISDIR(n->mode))
        return -ENOTDIR;
    if (!directory && S_ISDIR(n->mode))
        return -EISDIR;
    if (!directory && slash)
        return -ENOTDIR;
    if (directory && n->n_entries)
        return -ENOTEMPTY;
    rf_unlink(dir, name);
    return 0;
}

static bool is_inside(const struct rf_node *n, const struct rf_node *dir)
{
    for (; n != rf_root(); n = n->parent)
        if (n == dir)
            return true;
    return false;
}

/* May `n` take the place of `old`? */
static int may_replace(const struct rf_node *n, const struct rf_node *old)
{
    if (S_ISDIR(n->mode) && !S_ISDIR(old->mode))
        return -ENOTDIR;
    if (!S_ISDIR(n->mode) && S_ISDIR(old->mode))
        return -EISDIR;
    return old->n_entries ? -ENOTEMPTY : 0;
}

int rf_rename(const char *from, const char *to)
{
    char from_name[RF_NAME_MAX + 1], to_name[RF_NAME_MAX + 1];
    struct rf_node *from_dir, *to_dir;
    bool from_slash, to_slash;
    int r = split(from, &from_dir, from_name, &from_slash);
    if (!r)
        r = split(to, &to_dir, to_name, &to_slash);
    if (r)
        return r == -EINVAL ? -EBUSY : r;
    struct rf_node *n = rf_find(from_dir, from_name), *old = rf_find(to_dir, to_name);
    if (!n)
        return -ENOENT;
    if ((from_slash || to_slash) && !S_ISDIR(n->mode))
        return -ENOTDIR;
    if (n == old)
        return 0;
    if (S_ISDIR(n->mode) && is_inside(to_dir, n))
        return -EINVAL;
    if (old && (r = may_replace(n, old)))
        return r;
    r = old ? 0 : rf_link(to_dir, to_name, n);
    if (r)
        return r;
    if (old)
        rf_replace(to_dir, to_name, n);
    rf_unlink(from_dir, from_name);
    return 0;
}

int rf_hardlink(const char *from, const char *to)
{
    char name[RF_NAME_MAX + 1];
    struct rf_node *n, *dir;
    bool slash;
    int r = rf_lookup(from, &n);
    if (r)
        return r;
    r = split(to, &dir, name, &slash);
    if (r == -EINVAL || (!r && rf_find(dir, name)))
        r = -EEXIST;
    else if (!r && S_ISDIR(n->mode))
        r = -EPERM;
    else if (!r && slash)
        r = -ENOENT;
    if (!r)
        r = rf_link(dir, name, n);
    rf_put(n);
    return r;
}

int rf_chdir_node(struct rf_node *n)
{
    if (!S_ISDIR(n->mode))
        return -ENOTDIR;
    rf_get(n);
    if (cwd)
        rf_put(cwd);
    cwd = n;
    return 0;
}

int rf_chdir(const char *path)
{
    struct rf_node *n;
    int r = rf_lookup(path, &n);
    if (r)
        return r;
    r = rf_chdir_node(n);
    rf_put(n);
    return r;
}

static const char *name_in(const struct rf_node *dir, const struct rf_node *n)
{
    for (size_t i = 0; i < dir->n_entries; i++)
        if (dir->entries[i]->node == n)
            return dir->entries[i]->name;
    return NULL;
}

int rf_cwd(char *path, size_t size)
{
    char text[RF_PATH_MAX];
    size_t at = sizeof(text) - 1;
    text[at] = '\0';
    for (const struct rf_node *n = cwd ? cwd : rf_root(); n != rf_root(); n = n->parent) {
        const char *name = n->links ? name_in(n->parent, n) : NULL;
        if (!name)
            return -ENOENT;
        size_t length = strlen(name);
        if (length + 1 > at)
            return -ENAMETOOLONG;
        at -= length;
        memcpy(text + at, name, length);
        text[--at] = '/';
    }
    if (!text[at])
        text[--at] = '/';
    if (sizeof(text) - at > size)
        return -ERANGE;
    memcpy(path, text + at, sizeof(text) - at);
    return 0;
}
