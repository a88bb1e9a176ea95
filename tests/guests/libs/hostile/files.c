/* The hostile client of the file system.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "parts.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <vfs/vfs.h>

enum { FILES_MAX = 20000, PART = 1 << 16, OF_DIRECTORY = 500 };

static vfs_file_t root, taken[FILES_MAX];
static uint32_t n_taken;

static vfs_file_t open_root(void)
{
    if (!root)
        vfs_attach(&root);
    return root;
}

static vfs_file_t open_file(const char *path, uint32_t flags)
{
    vfs_file_t file = NULL;
    return vfs_open(open_root(), path, flags, 0644, &file) ? NULL : file;
}

static int take_files(void)
{
    int n = 0;
    while (n_taken < FILES_MAX && (taken[n_taken] = open_file("/", O_RDONLY))) {
        n_taken++;
        n++;
    }
    return n;
}

static int take_locks(void)
{
    vfs_file_t file = open_file("/shared", O_RDWR | O_CREAT);
    struct vfs_lock lock = {.type = F_WRLCK};
    int n = 0;
    while (n < FILES_MAX) { /* every second byte, so that no two are one */
        lock.first = lock.last = 2 * (uint64_t)n;
        if (vfs_lock(file, &lock, 0))
            return n;
        n++;
    }
    return n;
}

static int take_bytes(void)
{
    static char part[PART];
    vfs_file_t file = open_file("/large", O_RDWR | O_CREAT);
    uint64_t size = 0;
    ssize_t r;
    while (file && (r = vfs_write(file, part, sizeof(part), size)) > 0)
        size += (uint64_t)r;
    return (int)(size / 1024);
}

static int take_names(void)
{
    char path[64];
    for (int n = 0;; n++) {
        snprintf(path, sizeof(path), "/tmp/d%d", n / OF_DIRECTORY);
        if (n % OF_DIRECTORY == 0)
            vfs_make(open_root(), path, 0755);
        snprintf(path + strlen(path), sizeof(path) - strlen(path), "/n%d", n);
        vfs_file_t file = open_file(path, O_RDWR | O_CREAT);
        if (!file)
            return n;
        vfs_close(file);
    }
}

int take_of_files(int what)
{
    switch (what) {
    case HOSTILE_FILES:
        return take_files();
    case HOSTILE_LOCKS:
        return take_locks();
    case HOSTILE_BYTES:
        return take_bytes();
    case HOSTILE_NAMES:
        return take_names();
    default:
        return -1;
    }
}

void give_back_files(void)
{
    while (n_taken)
        vfs_close(taken[--n_taken]);
}

void wait_for_lock(void *unused)
{
    struct vfs_lock lock = {.last = UINT64_MAX, .type = F_WRLCK};
    vfs_file_t file = open_file("/held", O_RDWR | O_CREAT);
    (void)unused;
    vfs_lock(file, &lock, 1);
}
