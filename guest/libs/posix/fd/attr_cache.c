/* A cache of attributes and of missing names, used where only this client changes files (VFS_ALONE, VFS_TREE_ALONE).
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * One generation number covers all files: cached attributes are valid as long as it stays the same. A missing name
 * stays missing until a call may have made it. Every call that changes something says so when it has returned; results
 * that were asked for while such a call was under way are not cached. */
#include <errno.h>
#include <string.h>

#include "file.h"

enum { NAMES = 8, REGULARS = 4, LENGTH = 120 };

static struct name {
    size_t length; /* 0: unused */
    bool missing, follow;
    uint64_t generation; /* of a name that exists: when its attributes were read */
    struct vfs_stat st;
    char path[LENGTH];
} names[NAMES];

/* Absolute paths that end in the name of a regular file, not of a link: they were opened with O_NOFOLLOW. Removing such
 * a name does not change where any other path leads. */
static struct regular {
    uint64_t inode;
    char path[LENGTH]; /* "": unused */
} regulars[REGULARS];

static struct vfs_stat latest; /* the attributes that were read last */
static uint64_t latest_generation;

static bool usable; /* only this client changes the tree */
static uint64_t generation = 1;
static uint64_t path_generation = 1; /* see px_path_generation() */

void px_cache_start(const struct vfs_stat *root)
{
    usable = root->is & VFS_TREE_ALONE;
}

uint64_t px_path_generation(void)
{
    return usable ? path_generation : 0;
}

uint64_t px_generation(void)
{
    return generation;
}

void px_invalidate(void)
{
    generation++;
}

static const char *last_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static void invalidate_paths(void)
{
    path_generation++;
    memset(regulars, 0, sizeof(regulars));
}

static struct regular *find_regular(const char *path)
{
    for (struct regular *r = regulars; r < regulars + REGULARS; r++)
        if (*path == '/' && strcmp(r->path, path) == 0)
            return r;
    return NULL;
}

/* Is `name` one of the names in the path? */
static bool has_name(const char *path, const char *name)
{
    size_t length = strlen(name);
    for (; (path = strchr(path, '/')) != NULL; path++)
        if (strncmp(path + 1, name, length) == 0 && (path[1 + length] == '/' || path[1 + length] == '\0'))
            return true;
    return false;
}

void px_cache_open_file(const char *path, bool no_link, const struct vfs_stat *st)
{
    static unsigned next;
    if (!usable || !no_link || !S_ISREG(st->mode) || *path != '/' || strlen(path) >= LENGTH)
        return;
    struct regular *r = find_regular(path);
    r = r ? r : &regulars[next++ % REGULARS];
    r->inode = st->inode;
    strcpy(r->path, path);
}

void px_cache_latest(const struct vfs_stat *st)
{
    latest = *st;
    latest_generation = generation;
}

void px_name_made(const char *path, bool exact)
{
    generation++;
    if (!exact)
        invalidate_paths();
    for (struct name *n = names; n < names + NAMES; n++)
        if (n->missing && (!exact || has_name(n->path, last_name(path))))
            n->length = 0;
}

/* Only absolute paths are cached, since others depend on the current directory. */
static struct name *find_name(const char *path, size_t length, bool follow)
{
    for (struct name *n = names; n < names + NAMES; n++)
        if (n->length == length && ((n->missing && !n->follow) || n->follow == follow) &&
            memcmp(n->path, path, length) == 0)
            return n;
    return NULL;
}

int px_cache_find(const char *path, bool follow, struct vfs_stat *st)
{
    if (!usable || *path != '/')
        return PX_NOT_CACHED;
    const struct regular *r = latest_generation == generation ? find_regular(path) : NULL;
    if (r && r->inode == latest.inode) {
        *st = latest;
        return 0;
    }
    struct name *n = find_name(path, strlen(path), follow);
    if (!n || (!n->missing && n->generation != generation))
        return PX_NOT_CACHED;
    if (n->missing)
        return -ENOENT;
    *st = n->st;
    return 0;
}

void px_cache_store(const char *path, bool follow, int result, const struct vfs_stat *st, uint64_t asked)
{
    static unsigned next;
    size_t length = strlen(path);
    if (!usable || asked != generation || (result && result != -ENOENT) || *path != '/' || length >= LENGTH ||
        path[length - 1] == '/')
        return;
    struct name *n = find_name(path, length, follow);
    if (!n)
        n = &names[next++ % NAMES];
    *n = (struct name){.length = length, .missing = result != 0, .follow = follow, .generation = generation};
    if (!result)
        n->st = *st;
    memcpy(n->path, path, length);
}

void px_name_removed(const char *path, uint64_t asked)
{
    bool alone = asked == generation;
    struct regular *r = find_regular(path);
    if (!r)
        invalidate_paths();
    for (r = regulars; r < regulars + REGULARS; r++) /* by whatever path */
        if (strcmp(last_name(r->path), last_name(path)) == 0)
            r->path[0] = '\0';
    generation++;
    if (alone)
        px_cache_store(path, false, -ENOENT, NULL, generation);
}
