/* Directories: names for nodes.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ramfs.h"

static uint32_t hash_of(const char *name)
{
    uint32_t hash = 0x811c9dc5;
    while (*name)
        hash = (hash ^ (unsigned char)*name++) * 0x01000193;
    return hash;
}

static size_t index_of(const struct rf_node *dir, const char *name)
{
    uint32_t hash = hash_of(name);
    size_t i = 0;
    while (i < dir->n_entries &&
           (dir->entries[i]->hash != hash || strcmp(dir->entries[i]->name, name) != 0))
        i++;
    return i;
}

struct rf_node *rf_find(const struct rf_node *dir, const char *name)
{
    size_t i = index_of(dir, name);
    return i < dir->n_entries ? dir->entries[i]->node : NULL;
}

/* `n` has one name more, in `dir`. */
static void named(struct rf_node *n, struct rf_node *dir)
{
    n->links++;
    if (S_ISDIR(n->mode)) {
        rf_get(dir); /* for .. */
        if (n->parent)
            rf_put(n->parent);
        n->parent = dir;
    }
    rf_touch(dir, true);
    rf_touch(n, false);
}

static void unnamed(struct rf_node *n)
{
    rf_touch(n, false);
    rf_get(n);
    n->links--;
    rf_put(n);
}

int rf_link(struct rf_node *dir, const char *name, struct rf_node *n)
{
    size_t length = strlen(name);
    if (dir->n_entries == dir->room) {
        size_t room = dir->room ? dir->room * 2 : 8;
        struct rf_entry **grown = realloc(dir->entries, room * sizeof(*grown));
        if (!grown)
            return -ENOSPC;
        dir->entries = grown;
        dir->room = room;
    }
    struct rf_entry *e = malloc(sizeof(*e) + length + 1);
    if (!e)
        return -ENOSPC;
    *e = (struct rf_entry){.node = n, .cookie = dir->next_cookie++, .hash = hash_of(name)};
    memcpy(e->name, name, length + 1);
    dir->entries[dir->n_entries++] = e;
    named(n, dir);
    return 0;
}

void rf_unlink(struct rf_node *dir, const char *name)
{
    size_t i = index_of(dir, name);
    struct rf_entry *e = dir->entries[i];
    struct rf_node *n = e->node;
    memmove(dir->entries + i, dir->entries + i + 1, (--dir->n_entries - i) * sizeof(*dir->entries));
    free(e);
    rf_touch(dir, true);
    unnamed(n);
}

void rf_replace(struct rf_node *dir, const char *name, struct rf_node *n)
{
    struct rf_entry *e = dir->entries[index_of(dir, name)];
    struct rf_node *old = e->node;
    e->node = n;
    named(n, dir);
    unnamed(old);
}

const struct rf_entry *rf_next(const struct rf_node *dir, uint64_t cookie)
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
