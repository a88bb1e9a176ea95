/* Directories: what they hold, the current one, and names relative to one.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "same_as_native.h"

static void make_names(int count)
{
    char path[32];
    mkdir("many", 0755);
    for (int i = 0; i < count; i++) {
        snprintf(path, sizeof(path), "many/name%03d", i);
        close(open(path, O_WRONLY | O_CREAT, 0644));
    }
}

static void remove_names(int count)
{
    char path[32];
    for (int i = 0; i < count; i++) {
        snprintf(path, sizeof(path), "many/name%03d", i);
        unlink(path);
    }
    rmdir("many");
}

static int count_entries(DIR *dir)
{
    int n = 0;
    while (readdir(dir))
        n++;
    return n;
}

static void show_reading(void)
{
    make_names(150);
    DIR *dir = opendir("many");
    SHOW(count_entries(dir));
    SHOW(readdir(dir) == NULL);
    show("errno at the end", "%s", error_name(last_error));
    rewinddir(dir);
    show("entries after rewinddir", "%d", count_entries(dir));
    rewinddir(dir);
    for (int i = 0; i < 40; i++)
        readdir(dir);
    long place = telldir(dir);
    char name[256];
    strcpy(name, readdir(dir)->d_name);
    show("entries after the 41st", "%d", count_entries(dir));
    seekdir(dir, place);
    struct dirent *entry = readdir(dir);
    show("the entry at a place", "%s", entry && strcmp(name, entry->d_name) == 0 ? "the same" : "another");
    show("entries after it", "%d", count_entries(dir));
    SHOW(fcntl(dirfd(dir), F_GETFD));
    SHOW(closedir(dir));
    struct dirent **list = NULL;
    int n = scandir("many", &list, NULL, alphasort);
    show("scandir", "%d, %s %s %s, last %s", n, list[0]->d_name, list[1]->d_name, list[2]->d_name, list[n - 1]->d_name);
    show("types", "%d %d", list[0]->d_type == DT_DIR, list[2]->d_type == DT_REG);
    for (int i = 0; i < n; i++)
        free(list[i]);
    free(list);
    SHOW(rmdir("many"));
    remove_names(150);
    SHOW(access("many", F_OK));
    SHOW(opendir("none") != NULL);
    show("opendir of nothing", "%s", error_name(last_error));
    SHOW(opendir("f") != NULL);
    show("opendir of a file", "%s", error_name(last_error));
    SHOW(opendir("") != NULL);
    show("opendir of no name", "%s", error_name(last_error));
    int fd = open("f", O_RDONLY);
    SHOW(fdopendir(fd) != NULL);
    show("fdopendir of a file", "%s", error_name(last_error));
    close(fd);
    SHOW(fdopendir(99) != NULL);
    show("fdopendir of nothing", "%s", error_name(last_error));
}

static void show_making(void)
{
    SHOW(mkdir("d", 0755));
    SHOW(mkdir("d", 0700));
    SHOW(mkdir("f", 0700));
    SHOW(mkdir("f/d", 0700));
    SHOW(mkdir("none/d", 0700));
    SHOW(mkdir("", 0700));
    SHOW(mkdir(".", 0700));
    SHOW(mkdir("d/..", 0700));
    SHOW(mkdir("d/e/", 0700));
    SHOW(mkdir("/", 0700));
    struct stat st;
    SHOW((stat("d", &st), st.st_mode & 07777));
    SHOW(S_ISDIR(st.st_mode));
    SHOW((stat("d/e", &st), st.st_mode & 07777));
    SHOW(rmdir("d"));
    SHOW(rmdir("d/e/."));
    SHOW(rmdir("d/e/.."));
    SHOW(rmdir("d/e"));
    SHOW(rmdir("d/e"));
    SHOW(rmdir("f"));
    SHOW(rmdir("f/x"));
    SHOW(rmdir("/"));
    SHOW(rmdir("."));
    SHOW(rmdir(""));
    SHOW(unlink("d"));
    SHOW(unlink("."));
    SHOW(unlink("none"));
    SHOW(unlink("f/x"));
    SHOW(unlink(""));
    SHOW(remove("d"));
    SHOW(remove("d"));
    mode_t mask = umask(027);
    SHOW(umask(027));
    SHOW(mkdir("d", 0777));
    SHOW((stat("d", &st), st.st_mode & 07777));
    SHOW((close(open("g", O_CREAT | O_WRONLY, 0666)), stat("g", &st), st.st_mode & 07777));
    SHOW(chmod("d", 0500) + (stat("d", &st), st.st_mode & 07777));
    SHOW(chmod("none", 0500));
    SHOW(chmod("f/x", 0500));
    SHOW(fchmod(99, 0500));
    umask(mask);
    unlink("g");
    rmdir("d");
}

static void show_current(void)
{
    char start[512], path[512] = "";
    getcwd(start, sizeof(start));
    mkdir("d", 0755);
    mkdir("d/e", 0755);
    SHOW(chdir("d/e"));
    getcwd(path, sizeof(path));
    show("below the start", "%s", strncmp(path, start, strlen(start)) == 0 ? path + strlen(start) : "no");
    SHOW(chdir("../../d"));
    SHOW(chdir("none"));
    SHOW(chdir("../f"));
    SHOW(chdir(""));
    SHOW(getcwd(path, 2) != NULL);
    show("getcwd of two bytes", "%s", error_name(last_error));
    SHOW(getcwd(path, 0) != NULL);
    show("getcwd of no bytes", "%s", error_name(last_error));
    char *allocated = getcwd(NULL, 0);
    show("getcwd of NULL", "%s", allocated ? allocated + strlen(start) : "NULL");
    free(allocated);
    int fd = open("e", O_RDONLY | O_DIRECTORY), file = open("../f", O_RDONLY);
    SHOW(fchdir(fd));
    getcwd(path, sizeof(path));
    show("after fchdir", "%s", path + strlen(start));
    SHOW(fchdir(file));
    SHOW(fchdir(99));
    SHOW(chdir(start));
    SHOW(mkdirat(fd, "x", 0755));
    SHOW(openat(fd, "../../f", O_RDONLY) >= 0);
    SHOW(openat(file, "x", O_RDONLY));
    SHOW(openat(99, "x", O_RDONLY));
    SHOW(openat(fd, "none", O_RDONLY));
    struct stat st;
    SHOW(fstatat(fd, "x", &st, 0));
    SHOW(fstatat(fd, "", &st, 0));
    SHOW(fstatat(fd, "", &st, AT_EMPTY_PATH));
    SHOW(faccessat(fd, "x", F_OK, 0));
    SHOW(faccessat(fd, "y", F_OK, 0));
    SHOW(unlinkat(fd, "x", 0));
    SHOW(unlinkat(fd, "x", AT_REMOVEDIR));
    SHOW(unlinkat(fd, "x", AT_REMOVEDIR));
    SHOW(unlinkat(fd, "x", 0x5555));
    SHOW(renameat(AT_FDCWD, "f", fd, "moved"));
    SHOW(renameat(fd, "moved", AT_FDCWD, "f"));
    close(fd);
    close(file);
    rmdir("d/e");
    rmdir("d");
}

void show_directories(void)
{
    put_file("f", "file");
    show_reading();
    show_making();
    show_current();
    unlink("f");
}
