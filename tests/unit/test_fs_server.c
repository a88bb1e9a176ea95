/* The server of a mount against a hostile guest, and a hostile neighbour on the host.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "fs_rig.h"
#include "vmm/fs/quota.h"

static const char *below(const char *name)
{
    static char path[4][512];
    static int turn;
    char *to = path[turn++ % 4];
    snprintf(to, 512, "%s/%s", rig_path, name);
    return to;
}

static void test_names(void)
{
    uint64_t node, fh;
    const char *bad[] = {"..", ".", "", "a/b", "/etc/passwd", "../x"};
    struct fuse_mkdir_in mode = {.mode = 0755};
    struct fuse_rename2_in to_root = {.newdir = FUSE_ROOT_ID};
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        CHECK(rig_lookup(FUSE_ROOT_ID, bad[i], &node) == EINVAL);
        CHECK(rig_create(FUSE_ROOT_ID, bad[i], &node, &fh) == EINVAL);
        CHECK(rig_send(FUSE_MKDIR, FUSE_ROOT_ID, &mode, sizeof(mode), bad[i], NULL) == EINVAL);
        CHECK(rig_send(FUSE_UNLINK, FUSE_ROOT_ID, NULL, 0, bad[i], NULL) == EINVAL);
        CHECK(rig_send(FUSE_SYMLINK, FUSE_ROOT_ID, NULL, 0, bad[i], "x") == EINVAL);
        CHECK(rig_send(FUSE_RENAME2, FUSE_ROOT_ID, &to_root, sizeof(to_root), "x", bad[i]) == EINVAL);
    }
    char longest[258];
    memset(longest, 'n', sizeof(longest));
    longest[255] = '\0';
    CHECK(rig_create(FUSE_ROOT_ID, longest, &node, &fh) == 0 && rig_lookup(FUSE_ROOT_ID, longest, &node) == 0);
    CHECK(rig_send(FUSE_UNLINK, FUSE_ROOT_ID, NULL, 0, longest, NULL) == 0);
    longest[255] = 'n', longest[256] = '\0';
    CHECK(rig_create(FUSE_ROOT_ID, longest, &node, &fh) == ENAMETOOLONG);
    for (int byte = 1; byte < 256; byte++) {
        char name[3] = {(char)byte, 'x', '\0'};
        if (byte == '/')
            continue;
        CHECK(rig_create(FUSE_ROOT_ID, name, &node, &fh) == 0 && access(below(name), F_OK) == 0);
        CHECK(rig_send(FUSE_UNLINK, FUSE_ROOT_ID, NULL, 0, name, NULL) == 0);
    }
}

static void test_files(void)
{
    uint64_t node, fh, again;
    struct stat st;
    CHECK(rig_create(FUSE_ROOT_ID, "file", &node, &fh) == 0 && rig_write(fh, "hello", 3) == 0);
    CHECK(stat(below("file"), &st) == 0 && st.st_size == 8 && (st.st_mode & 07777) == 0755); /* no set-user-ID */
    struct fuse_read_in in = {.fh = fh, .offset = 4, .size = 100};
    CHECK(rig_send(FUSE_READ, node, &in, sizeof(in), NULL, NULL) == 0 && rig_reply.size == 4);
    CHECK(memcmp(rig_data, "ello", 4) == 0);
    CHECK(rig_lookup(FUSE_ROOT_ID, "file", &again) == 0 && again == node);
    CHECK(link(below("file"), below("twin")) == 0 && rig_lookup(FUSE_ROOT_ID, "twin", &again) == 0 && again == node);
    CHECK(rig_create(FUSE_ROOT_ID, "file", &node, &again) == EEXIST);
    struct fuse_release_in done = {.fh = fh};
    CHECK(rig_send(FUSE_RELEASE, node, &done, sizeof(done), NULL, NULL) == 0);
    CHECK(rig_write(fh, "late", 0) == EBADF && rig_send(FUSE_RELEASE, node, &done, sizeof(done), NULL, NULL) == EBADF);
}

