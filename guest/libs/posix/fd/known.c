/* What the file system need not be asked again, where nobody but this client changes anything (VFS_ALONE, VFS_TREE_ALONE).
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * One number is the state of all files: attributes that were got are good as long as it stays. That a name is missing stays
 * true until a call may have made it. Every call that changes something says so when it has returned; what was asked for
 * while such a call was under way is not kept. */
#include <errno.h>
#include <string.h>

#include "file.h"

enum { NAMES = 8, LENGTH = 120 };

static struct name {
    size_t length; /* 0: unused */
    bool missing, follow;
    uint64_t state; /* of what is not missing: when it was got */
    struct vfs_stat st;
    char path[LENGTH];
} names[NAMES];

static bool usable; /* the whole tree is this client's */
static uint64_t state = 1;

void px_known_start(const struct vfs_stat *root)
{
    usable = root->is & VFS_TREE_ALONE;
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

void px_named(const char *path, bool exact)
{
    state++;
    for (struct name *n = names; n < names + NAMES; n++)
        if (n->missing && (!exact || strcmp(last_name(n->path), last_name(path)) == 0))
            n->length = 0;
}

/* Only absolute ones: others depend on the current directory. */
static struct name *find(const char *path, size_t length, bool follow)
{
    for (struct name *n = names; n < names + NAMES; n++)
        if (n->length == length && (n->missing || n->follow == follow) && memcmp(n->path, path, length) == 0)
            return n;
    return NULL;
}

int px_ask(const char *path, bool follow, struct vfs_stat *st)
{
    struct name *n = usable && *path == '/' ? find(path, strlen(path), follow) : NULL;
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
    state++;
    if (alone)
        px_learn(path, false, -ENOENT, NULL, state);
}
