/* Makes, cleans up and reads the directories of crashes.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/crash/crash_directory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "vmm/base/paths.h"
#include "vmm/base/problem.h"
#include "vmm/sandbox/identity.h"

static bool make_parents(char *path)
{
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        bool good = mkdir(path, 0700) == 0 || errno == EEXIST;
        *slash = '/';
        if (!good)
            return false;
    }
    return mkdir(path, 0700) == 0 || errno == EEXIST;
}

static bool is_usable(char *path)
{
    return make_parents(path) && faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) == 0;
}

/* The directory of all crashes. */
static bool crash_root(const char *chosen, char *path, size_t size)
{
    const char *variable = getenv("BULKHEAD_CRASH_DIR"), *home = getenv("HOME");
    if (!chosen && variable && *variable)
        chosen = variable;
    if (chosen) {
        snprintf(path, size, "%s", chosen);
        return is_usable(path);
    }
    snprintf(path, size, "%s/crash", build_root());
    if (faccessat(AT_FDCWD, build_root(), W_OK, AT_EACCESS) == 0 && is_usable(path))
        return true;
    snprintf(path, size, "%s/.local/state/bulkhead/crash", home ? home : "");
    if (home && *home && is_usable(path))
        return true;
    snprintf(path, size, "/tmp/bulkhead-%u-crash", (unsigned)sandbox_owner());
    struct stat s;
    return is_usable(path) && lstat(path, &s) == 0 && S_ISDIR(s.st_mode) && s.st_uid == sandbox_owner();
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void remove_directory(int root, const char *name)
{
    int fd = openat(root, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    for (struct dirent *e; dir && (e = readdir(dir));)
        unlinkat(fd, e->d_name, 0);
    if (dir)
        closedir(dir);
    unlinkat(root, name, AT_REMOVEDIR);
}

/* Removes the oldest of this appliance: their names sort by date. */
static void remove_old(const char *path, const char *appliance)
{
    char *names[256];
    unsigned n = 0;
    size_t length = strlen(appliance);
    DIR *dir = opendir(path);
    for (struct dirent *e; dir && n < 256 && (e = readdir(dir));)
        if (strncmp(e->d_name, appliance, length) == 0 && e->d_name[length] == '-' && e->d_name[length + 1] >= '0' &&
            e->d_name[length + 1] <= '9')
            names[n++] = strdup(e->d_name);
    qsort(names, n, sizeof(*names), by_name);
    for (unsigned i = 0; i + CRASH_DIRECTORIES_KEPT < n; i++)
        remove_directory(dirfd(dir), names[i]);
    if (dir)
        closedir(dir);
}

int crash_directory_make(const char *appliance, const char *chosen, char *path, size_t size)
{
    char root[PATH_MAX], date[32];
    time_t now = time(NULL);
    struct tm t;
    if ((chosen && strcmp(chosen, "none") == 0) || !crash_root(chosen, root, sizeof(root)) || !localtime_r(&now, &t))
        return -1;
    strftime(date, sizeof(date), "%Y%m%d-%H%M%S", &t);
    int n = snprintf(path, size, "%s/%s-%s-%ld", root, appliance, date, (long)getpid());
    if (n < 0 || (size_t)n >= size || mkdir(path, 0700))
        return -1;
    remove_old(root, appliance);
    return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

void crash_directory_remove(const char *path)
{
    remove_directory(AT_FDCWD, path);
}

int crash_directory_print(const char *dir)
{
    char path[PATH_MAX], buffer[65536];
    struct stat st;
    struct problem p = {0};
    bool directory = stat(dir, &st) == 0 && S_ISDIR(st.st_mode);
    snprintf(path, sizeof(path), "%s%s", dir, directory ? "/report.txt" : "");
    FILE *in = fopen(path, "re");
    if (!in) {
        problem_set(&p, EXIT_USAGE, "%s: %s: give the directory that a crash report names as \"saved\"", path,
                    strerror(errno));
        return problem_print(&p);
    }
    for (size_t n; (n = fread(buffer, 1, sizeof(buffer), in)) > 0;)
        fwrite(buffer, 1, n, stdout);
    fclose(in);
    return 0;
}