/* Links are the guest's to follow: here they are never followed, wherever they lead. */
static void test_links_lead_nowhere(void)
{
    uint64_t node, fh, dir;
    CHECK(symlink("/etc/passwd", below("absolute")) == 0 && symlink("nothing", below("dangling")) == 0);
    CHECK(symlink("..", below("up")) == 0 && symlink(rig_outside, below("outside")) == 0);
    const char *names[] = {"absolute", "dangling", "up", "outside"};
    for (int i = 0; i < 4; i++) {
        CHECK(rig_lookup(FUSE_ROOT_ID, names[i], &node) == 0 && S_ISLNK(rig_reply.entry.attr.mode));
        CHECK(rig_open_node(node, O_RDONLY, &fh) == ELOOP && rig_open_node(node, O_RDWR, &fh) == ELOOP);
        CHECK(rig_open_node(node, O_RDONLY | O_DIRECTORY, &fh) == ENOTDIR && rig_lookup(node, "x", &dir) == ENOTDIR);
        struct fuse_setattr_in set = {.valid = FATTR_SIZE, .size = 0};
        CHECK(rig_send(FUSE_SETATTR, node, &set, sizeof(set), NULL, NULL) == EINVAL);
        set = (struct fuse_setattr_in){.valid = FATTR_MODE, .mode = 0777};
        CHECK(rig_send(FUSE_SETATTR, node, &set, sizeof(set), NULL, NULL) == EOPNOTSUPP);
        struct fuse_link_in link = {.oldnodeid = node};
        CHECK(rig_send(FUSE_LINK, FUSE_ROOT_ID, &link, sizeof(link), "hard", NULL) == 0);
        CHECK(S_ISLNK(rig_reply.entry.attr.mode) && rig_send(FUSE_UNLINK, FUSE_ROOT_ID, NULL, 0, "hard", NULL) == 0);
        CHECK(rig_create(FUSE_ROOT_ID, names[i], &dir, &fh) == EEXIST);
    }
    CHECK(rig_send(FUSE_READLINK, node, NULL, 0, NULL, NULL) == 0 && rig_reply.size == strlen(rig_outside));
    struct stat st;
    CHECK(stat(rig_outside, &st) == 0 && st.st_size == 6 && (st.st_mode & 0777) == 0600 && st.st_nlink == 1);
}

/* The host swaps a directory for a link while the guest walks: the guest keeps what it had, or sees the link. */
static void test_swapped_during_the_walk(void)
{
    uint64_t dir, node, fh;
    CHECK(mkdir(below("swap"), 0755) == 0 && rig_lookup(FUSE_ROOT_ID, "swap", &dir) == 0);
    CHECK(rename(below("swap"), below("moved")) == 0 && symlink("/etc", below("swap")) == 0);
    CHECK(rig_lookup(dir, "passwd", &node) == ENOENT);
    CHECK(rig_create(dir, "mine", &node, &fh) == 0 && access(below("moved/mine"), F_OK) == 0);
    CHECK(rig_lookup(FUSE_ROOT_ID, "swap", &node) == 0 && S_ISLNK(rig_reply.entry.attr.mode));
    CHECK(rig_lookup(node, "passwd", &node) == ENOTDIR);
    /* And a thousand times at random moments: never through the link. */
    pid_t swapper = fork();
    if (swapper == 0) {
        char a[128], b[128], c[128];
        snprintf(a, sizeof(a), "%s", below("flip"));
        snprintf(b, sizeof(b), "%s", below("real"));
        snprintf(c, sizeof(c), "%s", below("fake"));
        for (;;)
            if (mkdir(b, 0755) || rename(b, a) || rmdir(a) || symlink("/etc", c) || rename(c, a) || unlink(a))
                _exit(1);
    }
    for (int i = 0; i < 1000; i++) {
        uint64_t found;
        CHECK(rig_lookup(FUSE_ROOT_ID, "flip", &node) == 0 || !node);
        CHECK(!node || rig_lookup(node, "passwd", &found) != 0);
        fs_forget(&rig_fs, node, 1);
    }
    kill(swapper, SIGKILL);
    waitpid(swapper, NULL, 0);
}

static void test_devices_and_fifos(void)
{
    uint64_t node, fh;
    CHECK(mkfifo(below("fifo"), 0666) == 0 && rig_lookup(FUSE_ROOT_ID, "fifo", &node) == 0);
    CHECK(S_ISFIFO(rig_reply.entry.attr.mode));
    CHECK(rig_open_node(node, O_RDONLY, &fh) == EACCES && rig_open_node(node, O_WRONLY, &fh) == EACCES);
    if (mknod(below("null"), S_IFCHR | 0666, 0x103) == 0) /* root only */
        CHECK(rig_lookup(FUSE_ROOT_ID, "null", &node) == 0 && rig_open_node(node, O_RDWR, &fh) == EACCES);
    struct fuse_mknod_in in = {.mode = S_IFCHR | 0666, .rdev = 0x103};
    CHECK(rig_send(FUSE_MKNOD, FUSE_ROOT_ID, &in, sizeof(in), "made", NULL) == ENOSYS);
}

