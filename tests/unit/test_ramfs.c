/* The POSIX layer's file system in memory: contents against a plain array, names, removed directories, seeds.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "guest/libs/posix/ramfs/ramfs.h"

enum { ROOM = 100000, ROUNDS = 20000 };

static struct rf_node *make(const char *path, mode_t mode)
{
    struct rf_node *n = NULL;
    int r = rf_create(path, mode, &n);
    if (r)
        printf("%s: %d\n", path, r);
    return n;
}

static void put_new(const char *path, mode_t mode)
{
    rf_put(make(path, mode));
}

static void test_contents(void)
{
    static char shadow[ROOM], data[9000], got[ROOM];
    size_t size = 0;
    struct rf_node *n = make("/contents", S_IFREG | 0644);
    srand(1);
    for (int round = 0; round < ROUNDS; round++) {
        size_t at = (size_t)rand() % (ROOM - sizeof(data)), length = (size_t)rand() % sizeof(data);
        if (rand() % 8 == 0) {
            size_t to = (size_t)rand() % ROOM;
            CHECK(rf_truncate(n, to) == 0);
            if (to < size)
                memset(shadow + to, 0, size - to);
            size = to;
        } else {
            memset(data, rand(), sizeof(data));
            CHECK(rf_write(n, data, length, at) == (ssize_t)length);
            memcpy(shadow + at, data, length);
            if (length && at + length > size)
                size = at + length;
        }
        CHECK(n->size == size);
        at = (size_t)rand() % ROOM, length = (size_t)rand() % sizeof(data);
        size_t expected = at >= size ? 0 : length < size - at ? length : size - at;
        CHECK(rf_read(n, got, length, at) == expected && memcmp(got, shadow + at, expected) == 0);
    }
    CHECK(rf_write(n, data, 1, RF_SIZE_MAX) == -EFBIG && rf_truncate(n, RF_SIZE_MAX + 1) == -EFBIG);
    rf_put(n);
    CHECK(rf_remove("/contents", false) == 0);
}

static void test_sparse(void)
{
    char byte;
    struct rf_node *n = make("/sparse", S_IFREG);
    CHECK(rf_truncate(n, 1ull << 40) == 0 && n->n_blocks == 0);
    CHECK(rf_read(n, &byte, 1, (1ull << 40) - 1) == 1 && byte == 0);
    CHECK(rf_truncate(n, 0) == 0);
    rf_put(n);
    CHECK(rf_remove("/sparse", false) == 0);
}

static void test_names(void)
{
    struct rf_node *n;
    char longest[RF_NAME_MAX + 3] = "/", deep[RF_PATH_MAX + 10];
    memset(longest + 1, 'x', RF_NAME_MAX);
    put_new(longest, S_IFREG);
    CHECK(rf_lookup(longest, &n) == 0);
    rf_put(n);
    CHECK(rf_remove(longest, false) == 0);
    longest[RF_NAME_MAX + 1] = 'x';
    CHECK(rf_create(longest, S_IFREG, &n) == -ENAMETOOLONG);
    memset(deep, '/', sizeof(deep) - 1);
    deep[sizeof(deep) - 1] = '\0';
    CHECK(rf_lookup(deep, &n) == -ENAMETOOLONG);
    CHECK(rf_lookup("", &n) == -ENOENT && rf_create("/", S_IFDIR, &n) == -EEXIST);
    CHECK(rf_create("/no/file", S_IFREG, &n) == -ENOENT && rf_create("/file/", S_IFREG, &n) == -EISDIR);
    put_new("/dir/", S_IFDIR | 0755);
    put_new("/dir/file", S_IFREG);
    CHECK(rf_lookup("/dir/file/", &n) == -ENOTDIR && rf_lookup("/dir/file/..", &n) == -ENOTDIR);
    CHECK(rf_open("/dir/file", O_RDWR | O_CREAT | O_EXCL, 0, &n) == -EEXIST);
    CHECK(rf_open("/dir", O_RDWR, 0, &n) == -EISDIR && rf_open("/dir/file", O_DIRECTORY, 0, &n) == -ENOTDIR);
    CHECK(rf_remove("/dir", true) == -ENOTEMPTY && rf_remove("/dir/.", true) == -EINVAL);
    CHECK(rf_remove("/", true) == -EBUSY && rf_remove("/dir/file", true) == -ENOTDIR);
    CHECK(rf_remove("/dir/file", false) == 0 && rf_remove("/dir", true) == 0);
}

static void test_rename(void)
{
    struct rf_node *a, *b, *found;
    put_new("/r", S_IFDIR | 0755);
    put_new("/r/s", S_IFDIR | 0755);
    a = make("/r/a", S_IFREG);
    b = make("/r/b", S_IFREG);
    CHECK(rf_rename("/r/a", "/r/s/a") == 0 && rf_lookup("/r/a", &found) == -ENOENT);
    CHECK(rf_rename("/r/s/a", "/r/b") == 0 && rf_lookup("/r/b", &found) == 0 && found == a && b->links == 0);
    rf_put(found);
    rf_put(b);
    CHECK(rf_rename("/r", "/r/s/t") == -EINVAL && rf_rename("/r/b", "/r/s") == -EISDIR);
    CHECK(rf_rename("/r/s", "/r/b") == -ENOTDIR && rf_rename("/r/none", "/r/x") == -ENOENT);
    CHECK(rf_hardlink("/r/b", "/r/c") == 0 && a->links == 2 && rf_rename("/r/b", "/r/c") == 0 && a->links == 2);
    CHECK(rf_hardlink("/r/s", "/r/t") == -EPERM && rf_hardlink("/r/b", "/r/c") == -EEXIST);
    CHECK(rf_rename("/r/s", "/top") == 0 && rf_lookup("/top/..", &found) == 0 && found == rf_root());
    rf_put(found);
    rf_put(a);
    CHECK(rf_remove("/r/b", false) == 0 && rf_remove("/r/c", false) == 0);
    CHECK(rf_remove("/top", true) == 0 && rf_remove("/r", true) == 0);
}

/* Whoever stands in a removed directory must not reach freed memory. */
static void test_removed_directory(void)
{
    struct rf_node *n;
    char path[64];
    put_new("/one", S_IFDIR | 0755);
    put_new("/one/two", S_IFDIR | 0755);
    CHECK(rf_chdir("/one/two") == 0 && rf_cwd(path, sizeof(path)) == 0 && !strcmp(path, "/one/two"));
    CHECK(rf_cwd(path, 8) == -ERANGE);
    CHECK(rf_remove("/one/two", true) == 0 && rf_remove("/one", true) == 0);
    CHECK(rf_cwd(path, sizeof(path)) == -ENOENT && rf_create("x", S_IFREG, &n) == -ENOENT);
    CHECK(rf_lookup("../..", &n) == 0 && n == rf_root());
    rf_put(n);
    CHECK(rf_chdir("..") == 0 && rf_chdir("/") == 0 && rf_cwd(path, sizeof(path)) == 0 && !strcmp(path, "/"));
}

