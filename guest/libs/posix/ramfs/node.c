/* Nodes of the file system: files and directories, apart from their names.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <time.h>

#include "ramfs.h"

enum { DEVICE = 1 }; /* st_dev */

static struct rf_node root = {
    .ino = 1, .mode = S_IFDIR | 0755, .links = 1, .refs = 1, .parent = &root, .next_cookie = 3};
static uint64_t last_ino = 1;

struct rf_node *rf_root(void)
{
    return &root;
}

void rf_touch(struct rf_node *n, bool contents)
{
    clock_gettime(CLOCK_REALTIME, &n->changed);
    if (contents)
        n->modified = n->changed;
}

struct rf_node *rf_new(mode_t mode)
{
    struct rf_node *n = calloc(1, sizeof(*n));
    if (!n)
        return NULL;
    n->ino = ++last_ino;
    n->mode = mode;
    n->refs = 1;
    n->next_cookie = 3; /* 1 and 2 are those of . and .. */
    rf_touch(n, true);
    return n;
}

void rf_get(struct rf_node *n)
{
    n->refs++;
}

void rf_put(struct rf_node *n)
{
    if (--n->refs || n->links)
        return;
    struct rf_node *parent = n->parent;
    rf_truncate(n, 0);
    free(n->entries);
    free(n);
    if (parent)
        rf_put(parent);
}

void rf_stat(const struct rf_node *n, struct stat *st)
{
    *st = (struct stat){
        .st_dev = DEVICE,
        .st_ino = n->ino,
        .st_mode = n->mode,
        .st_nlink = S_ISDIR(n->mode) ? n->links + 1 : n->links,
        .st_size = (off_t)n->size,
        .st_blksize = RF_BLOCK,
        .st_blocks = (blkcnt_t)((n->size + 511) / 512),
        .st_atim = n->modified,
        .st_mtim = n->modified,
        .st_ctim = n->changed,
    };
}
