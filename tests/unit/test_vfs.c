/* The file system: contents against a plain array, names, links, removed directories, mounts, locks.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "check.h"
#include "guest/libs/vfs/ram/ram.h"

enum { ROOM = 100000, ROUNDS = 20000 };

static vfs_file_t root;
static struct vfs_stat st;
extern uint32_t vfs_alone_is;                         /* vfs_sys.c */
size_t __sanitizer_get_current_allocated_bytes(void); /* <sanitizer/allocator_interface.h>, which gcc lacks */

static vfs_file_t open_at(const char *path, uint32_t flags)
{
    vfs_file_t f = NULL;
    int r = vfs_open(root, path, flags, 0644, &f);
    if (r)
        printf("%s: %d\n", path, r);
    return f;
}

static int open_error(const char *path, uint32_t flags)
{
    vfs_file_t f;
    int r = vfs_open(root, path, flags, 0644, &f);
    return r ? r : (vfs_close(f), 0);
}

static void put_new(const char *path)
{
    vfs_close(open_at(path, O_WRONLY | O_CREAT | O_EXCL));
}

static int stat_error(const char *path)
{
    return vfs_stat_at(root, path, 1, &st);
}

static uint64_t inode(const char *path)
{
    return stat_error(path) ? 0 : st.inode;
}

static void test_contents(void)
{
    static char shadow[ROOM], data[9000], got[ROOM];
    size_t size = 0;
    vfs_file_t f = open_at("/contents", O_RDWR | O_CREAT);
    srand(1);
    for (int round = 0; round < ROUNDS; round++) {
        size_t at = (size_t)rand() % (ROOM - sizeof(data)), length = (size_t)rand() % sizeof(data);
        if (rand() % 8 == 0) {
            size_t to = (size_t)rand() % ROOM;
            CHECK(vfs_change(f, VFS_SIZE, to, 0, 0) == 0);
            if (to < size)
                memset(shadow + to, 0, size - to);
            size = to;
        } else if (rand() % 8 == 0 && size + length <= ROOM) {
            uint64_t end;
            memset(data, rand(), sizeof(data));
            CHECK(vfs_append(f, data, length, &end) == (ssize_t)length && end == size + length);
            memcpy(shadow + size, data, length);
            size += length;
        } else {
            memset(data, rand(), sizeof(data));
            CHECK(vfs_write(f, data, length, at) == (ssize_t)length);
            memcpy(shadow + at, data, length);
            if (length && at + length > size)
                size = at + length;
        }
        CHECK(vfs_stat(f, &st) == 0 && st.size == size);
        at = (size_t)rand() % ROOM, length = (size_t)rand() % sizeof(data);
        ssize_t expected = (ssize_t)(at >= size ? 0 : length < size - at ? length : size - at);
        CHECK(vfs_read(f, got, length, at) == expected && memcmp(got, shadow + at, (size_t)expected) == 0);
    }
    CHECK(vfs_write(f, data, 1, VFS_SIZE_MAX) == -EFBIG && vfs_change(f, VFS_SIZE, VFS_SIZE_MAX + 1, 0, 0) == -EFBIG);
    vfs_close(f);
    CHECK(vfs_remove(root, "/contents", 0) == 0);
}

static void test_sparse(void)
{
    char byte;
    vfs_file_t f = open_at("/sparse", O_RDWR | O_CREAT);
    CHECK(vfs_change(f, VFS_SIZE, 1ull << 40, 0, 0) == 0 && vfs_stat(f, &st) == 0 && st.blocks == 0);
    CHECK(vfs_read(f, &byte, 1, (1ull << 40) - 1) == 1 && byte == 0);
    CHECK(vfs_write(f, "x", 1, 3 * RAM_BLOCK) == 1 && vfs_stat(f, &st) == 0 && st.blocks == RAM_BLOCK / 512);
    CHECK(vfs_change(f, VFS_SIZE, 0, 0, 0) == 0 && vfs_stat(f, &st) == 0 && st.blocks == 0);
    vfs_close(f);
    CHECK(vfs_remove(root, "/sparse", 0) == 0);
}

