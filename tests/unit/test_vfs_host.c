/* The nodes of a directory of the host, with a server that is only imagined: directories nested deeply, and some that
 * are moved on the host.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "check.h"
#include "guest/libs/vfs/host/host.h"

extern uint32_t vfs_clients_are; /* vfs_sys.c */

static struct host_mount m;
static uint64_t forgotten; /* lookups */

void host_post(struct host_mount *mount, const struct host_call *call)
{
    const struct fuse_forget_in *in = call->in;
    CHECK(mount == &m && call->opcode == FUSE_FORGET);
    forgotten += in->nlookup;
}

ssize_t host_read(struct vfs_node *n, void *handle, void *buffer, size_t size, uint64_t offset)
{
    (void)n, (void)handle, (void)buffer, (void)size, (void)offset;
    return -EIO; /* nothing is read here */
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
    enum { LEVELS = 8000 };
    struct rlimit usual, little;
    CHECK(getrlimit(RLIMIT_STACK, &usual) == 0);
    little = (struct rlimit){512 << 10, usual.rlim_max};
    CHECK(setrlimit(RLIMIT_STACK, &little) == 0); /* about what a thread of a guest has, with room for sanitizers */
    struct host_node *at = look_up(NULL, NULL, FUSE_ROOT_ID);
    for (int i = 0; i < LEVELS; i++) {
        struct host_node *next = look_up(at, "d", FUSE_ROOT_ID + 1 + (uint64_t)i);
        vfs_put(&at->vfs);
        at = next;
    }
    CHECK(forgotten == 0);
    vfs_put(&at->vfs);
    CHECK(forgotten == LEVELS + 1);
    CHECK(setrlimit(RLIMIT_STACK, &usual) == 0);
    for (int i = 0; i < HOST_BUCKETS; i++)
        CHECK(!m.nodes[i]);
}

/* One client has the file system know as many directories as it can; another one still gets its part. */
static void test_a12_nodes_of_two_clients(void)
{
    struct vfs_node *n;
    uint32_t outer = bh_caller_enter(0);
    uint64_t id = 1000000, before;
    struct host_node *first[2000];
    int r;
    forgotten = 0;
    while (!(r = host_node(&m, &(struct fuse_entry_out){.nodeid = id, .attr.mode = S_IFREG}, NULL, NULL, &n)))
        id++;
    CHECK(r == -ENFILE && id - 1000000 > 2000 && forgotten == 1); /* the server is told of the last one */
    bh_caller_leave(outer);
    outer = bh_caller_enter(1);
    for (int i = 0; i < 2000; i++) {
        CHECK(host_node(&m, &(struct fuse_entry_out){.nodeid = 1 + (uint64_t)i, .attr.mode = S_IFREG}, NULL, NULL,
                        &n) == 0);
        first[i] = host_of(n);
    }
    for (int i = 0; i < 2000; i++)
        vfs_put(&first[i]->vfs);
    bh_caller_leave(outer);
    before = id;
    for (int i = 0; i < HOST_BUCKETS; i++)
        while (m.nodes[i])
            vfs_put(&m.nodes[i]->vfs);
    outer = bh_caller_enter(0); /* what was given back can be taken again */
    for (id = 1000000; !host_node(&m, &(struct fuse_entry_out){.nodeid = id, .attr.mode = S_IFREG}, NULL, NULL, &n);)
        id++;
    CHECK(id == before);
    for (int i = 0; i < HOST_BUCKETS; i++)
        while (m.nodes[i])
            vfs_put(&m.nodes[i]->vfs);
    bh_caller_leave(outer);
    forgotten = 0;
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
    vfs_clients_are = 3;
    RUN(test_a12_nodes_of_two_clients);
    RUN(test_a8_nested_directories);
    RUN(test_a9_directories_moved_on_the_host);
    return CHECK_RESULT();
}
