/* Symbolic links, paths that start at a directory, locks.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"

static void links(void)
{
    char text[64] = "";
    struct stat st;
    CHECK("symlink", symlink("target", "/tmp/s/link") == 0 && readlink("/tmp/s/link", text, 64) == 6 &&
                         !memcmp(text, "target", 6));
    FAILS("a link that dangles", ENOENT, open("/tmp/s/link", O_RDONLY));
    close(open("/tmp/s/link", O_CREAT | O_WRONLY, 0644));
    CHECK("opening it creates what it names", stat("/tmp/s/target", &st) == 0 && S_ISREG(st.st_mode));
    CHECK("lstat", lstat("/tmp/s/link", &st) == 0 && S_ISLNK(st.st_mode) && st.st_size == 6);
    FAILS("O_NOFOLLOW", ELOOP, open("/tmp/s/link", O_RDONLY | O_NOFOLLOW));
    CHECK("a link to a directory", symlink("/tmp/s", "/tmp/s/dir") == 0 && access("/tmp/s/dir/dir/target", F_OK) == 0);
    CHECK("realpath", realpath("/tmp/s/dir/../s/link", text) && !strcmp(text, "/tmp/s/target"));
    symlink("loop", "/tmp/s/loop");
    FAILS("a loop of links", ELOOP, access("/tmp/s/loop", F_OK));
    CHECK("link", link("/tmp/s/target", "/tmp/s/x") == 0 && stat("/tmp/s/x", &st) == 0 && st.st_nlink == 2);
    CHECK("unlink removes the link", unlink("/tmp/s/link") == 0 && access("/tmp/s/target", F_OK) == 0);
    unlink("/tmp/s/x"), unlink("/tmp/s/dir"), unlink("/tmp/s/loop");
}

static void at(void)
{
    struct stat st;
    int dir = open("/tmp/s", O_RDONLY | O_DIRECTORY);
    int fd = openat(dir, "new", O_CREAT | O_RDWR, 0644);
    CHECK("openat", dir >= 0 && fd >= 0 && access("/tmp/s/new", F_OK) == 0);
    CHECK("fsync of file and directory",
          write(fd, "x", 1) == 1 && fsync(fd) == 0 && fdatasync(fd) == 0 && fsync(dir) == 0);
    CHECK("fchdir", fchdir(dir) == 0 && stat("new", &st) == 0 && st.st_size == 1 && chdir("/") == 0);
    FAILS("openat in a file", ENOTDIR, openat(fd, "x", O_RDONLY));
    struct timespec times[2] = {{1000, 5000}, {2000, 7000}};
    CHECK("futimens", futimens(fd, times) == 0 && fstat(fd, &st) == 0 && st.st_mtim.tv_sec == 2000 &&
                          st.st_mtim.tv_nsec == 7000 && st.st_atim.tv_sec == 1000);
    CHECK("fchmod", fchmod(fd, 0640) == 0 && fstat(fd, &st) == 0 && (st.st_mode & 07777) == 0640);
    close(fd);
    close(dir);
    unlink("/tmp/s/new");
}

static void locks(void)
{
    int a = open("/tmp/s/target", O_RDWR), b = open("/tmp/s/target", O_RDWR);
    struct flock l = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0x40000000, .l_len = 1};
    CHECK("fcntl: one process does not lock itself out", fcntl(a, F_SETLK, &l) == 0 && fcntl(b, F_SETLK, &l) == 0);
    CHECK("F_GETLK does not show its own", fcntl(b, F_GETLK, &l) == 0 && l.l_type == F_UNLCK);
    l.l_type = F_RDLCK, l.l_whence = 9;
    FAILS("a wrong whence", EINVAL, fcntl(a, F_SETLK, &l));
    CHECK("flock", flock(a, LOCK_SH) == 0 && flock(b, LOCK_SH | LOCK_NB) == 0);
    FAILS("flock is of the open file", EAGAIN, flock(a, LOCK_EX | LOCK_NB));
    CHECK("flock: others gone", flock(b, LOCK_UN) == 0 && flock(a, LOCK_EX | LOCK_NB) == 0);
    FAILS("flock: exclusive", EAGAIN, flock(b, LOCK_SH | LOCK_NB));
    close(a);
    CHECK("close drops it", flock(b, LOCK_EX | LOCK_NB) == 0);
    close(b);
}

void test_links(void)
{
    mkdir("/tmp/s", 0755);
    links();
    at();
    locks();
    unlink("/tmp/s/target");
    CHECK("everything is gone", rmdir("/tmp/s") == 0);
}