static void test_reading_directories(void)
{
    char name[32];
    put_new("/many", S_IFDIR | 0755);
    struct rf_node *dir;
    CHECK(rf_lookup("/many", &dir) == 0);
    for (int i = 0; i < 100; i++) {
        snprintf(name, sizeof(name), "/many/%d", i);
        put_new(name, S_IFREG);
    }
    /* Every third entry goes while the directory is read; new ones come. Each of the others is seen once. */
    uint64_t cookie = 2;
    int seen = 0;
    for (const struct rf_entry *e; (e = rf_next(dir, cookie));) {
        cookie = e->cookie;
        int number = atoi(e->name);
        if (number >= 100)
            break;
        CHECK(number == seen);
        seen++;
        if (number % 3 == 0) {
            snprintf(name, sizeof(name), "/many/%d", number);
            CHECK(rf_remove(name, false) == 0);
            snprintf(name, sizeof(name), "/many/%d", 1000 + number);
            put_new(name, S_IFREG);
        }
    }
    CHECK(seen == 100);
    while (dir->n_entries) {
        snprintf(name, sizeof(name), "/many/%s", dir->entries[0]->name);
        CHECK(rf_remove(name, false) == 0);
    }
    rf_put(dir);
    CHECK(rf_remove("/many", true) == 0);
}

static void test_seed(void)
{
    static const unsigned char good[] = "\xed\x41\0\0" "\0\0\0\0" "\4\0\0\0" "/etc"   /* directory 040755 */
                                        "\xa4\x81\0\0" "\3\0\0\0" "\6\0\0\0" "/etc/x" "abc"; /* file 0100644 */
    struct rf_node *n;
    char got[8];
    CHECK(rf_seed(good, sizeof(good) - 1) == 0);
    CHECK(rf_lookup("/dev/null", &n) == 0 && n->device == RF_NULL);
    rf_put(n);
    CHECK(rf_lookup("/etc/x", &n) == 0 && rf_read(n, got, 8, 0) == 3 && !memcmp(got, "abc", 3) && n->seed);
    CHECK(rf_write(n, "X", 1, 1) == 1 && rf_read(n, got, 8, 0) == 3 && !memcmp(got, "aXc", 3) && !n->seed);
    CHECK(good[sizeof(good) - 3] == 'b');
    CHECK(rf_truncate(n, 0) == 0);
    rf_put(n);
    CHECK(rf_remove("/etc/x", false) == 0);
    /* Damaged in every way: refused, never read beyond the end. */
    for (size_t size = 1; size < sizeof(good) - 1; size++) {
        unsigned char *copy = malloc(size);
        memcpy(copy, good, size);
        CHECK(rf_seed(copy, size) == (size == 16 ? 0 : -EINVAL));
        free(copy);
    }
    unsigned char huge[16] = {0xa4, 0x81, 0, 0, 0xff, 0xff, 0xff, 0xff, 1, 0, 0, 0, '/'};
    CHECK(rf_seed(huge, sizeof(huge)) == -EINVAL);
}

int main(void)
{
    RUN(test_contents);
    RUN(test_sparse);
    RUN(test_names);
    RUN(test_rename);
    RUN(test_removed_directory);
    RUN(test_reading_directories);
    RUN(test_seed);
    return CHECK_RESULT();
}