static void test_names(void)
{
    char longest[VFS_NAME_MAX + 3] = "/", deep[VFS_PATH_MAX + 10];
    memset(longest + 1, 'x', VFS_NAME_MAX);
    put_new(longest);
    CHECK(stat_error(longest) == 0 && vfs_remove(root, longest, 0) == 0);
    longest[VFS_NAME_MAX + 1] = 'x';
    CHECK(open_error(longest, O_WRONLY | O_CREAT) == -ENAMETOOLONG);
    memset(deep, '/', sizeof(deep) - 1);
    deep[sizeof(deep) - 1] = '\0';
    CHECK(stat_error(deep) == -ENAMETOOLONG);
    CHECK(stat_error("") == -ENOENT && vfs_make(root, "/", 0755) == -EEXIST);
    CHECK(open_error("/no/file", O_WRONLY | O_CREAT) == -ENOENT && open_error("/file/", O_WRONLY | O_CREAT) == -EISDIR);
    CHECK(vfs_make(root, "/dir/", 0755) == 0);
    put_new("/dir/file");
    CHECK(stat_error("/dir/file/") == -ENOTDIR && stat_error("/dir/file/..") == -ENOTDIR);
    CHECK(open_error("/dir/file", O_RDWR | O_CREAT | O_EXCL) == -EEXIST);
    CHECK(open_error("/dir", O_RDWR) == -EISDIR && open_error("/dir/file", O_DIRECTORY) == -ENOTDIR);
    CHECK(vfs_remove(root, "/dir", 1) == -ENOTEMPTY && vfs_remove(root, "/dir/.", 1) == -EINVAL);
    CHECK(vfs_remove(root, "/", 1) == -EBUSY && vfs_remove(root, "/dir/file", 1) == -ENOTDIR);
    CHECK(vfs_remove(root, "/dir", 0) == -EISDIR);
    CHECK(vfs_remove(root, "/dir/file", 0) == 0 && vfs_remove(root, "/dir", 1) == 0);
    char name[3] = "/?";
    for (int byte = 1; byte < 256; byte++) { /* every byte that a name can have */
        name[1] = (char)byte;
        if (byte == '/' || byte == '.')
            continue;
        put_new(name);
        CHECK(stat_error(name) == 0 && vfs_remove(root, name, 0) == 0);
    }
}

static void test_rename(void)
{
    CHECK(vfs_make(root, "/r", 0755) == 0 && vfs_make(root, "/r/s", 0755) == 0);
    put_new("/r/a");
    put_new("/r/b");
    uint64_t a = inode("/r/a");
    vfs_file_t b = open_at("/r/b", O_RDONLY);
    CHECK(vfs_rename(root, "/r/a", root, "/r/s/a") == 0 && stat_error("/r/a") == -ENOENT);
    CHECK(vfs_rename(root, "/r/s/a", root, "/r/b") == 0 && inode("/r/b") == a);
    CHECK(vfs_stat(b, &st) == 0 && st.links == 0);
    vfs_close(b);
    CHECK(vfs_rename(root, "/r", root, "/r/s/t") == -EINVAL && vfs_rename(root, "/r/b", root, "/r/s") == -EISDIR);
    CHECK(vfs_rename(root, "/r/s", root, "/r/b") == -ENOTDIR && vfs_rename(root, "/r/no", root, "/r/x") == -ENOENT);
    CHECK(vfs_link(root, "/r/b", root, "/r/c") == 0 && inode("/r/c") == a && st.links == 2);
    CHECK(vfs_rename(root, "/r/b", root, "/r/c") == 0 && inode("/r/b") == a);
    CHECK(vfs_link(root, "/r/s", root, "/r/t") == -EPERM && vfs_link(root, "/r/b", root, "/r/c") == -EEXIST);
    CHECK(vfs_rename(root, "/r/s", root, "/top") == 0 && inode("/top/..") == inode("/"));
    CHECK(vfs_remove(root, "/r/b", 0) == 0 && vfs_remove(root, "/r/c", 0) == 0);
    CHECK(vfs_remove(root, "/top", 1) == 0 && vfs_remove(root, "/r", 1) == 0);
}

