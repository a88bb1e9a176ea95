/* Directories: names for nodes.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ram.h"

static uint32_t hash_of(const char *name)
{
    uint32_t hash = 0x811c9dc5;
    while (*name)
        hash = (hash ^ (unsigned char)*name++) * 0x01000193;
    return hash;
}

static size_t index_of(const struct ram_node *dir, const char *name)
{
    uint32_t hash = hash_of(name);
    size_t i = 0;
    while (i < dir->n_entries && (dir->entries[i]->hash != hash || strcmp(dir->entries[i]->name, name) != 0))
        i++;
    return i;
}

struct ram_node *ram_find(const struct ram_node *dir, const char *name)
{
    size_t i = index_of(dir, name);
    return i < dir->n_entries ? dir->entries[i]->node : NULL;
}

/* `n` has one name more, in `dir`. */
static void name_added(struct ram_node *n, struct ram_node *dir)
{
    n->links++;
    if (S_ISDIR(n->mode)) {
        vfs_get(&dir->vfs); /* for .. */
        if (n->parent)
            vfs_put(&n->parent->vfs);
        n->parent = dir;
    }
    ram_touch(dir, true);
    ram_touch(n, false);
}

static void name_dropped(struct ram_node *n)
{
    ram_touch(n, false);
    vfs_get(&n->vfs);
    n->links--;
    vfs_put(&n->vfs);
}

int ram_link(struct ram_node *dir, const char *name, struct ram_node *n)
{
    size_t length = strlen(name);
    if (dir->n_entries == dir->room) {
        size_t room = dir->room ? dir->room * 2 : 8;
        struct ram_entry **grown = realloc(dir->entries, room * sizeof(*grown));
        if (!grown)
            return -ENOSPC;
        dir->entries = grown;
        dir->room = room;
    }
    struct ram_entry *e = vfs_resize(NULL, sizeof(*e) + length + 1);
    if (!e)
        return -ENOSPC;
    *e = (struct ram_entry){.node = n, .cookie = dir->next_cookie++, .hash = hash_of(name)};
    memcpy(e->name, name, length + 1);
    dir->entries[dir->n_entries++] = e;
    name_added(n, dir);
    return 0;
}

void ram_unlink(struct ram_node *dir, const char *name)
{
    size_t i = index_of(dir, name);
    struct ram_entry *e = dir->entries[i];
    struct ram_node *n = e->node;
    memmove(dir->entries + i, dir->entries + i + 1, (--dir->n_entries - i) * sizeof(*dir->entries));
    vfs_free(e);
    ram_touch(dir, true);
    name_dropped(n);
}

void ram_replace(struct ram_node *dir, const char *name, struct ram_node *n)
{
    struct ram_entry *e = dir->entries[index_of(dir, name)];
    struct ram_node *old = e->node;
    e->node = n;
    name_added(n, dir);
    name_dropped(old);
}

const struct ram_entry *ram_next(const struct ram_node *dir, uint64_t cookie)
{
    size_t low = 0, high = dir->n_entries;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (dir->entries[middle]->cookie > cookie)
            high = middle;
        else
            low = middle + 1;
    }
    return low < dir->n_entries ? dir->entries[low] : NULL;
}

const char *ram_name(const struct ram_node *dir, const struct ram_node *n)
{
    for (size_t i = 0; i < dir->n_entries; i++)
        if (dir->entries[i]->node == n)
            return dir->entries[i]->name;
    return NULL;
}
