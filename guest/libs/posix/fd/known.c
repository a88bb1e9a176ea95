/* What the file system need not be asked again, where nobody but this client changes anything (VFS_ALONE,
 * VFS_TREE_ALONE).
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * One number is the state of all files: attributes that were got are good as long as it stays. That a name is missing
 * stays true until a call may have made it. Every call that changes something says so when it has returned; what was
 * asked for while such a call was under way is not kept. */
#include <errno.h>
#include <string.h>

#include "file.h"

enum { NAMES = 8, REGULARS = 4, LENGTH = 120 };

static struct name {
    size_t length; /* 0: unused */
    bool missing, follow;
    uint64_t state; /* of what is not missing: when it was got */
    struct vfs_stat st;
    char path[LENGTH];
} names[NAMES];

/* Absolute paths whose last name is a regular file's, not a link's: opened with O_NOFOLLOW. To remove it changes where
 * no other path leads. */
static struct regular {
    uint64_t inode;
    char path[LENGTH]; /* "": unused */
} regulars[REGULARS];

static struct vfs_stat latest; /* the attributes that were got last, and when */
static uint64_t latest_state;

static bool usable; /* the whole tree is this client's */
static uint64_t state = 1;
static uint64_t paths = 1; /* the state of where paths lead that are there */

void px_known_start(const struct vfs_stat *root)
{
    usable = root->is & VFS_TREE_ALONE;
}

uint64_t px_paths(void)
{
    return usable ? paths : 0;
}

uint64_t px_state(void)
{
    return state;
}

void px_changed(void)
{
    state++;
}

static const char *last_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static void paths_changed(void)
{
    paths++;
    memset(regulars, 0, sizeof(regulars));
}

static struct regular *regular(const char *path)
{
    for (struct regular *r = regulars; r < regulars + REGULARS; r++)
        if (*path == '/' && strcmp(r->path, path) == 0)
            return r;
    return NULL;
}

/* Is it one of the names in the path? */
static bool has_name(const char *path, const char *name)
{
    size_t length = strlen(name);
    for (; (path = strchr(path, '/')) != NULL; path++)
        if (strncmp(path + 1, name, length) == 0 && (path[1 + length] == '/' || path[1 + length] == '\0'))
            return true;
    return false;
}

void px_opened(const char *path, bool no_link, const struct vfs_stat *st)
{
    static unsigned next;
    if (!usable || !no_link || !S_ISREG(st->mode) || *path != '/' || strlen(path) >= LENGTH)
        return;
    struct regular *r = regular(path);
    r = r ? r : &regulars[next++ % REGULARS];
    r->inode = st->inode;
    strcpy(r->path, path);
}

void px_attributes(const struct vfs_stat *st)
{
    latest = *st;
    latest_state = state;
}

void px_named(const char *path, bool exact)
{
    state++;
    if (!exact)
        paths_changed();
    for (struct name *n = names; n < names + NAMES; n++)
        if (n->missing && (!exact || has_name(n->path, last_name(path))))
            n->length = 0;
}

/* Only absolute ones: others depend on the current directory. */
static struct name *find(const char *path, size_t length, bool follow)
{
    for (struct name *n = names; n < names + NAMES; n++)
        if (n->length == length && ((n->missing && !n->follow) || n->follow == follow) &&
            memcmp(n->path, path, length) == 0)
            return n;
    return NULL;
}

int px_ask(const char *path, bool follow, struct vfs_stat *st)
{
    if (!usable || *path != '/')
        return PX_UNKNOWN;
    const struct regular *r = latest_state == state ? regular(path) : NULL;
    if (r && r->inode == latest.inode) {
        *st = latest;
        return 0;
    }
    struct name *n = find(path, strlen(path), follow);
    if (!n || (!n->missing && n->state != state))
        return PX_UNKNOWN;
    if (n->missing)
        return -ENOENT;
    *st = n->st;
    return 0;
}

void px_learn(const char *path, bool follow, int result, const struct vfs_stat *st, uint64_t asked)
{
    static unsigned next;
    size_t length = strlen(path);
    if (!usable || asked != state || (result && result != -ENOENT) || *path != '/' || length >= LENGTH ||
        path[length - 1] == '/')
        return;
    struct name *n = find(path, length, follow);
    if (!n)
        n = &names[next++ % NAMES];
    *n = (struct name){.length = length, .missing = result != 0, .follow = follow, .state = state};
    if (!result)
        n->st = *st;
    memcpy(n->path, path, length);
}

void px_removed(const char *path, uint64_t asked)
{
    bool alone = asked == state;
    struct regular *r = regular(path);
    if (!r)
        paths_changed();
    for (r = regulars; r < regulars + REGULARS; r++) /* whatever way leads to it */
        if (strcmp(last_name(r->path), last_name(path)) == 0)
            r->path[0] = '\0';
    state++;
    if (alone)
        px_learn(path, false, -ENOENT, NULL, state);
}