static void test_links(void)
{
    char text[64] = "";
    CHECK(vfs_make(root, "/l", 0755) == 0 && vfs_make(root, "/l/d", 0755) == 0);
    put_new("/l/d/f");
    CHECK(vfs_symlink("d/f", root, "/l/to_f") == 0 && inode("/l/to_f") == inode("/l/d/f"));
    CHECK(vfs_stat_at(root, "/l/to_f", 0, &st) == 0 && S_ISLNK(st.mode) && st.size == 3);
    CHECK(vfs_readlink(root, "/l/to_f", text, 64) == 3 && memcmp(text, "d/f", 3) == 0);
    CHECK(vfs_readlink(root, "/l/d/f", text, 64) == -EINVAL);
    CHECK(vfs_symlink("/l/d", root, "/l/abs") == 0 && inode("/l/abs/f") == inode("/l/d/f"));
    CHECK(vfs_symlink("../l/abs/../to_f", root, "/l/twice") == 0 && inode("/l/twice") == inode("/l/d/f"));
    CHECK(vfs_symlink("loop", root, "/l/loop") == 0 && stat_error("/l/loop") == -ELOOP);
    CHECK(vfs_symlink("nowhere", root, "/l/dangling") == 0 && stat_error("/l/dangling") == -ENOENT);
    CHECK(open_error("/l/dangling", O_WRONLY | O_CREAT | O_EXCL) == -EEXIST);
    CHECK(open_error("/l/to_f", O_RDONLY | O_NOFOLLOW) == -ELOOP && open_error("/l/to_f/", O_RDONLY) == -ENOTDIR);
    CHECK(open_error("/l/dangling", O_WRONLY | O_CREAT) == 0 && stat_error("/l/nowhere") == 0);
    CHECK(vfs_canonical(root, "/l/abs/../twice", text, 64) == 7 && strcmp(text, "/l/d/f") == 0);
    CHECK(vfs_canonical(root, "l//abs/.", text, 64) == 5 && strcmp(text, "/l/d") == 0);
    CHECK(vfs_canonical(root, "/l/d", text, 4) == -ERANGE && vfs_canonical(root, "..", text, 64) == 2);
    const char *names[] = {"to_f", "abs", "twice", "loop", "dangling", "nowhere", "d/f"};
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        snprintf(text, sizeof(text), "/l/%s", names[i]);
        CHECK(vfs_remove(root, text, 0) == 0);
    }
    CHECK(vfs_remove(root, "/l/d", 1) == 0 && vfs_remove(root, "/l", 1) == 0);
}

/* Whoever stands in a removed directory must not reach freed memory. */
static void test_removed_directory(void)
{
    char path[64];
    vfs_file_t here, f;
    CHECK(vfs_make(root, "/one", 0755) == 0 && vfs_make(root, "/one/two", 0755) == 0);
    CHECK(vfs_open(root, "/one/two", VFS_O_PATH | O_DIRECTORY, 0, &here) == 0);
    CHECK(vfs_canonical(here, ".", path, sizeof(path)) == 9 && !strcmp(path, "/one/two"));
    CHECK(vfs_canonical(here, ".", path, 8) == -ERANGE && vfs_read(here, path, 1, 0) == -EBADF);
    CHECK(vfs_remove(root, "/one/two", 1) == 0 && vfs_remove(root, "/one", 1) == 0);
    CHECK(vfs_canonical(here, ".", path, sizeof(path)) == -ENOENT);
    CHECK(vfs_open(here, "x", O_WRONLY | O_CREAT, 0, &f) == -ENOENT && vfs_make(here, "x", 0) == -ENOENT);
    CHECK(vfs_stat_at(here, "../..", 1, &st) == 0 && st.inode == inode("/"));
    vfs_close(here);
}

