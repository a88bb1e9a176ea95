/* Links and renaming.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "same_as_native.h"

static int links_of(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 ? (int)st.st_nlink : -1;
}

static int same_file(const char *a, const char *b)
{
    struct stat x, y;
    return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_ino == y.st_ino && x.st_dev == y.st_dev;
}

static void show_symbolic(void)
{
    char buf[64] = "";
    SHOW(symlink("f", "l"));
    SHOW(symlink("f", "l"));
    SHOW(symlink("", "l2"));
    SHOW(symlink("x", "none/l"));
    SHOW(readlink("l", buf, sizeof(buf)));
    SHOW_TEXT(buf);
    SHOW(readlink("l", buf, 0));
    SHOW(readlink("f", buf, sizeof(buf)));
    SHOW(readlink("none", buf, sizeof(buf)));
    SHOW(readlink("", buf, sizeof(buf)));
    SHOW(symlink("a long target", "long"));
    SHOW(readlink("long", buf, 6));
    show("cut off", "%.6s", buf);
    struct stat st;
    SHOW(lstat("long", &st));
    SHOW(st.st_size);
    SHOW(S_ISLNK(st.st_mode));
    SHOW(stat("long", &st));
    SHOW(symlink("loop2", "loop1") + symlink("loop1", "loop2"));
    SHOW(open("loop1", O_RDONLY));
    SHOW(stat("loop1", &st));
    SHOW(stat("loop1/x", &st));
    SHOW(lstat("loop1", &st));
    SHOW(open("l", O_RDONLY | O_NOFOLLOW));
    SHOW(open("l", O_WRONLY | O_CREAT | O_EXCL, 0644));
    SHOW(open("long", O_WRONLY | O_CREAT | O_EXCL, 0644));
    SHOW(close(open("long", O_WRONLY | O_CREAT, 0644)));
    SHOW(access("a long target", F_OK));
    SHOW(unlink("a long target"));
    SHOW(truncate("l", 2));
    SHOW_TEXT(text_of("f"));
    SHOW(chmod("l", 0600));
    SHOW((stat("f", &st), st.st_mode & 07777));
    SHOW(unlink("l"));
    SHOW(access("f", F_OK));
    unlink("long");
    unlink("loop1");
    unlink("loop2");
}

static void show_hard(void)
{
    put_file("f", "text");
    SHOW(link("f", "h"));
    SHOW(links_of("f"));
    SHOW(same_file("f", "h"));
    SHOW(link("f", "h"));
    SHOW(link("none", "h2"));
    SHOW(link("d", "h2"));
    SHOW(link("f", "none/h2"));
    SHOW(link("f", ""));
    SHOW(link("f/x", "h2"));
    SHOW(rename("f", "h")); /* of one file: nothing happens */
    show("both are there", "%d %d", access("f", F_OK), access("h", F_OK));
    SHOW(unlink("f"));
    show("links left", "%d", links_of("h"));
    SHOW_TEXT(text_of("h"));
    SHOW(linkat(AT_FDCWD, "h", AT_FDCWD, "f", 0));
    SHOW(linkat(99, "h", AT_FDCWD, "f2", 0));
    SHOW(linkat(AT_FDCWD, "h", AT_FDCWD, "f2", 0x5555));
    unlink("h");
}

static void show_renaming(void)
{
    put_file("g", "other");
    put_file("f", "text");
    mkdir("d", 0755);
    mkdir("d/e", 0755);
    mkdir("empty", 0755);
    SHOW(rename("f", "f"));
    SHOW(rename("f", "d"));
    SHOW(rename("d", "f"));
    SHOW(rename("d", "d/e/x"));
    SHOW(rename("d", "d"));
    SHOW(rename("empty", "d"));
    SHOW(rename("none", "x"));
    SHOW(rename("f", "none/x"));
    SHOW(rename("f", "g/x"));
    SHOW(rename("f", ""));
    SHOW(rename("", "f"));
    SHOW(rename("f", "."));
    SHOW(rename("d/.", "x"));
    SHOW(rename("d/e/..", "x"));
    SHOW(rename("d", "empty"));
    SHOW(access("empty/e", F_OK));
    SHOW(access("d", F_OK));
    int fd = open("g", O_RDONLY);
    SHOW(rename("f", "g"));
    SHOW_TEXT(text_of("g"));
    char buf[16] = "";
    SHOW(read(fd, buf, 8));
    show("read from the replaced file", "%s", buf);
    close(fd);
    SHOW(renameat(99, "g", AT_FDCWD, "f"));
    SHOW(renameat(AT_FDCWD, "g", 99, "f"));
    rmdir("empty/e");
    rmdir("empty");
}

static void show_real_paths(void)
{
    char start[PATH_MAX], path[PATH_MAX];
    realpath(".", start);
    put_file("f", "");
    mkdir("d", 0755);
    symlink("d", "to_d");
    symlink("../f", "d/to_f");
    static const char *const paths[] = {"f", "d/../f", "to_d/to_f", "./d//.", "none", "f/x", "d/none", "", "f/.."};
    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        set_case("realpath \"%s\"", paths[i]);
        errno = 0;
        const char *real = realpath(paths[i], path);
        show("result", "%s", real ? real + strlen(start) : error_name(errno));
    }
    set_case("%s", "");
    SHOW_TEXT(realpath("/", path));
    SHOW_TEXT(realpath("/../..", path));
    unlink("d/to_f");
    unlink("to_d");
    rmdir("d");
    unlink("f");
}

void show_links(void)
{
    put_file("f", "text");
    mkdir("d", 0755);
    show_symbolic();
    show_hard();
    rmdir("d");
    show_renaming();
    show_real_paths();
    unlink("g");
}
