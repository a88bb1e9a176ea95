/* Files: contents, sizes, names, devices, mappings.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <fcntl.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "check.h"

static void contents(void)
{
    char buffer[64] = "";
    int fd = open("/tmp/a", O_RDWR | O_CREAT | O_EXCL, 0644);
    CHECK("open creates", fd == 3);
    CHECK("write", write(fd, "hello world", 11) == 11);
    CHECK("lseek, read", lseek(fd, 6, SEEK_SET) == 6 && read(fd, buffer, 64) == 5 && !memcmp(buffer, "world", 5));
    CHECK("read at the end", read(fd, buffer, 64) == 0);
    CHECK("pread", pread(fd, buffer, 5, 0) == 5 && !memcmp(buffer, "hello", 5));
    CHECK("pwrite leaves the offset", pwrite(fd, "J", 1, 0) == 1 && lseek(fd, 0, SEEK_CUR) == 11);
    struct iovec iov[2] = {{"ab", 2}, {"cde", 3}};
    CHECK("writev", writev(fd, iov, 2) == 5 && lseek(fd, 0, SEEK_END) == 16);
    CHECK("ftruncate", ftruncate(fd, 4) == 0 && pread(fd, buffer, 64, 0) == 4 && !memcmp(buffer, "Jell", 4));
    CHECK("a hole reads as zeros", ftruncate(fd, 70000) == 0 && pread(fd, buffer, 2, 69998) == 2 && !buffer[0]);
    FAILS("lseek before the start", EINVAL, lseek(fd, -1, SEEK_SET));
    CHECK("close", close(fd) == 0);
    FAILS("close again", EBADF, close(fd));
    FAILS("O_EXCL", EEXIST, open("/tmp/a", O_WRONLY | O_CREAT | O_EXCL, 0644));
    fd = open("/tmp/a", O_WRONLY | O_TRUNC | O_APPEND);
    CHECK("O_APPEND", write(fd, "12", 2) == 2 && lseek(fd, 0, SEEK_SET) == 0 && write(fd, "34", 2) == 2);
    FAILS("reading what is open for writing", EBADF, read(fd, buffer, 1));
    close(fd);
    fd = open("/tmp/a", O_RDONLY);
    CHECK("appended", read(fd, buffer, 64) == 4 && !memcmp(buffer, "1234", 4));
    FAILS("writing what is open for reading", EBADF, write(fd, "x", 1));
    close(fd);
}

static void names(void)
{
    struct stat a, b;
    char buffer[8];
    FAILS("missing file", ENOENT, open("/tmp/nothing", O_RDONLY));
    FAILS("a file is no directory", ENOTDIR, open("/tmp/a/b", O_RDONLY));
    close(open("/tmp/b", O_CREAT | O_WRONLY, 0600));
    CHECK("unique inodes",
          stat("/tmp/a", &a) == 0 && stat("/tmp/b", &b) == 0 && a.st_ino != b.st_ino && a.st_dev == b.st_dev);
    CHECK("stat tells mode and size", S_ISREG(a.st_mode) && a.st_size == 4 && (b.st_mode & 0777) == 0600);
    int fd = open("/tmp/a", O_RDONLY);
    CHECK("fstat agrees", fstat(fd, &b) == 0 && b.st_ino == a.st_ino);
    CHECK("rename replaces", rename("/tmp/a", "/tmp/b") == 0 && stat("/tmp/b", &b) == 0 && b.st_ino == a.st_ino);
    CHECK("unlink", unlink("/tmp/b") == 0 && access("/tmp/b", F_OK) == -1);
    CHECK("an unlinked file can still be read", read(fd, buffer, 4) == 4 && fstat(fd, &b) == 0 && b.st_nlink == 0);
    close(fd);
    close(open("/tmp/l1", O_CREAT | O_WRONLY, 0600));
    CHECK("link", link("/tmp/l1", "/tmp/l2") == 0 && stat("/tmp/l2", &a) == 0 && a.st_nlink == 2);
    unlink("/tmp/l1"), unlink("/tmp/l2");
}

static void special(void)
{
    char buffer[16] = "";
    unsigned char r1[16], r2[16];
    int fd = open("/etc/motd", O_RDWR);
    CHECK("the application's folder is there", read(fd, buffer, 16) == 7 && !memcmp(buffer, "seeded\n", 7));
    CHECK("and can be written",
          pwrite(fd, "S", 1, 0) == 1 && pread(fd, buffer, 7, 0) == 7 && !memcmp(buffer, "Seeded", 6));
    char *map = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0);
    CHECK("mmap of a file", map != MAP_FAILED && !memcmp(map, "Seeded\n", 8) && munmap(map, 4096) == 0);
    close(fd);
    CHECK("anonymous mmap",
          (map = mmap(NULL, 9000, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0)) != MAP_FAILED && !map[8999] &&
              munmap(map, 9000) == 0);
    fd = open("/dev/null", O_RDWR);
    CHECK("/dev/null", write(fd, "x", 1) == 1 && read(fd, buffer, 1) == 0);
    close(fd);
    fd = open("/dev/urandom", O_RDONLY);
    CHECK("/dev/urandom", read(fd, r1, 16) == 16 && read(fd, r2, 16) == 16 && memcmp(r1, r2, 16) != 0);
    close(fd);
}

static void stdio(void)
{
    char line[32] = "", name[] = "/tmp/tmpXXXXXX";
    FILE *f = fopen("/tmp/text", "w+");
    CHECK("fopen, fprintf", f && fprintf(f, "one %d\ntwo\n", 1) == 10);
    rewind(f);
    CHECK("fgets", fgets(line, sizeof(line), f) && !strcmp(line, "one 1\n"));
    CHECK("ftell", ftell(f) == 6 && fclose(f) == 0);
    int fd = mkstemp(name);
    CHECK("mkstemp", fd >= 0 && strcmp(name + 8, "XXXXXX") != 0 && close(fd) == 0 && unlink(name) == 0);
    glob_t g;
    CHECK("glob", glob("/t*/te?t", 0, NULL, &g) == 0 && g.gl_pathc == 1 && !strcmp(g.gl_pathv[0], "/tmp/text"));
    globfree(&g);
    CHECK("glob without a match", glob("/tmp/none*", 0, NULL, &g) == GLOB_NOMATCH);
    unlink("/tmp/text");
}

static void large(void)
{
    static char block[100000];
    int fd = open("/tmp/large", O_RDWR | O_CREAT, 0600);
    bool same = true;
    for (int i = 0; i < 50; i++) {
        memset(block, i, sizeof(block));
        same &= write(fd, block, sizeof(block)) == sizeof(block);
    }
    for (int i = 0; i < 50; i++) {
        same &= pread(fd, block, sizeof(block), i * (off_t)sizeof(block)) == sizeof(block);
        same &= block[0] == i && block[sizeof(block) - 1] == i;
    }
    CHECK("5 MB in blocks", same && lseek(fd, 0, SEEK_END) == 5000000);
    close(fd);
    unlink("/tmp/large");
}

void test_files(void)
{
    contents();
    names();
    special();
    stdio();
    large();
}