static int read_name(vfs_file_t dir, uint64_t *cookie)
{
    union {
        struct vfs_entry e;
        char room[48];
    } one;
    ssize_t got = vfs_list(dir, &one, sizeof(one), cookie);
    return got <= 0 ? -1 : atoi(one.e.name);
}

static void test_reading_directories(void)
{
    char name[32];
    CHECK(vfs_make(root, "/many", 0755) == 0);
    vfs_file_t dir = open_at("/many", O_RDONLY);
    for (int i = 0; i < 100; i++) {
        snprintf(name, sizeof(name), "/many/%08d", i);
        put_new(name);
    }
    /* Every third entry goes while the directory is read; new ones come. Each of the others is seen once. */
    uint64_t cookie = RAM_DOTDOT;
    int seen = 0, number;
    while ((number = read_name(dir, &cookie)) >= 0 && number < 100) {
        CHECK(number == seen);
        seen++;
        if (number % 3 == 0) {
            snprintf(name, sizeof(name), "/many/%08d", number);
            CHECK(vfs_remove(root, name, 0) == 0);
            snprintf(name, sizeof(name), "/many/%08d", 1000 + number);
            put_new(name);
        }
    }
    CHECK(seen == 100);
    cookie = 0;
    static char all[16384];
    CHECK(vfs_list(dir, all, 8, &cookie) == -EINVAL && cookie == 0);
    ssize_t bytes = vfs_list(dir, all, sizeof(all), &cookie);
    int count = 0;
    for (ssize_t at = 0; at < bytes; count++) {
        const struct vfs_entry *e = (const void *)(all + at);
        at += e->bytes;
        if (e->name[0] != '.') {
            snprintf(name, sizeof(name), "/many/%s", e->name);
            CHECK(e->type == S_IFREG >> 12 && vfs_remove(root, name, 0) == 0);
        }
    }
    CHECK(count == 102 && vfs_list(dir, all, sizeof(all), &cookie) == 0);
    vfs_close(dir);
    CHECK(vfs_remove(root, "/many", 1) == 0);
}

static void test_devices_and_times(void)
{
    char byte[2] = "xy";
    vfs_file_t f = open_at("/dev/zero", O_RDWR);
    CHECK(vfs_read(f, byte, 2, 77) == 2 && !byte[0] && !byte[1] && vfs_write(f, byte, 2, 0) == 2);
    vfs_close(f);
    f = open_at("/dev/null", O_RDWR | O_TRUNC);
    CHECK(vfs_read(f, byte, 2, 0) == 0 && vfs_write(f, byte, 2, 0) == 2);
    vfs_close(f);
    f = open_at("/dev/urandom", O_RDONLY);
    CHECK(vfs_read(f, byte, 2, 0) == 2 && byte[0] == 7 && vfs_write(f, byte, 1, 0) == -EBADF);
    vfs_close(f);
    f = open_at("/t", O_RDWR | O_CREAT);
    CHECK(vfs_change(f, VFS_ACCESSED | VFS_MODIFIED, 0, 5, 6000000007) == 0 && vfs_stat(f, &st) == 0);
    CHECK(st.accessed == 5 && st.modified == 6000000007 && st.changed > 7);
    CHECK(vfs_change(f, VFS_MODIFIED, 0, 0, VFS_NOW) == 0 && vfs_stat(f, &st) == 0 && st.modified == st.changed);
    CHECK(vfs_change(f, VFS_MODE, 0600, 0, 0) == 0 && vfs_stat(f, &st) == 0 && st.mode == (S_IFREG | 0600));
    vfs_close(f);
    CHECK(vfs_remove(root, "/t", 0) == 0);
}

