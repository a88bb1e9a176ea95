/* Loads a manifest's file, and tells whether it is still up to date.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/appliance/manifest_file.h"

#include <errno.h>
#include <fcntl.h>
#include <libfdt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vmm/appliance/manifest_fdt.h"

static void *read_all_of(int fd, const char *path, size_t *size, struct problem *p)
{
    struct stat st;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        problem_set(p, EXIT_USAGE, "%s: is not a file", path);
        return NULL;
    }
    if (st.st_size > MANIFEST_BYTES_MAX) {
        problem_set(p, EXIT_USAGE, "%s: is no manifest: larger than 16 MiB", path);
        return NULL;
    }
    char *blob = malloc((size_t)st.st_size + 1);
    size_t got = 0;
    ssize_t n = 1;
    while (blob && n > 0 && got < (size_t)st.st_size) {
        n = read(fd, blob + got, (size_t)st.st_size - got);
        got += n > 0 ? (size_t)n : 0;
    }
    if (!blob || n < 0) {
        problem_set(p, EXIT_USAGE, "%s: cannot be read: %s", path, strerror(errno));
        free(blob);
        return NULL;
    }
    *size = got;
    return blob;
}

void *manifest_load(const char *path, size_t *size, struct problem *p)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        problem_set(p, EXIT_USAGE, "%s: %s", path, strerror(errno));
        return NULL;
    }
    void *blob = read_all_of(fd, path, size, p);
    close(fd);
    return blob;
}

/* One stamp: "path\tmtime_ns\tsize"; the path may have tabs itself, the last two count. */
static bool input_is_fresh(const char *stamp, const char *root)
{
    const char *tab = strrchr(stamp, '\t');
    unsigned long long mtime, size;
    int used = 0;
    for (tab = tab ? tab - 1 : stamp; tab > stamp && *tab != '\t'; tab--) {
    }
    if (tab <= stamp || sscanf(tab, "\t%llu\t%llu%n", &mtime, &size, &used) != 2 || tab[used])
        return false;
    char path[PATH_MAX];
    int n = snprintf(path, sizeof(path), "%s%s%.*s", stamp[0] == '/' ? "" : root, stamp[0] == '/' ? "" : "/",
                     (int)(tab - stamp), stamp);
    struct stat st;
    return n > 0 && n < (int)sizeof(path) && stat(path, &st) == 0 && (unsigned long long)st.st_size == size &&
           (unsigned long long)st.st_mtim.tv_sec * 1000000000ull + (unsigned long long)st.st_mtim.tv_nsec == mtime;
}

bool manifest_is_fresh(const void *blob, size_t size, const char *root)
{
    struct problem ignored = {0};
    struct reader r = {.fdt = blob, .path = "", .problem = &ignored};
    const char **inputs = NULL;
    uint32_t n = 0;
    if (size > MANIFEST_BYTES_MAX || fdt_check_full(blob, size) != 0 || !fdt_list(&r, 0, "inputs", 65536, &inputs, &n))
        return false;
    bool fresh = n > 0; /* one without stamps says nothing about its age */
    for (uint32_t i = 0; fresh && i < n; i++)
        fresh = input_is_fresh(inputs[i], root);
    free(inputs);
    return fresh;
}
