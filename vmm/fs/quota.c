/* Adds up what a mount's directory holds, and refuses what is beyond its quota.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/fs/quota.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "vmm/base/clock.h"

enum { DEPTH_MAX = 256 };        /* of directories in each other, all open while they are counted */
#define COUNT_PAUSE 250000000ull /* cycles between two counts that found no room: about a tenth of a second */
#define TOO_DEEP    UINT64_MAX   /* nobody knows how much it is */

static uint64_t round_up(uint64_t size)
{
    return (size + FS_NAME_CHARGE - 1) / FS_NAME_CHARGE * FS_NAME_CHARGE;
}

static int open_below(int dir, const char *name, uint64_t flags)
{
    const struct open_how how = {.flags = flags | O_NOFOLLOW | O_CLOEXEC,
                                 .resolve =
                                     RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV};
    return (int)syscall(SYS_openat2, dir, name, &how, sizeof(how));
}

/* What a name costs. A file with several names is spread over them. */
static uint64_t count_name(int dir, const char *name)
{
    struct stat st;
    int fd = open_below(dir, name, O_PATH);
    if (fd < 0)
        return FS_NAME_CHARGE;
    bool known = fs_stat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_nlink;
    close(fd);
    return FS_NAME_CHARGE + (known ? round_up((uint64_t)st.st_size) / st.st_nlink : 0);
}

/* Counts entries of a directory until one is a directory. Returns a descriptor of that, or -1 at the end; the next call
 * continues behind it. */
static int count_until_directory(int dir, uint64_t *bytes)
{
    _Alignas(8) char entries[1024];
    long got;
    while ((got = syscall(SYS_getdents64, dir, entries, sizeof(entries))) > 0) {
        for (long at = 0; at < got;) {
            const struct fs_dirent *e = (const void *)(entries + at);
            at += e->bytes;
            if (strcmp(e->name, ".") == 0 || strcmp(e->name, "..") == 0)
                continue;
            *bytes += count_name(dir, e->name);
            bool may_be = e->type == DT_DIR || e->type == DT_UNKNOWN;
            int below = may_be ? open_below(dir, e->name, O_RDONLY | O_DIRECTORY | O_NONBLOCK) : -1;
            if (below < 0)
                continue;
            if (lseek(dir, e->next, SEEK_SET) >= 0)
                return below;
            close(below);
        }
    }
    return -1;
}

static uint64_t count_tree(const struct fs *f)
{
    int stack[DEPTH_MAX];
    unsigned depth = 0;
    uint64_t bytes = 0;
    stack[0] = fs_reopen(f, &f->nodes[0], O_RDONLY | O_DIRECTORY);
    if (stack[0] < 0)
        return 0;
    for (;;) {
        int below = count_until_directory(stack[depth], &bytes);
        if (below >= 0 && depth + 1 < DEPTH_MAX) {
            stack[++depth] = below;
            continue;
        }
        if (below >= 0) {
            close(below);
            bytes = TOO_DEEP;
        }
        close(stack[depth]);
        if (bytes == TOO_DEEP)
            while (depth)
                close(stack[--depth]);
        if (!depth--)
            return bytes;
    }
}

/* Files that the guest has, and that no name leads to any more. */
static uint64_t count_nameless(const struct fs *f)
{
    uint64_t bytes = 0;
    struct stat st;
    for (uint32_t i = 0; i < f->n_nodes; i++)
        if (f->nodes[i].fd >= 0 && f->nodes[i].type == S_IFREG && fs_stat(f->nodes[i].fd, &st) == 0 && !st.st_nlink)
            bytes += round_up((uint64_t)st.st_size);
    for (uint32_t i = 0; i < FS_FILES_MAX; i++) {
        const struct fs_file *file = &f->files[i];
        if (file->fd < 0 || file->directory || fs_stat(file->fd, &st) || st.st_nlink)
            continue;
        const struct fs_node *n = &f->nodes[file->node - 1];
        if (n->fd < 0 || n->inode != st.st_ino || n->device != st.st_dev) /* its node was forgotten */
            bytes += round_up((uint64_t)st.st_size);
    }
    return bytes;
}

static void count_all(struct fs *f)
{
    uint64_t tree = count_tree(f);
    f->quota.used = tree == TOO_DEEP ? TOO_DEEP : tree + count_nameless(f);
    f->quota.counted = true;
    f->quota.freed = false;
    f->quota.next_count = clock_cycles() + COUNT_PAUSE;
}

static bool has_room(const struct fs_quota *q, uint64_t bytes)
{
    return q->counted && q->used <= q->size && bytes <= q->size - q->used;
}

int fs_charge(struct fs *f, uint64_t bytes)
{
    struct fs_quota *q = &f->quota;
    if (!q->size || !bytes)
        return 0;
    if (!has_room(q, bytes) && (!q->counted || q->freed || clock_cycles() >= q->next_count))
        count_all(f);
    if (!has_room(q, bytes))
        return ENOSPC;
    q->used += bytes;
    return 0;
}

int fs_charge_growth(struct fs *f, int fd, uint64_t offset, uint64_t size, bool append)
{
    struct stat st;
    if (!f->quota.size)
        return 0;
    if (fs_stat(fd, &st))
        return errno;
    uint64_t now = (uint64_t)st.st_size, end;
    if (__builtin_add_overflow(append ? now : offset, size, &end) || end > INT64_MAX)
        return EFBIG;
    return end > now ? fs_charge(f, round_up(end) - round_up(now)) : 0;
}

void fs_freed(struct fs *f)
{
    f->quota.freed = true;
}

void fs_quota_room(struct fs *f, struct fuse_kstatfs *st)
{
    struct fs_quota *q = &f->quota;
    if (!q->size || !st->frsize)
        return;
    if (!q->counted || q->freed || clock_cycles() >= q->next_count)
        count_all(f);
    uint64_t room = (q->used < q->size ? q->size - q->used : 0) / st->frsize;
    st->blocks = q->size / st->frsize;
    st->bfree = room < st->bfree ? room : st->bfree;
    st->bavail = room < st->bavail ? room : st->bavail;
}