/* A second tree in memory stands for a directory of the host. */
static void test_mounts(void)
{
    char text[32];
    struct ram_node *top = ram_new(S_IFDIR | 0700);
    top->links = 1;
    top->parent = top;
    CHECK(vfs_mount_at("/mnt/deep", &top->vfs) == 0);
    CHECK(stat_error("/mnt/deep") == 0 && st.inode == top->ino && inode("/mnt/deep/..") == inode("/mnt"));
    put_new("/mnt/deep/file");
    CHECK(vfs_make(root, "/mnt/deep/dir", 0755) == 0 && inode("/mnt/deep/dir/../..") == inode("/mnt"));
    CHECK(vfs_canonical(root, "/mnt/deep/dir", text, sizeof(text)) == 14 && !strcmp(text, "/mnt/deep/dir"));
    CHECK(vfs_symlink("/mnt", root, "/mnt/deep/up") == 0 && inode("/mnt/deep/up/deep/file") == inode("/mnt/deep/file"));
    CHECK(vfs_remove(root, "/mnt/deep", 1) == -EBUSY && vfs_rename(root, "/mnt/deep", root, "/x") == -EBUSY);
    struct ram_node *again = ram_new(S_IFDIR | 0700);
    CHECK(vfs_mount_at("/mnt/deep", &again->vfs) == -EBUSY);
    put_new("/plain");
    again = ram_new(S_IFDIR | 0700);
    CHECK(vfs_mount_at("/plain/sub", &again->vfs) == -ENOTDIR && vfs_remove(root, "/plain", 0) == 0);
}

static struct vfs_lock range(uint64_t first, uint64_t last, uint32_t type)
{
    return (struct vfs_lock){.first = first, .last = last, .type = type};
}

static int set(vfs_file_t f, uint64_t first, uint64_t last, uint32_t type)
{
    struct vfs_lock l = range(first, last, type);
    return vfs_lock(f, &l, 0);
}

/* Locks of bytes against a plain array of who holds what. */
static void test_locks_random(vfs_file_t f[3])
{
    enum { BYTES = 24 };
    char held[3][BYTES] = {{0}};
    for (int round = 0; round < ROUNDS; round++) {
        int who = rand() % 3, type = rand() % 3;
        unsigned a = (unsigned)rand() % BYTES, b = a + (unsigned)rand() % (BYTES - a);
        const uint32_t types[] = {F_UNLCK, F_RDLCK, F_WRLCK};
        bool free = true;
        for (unsigned i = a; i <= b; i++)
            for (int other = 0; other < 3; other++)
                free &= other == who || !type || !held[other][i] || (type == 1 && held[other][i] == 1);
        struct vfs_lock test = range(a, b, types[type]);
        CHECK(type == 0 || (vfs_lock_test(f[who], &test) == 0 && (test.type == F_UNLCK) == free));
        CHECK(set(f[who], a, b, types[type]) == (free ? 0 : -EAGAIN));
        if (free)
            memset(held[who] + a, type, b - a + 1);
    }
    for (int who = 0; who < 3; who++)
        CHECK(set(f[who], 0, UINT64_MAX, F_UNLCK) == 0);
}

