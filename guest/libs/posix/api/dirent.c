/* Reading directories.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../ramfs/file.h"

enum { DOT = 1, DOTDOT = 2 }; /* cookies; entries have higher ones */

struct posix_directory {
    int fd;
    uint64_t cookie; /* of the last entry returned */
    struct dirent entry;
};

DIR *fdopendir(int fd)
{
    struct px_file *f = px_peek(fd);
    struct rf_node *n = f ? rf_node_of(f) : NULL;
    if (!n || !S_ISDIR(n->mode)) {
        errno = f ? ENOTDIR : EBADF;
        return NULL;
    }
    DIR *d = calloc(1, sizeof(*d));
    if (d)
        d->fd = fd;
    return d;
}

DIR *opendir(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY);
    DIR *d = fd < 0 ? NULL : fdopendir(fd);
    if (fd >= 0 && !d)
        close(fd);
    return d;
}

int closedir(DIR *d)
{
    int r = close(d->fd);
    free(d);
    return r;
}

static struct dirent *fill(DIR *d, const struct rf_node *n, uint64_t cookie, const char *name)
{
    d->cookie = cookie;
    d->entry = (struct dirent){.d_ino = n->ino, .d_off = (off_t)cookie, .d_reclen = sizeof(d->entry)};
    d->entry.d_type = S_ISDIR(n->mode) ? DT_DIR : S_ISCHR(n->mode) ? DT_CHR : DT_REG;
    strcpy(d->entry.d_name, name);
    return &d->entry;
}

struct dirent *readdir(DIR *d)
{
    struct px_file *f = px_peek(d->fd);
    struct rf_node *dir = f ? rf_node_of(f) : NULL;
    if (!dir) {
        errno = EBADF;
        return NULL;
    }
    if (d->cookie < DOT)
        return fill(d, dir, DOT, ".");
    if (d->cookie < DOTDOT)
        return fill(d, dir->parent, DOTDOT, "..");
    const struct rf_entry *e = rf_next(dir, d->cookie);
    return e ? fill(d, e->node, e->cookie, e->name) : NULL;
}

int readdir_r(DIR *restrict d, struct dirent *restrict entry, struct dirent **restrict result)
{
    struct dirent *got = readdir(d);
    if (got)
        *entry = *got;
    *result = got ? entry : NULL;
    return 0;
}

void rewinddir(DIR *d)
{
    d->cookie = 0;
}

long telldir(DIR *d)
{
    return (long)d->cookie;
}

void seekdir(DIR *d, long place)
{
    d->cookie = (uint64_t)place;
}

int dirfd(DIR *d)
{
    return d->fd;
}

int alphasort(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

int scandir(const char *path, struct dirent ***list, int (*wanted)(const struct dirent *),
            int (*order)(const struct dirent **, const struct dirent **))
{
    struct dirent **found = NULL, *e;
    size_t n = 0;
    DIR *d = opendir(path);
    if (!d)
        return -1;
    while ((e = readdir(d))) {
        if (wanted && !wanted(e))
            continue;
        struct dirent **grown = realloc(found, (n + 1) * sizeof(*found));
        struct dirent *copy = grown ? malloc(sizeof(*copy)) : NULL;
        found = grown ? grown : found;
        if (!copy) {
            while (n)
                free(found[--n]);
            free(found);
            closedir(d);
            errno = ENOMEM;
            return -1;
        }
        *copy = *e;
        found[n++] = copy;
    }
    closedir(d);
    if (order && n)
        qsort(found, n, sizeof(*found), (int (*)(const void *, const void *))order);
    *list = found;
    return (int)n;
}