static void test_deep_tree(void)
{
    enum { DEPTH = 1500 }; /* the path would be longer than any that the host takes */
    struct fuse_mkdir_in mode = {.mode = 0755};
    uint64_t at = FUSE_ROOT_ID, node, fh;
    for (int i = 0; i < DEPTH; i++) {
        CHECK(rig_send(FUSE_MKDIR, at, &mode, sizeof(mode), "deeper", NULL) == 0);
        at = rig_reply.entry.nodeid;
    }
    CHECK(rig_create(at, "end", &node, &fh) == 0 && rig_write(fh, "x", 0) == 0);
}

static void test_wrong_numbers(void)
{
    uint64_t node, fh;
    const uint64_t ids[] = {0, 1ull << 32, UINT64_MAX, 60000};
    for (int i = 0; i < 4; i++) {
        struct fuse_read_in in = {.fh = ids[i] + 5000, .size = 10};
        struct fuse_rename2_in rename_in = {.newdir = ids[i]};
        struct fuse_link_in link_in = {.oldnodeid = ids[i]};
        CHECK(rig_lookup(ids[i], "x", &node) == ESTALE && rig_open_node(ids[i], O_RDONLY, &fh) == ESTALE);
        CHECK(rig_send(FUSE_READ, FUSE_ROOT_ID, &in, sizeof(in), NULL, NULL) == EBADF);
        CHECK(rig_send(FUSE_RENAME2, FUSE_ROOT_ID, &rename_in, sizeof(rename_in), "a", "b") == ESTALE);
        CHECK(rig_send(FUSE_LINK, FUSE_ROOT_ID, &link_in, sizeof(link_in), "b", NULL) == ESTALE);
        CHECK(rig_send(FUSE_FORGET, ids[i], &ids[i], 8, NULL, NULL) == -1);
    }
    for (uint32_t opcode = 0; opcode < 64; opcode++) { /* too short for whatever it is */
        rig_send(opcode, FUSE_ROOT_ID, NULL, 0, NULL, NULL);
        rig_send(opcode, FUSE_ROOT_ID, "1234", 4, NULL, NULL);
    }
    CHECK(rig_send(4096, FUSE_ROOT_ID, NULL, 0, NULL, NULL) == ENOSYS);
    fs_forget(&rig_fs, FUSE_ROOT_ID, UINT64_MAX);
    CHECK(rig_lookup(FUSE_ROOT_ID, "file", &node) == 0);
}

static void test_forgetting_closes(void)
{
    uint64_t first, node;
    CHECK(rig_lookup(FUSE_ROOT_ID, "file", &first) == 0);
    struct fs_node *n = fs_node(&rig_fs, first);
    uint64_t lookups = n->lookups;
    fs_forget(&rig_fs, first, lookups - 1);
    CHECK(n->fd >= 0);
    fs_forget(&rig_fs, first, 1);
    CHECK(n->fd < 0 && rig_open_node(first, O_RDONLY, &node) == ESTALE);
    CHECK(rig_lookup(FUSE_ROOT_ID, "file", &node) == 0);
}

static int lock(uint64_t node, uint32_t opcode, uint64_t start, uint64_t end, uint32_t type)
{
    struct fuse_lk_in in = {.lk = {.start = start, .end = end, .type = type}};
    return rig_send(opcode, node, &in, sizeof(in), NULL, NULL);
}

static void test_locks_are_the_hosts(void)
{
    uint64_t node;
    CHECK(rig_lookup(FUSE_ROOT_ID, "file", &node) == 0 && lock(node, FUSE_SETLK, 10, 19, F_WRLCK) == 0);
    int fd = open(below("file"), O_RDWR);
    struct flock l = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 15, .l_len = 1};
    CHECK(fcntl(fd, F_SETLK, &l) == -1 && errno == EAGAIN);
    l.l_start = 20;
    CHECK(fcntl(fd, F_SETLK, &l) == 0 && lock(node, FUSE_SETLK, 0, UINT64_MAX, F_WRLCK) == EAGAIN);
    CHECK(lock(node, FUSE_GETLK, 0, UINT64_MAX, F_WRLCK) == 0);
    CHECK(((struct fuse_lk_out *)(void *)rig_reply.body)->lk.start == 20);
    CHECK(lock(node, FUSE_SETLK, 0, UINT64_MAX, F_UNLCK) == 0);
    l.l_start = 15;
    CHECK(fcntl(fd, F_SETLK, &l) == 0 && lock(node, FUSE_SETLK, 5, 1, F_WRLCK) == EINVAL);
    close(fd);
}