static void test_locks(void)
{
    vfs_file_t clients[3], f[3], second;
    put_new("/locked");
    for (int i = 0; i < 3; i++)
        CHECK(vfs_attach(&clients[i]) == 0 && vfs_open(clients[i], "/locked", O_RDWR, 0, &f[i]) == 0);
    test_locks_random(f);
    CHECK(set(f[0], 10, 20, F_WRLCK) == 0 && set(f[0], 5, 30, F_RDLCK) == 0 && set(f[1], 15, 15, F_RDLCK) == 0);
    CHECK(set(f[1], 15, 15, F_WRLCK) == -EAGAIN && set(f[1], UINT64_MAX, 3, F_WRLCK) == -EINVAL);
    /* Closing any of the client's files drops its locks on the file, as POSIX wants; another client's stay. */
    CHECK(vfs_open(clients[0], "/locked", O_RDONLY, 0, &second) == 0 && set(second, 0, 0, F_WRLCK) == -EBADF);
    vfs_close(second);
    CHECK(set(f[1], 15, 15, F_WRLCK) == 0 && set(f[0], 15, 15, F_RDLCK) == -EAGAIN);
    /* flock() belongs to the open file, and does not see the others. */
    CHECK(vfs_open(clients[0], "/locked", O_RDONLY, 0, &second) == 0);
    CHECK(vfs_flock(f[0], F_WRLCK, 0) == 0 && vfs_flock(second, F_RDLCK, 0) == -EAGAIN);
    CHECK(vfs_flock(f[0], F_RDLCK, 0) == 0 && vfs_flock(second, F_RDLCK, 0) == 0);
    CHECK(vfs_flock(f[0], F_WRLCK, 0) == -EAGAIN && (vfs_close(second), vfs_flock(f[0], F_WRLCK, 0)) == 0);
    for (int i = 0; i < 3; i++) {
        vfs_close(f[i]);
        vfs_close(clients[i]);
    }
    CHECK(vfs_remove(root, "/locked", 0) == 0);
}

int host_error(int linux_error); /* host/errors.c; on this host the C library's numbers are Linux's */

static void test_errors_of_the_host(void)
{
    static const int same[] = {EPERM,  ENOENT, EIO,    EACCES,     EEXIST, ENOTDIR,      EISDIR,
                               EINVAL, EFBIG,  ENOSPC, EROFS,      EMLINK, ENAMETOOLONG, ENOTEMPTY,
                               ELOOP,  ESTALE, EDQUOT, EOPNOTSUPP, EXDEV,  ENOLCK};
    for (size_t i = 0; i < sizeof(same) / sizeof(*same); i++)
        CHECK(host_error(same[i]) == -same[i]);
    CHECK(host_error(0) == -EIO && host_error(-5) == -EIO && host_error(9999) == -EIO);
}

static void test_alone(void)
{
    vfs_file_t f;
    struct vfs_stat got;
    CHECK(vfs_open_stat(root, "/alone", O_RDWR | O_CREAT, 0644, &f, &got) == 0 && got.is == 0 && vfs_close(f) == 0);
    vfs_alone_is = VFS_ALONE;
    CHECK(vfs_open_stat(root, "/alone", O_RDWR, 0, &f, &got) == 0 && got.is & VFS_ALONE && got.is & VFS_IN_MEMORY);
    CHECK(S_ISREG(got.mode) && got.size == 0 && vfs_write(f, "xyz", 3, 0) == 3 && vfs_stat(f, &got) == 0 &&
          got.size == 3);
    vfs_alone_is = 0;
    CHECK(vfs_stat(f, &got) == 0 && !(got.is & VFS_ALONE) && vfs_close(f) == 0);
    CHECK(vfs_open_stat(root, "/none", O_RDWR, 0, &f, &got) == -ENOENT && got.is == 0);
}

/* Directories nested deeper than a stack is, all of them removed while the innermost one was open. */
static void test_a8_nested_directories(void)
{
    enum { LEVELS = 8000 };
    vfs_file_t here, next;
    struct rlimit usual, little;
    CHECK(getrlimit(RLIMIT_STACK, &usual) == 0);
    little = (struct rlimit){512 << 10, usual.rlim_max};
    CHECK(setrlimit(RLIMIT_STACK, &little) == 0); /* about what a thread of a guest has, with room for sanitizers */
    CHECK(vfs_open(root, "/", VFS_O_PATH | O_DIRECTORY, 0, &here) == 0);
    for (int i = 0; i < LEVELS; i++) {
        CHECK(vfs_make(here, "d", 0755) == 0 && vfs_open(here, "d", VFS_O_PATH | O_DIRECTORY, 0, &next) == 0);
        vfs_close(here);
        here = next;
    }
    vfs_file_t innermost = here;
    for (int i = 0; i < LEVELS; i++) {
        CHECK(vfs_open(here, "..", VFS_O_PATH | O_DIRECTORY, 0, &next) == 0 && vfs_remove(next, "d", 1) == 0);
        if (here != innermost)
            vfs_close(here);
        here = next;
    }
    vfs_close(here);
    CHECK(vfs_close(innermost) == 0 && stat_error("/d") == -ENOENT);
    CHECK(setrlimit(RLIMIT_STACK, &usual) == 0);
}

