/* Directories: making, moving, reading, the current one.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"

static void reading(void)
{
    char seen[128] = "", after[64] = "";
    int n = 0;
    mkdir("/tmp/d/e", 0755);
    close(open("/tmp/d/f", O_CREAT | O_WRONLY, 0644));
    DIR *d = opendir("/tmp/d");
    for (struct dirent *e; d && (e = readdir(d)); n++) {
        strcat(seen, e->d_name);
        strcat(seen, e->d_type == DT_DIR ? "/ " : " ");
    }
    CHECK("readdir",
          n == 4 && strstr(seen, "./ ") && strstr(seen, "../ ") && strstr(seen, "e/ ") && strstr(seen, "f "));
    rewinddir(d);
    readdir(d), readdir(d);
    long place = telldir(d);
    strcpy(after, readdir(d)->d_name);
    readdir(d);
    CHECK("the end of a directory", readdir(d) == NULL);
    seekdir(d, place);
    CHECK("seekdir", !strcmp(readdir(d)->d_name, after));
    unlink("/tmp/d/f");
    rewinddir(d);
    for (n = 0; readdir(d); n++)
        continue;
    CHECK("an entry removed before is not read", n == 3);
    CHECK("closedir", closedir(d) == 0);
    errno = 0;
    CHECK("opendir of a file", opendir("/etc/motd") == NULL && errno == ENOTDIR);
    struct dirent **list;
    n = scandir("/dev", &list, NULL, alphasort);
    CHECK("scandir sorts", n == 6 && !strcmp(list[2]->d_name, "null") && !strcmp(list[5]->d_name, "zero"));
    while (n > 0)
        free(list[--n]);
    free(list);
}

static void moving(void)
{
    struct stat st;
    FAILS("rmdir of a full directory", ENOTEMPTY, rmdir("/tmp/d"));
    FAILS("unlink of a directory", EISDIR, unlink("/tmp/d"));
    FAILS("rename into itself", EINVAL, rename("/tmp/d", "/tmp/d/e/x"));
    CHECK("rename of a directory",
          rename("/tmp/d/e", "/tmp/e") == 0 && stat("/tmp/e", &st) == 0 && S_ISDIR(st.st_mode));
    FAILS("rename of a file over a directory", EISDIR,
          (close(open("/tmp/f", O_CREAT, 0644)), rename("/tmp/f", "/tmp/e")));
    CHECK("rmdir", rmdir("/tmp/e") == 0 && rmdir("/tmp/d") == 0 && unlink("/tmp/f") == 0);
    CHECK("an empty folder of the application's is kept", stat("/empty", &st) == 0 && S_ISDIR(st.st_mode));
}

static void current(void)
{
    char path[64];
    CHECK("starts in the root", getcwd(path, sizeof(path)) && !strcmp(path, "/"));
    CHECK("chdir", mkdir("/tmp/x", 0755) == 0 && chdir("/tmp") == 0 && chdir("x") == 0 && getcwd(path, sizeof(path)) &&
                       !strcmp(path, "/tmp/x"));
    CHECK("relative paths",
          mkdir("y", 0755) == 0 && access("/tmp/x/y", F_OK) == 0 && access("../../tmp/./x//y/", F_OK) == 0);
    errno = 0;
    CHECK("getcwd checks the size", getcwd(path, 3) == NULL && errno == ERANGE);
    char *full = realpath("y/../y", NULL);
    CHECK("realpath", full && !strcmp(full, "/tmp/x/y"));
    free(full);
    CHECK("the current directory can be removed", rmdir("/tmp/x/y") == 0 && rmdir("/tmp/x") == 0);
    errno = 0;
    CHECK("and then has no path", getcwd(path, sizeof(path)) == NULL && errno == ENOENT);
    FAILS("nor can it get new files", ENOENT, open("z", O_CREAT | O_WRONLY, 0644));
    CHECK("chdir ..", chdir("..") == 0 && getcwd(path, sizeof(path)) && !strcmp(path, "/tmp") && chdir("/") == 0);
}

void test_directories(void)
{
    FAILS("mkdir of what is there", EEXIST, mkdir("/tmp", 0755));
    CHECK("mkdir", mkdir("/tmp/d", 0755) == 0);
    reading();
    moving();
    current();
}