/* Each range of bytes is a record in the host's kernel: there is a limit, at which nothing is lost. */
static void test_a12_locked_ranges_are_counted(void)
{
    uint64_t node, other;
    uint32_t n = 0;
    int error;
    CHECK(rig_create(FUSE_ROOT_ID, "ranges", &node, &other) == 0 && rig_lookup(FUSE_ROOT_ID, "twin", &other) == 0);
    while (n < 100000 && (error = lock(node, FUSE_SETLK, n * 2ull, n * 2ull, n & 1 ? F_WRLCK : F_RDLCK)) == 0)
        n++;
    CHECK(error == ENOLCK && n == FS_LOCKS_MAX && lock(other, FUSE_SETLK, 0, 0, F_RDLCK) == ENOLCK);
    int fd = open(below("ranges"), O_RDWR);
    struct flock l = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = n * 2 - 2, .l_len = 1};
    CHECK(fcntl(fd, F_SETLK, &l) == -1 && errno == EAGAIN);
    l.l_start++;
    CHECK(fcntl(fd, F_SETLK, &l) == 0);
    close(fd);
    /* What makes no range more is allowed; room comes back with unlocking, by pieces and as a whole. */
    CHECK(lock(node, FUSE_SETLK, 0, 0, F_UNLCK) == 0 && lock(other, FUSE_SETLK, 0, 99, F_WRLCK) == 0);
    CHECK(lock(other, FUSE_SETLK, 10, 10, F_UNLCK) == ENOLCK && lock(other, FUSE_SETLK, 10, 10, F_RDLCK) == ENOLCK);
    CHECK(lock(node, FUSE_SETLK, 0, UINT64_MAX, F_UNLCK) == 0 && rig_fs.n_ranges == 1);
    CHECK(lock(other, FUSE_SETLK, 10, 10, F_UNLCK) == 0 && rig_fs.n_ranges == 2);
    CHECK(lock(other, FUSE_SETLK, 10, 10, F_WRLCK) == 0 && rig_fs.n_ranges == 1);
    CHECK(lock(other, FUSE_SETLK, 50, 200, F_RDLCK) == 0 && rig_fs.n_ranges == 2);
    fs_forget(&rig_fs, other, UINT64_MAX);
    CHECK(rig_fs.n_ranges == 0);
}

static int flock_file(uint64_t fh, uint32_t type)
{
    struct fuse_lk_in in = {.fh = fh, .lk = {.end = UINT64_MAX, .type = type}, .lk_flags = FUSE_LK_FLOCK};
    return rig_send(FUSE_SETLK, FUSE_ROOT_ID, &in, sizeof(in), NULL, NULL);
}

static void test_a12_who_only_reads_keeps_nobody_out(void)
{
    uint64_t node, fh;
    rig_close();
    rig_open(true);
    CHECK(rig_lookup(FUSE_ROOT_ID, "file", &node) == 0 && rig_open_node(node, O_RDONLY, &fh) == 0);
    CHECK(flock_file(fh, F_WRLCK) == EROFS && flock_file(fh, F_RDLCK) == 0 && flock_file(fh, F_UNLCK) == 0);
    CHECK(lock(node, FUSE_SETLK, 0, 9, F_WRLCK) == EBADF && lock(node, FUSE_SETLK, 0, 9, F_RDLCK) == 0);
    rig_close();
    rig_open(false);
}

static void test_a12_mode_of_devices_stays(void)
{
    uint64_t node;
    struct stat st;
    const struct fuse_setattr_in set = {.valid = FATTR_MODE, .mode = 0600};
    const struct fuse_setattr_in time = {.valid = FATTR_MTIME, .mtime = 1};
    CHECK(rig_lookup(FUSE_ROOT_ID, "fifo", &node) == 0);
    CHECK(rig_send(FUSE_SETATTR, node, &set, sizeof(set), NULL, NULL) == EACCES);
    CHECK(rig_send(FUSE_SETATTR, node, &time, sizeof(time), NULL, NULL) == EACCES);
    CHECK(stat(below("fifo"), &st) == 0 && (st.st_mode & 0777) == 0666 && st.st_mtime > 1);
    if (rig_lookup(FUSE_ROOT_ID, "null", &node) == 0) /* only root could make it */
        CHECK(rig_send(FUSE_SETATTR, node, &set, sizeof(set), NULL, NULL) == EACCES);
}

