/* Nodes of the tree in memory, apart from their names.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>

#include "ram.h"

static uint64_t last_ino;
static struct ram_node *root;

void ram_touch(struct ram_node *n, bool contents)
{
    n->changed = vfs_clock();
    if (contents)
        n->modified = n->changed;
}

struct ram_node *ram_new(uint32_t mode)
{
    struct ram_node *n = vfs_zeros(sizeof(*n));
    if (!n)
        return NULL;
    n->vfs = (struct vfs_node){.ops = &ram_ops, .refs = 1, .type = mode & S_IFMT};
    n->ino = ++last_ino;
    n->mode = mode;
    n->next_cookie = RAM_FIRST;
    ram_touch(n, true);
    n->accessed = n->modified;
    return n;
}

static int add_node(struct ram_node *dir, const char *name, uint32_t mode, enum ram_device device)
{
    struct ram_node *n = ram_new(mode);
    if (!n || ram_link(dir, name, n))
        return -ENOMEM;
    n->device = device;
    vfs_put(&n->vfs);
    return 0;
}

static int fill_root(struct ram_node *top)
{
    int r = add_node(top, "tmp", S_IFDIR | 01777, RAM_NO_DEVICE);
    if (!r)
        r = add_node(top, "dev", S_IFDIR | 0755, RAM_NO_DEVICE);
    struct ram_node *dev = r ? NULL : ram_find(top, "dev");
    if (!r)
        r = add_node(dev, "null", S_IFCHR | 0666, RAM_NULL);
    if (!r)
        r = add_node(dev, "zero", S_IFCHR | 0666, RAM_ZERO);
    if (!r)
        r = add_node(dev, "random", S_IFCHR | 0666, RAM_RANDOM);
    return r ? r : add_node(dev, "urandom", S_IFCHR | 0666, RAM_RANDOM);
}

struct vfs_node *ram_root(void)
{
    if (root)
        return &root->vfs;
    struct ram_node *top = ram_new(S_IFDIR | 0755);
    if (!top)
        return NULL;
    top->links = 1;
    top->parent = top;
    if (fill_root(top)) /* the nodes made so far are not freed: without memory nothing else works either */
        return NULL;
    root = top;
    return &root->vfs;
}
