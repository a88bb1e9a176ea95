/* From paths to nodes, and back.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include "node.h"

void vfs_put(struct vfs_node *n)
{
    while (n && --n->refs == 0)
        n = n->ops->release(n);
}

struct vfs_node *vfs_root(void)
{
    return ram_root();
}

/* Replaces *n by the root of the tree that is mounted on it, if there is one. */
static void into_mount(struct vfs_node **n)
{
    while ((*n)->cover) {
        struct vfs_node *root = vfs_get((*n)->cover);
        vfs_put(*n);
        *n = root;
    }
}

static int parent_of(struct vfs_node *dir, struct vfs_node **out)
{
    while (dir->covered)
        dir = dir->covered;
    int r = dir->ops->parent(dir, out);
    if (!r)
        into_mount(out);
    return r;
}

/* The state of a walk: `at` has a reference, `text` is the rest of the path after a link was expanded. */
struct walk {
    struct vfs_node *at;
    const char *rest;
    char *text;
    unsigned links;
};

/* Puts a link's target before the rest of the path. */
static int expand_link(struct walk *w, struct vfs_node *link, const char *rest)
{
    if (++w->links > VFS_LINKS_MAX)
        return -ELOOP;
    char *text = malloc(VFS_PATH_MAX);
    if (!text)
        return -ENOMEM;
    ssize_t length = link->ops->readlink(link, text, VFS_PATH_MAX);
    size_t left = strlen(rest);
    if (length < 0 || (size_t)length + left >= VFS_PATH_MAX || length == 0) {
        free(text);
        return length < 0 ? (int)length : length ? -ENAMETOOLONG : -ENOENT;
    }
    memcpy(text + length, rest, left + 1); /* begins with '/', or is empty */
    free(w->text);
    w->text = text;
    w->rest = text;
    if (*text == '/') {
        vfs_put(w->at);
        w->at = vfs_get(vfs_root());
        into_mount(&w->at);
    }
    return 0;
}

/* The next name of w->rest: returns its length, 0 at the end, and stores in *after where the path continues. */
static int next_name(struct walk *w, char name[VFS_NAME_MAX + 1], const char **after)
{
    while (*w->rest == '/')
        w->rest++;
    size_t length = strcspn(w->rest, "/");
    if (length > VFS_NAME_MAX)
        return -ENAMETOOLONG;
    memcpy(name, w->rest, length);
    name[length] = '\0';
    *after = w->rest + length;
    return (int)length;
}

static int step_up(struct walk *w)
{
    struct vfs_node *up;
    int r = parent_of(w->at, &up);
    if (r)
        return r;
    vfs_put(w->at);
    w->at = up;
    return 0;
}

/* Walks one name further. 1: *place is complete; 0: go on. */
static int take_step(struct walk *w, enum vfs_follow follow, struct vfs_place *place)
{
    const char *after;
    int r = next_name(w, place->name, &after);
    if (r <= 0) { /* the path ended in a directory, or was "/" */
        place->node = r ? NULL : vfs_get(w->at);
        return r ? r : 1;
    }
    if (!vfs_is_dir(w->at))
        return -ENOTDIR;
    place->dots = strcmp(place->name, ".") == 0 ? 1 : strcmp(place->name, "..") == 0 ? 2 : 0;
    if (place->dots) {
        w->rest = after;
        return place->dots == 2 ? step_up(w) : 0;
    }
    bool last = after[strspn(after, "/")] == '\0';
    struct vfs_node *n;
    r = w->at->ops->lookup(w->at, place->name, &n);
    if (r && (r != -ENOENT || !last))
        return r;
    place->slash = *after == '/';
    if (r) {
        place->dir = vfs_get(w->at);
        return 1;
    }
    into_mount(&n);
    if (S_ISLNK(n->type) && (!last || follow == VFS_FOLLOW || (follow == VFS_FOLLOW_SLASH && place->slash))) {
        r = expand_link(w, n, after);
        vfs_put(n);
        return r;
    }
    if (last) {
        place->dir = vfs_get(w->at);
        place->node = n;
        return 1;
    }
    vfs_put(w->at);
    w->at = n;
    w->rest = after;
    return 0;
}