static int resize(uint64_t node, uint64_t size)
{
    const struct fuse_setattr_in set = {.valid = FATTR_SIZE, .size = size};
    return rig_send(FUSE_SETATTR, node, &set, sizeof(set), NULL, NULL);
}

/* Bytes of `size` are left for the guest: what may be written, and nothing more. */
static void test_a12_quota(void)
{
    enum { ROOM = 16 * 4096 };
    uint64_t dir, node, fh, other, other_fh;
    struct fuse_mkdir_in mode = {.mode = 0755};
    char page[4097] = {0};
    memset(page, 'q', 4096);
    rig_close();
    CHECK(mkdir(below("limited"), 0755) == 0 && mkdir(below("limited/below"), 0755) == 0);
    strcat(rig_path, "/limited");
    rig_open(false);
    rig_fs.quota.size = ROOM;
    /* One page is the directory's, one the file's name: 14 are left. */
    CHECK(rig_lookup(FUSE_ROOT_ID, "below", &dir) == 0 && rig_create(dir, "a", &node, &fh) == 0);
    for (int i = 0; i < 14; i++)
        CHECK(rig_write(fh, page, i * 4096ull) == 0);
    CHECK(rig_write(fh, "x", 14 * 4096) == ENOSPC && rig_write(fh, "x", 1ull << 40) == ENOSPC);
    CHECK(rig_write(fh, page, 4096) == 0); /* nothing grows */
    CHECK(resize(node, 15 * 4096) == ENOSPC && rig_create(dir, "b", &other, &other_fh) == ENOSPC);
    CHECK(rig_send(FUSE_MKDIR, dir, &mode, sizeof(mode), "d", NULL) == ENOSPC);
    CHECK(rig_send(FUSE_SYMLINK, dir, NULL, 0, "l", "x") == ENOSPC);
    struct fuse_fallocate_in grow = {.fh = fh, .length = 15 * 4096};
    CHECK(rig_send(FUSE_FALLOCATE, node, &grow, sizeof(grow), NULL, NULL) == ENOSPC);
    struct fuse_link_in link_in = {.oldnodeid = node};
    CHECK(rig_send(FUSE_LINK, dir, &link_in, sizeof(link_in), "twin", NULL) == ENOSPC);
    CHECK(rig_send(FUSE_STATFS, dir, NULL, 0, NULL, NULL) == 0);
    CHECK(((struct fuse_statfs_out *)(void *)rig_reply.body)->st.bavail == 0);
    /* What shrinks is free at once; what has no name is not, until it is closed and forgotten. */
    CHECK(resize(node, 4096) == 0 && rig_create(dir, "b", &other, &other_fh) == 0);
    CHECK(rig_write(other_fh, page, 11 * 4096) == 0 && rig_write(other_fh, page, 12 * 4096) == ENOSPC);
    CHECK(rig_send(FUSE_UNLINK, dir, NULL, 0, "b", NULL) == 0 && rig_write(fh, page, 2 * 4096) == ENOSPC);
    fs_forget(&rig_fs, other, UINT64_MAX);
    fs_freed(&rig_fs);
    CHECK(rig_write(fh, page, 2 * 4096) == ENOSPC);
    struct fuse_release_in done = {.fh = other_fh};
    CHECK(rig_send(FUSE_RELEASE, other, &done, sizeof(done), NULL, NULL) == 0);
    fs_freed(&rig_fs);
    CHECK(rig_write(fh, page, 13 * 4096) == 0 && rig_write(fh, page, 14 * 4096) == ENOSPC);
    /* What others do counts as well. */
    CHECK(truncate(below("below/a"), 0) == 0);
    rig_fs.quota.next_count = 0;
    CHECK(rig_write(fh, page, 13 * 4096) == 0);
    rig_close();
    *strrchr(rig_path, '/') = '\0';
    rig_open(false);
}

