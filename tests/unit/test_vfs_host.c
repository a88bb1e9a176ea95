/* The nodes of a directory of the host, with a server that is only imagined: directories nested deeply, and some that
 * are moved on the host.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "guest/libs/vfs/host/host.h"

static struct host_mount m;
static uint64_t forgotten; /* lookups */

void host_post(struct host_mount *mount, const struct host_call *call)
{
    const struct fuse_forget_in *in = call->in;
    CHECK(mount == &m && call->opcode == FUSE_FORGET);
    forgotten += in->nlookup;
}

static int parent_of(struct vfs_node *dir, struct vfs_node **out)
{
    struct host_node *up = host_of(dir)->parent;
    *out = vfs_get(up ? &up->vfs : dir);
    return 0;
}

const struct vfs_ops host_ops = {.release = host_release, .parent = parent_of};

/* What a lookup that the server answers with the directory `id` gives. */
static struct host_node *look_up(struct host_node *dir, const char *name, uint64_t id)
{
    struct vfs_node *n = NULL;
    const struct fuse_entry_out entry = {.nodeid = id, .attr.mode = S_IFDIR | 0755};
    CHECK(host_node(&m, &entry, dir, name, &n) == 0);
    return host_of(n);
}

/* The root is reached from everywhere. */
static bool ends(const struct host_node *n)
{
    for (int i = 0; i < 1000; i++)
        if (!(n = n->parent))
            return true;
    return false;
}

static void test_a8_nested_directories(void)
{
    enum { LEVELS = 200000 };
    struct host_node *at = look_up(NULL, NULL, FUSE_ROOT_ID);
    for (int i = 0; i < LEVELS; i++) {
        struct host_node *next = look_up(at, "d", FUSE_ROOT_ID + 1 + (uint64_t)i);
        vfs_put(&at->vfs);
        at = next;
    }
    CHECK(forgotten == 0);
    vfs_put(&at->vfs);
    CHECK(forgotten == LEVELS + 1);
    for (int i = 0; i < HOST_BUCKETS; i++)
        CHECK(!m.nodes[i]);
}

static void test_a9_directories_moved_on_the_host(void)
{
    struct host_node *root = look_up(NULL, NULL, FUSE_ROOT_ID), *a = look_up(root, "a", 2), *b = look_up(a, "b", 3);
    CHECK(b->parent == a && a->parent == root);
    /* On the host: mv a/b b; mv a b/a. Somebody who stands in b looks up a. */
    CHECK(look_up(b, "a", 2) == a && ends(a) && ends(b));
    /* Found from the root, the new places are known. */
    CHECK(look_up(root, "b", 3) == b && b->parent == root && look_up(b, "a", 2) == a && a->parent == b);
    CHECK(!strcmp(a->name, "a") && !strcmp(b->name, "b") && ends(a) && ends(b));
    /* A server that answers with the directory itself, or with the root. */
    CHECK(look_up(a, "x", 2) == a && look_up(a, "x", FUSE_ROOT_ID) == root && ends(a) && !root->parent);
    /* Moves at random: whatever is found where, there is an end. */
    enum { DIRS = 12 };
    struct host_node *dirs[DIRS] = {root};
    for (int i = 1; i < DIRS; i++)
        dirs[i] = look_up(root, "n", 10 + (uint64_t)i);
    srand(9);
    for (int round = 0; round < 20000; round++) {
        int to = rand() % DIRS, n = 1 + rand() % (DIRS - 1);
        CHECK(look_up(dirs[to], "n", 10 + (uint64_t)n) == dirs[n]);
        vfs_put(&dirs[n]->vfs);
        for (int i = 0; i < DIRS; i++)
            CHECK(ends(dirs[i]));
    }
    for (int i = 1; i < DIRS; i++)
        vfs_put(&dirs[i]->vfs);
    for (int i = 0; i < 4; i++)
        vfs_put(&a->vfs);
    for (int i = 0; i < 2; i++) {
        vfs_put(&b->vfs);
        vfs_put(&root->vfs);
    }
    for (int i = 0; i < HOST_BUCKETS; i++)
        CHECK(!m.nodes[i]);
}

int main(void)
{
    RUN(test_a8_nested_directories);
    RUN(test_a9_directories_moved_on_the_host);
    return CHECK_RESULT();
}
