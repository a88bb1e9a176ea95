/* Prints what calls with names of files do, odd ones above all, in the directory of the argument. It is built as an
 * application and natively, and both have to print the same.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "appending.h"

/* The result may be a descriptor, whose number says nothing. */
#define SHOW(call)                                                             \
    do {                                                                       \
        errno = 0;                                                             \
        long result = (long)(call);                                            \
        printf("%s = %s\n", #call, result == -1 ? error_name(errno) : "good"); \
    } while (0)

/* The number and the text of an error differ between C libraries. */
static const char *error_name(int error)
{
    static const struct {
        int number;
        const char *name;
    } names[] = {
        {EBUSY, "EBUSY"},   {EEXIST, "EEXIST"}, {EINVAL, "EINVAL"},   {EISDIR, "EISDIR"},       {ELOOP, "ELOOP"},
        {ENOENT, "ENOENT"}, {EPERM, "EPERM"},   {ENOTDIR, "ENOTDIR"}, {ENOTEMPTY, "ENOTEMPTY"},
    };
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        if (names[i].number == error)
            return names[i].name;
    return strerror(error);
}

static int show_kind(const char *path)
{
    struct stat st;
    int r = lstat(path, &st);
    printf("%s is %o\n", path, r ? 0 : (unsigned)(st.st_mode & S_IFMT));
    return r;
}

static void make_files(void)
{
    close(open("file", O_WRONLY | O_CREAT, 0644));
    mkdir("dd", 0777);
    symlink("file", "ln");
    symlink("dd", "ld");
}

static void show_links(void)
{
    SHOW(link("ln", "ln2"));
    SHOW(show_kind("ln2"));
    SHOW(unlink("ln/"));
    SHOW(unlink("ln2/"));
    SHOW(unlink("ln2"));
    SHOW(access("file", 64));
    SHOW(access("nope", 64));
    SHOW(access("", 64));
    SHOW(faccessat(AT_FDCWD, "file", 64, 0));
    SHOW(faccessat(AT_FDCWD, "file", 0, 1 << 15));
    mkdir("dd", 0777);
    symlink("dd", "ld");
    SHOW(unlink("ld/"));
    SHOW(unlink("dd/"));
    SHOW(unlink("dd"));
    SHOW(rmdir("ld/"));
    SHOW(rmdir("ld"));
    SHOW(rmdir("file/"));
    SHOW(unlink("file/"));
    SHOW(unlink("nope/"));
    SHOW(rmdir("nope/"));
    SHOW(rename("ln/", "q"));
    SHOW(rename("ld/", "q"));
    SHOW(rename("file/", "q"));
    SHOW(rename("file", "q/"));
    SHOW(link("file/", "q"));
    SHOW(link("file", "q/"));
    SHOW(link("ln/", "q"));
    SHOW(link("dd", "q"));
}

static void show_directories(void)
{
    SHOW(linkat(AT_FDCWD, "ln", AT_FDCWD, "q", AT_SYMLINK_FOLLOW));
    SHOW(show_kind("q"));
    unlink("q");
    SHOW(symlink("a", "ln"));
    SHOW(symlink("", "q"));
    SHOW(symlink("x", "q/"));
    SHOW(mkdir("file/", 0777));
    SHOW(mkdir("file/x", 0777));
    SHOW(open("file/", O_RDONLY));
    SHOW(open("nope/", O_CREAT | O_RDWR, 0666));
    SHOW(open("dd", O_WRONLY));
    SHOW(open("dd/", O_CREAT, 0666));
    SHOW(open("ln", O_RDONLY | O_NOFOLLOW));
    SHOW(open("ln/", O_RDONLY));
    SHOW(readlink("file", (char[9]){0}, 9));
    SHOW(rmdir("dd/."));
    SHOW(rmdir("dd/.."));
    SHOW(rmdir("/"));
    SHOW(unlink("."));
    SHOW(unlink(".."));
    SHOW(unlink("/"));
    SHOW(rename("dd", "dd/x"));
    SHOW(rename("dd/.", "x"));
    SHOW(rename(".", "x"));
    SHOW(truncate("dd", 0));
    SHOW(truncate("file", -1));
    SHOW(mkdir("/", 0777));
    SHOW(mkdir(".", 0777));
    SHOW(mkdir("dd/.", 0777));
}

static void show_dangling(void)
{
    SHOW(link("file", "file"));
    SHOW(rename("file", "dd"));
    SHOW(rename("dd", "file"));
    SHOW(rename("dd/", "newd/"));
    rename("newd", "dd");
    SHOW(open("file/x", O_RDONLY));
    SHOW(open("", O_RDONLY));
    SHOW(unlink(""));
    SHOW(rename("", "x"));
    SHOW(rename("x", ""));
    SHOW(chmod("ln/", 0600));
    SHOW(chdir("file"));
    SHOW(open("file", O_RDONLY | O_DIRECTORY));
    SHOW(open("file", O_CREAT | O_EXCL, 0666));
    SHOW(open("ln", O_CREAT | O_EXCL, 0666));
    SHOW(open("ld/", O_CREAT | O_EXCL, 0666));
    SHOW(mkdir("ln", 0777));
    SHOW(mkdir("ln/", 0777));
    symlink("nope", "dang");
    SHOW(mkdir("dang", 0777));
    SHOW(mkdir("dang/", 0777));
    SHOW(open("dang", O_RDONLY));
    SHOW(access("dang", 0));
    SHOW(link("dang", "dang2"));
    SHOW(unlink("dang2"));
    SHOW(unlink("dang/"));
    SHOW(symlink("a", "dang/"));
    SHOW(rename("dang/", "z"));
    SHOW(open("dang/", O_CREAT | O_RDWR, 0666));
    SHOW(rename("file", "dang/"));
}

int main(int argc, char **argv)
{
    if (argc != 2 || chdir(argv[1]) != 0)
        return 2;
    show_appending();
    make_files();
    show_links();
    show_directories();
    show_dangling();
    return 0;
}