extern int vfs_wait_gives; /* vfs_sys.c */

/* Who waits for a lock in the name of a caller that died stops, and the lock can be taken by others later. */
static void test_a10_waiter_of_a_dead_caller(void)
{
    vfs_file_t clients[2], f[2];
    put_new("/waited");
    for (int i = 0; i < 2; i++)
        CHECK(vfs_attach(&clients[i]) == 0 && vfs_open(clients[i], "/waited", O_RDWR, 0, &f[i]) == 0);
    struct vfs_lock l = range(0, 9, F_WRLCK);
    CHECK(vfs_lock(f[0], &l, 0) == 0);
    vfs_wait_gives = -ECANCELED;
    CHECK(vfs_lock(f[1], &l, 1) == -ECANCELED && vfs_wait_gives == -ETIMEDOUT);
    CHECK(vfs_flock(f[0], F_WRLCK, 0) == 0);
    vfs_wait_gives = -ECANCELED;
    CHECK(vfs_flock(f[1], F_WRLCK, 1) == -ECANCELED);
    vfs_close(f[0]);
    CHECK(vfs_lock(f[1], &l, 1) == 0 && vfs_flock(f[1], F_WRLCK, 1) == 0);
    vfs_close(f[1]);
    for (int i = 0; i < 2; i++)
        vfs_close(clients[i]);
    CHECK(vfs_remove(root, "/waited", 0) == 0);
}

/* One byte far behind the others costs its block and little more. */
static void test_a11_far_byte(void)
{
    char byte = 0;
    vfs_file_t f = open_at("/far", O_RDWR | O_CREAT);
    size_t before = __sanitizer_get_current_allocated_bytes();
    for (uint64_t gib = 20; gib <= 40; gib += 20) {
        CHECK(vfs_write(f, "x", 1, gib << 30) == 1 && vfs_stat(f, &st) == 0 && st.size == (gib << 30) + 1);
        CHECK(vfs_read(f, &byte, 1, gib << 30) == 1 && byte == 'x');
    }
    CHECK(vfs_stat(f, &st) == 0 && st.blocks == 2 * RAM_BLOCK / 512);
    CHECK(__sanitizer_get_current_allocated_bytes() - before < 1 << 20);
    CHECK(vfs_read(f, &byte, 1, 30ull << 30) == 1 && byte == 0);
    CHECK(vfs_change(f, VFS_SIZE, 30ull << 30, 0, 0) == 0 && vfs_stat(f, &st) == 0 && st.blocks == RAM_BLOCK / 512);
    CHECK(vfs_read(f, &byte, 1, 20ull << 30) == 1 && byte == 'x');
    CHECK(vfs_change(f, VFS_SIZE, 0, 0, 0) == 0 && vfs_stat(f, &st) == 0 && st.blocks == 0);
    vfs_close(f);
    CHECK(vfs_remove(root, "/far", 0) == 0);
}

int main(void)
{
    CHECK(vfs_attach(&root) == 0);
    RUN(test_errors_of_the_host);
    RUN(test_alone);
    RUN(test_contents);
    RUN(test_sparse);
    RUN(test_names);
    RUN(test_rename);
    RUN(test_links);
    RUN(test_removed_directory);
    RUN(test_reading_directories);
    RUN(test_devices_and_times);
    RUN(test_mounts);
    RUN(test_locks);
    RUN(test_a8_nested_directories);
    RUN(test_a10_waiter_of_a_dead_caller);
    RUN(test_a11_far_byte);
    vfs_close(root);
    return CHECK_RESULT();
}