int vfs_walk(struct vfs_node *start, const char *path, enum vfs_follow follow, struct vfs_place *place)
{
    *place = (struct vfs_place){0};
    if (!*path)
        return -ENOENT;
    if (strnlen(path, VFS_PATH_MAX) == VFS_PATH_MAX)
        return -ENAMETOOLONG;
    struct walk w = {.at = vfs_get(*path == '/' ? vfs_root() : start), .rest = path};
    into_mount(&w.at);
    int r;
    while ((r = take_step(&w, follow, place)) == 0)
        continue;
    vfs_put(w.at);
    free(w.text);
    place->linked = w.links != 0;
    if (r == 1 && place->node && place->slash && !vfs_is_dir(place->node) && follow != VFS_FOLLOW_MADE)
        r = -ENOTDIR;
    if (r != 1) {
        vfs_leave(place);
        return r;
    }
    return 0;
}

void vfs_leave(struct vfs_place *place)
{
    vfs_put(place->dir);
    vfs_put(place->node);
    place->dir = place->node = NULL;
}

/* Text grows from the end of the buffer. */
static int prepend_name(char *text, size_t *at, const char *name)
{
    size_t length = strlen(name);
    if (length + 1 > *at)
        return -ENAMETOOLONG;
    *at -= length;
    /* NOLINTNEXTLINE(bugprone-not-null-terminated-result): the text continues there */
    memcpy(text + *at, name, length);
    text[--*at] = '/';
    return 0;
}

ssize_t vfs_text(struct vfs_node *dir, const char *name, char *out, size_t size)
{
    char part[VFS_NAME_MAX + 1];
    char *text = malloc(VFS_PATH_MAX);
    if (!text)
        return -ENOMEM;
    size_t at = VFS_PATH_MAX - 1;
    text[at] = '\0';
    int r = *name ? prepend_name(text, &at, name) : 0;
    for (struct vfs_node *n = vfs_get(dir), *up;; n = up) {
        while (n->covered) {
            up = vfs_get(n->covered);
            vfs_put(n);
            n = up;
        }
        if (r || n == vfs_root() || (r = n->ops->name(n, part)) || (r = prepend_name(text, &at, part)) ||
            (r = n->ops->parent(n, &up))) {
            vfs_put(n);
            break;
        }
        vfs_put(n);
    }
    if (!r && !text[at])
        text[--at] = '/';
    size_t bytes = VFS_PATH_MAX - at;
    if (!r && bytes > size)
        r = -ERANGE;
    if (!r)
        memcpy(out, text + at, bytes);
    free(text);
    return r ? r : (ssize_t)bytes;
}

/* Makes all missing directories of `path`. */
static int make_all(char *path)
{
    for (char *slash = path; (slash = strchr(slash + 1, '/')) || slash == NULL;) {
        struct vfs_place p;
        if (slash)
            *slash = '\0';
        int r = vfs_walk(vfs_root(), path, VFS_FOLLOW, &p);
        if (!r && !p.node) {
            void *handle;
            /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): a walk without a node found the directory */
            r = p.dir->ops->create(p.dir, p.name, S_IFDIR | 0755, 0, NULL, &p.node, &handle);
        } else if (!r && !vfs_is_dir(p.node)) {
            r = -ENOTDIR;
        }
        vfs_leave(&p);
        if (!slash || r)
            return r;
        *slash = '/';
    }
    return 0;
}

int vfs_mount_at(const char *path, struct vfs_node *root)
{
    char *copy = strdup(path);
    struct vfs_place p = {0};
    int r = copy ? make_all(copy) : -ENOMEM;
    free(copy);
    if (!r)
        r = vfs_walk(vfs_root(), path, VFS_FOLLOW, &p);
    if (!r && p.node->covered)
        r = -EBUSY;
    if (r) {
        vfs_leave(&p);
        vfs_put(root);
        return r;
    }
    root->covered = vfs_get(p.node);
    p.node->cover = root;
    vfs_leave(&p);
    return 0;
}
