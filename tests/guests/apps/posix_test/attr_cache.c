/* The cache of attributes: every way to look at a file sees every way to change it.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"

static off_t size_of(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 ? st.st_size : -1;
}

static void missing_names(void)
{
    struct stat st;
    symlink("/tmp/k", "/tmp/k/way");
    symlink("late", "/tmp/k/dangling");
    CHECK("names that are missing",
          size_of("/tmp/k/late") == -1 && size_of("/tmp/k/way/late") == -1 && size_of("/tmp/k/new") == -1);
    close(open("/tmp/k/dangling", O_CREAT | O_WRONLY, 0644));
    CHECK("made through a link", size_of("/tmp/k/late") == 0 && size_of("/tmp/k/way/late") == 0);
    rename("/tmp/k/late", "/tmp/k/new");
    CHECK("renamed", size_of("/tmp/k/late") == -1 && size_of("/tmp/k/new") == 0);
    CHECK("made as a directory",
          mkdir("/tmp/k/late", 0755) == 0 && stat("/tmp/k/late", &st) == 0 && S_ISDIR(st.st_mode));
    CHECK("removed another way", rmdir("/tmp/k/way/late") == 0 && size_of("/tmp/k/late") == -1);
    CHECK("made as a link", symlink("new", "/tmp/k/late") == 0 && size_of("/tmp/k/late") == 0);
    unlink("/tmp/k/late"), unlink("/tmp/k/dangling");
    symlink("aim", "/tmp/k/far");
    CHECK("a link to what is missing",
          size_of("/tmp/k/far") == -1 && lstat("/tmp/k/far", &st) == 0 && size_of("/tmp/k/aim/x") == -1);
    close(open("/tmp/k/aim", O_CREAT | O_EXCL | O_WRONLY, 0644));
    CHECK("its target was made", size_of("/tmp/k/far") == 0);
    FAILS("below a file", ENOTDIR, stat("/tmp/k/aim/x", &st));
    unlink("/tmp/k/far"), unlink("/tmp/k/aim");
}

static void small_writes(void)
{
    char text[16] = "";
    int a = open("/tmp/k/new", O_RDWR | O_NOFOLLOW), b = open("/tmp/k/way/new", O_RDWR | O_APPEND);
    struct stat st;
    CHECK("written, not read back", write(a, "abc", 3) == 3 && write(a, "def", 3) == 3);
    CHECK("seen by size", fstat(b, &st) == 0 && st.st_size == 6 && size_of("/tmp/k/new") == 6);
    CHECK("read from the other end",
          write(a, "g", 1) == 1 && pread(b, text, 16, 0) == 7 && !memcmp(text, "abcdefg", 7));
    CHECK("appended behind it", write(a, "h", 1) == 1 && write(b, "i", 1) == 1 && size_of("/tmp/k/way/new") == 9);
    CHECK("not in order", pwrite(a, "X", 1, 20) == 1 && pwrite(a, "Y", 1, 0) == 1 && pwrite(b, "Z", 1, 1) == 1);
    CHECK("all there", pread(a, text, 3, 0) == 3 && !memcmp(text, "YZc", 3) && lseek(b, 0, SEEK_END) >= 21);
    CHECK("truncated in between", pwrite(a, "123", 3, 30) == 3 && ftruncate(b, 31) == 0 && size_of("/tmp/k/new") == 31);
    CHECK("at the end", pread(a, text, 4, 29) == 2 && text[1] == '1' && pread(a, text, 4, 31) == 0);
    CHECK("removed while it is open", write(a, "j", 1) == 1 && unlink("/tmp/k/way/new") == 0 &&
                                          size_of("/tmp/k/new") == -1 && fstat(a, &st) == 0 && st.st_nlink == 0);
    close(a), close(b);
}

static int entries(void)
{
    DIR *dir = opendir("/tmp/k/sub");
    int n = 0;
    while (dir && readdir(dir))
        n++;
    if (dir)
        closedir(dir);
    return n;
}

static void directories(void)
{
    mkdir("/tmp/k/sub", 0755);
    close(open("/tmp/k/sub/x", O_CREAT | O_WRONLY | O_NOFOLLOW, 0644));
    CHECK("a directory opened twice", entries() == 3 && entries() == 3);
    unlink("/tmp/k/sub/x");
    CHECK("emptied", entries() == 2);
    rename("/tmp/k/sub", "/tmp/k/old");
    mkdir("/tmp/k/sub", 0755);
    mkdir("/tmp/k/sub/a", 0755), mkdir("/tmp/k/sub/b", 0755);
    CHECK("another of that name", entries() == 4);
    rmdir("/tmp/k/sub/a"), rmdir("/tmp/k/sub/b"), rmdir("/tmp/k/sub"), rmdir("/tmp/k/old");
    CHECK("gone", entries() == 0);
}

void test_attr_cache(void)
{
    mkdir("/tmp/k", 0755);
    missing_names();
    small_writes();
    directories();
    unlink("/tmp/k/way");
    CHECK("nothing left", rmdir("/tmp/k") == 0);
}
