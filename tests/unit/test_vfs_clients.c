/* The file system with several clients: what one of them takes leaves the others their parts.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <fcntl.h>

#include <bh/callers.h>

#include "check.h"
#include "guest/libs/vfs/ram/ram.h"

static vfs_file_t root;
extern uint32_t vfs_clients_are; /* vfs_sys.c */

static vfs_file_t open_at(const char *path, uint32_t flags)
{
    vfs_file_t f = NULL;
    CHECK(vfs_open(root, path, flags, 0644, &f) == 0);
    return f;
}

/* Three clients: one that takes what it can get leaves each of the others a sixth, of memory and of locks. */
static void test_a12_client_takes_all(void)
{
    static char part[1 << 16];
    uint32_t outer = bh_caller_enter(0);
    uint64_t hostile = 0, mine = 0;
    vfs_file_t large = open_at("/hostile", O_RDWR | O_CREAT);
    while (vfs_write(large, part, sizeof(part), hostile) == sizeof(part))
        hostile += sizeof(part);
    struct vfs_lock lock = {.type = F_WRLCK};
    int locks = 0;
    while (vfs_lock(large, &lock, 0) == 0) {
        locks++;
        lock.first = lock.last = 2 * (uint64_t)locks;
    }
    CHECK(hostile > 8 << 20 && locks > 2000 && locks < 4096);
    bh_caller_leave(outer);

    outer = bh_caller_enter(1);
    vfs_file_t file = open_at("/mine", O_RDWR | O_CREAT);
    for (; mine < 2 << 20; mine += sizeof(part))
        CHECK(vfs_write(file, part, sizeof(part), mine) == sizeof(part));
    for (lock = (struct vfs_lock){.type = F_WRLCK}; lock.first < 1000; lock.first = lock.last += 2)
        CHECK(vfs_lock(file, &lock, 0) == 0);
    /* Whoever truncates or removes a file, its memory is given back to the client that wrote it. */
    CHECK(vfs_remove(root, "/hostile", 0) == 0);
    bh_caller_leave(outer);
    vfs_close(large);
    outer = bh_caller_enter(0);
    large = open_at("/hostile", O_RDWR | O_CREAT);
    CHECK(vfs_write(large, part, sizeof(part), 0) == sizeof(part));
    lock = (struct vfs_lock){.last = UINT64_MAX, .type = F_WRLCK};
    CHECK(vfs_lock(large, &lock, 0) == 0);
    bh_caller_leave(outer);
    vfs_close(large);
    vfs_close(file);
    CHECK(vfs_remove(root, "/hostile", 0) == 0 && vfs_remove(root, "/mine", 0) == 0);
}

/* An open file counts until it is closed. */
static void test_a12_open_files(void)
{
    static vfs_file_t files[10000];
    uint32_t outer = bh_caller_enter(0);
    vfs_file_t mine;
    int n = 0;
    CHECK(vfs_attach(&mine) == 0);
    while (vfs_open(mine, "/", O_RDONLY, 0, &files[n]) == 0)
        n++;
    CHECK(n > 4096 && n < 8192 && vfs_open(mine, "/", O_RDONLY, 0, &files[n]) == -ENFILE);
    bh_caller_leave(outer);
    outer = bh_caller_enter(1);
    vfs_file_t other;
    CHECK(vfs_attach(&other) == 0 && vfs_close(other) == 0);
    bh_caller_leave(outer);
    CHECK(vfs_close(files[--n]) == 0 && vfs_open(mine, "/", O_RDONLY, 0, &files[n++]) == 0);
    while (n)
        vfs_close(files[--n]);
    vfs_close(mine);
}

int main(void)
{
    vfs_clients_are = 3;
    CHECK(vfs_attach(&root) == 0);
    RUN(test_a12_client_takes_all);
    RUN(test_a12_open_files);
    vfs_close(root);
    return CHECK_RESULT();
}