static void test_read_only(void)
{
    uint64_t node, fh;
    rig_close();
    rig_open(true);
    struct fuse_mkdir_in mode = {0};
    struct fuse_setattr_in set = {.valid = FATTR_MODE};
    struct fuse_rename2_in to_root = {.newdir = FUSE_ROOT_ID};
    CHECK(rig_lookup(FUSE_ROOT_ID, "file", &node) == 0 && rig_open_node(node, O_RDONLY, &fh) == 0);
    CHECK(rig_write(fh, "x", 0) == EBADF && rig_open_node(node, O_WRONLY, &fh) == EROFS);
    CHECK(rig_create(FUSE_ROOT_ID, "n", &node, &fh) == EROFS &&
          rig_send(FUSE_UNLINK, 1, NULL, 0, "file", NULL) == EROFS);
    CHECK(rig_send(FUSE_MKDIR, 1, &mode, sizeof(mode), "n", NULL) == EROFS);
    CHECK(rig_send(FUSE_RENAME2, 1, &to_root, sizeof(to_root), "file", "n") == EROFS);
    CHECK(rig_send(FUSE_SETATTR, 1, &set, sizeof(set), NULL, NULL) == EROFS);
    CHECK(rig_send(FUSE_SYMLINK, 1, NULL, 0, "n", "x") == EROFS);
    rig_close();
    rig_open(false);
}

/* In place of the C library's: what the host's file system answers. */
static int write_error;

ssize_t pwritev2(int fd, const struct iovec *iov, int n, off_t offset, int flags)
{
    if (write_error) {
        errno = write_error;
        return -1;
    }
    return syscall(SYS_pwritev2, fd, iov, n, offset, 0, flags);
}

static void test_errors_of_writing_are_the_hosts(void)
{
    static const int errors[] = {EDQUOT, ENOSPC, EFBIG, EIO, EROFS};
    uint64_t node, fh;
    CHECK(rig_create(FUSE_ROOT_ID, "quota", &node, &fh) == 0 && rig_write(fh, "before", 0) == 0);
    for (size_t i = 0; i < sizeof(errors) / sizeof(*errors); i++) {
        write_error = errors[i];
        CHECK(rig_write(fh, "x", 0) == errors[i]);
    }
    write_error = 0;
    struct fuse_read_in in = {.fh = fh, .size = 6};
    CHECK(rig_send(FUSE_READ, node, &in, sizeof(in), NULL, NULL) == 0 && memcmp(rig_data, "before", 6) == 0);
    CHECK(rig_send(FUSE_UNLINK, FUSE_ROOT_ID, NULL, 0, "quota", NULL) == 0);
}

/* In a child with a mount namespace of its own. */
static int fill_small_disk(void)
{
    uint64_t node, fh, at = 0;
    char page[4097];
    if (unshare(CLONE_NEWNS | (geteuid() ? CLONE_NEWUSER : 0)) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
        mkdir(below("small"), 0755) || mount("tmpfs", below("small"), "tmpfs", 0, "size=64k"))
        return 77;
    int directory = open(below("small"), O_PATH | O_DIRECTORY), proc = rig_fs.proc, error;
    memset(page, 'p', 4096);
    page[4096] = '\0';
    if (!fs_init(&rig_fs, directory, proc, false) || rig_create(FUSE_ROOT_ID, "full", &node, &fh))
        return 1;
    while ((error = rig_write(fh, page, at)) == 0)
        at += 4096;
    struct fuse_read_in in = {.fh = fh, .offset = at - 4096, .size = 4096};
    return error == ENOSPC && at == 65536 && rig_send(FUSE_READ, node, &in, sizeof(in), NULL, NULL) == 0 &&
                   rig_reply.size == 4096 && memcmp(rig_data, page, 4096) == 0
               ? 0
               : 1;
}

static void test_disk_full(void)
{
    int status;
    pid_t child = fork();
    if (child == 0)
        _exit(fill_small_disk());
    CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == 77); /* 77: may not mount here */
}

int main(void)
{
    umask(0);
    rig_open(false);
    RUN(test_names);
    RUN(test_files);
    RUN(test_links_lead_nowhere);
    RUN(test_swapped_during_the_walk);
    RUN(test_devices_and_fifos);
    RUN(test_deep_tree);
    RUN(test_wrong_numbers);
    RUN(test_forgetting_closes);
    RUN(test_locks_are_the_hosts);
    RUN(test_a12_locked_ranges_are_counted);
    RUN(test_a12_who_only_reads_keeps_nobody_out);
    RUN(test_a12_mode_of_devices_stays);
    RUN(test_a12_quota);
    RUN(test_read_only);
    RUN(test_errors_of_writing_are_the_hosts);
    RUN(test_disk_full);
    rig_close();
    rig_remove();
    return CHECK_RESULT();
}
